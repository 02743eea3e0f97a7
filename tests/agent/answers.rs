//! What `run` and `status` say of probes, refusals and reports: what happened, and nothing else.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use device_agent::linux::device_key::DeviceKey;
use serde_json::Value;

use crate::command_line::{agent, errors, json, text};
use crate::lab::{Lab, Root};
use crate::requests::{Ear, NO_CONTENT};

#[test]
fn a_wildcard_without_a_local_host_is_confirmed_without_a_probe_and_says_so() {
    let mut lab = Lab::new();
    lab.wildcard();
    lab.publish(&[Root::Old, Root::New]);
    let run = text(&agent(&lab, &["run", "--once"]));
    let words = "release 2: confirmed without a probe: no endpoint to probe; \
                 name this device's hosts under [services.hub] hosts = [\"\u{2026}\"]";
    assert_eq!(run.trim_end(), words);
    let status = text(&agent(&lab, &["status"]));
    for part in [
        "confirmed without a probe: this device has no endpoint",
        "hub: 2 anchors, not probed: wildcard, no local host; *.test",
        words,
    ] {
        assert!(status.contains(part), "{part:?} is not in\n{status}");
    }
    assert!(!status.contains("proved itself"), "{status}");
    let status = json(&agent(&lab, &["status", "--json"]), 0);
    let service = &status["trusted"]["services"][0];
    assert_eq!((&service["is_probed"], &service["lacks_local_host"]), (&false.into(), &true.into()));
    assert_eq!(status["last_cycle"]["probed_endpoints"], 0);
}

#[test]
fn a_wildcard_with_a_local_host_is_probed_there() {
    let mut lab = Lab::new();
    lab.wildcard();
    lab.configure("[services.hub]\nhosts = [\"hub.test\"]\n");
    lab.publish(&[Root::Old, Root::New]);
    let run = json(&agent(&lab, &["run", "--once", "--json"]), 0);
    assert_eq!(
        (&run["probed_endpoints"], &run["words"]),
        (&1.into(), &"the release on trial proved itself".into())
    );
    assert_eq!(json(&agent(&lab, &["status", "--json"]), 0)["trusted"]["services"][0]["probed_endpoints"], 1);
}

#[test]
fn a_refused_release_names_its_endpoints_until_the_next_round_of_probes() {
    let mut lab = Lab::new();
    lab.publish(&[Root::New]);
    let run = agent(&lab, &["run", "--once"]);
    assert_eq!(run.status.code(), Some(1));
    assert!(text(&run).ends_with("\n  hub.test:443: chain (service hub)\n"), "{}", text(&run));
    // The second check finds the release waiting and probes nothing; what was found is still told.
    let again = json(&agent(&lab, &["run", "--once", "--json"]), 1);
    assert_eq!(again["probed_endpoints"], 0);
    assert_eq!(again["lost_endpoints"][0], "hub.test:443: chain (service hub)");
    let status = text(&agent(&lab, &["status"]));
    assert!(
        status.contains("hub.test:443: chain under release 2, verified under the one before"),
        "{status}"
    );
    let status = json(&agent(&lab, &["status", "--json"]), 1);
    assert_eq!(status["last_cycle"]["probes"][0]["candidate"], "chain");
    assert_eq!(status["findings"][1]["code"], "endpoint_lost");
    lab.publish(&[Root::Old, Root::New]);
    agent(&lab, &["run", "--once"]);
    let after = json(&agent(&lab, &["status", "--json"]), 0);
    assert_eq!(after["last_cycle"]["probes"][0]["candidate"], "verified");
}

#[test]
fn status_tells_of_the_newest_report_what_became_of_it() {
    let mut lab = Lab::new();
    DeviceKey::create(&lab.path("device.key")).unwrap();
    let (ear, busy) = (Ear::new(NO_CONTENT), Ear::new("HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n"));
    agent(&lab, &["run", "--once"]);
    assert!(text(&agent(&lab, &["status"])).contains("report      none configured"));
    let base = "[report]\nplain-on-loopback = true\nurl = ";
    lab.only_url(&lab.plain.url("127.0.0.1"));
    lab.configure(&format!("{base}\"{}\"\n", ear.url("")));
    agent(&lab, &["run", "--once"]);
    let request = String::from_utf8_lossy(&ear.heard()[0]).into_owned();
    assert!(request.starts_with("POST /report HTTP/1.1\r\n"), "{request}");
    let status = text(&agent(&lab, &["status"]));
    assert!(status.contains(&format!("report      delivered to {} at ", ear.url("/report"))), "{status}");
    assert!(!status.contains("no report was sent"), "{status}");
    let report = &json(&agent(&lab, &["status", "--json"]), 0)["last_cycle"]["report"];
    assert_eq!((&report["outcome"], &report["why"]), (&"delivered".into(), &Value::Null));
    assert!(report["at"].as_str().unwrap().ends_with('Z'), "{report}");
    lab.reconfigure(&format!("{base}\"{}\"\n", busy.url("/elsewhere")));
    let failed = agent(&lab, &["run", "--once"]);
    assert!(
        errors(&failed).contains("405") && errors(&failed).contains("usually /report"),
        "{}",
        errors(&failed)
    );
    assert!(text(&agent(&lab, &["status"])).contains("report      failed at "));
}

#[test]
fn status_says_that_a_report_was_held_back_and_why() {
    let mut lab = Lab::new();
    DeviceKey::create(&lab.path("device.key")).unwrap();
    lab.configure("[report]\nurl = \"https://updates.test\"\n");
    lab.only_url(&lab.plain.url("127.0.0.1"));
    agent(&lab, &["run", "--once"]);
    let status = text(&agent(&lab, &["status"]));
    assert!(status.contains("report      not sent to https://updates.test/report at "), "{status}");
    assert!(status.contains("): the channel was reached without authenticated TLS"), "{status}");
}

#[test]
fn times_in_json_are_rfc_3339_and_a_running_agent_prints_an_object_a_line() {
    let lab = Lab::new();
    lab.settings();
    let mut command = Command::new(system_tests::process::program("device-agent").unwrap());
    command.env_clear().args(["run", "--json", "--config"]).arg(lab.path("agent.toml"));
    let mut running = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let line = BufReader::new(running.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    running.kill().unwrap();
    running.wait().unwrap();
    let cycle: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&cycle["schema"], &cycle["reason"]), (&"device-agent.cycle.1".into(), &"up_to_date".into()));
    for field in ["written_at", "fresh_until"] {
        let time = cycle[field].as_str().unwrap();
        assert!(time.starts_with("20") && time.ends_with('Z'), "{field}: {time}");
    }
}

#[test]
fn notes_of_another_device_are_not_shown_as_ones_own() {
    let lab = Lab::new();
    agent(&lab, &["run", "--once"]);
    let other = agent(&lab, &["status", "--json", "--device", "device-2"]);
    let status = json(&other, 1);
    assert_eq!(status["last_cycle"], Value::Null);
    assert_eq!(status["findings"][0]["code"], "activity_of_another_device");
}
