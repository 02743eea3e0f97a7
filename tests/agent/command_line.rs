//! The program itself: its arguments, exit codes and answers, against the same servers.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use system_tests::web::Web;

use crate::lab::{Lab, Root};

/// Runs the program on the lab's configuration.
pub(crate) fn agent(lab: &Lab, arguments: &[&str]) -> Output {
    lab.settings();
    program(&lab.path("agent.toml"), arguments)
}

pub(crate) fn program(config: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(system_tests::process::program("device-agent").unwrap());
    command.env_clear().env("DEVICE_AGENT_CONFIG", config).args(arguments).output().unwrap()
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The answer of a command that ended with `code`.
pub(crate) fn json(output: &Output, code: i32) -> Value {
    assert_eq!(output.status.code(), Some(code), "{}", errors(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn status_says_what_is_trusted_since_when_and_why() {
    let mut lab = Lab::new();
    let before = json(&agent(&lab, &["status", "--json"]), 1);
    assert_eq!(before["schema"], "device-agent.status.1");
    assert_eq!(before["trusted"]["standing"], "seed");
    assert_eq!(before["findings"][0]["code"], "export_outdated");
    lab.publish(&[Root::Old, Root::New]);
    let cycle = json(&agent(&lab, &["run", "--once", "--json"]), 0);
    assert_eq!((&cycle["schema"], &cycle["reason"]), (&"device-agent.cycle.1".into(), &"confirmed".into()));
    let after = json(&agent(&lab, &["status", "--json"]), 0);
    assert_eq!(
        (&after["trusted"]["standing"], &after["trusted"]["release"]),
        (&"confirmed".into(), &"2".into())
    );
    assert_eq!(after["freshness"]["state"], "fresh");
    assert_eq!(after["exports"]["is_current"], true);
    assert_eq!(after["findings"].as_array().unwrap().len(), 0, "{after}");
    let words = text(&agent(&lab, &["status"]));
    for part in [
        "device device-1 follows channel prod, mode install",
        "release 2, confirmed: it was installed and proved itself on this device",
        "hub: 2 anchors, probed; hub.test",
        "release 2: the release on trial proved itself",
        "over TLS that the installed release vouches for",
        "trust shows release 2",
    ] {
        assert!(words.contains(part), "{part:?} is not in\n{words}");
    }
}

#[test]
fn status_names_a_refusal_and_the_endpoint_that_would_be_lost() {
    let mut lab = Lab::new();
    lab.publish(&[Root::New]);
    assert_eq!(agent(&lab, &["run", "--once"]).status.code(), Some(1));
    let status = json(&agent(&lab, &["status", "--json"]), 1);
    let codes: Vec<&str> = status["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["refused", "endpoint_lost"]);
    assert_eq!(status["journal"]["refused"][0]["reason"], "probe_regression");
    assert_eq!(status["trusted"]["release"], "1");
    let words = text(&agent(&lab, &["status"]));
    assert!(
        words.contains("release 2: an endpoint that verifies today would be lost; tried once"),
        "{words}"
    );
}

#[test]
fn status_says_that_tls_proved_nothing() {
    let mut lab = Lab::new();
    let strange = system_tests::pki::Vendor::new();
    lab.tls = Web::tls(lab.tree.clone(), &strange.old_identity("updates.test")).unwrap();
    agent(&lab, &["run", "--once"]);
    let status = json(&agent(&lab, &["status", "--json"]), 1);
    assert_eq!(status["findings"][0]["code"], "unauthenticated_transport", "{status}");
    assert!(text(&agent(&lab, &["status"])).contains("only signed files were fetched"));
}

#[test]
fn a_probe_shows_the_chain_and_judges_it_as_the_service_that_answers_there() {
    let lab = Lab::new();
    let good = json(&agent(&lab, &["probe", "hub.test", "--json"]), 0);
    assert_eq!(good["verdicts"][0]["service"], "hub");
    assert_eq!(good["verdicts"][0]["verdict"], "verified");
    assert_eq!(good["served"][0]["subject"], "CN=hub.test");
    lab.hub.switch(&lab.vendor.new_identity("hub.test")).unwrap();
    let moved = json(&agent(&lab, &["probe", "hub.test:443", "--json"]), 1);
    assert_eq!(
        (&moved["verdicts"][0]["verdict"], &moved["verdicts"][0]["code"]),
        (&"refused".into(), &"chain".into())
    );
    let nobody = json(&agent(&lab, &["probe", "127.0.0.1:1", "--json"]), 5);
    assert_eq!(nobody["inconclusive"], "tcp");
    let unknown = agent(&lab, &["probe", "hub.test", "--service", "nonsense"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(errors(&unknown).contains("it has: hub"), "{}", errors(&unknown));
}

#[test]
fn exports_are_made_anew_without_the_network_and_without_the_agent() {
    let lab = Lab::new();
    let first = json(&agent(&lab, &["export", "--json"]), 0);
    assert_eq!((&first["release"], &first["is_changed"]), (&"1".into(), &true.into()));
    assert_eq!(json(&agent(&lab, &["export", "--json"]), 0)["is_changed"], false);
    assert_eq!(lab.exported("services/hub.pem").matches("BEGIN CERTIFICATE").count(), 1);
    assert!(lab.tls.take_requests().is_empty() && lab.plain.take_requests().is_empty());
}

#[test]
fn the_device_key_is_made_once_and_only_its_public_half_is_shown() {
    let lab = Lab::new();
    let missing = agent(&lab, &["key", "show"]);
    assert_eq!(missing.status.code(), Some(5));
    assert!(errors(&missing).contains("device-agent key new"), "{}", errors(&missing));
    let made = text(&agent(&lab, &["key", "new"]));
    assert_eq!(made, text(&agent(&lab, &["key", "show"])));
    let (header, line) = made.trim_end().split_once('\n').unwrap();
    assert_eq!((header, line.split_once(',').unwrap().0), ("device_id,public_key", "device-1"));
    let file = std::fs::read_to_string(lab.path("device.key")).unwrap();
    let secret = file.lines().nth(1).unwrap();
    assert!(!made.contains(secret));
    assert_eq!(std::fs::metadata(lab.path("device.key")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(agent(&lab, &["key", "new"]).status.code(), Some(2));
}

#[test]
fn a_file_that_is_no_usb_file_is_refused_by_field_and_a_good_one_is_installed() {
    let mut lab = Lab::new();
    let number = lab.publish(&[Root::Old, Root::New]);
    let write = |name: &str, bytes: &[u8]| {
        let path = lab.path(name);
        std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), bytes).unwrap();
        path.display().to_string()
    };
    let good = lab.usb(number);
    let cut = write("cut.usb", &good[..good.len() / 4]);
    let other = write("other.usb", b"PK\x03\x04");
    for (path, code) in
        [(cut, "file_malformed"), (other, "file_malformed"), ("nothing".to_owned(), "file_missing")]
    {
        let output = agent(&lab, &["install", &path, "--json"]);
        let error: Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(
            (&error["schema"], &error["code"]),
            (&"device-agent.error.1".into(), &code.into()),
            "{error}"
        );
        assert_eq!(error["file"], path);
    }
    assert!(!lab.path("store").exists(), "nothing was changed");
    let path = write("good.usb", &good);
    let installed = json(&agent(&lab, &["install", &path, "--json"]), 0);
    assert_eq!(installed["subject"], number.to_string(), "{installed}");
    let status = json(&agent(&lab, &["status", "--json"]), 0);
    assert_eq!(status["trusted"]["release"], number.to_string());
    assert_eq!(status["freshness"]["state"], "unknown", "no head came with the file");
}

#[test]
fn the_store_follows_another_channel_only_by_an_explicit_command() {
    let lab = Lab::new();
    assert_eq!(agent(&lab, &["run", "--once"]).status.code(), Some(0));
    let config = lab.path("agent.toml");
    let text = std::fs::read_to_string(&config).unwrap().replace("name = \"prod\"", "name = \"staging\"");
    let text = text.replace("[image]\nseed = \"seed\"\n", "");
    std::io::Write::write_all(&mut std::fs::File::create(&config).unwrap(), text.as_bytes()).unwrap();
    let refused = program(&config, &["run", "--once"]);
    assert_eq!(refused.status.code(), Some(2), "{}", errors(&refused));
    assert!(errors(&refused).contains("belongs to another channel"), "{}", errors(&refused));
    let mistaken = program(&config, &["channel", "set", "prod"]);
    assert_eq!(mistaken.status.code(), Some(2));
    assert!(errors(&mistaken).contains("channel.name: is \"staging\""), "{}", errors(&mistaken));
    let set = json(&program(&config, &["channel", "set", "staging", "--json"]), 0);
    assert_eq!(set["is_changed"], true);
    let again = json(&program(&config, &["channel", "set", "staging", "--json"]), 0);
    assert_eq!(again["is_changed"], false);
}

#[test]
fn mistakes_are_named_in_the_form_that_was_asked_for() {
    let lab = Lab::new();
    let unknown = agent(&lab, &["rnu", "--json"]);
    assert_eq!(unknown.status.code(), Some(2));
    let error: Value = serde_json::from_slice(&unknown.stderr).unwrap();
    assert_eq!((&error["code"], &error["schema"]), (&"usage".into(), &"device-agent.error.1".into()));
    let missing = program(&lab.path("none.toml"), &["status"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(errors(&missing).contains("none.toml: the configuration cannot be read"), "{}", errors(&missing));
    let help = agent(&lab, &["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help).contains("70  a bug of ours"));
    assert!(!errors(&agent(&lab, &["key", "show"])).contains('\u{1b}'), "no colour without a terminal");
    assert!(text(&agent(&lab, &["completions", "bash"])).contains("complete -F"));
}

#[test]
fn while_one_agent_runs_a_second_is_kept_out_and_status_answers() {
    let lab = Lab::new();
    lab.settings();
    let mut command = Command::new(system_tests::process::program("device-agent").unwrap());
    let config = lab.path("agent.toml");
    command.env_clear().arg("run").arg("--config").arg(&config).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut log = BufReader::new(running.stderr.take().unwrap()).lines();
    assert!(log.any(|line| line.unwrap().contains("next check in")), "the first cycle ends");
    let second = program(&config, &["run", "--once", "--json"]);
    assert_eq!(second.status.code(), Some(5));
    let error: Value = serde_json::from_slice(&second.stderr).unwrap();
    assert_eq!(error["code"], "busy", "{error}");
    assert_eq!(json(&program(&config, &["status", "--json"]), 0)["trusted"]["release"], "1");
    running.kill().unwrap();
    running.wait().unwrap();
    assert_eq!(program(&config, &["run", "--once"]).status.code(), Some(0), "a killed agent leaves no lock");
}

#[test]
fn a_keyring_of_another_fleet_is_refused_where_the_configuration_names_one() {
    let lab = Lab::new();
    lab.settings();
    let config = lab.path("agent.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let name = |fleet: &str| {
        let text = text.replace("[channel]\n", &format!("[channel]\nfleet = \"{fleet}\"\n"));
        std::io::Write::write_all(&mut std::fs::File::create(&config).unwrap(), text.as_bytes()).unwrap();
        program(&config, &["run", "--once"])
    };
    let other = name("another");
    assert_eq!(other.status.code(), Some(2));
    assert!(errors(&other).contains("channel.fleet: is \"another\", and the keyring in force is of fleet"));
    let own = json(&agent(&lab, &["status", "--json"]), 1)["journal"]["fleet"].as_str().unwrap().to_owned();
    assert_eq!(name(&own).status.code(), Some(0));
}

#[test]
fn after_a_server_that_shows_nonsense_the_next_cycle_begins_with_another_one() {
    let mut lab = Lab::new();
    let _bad = lab.publish_beside_nonsense();
    lab.settings();
    let mut command = Command::new(system_tests::process::program("device-agent").unwrap());
    command.env_clear().args(["run", "--config"]).arg(lab.path("agent.toml")).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut log = BufReader::new(running.stderr.take().unwrap()).lines();
    let mut until = |text: &str| log.by_ref().map_while(Result::ok).any(|line| line.contains(text));
    assert!(until("the head is malformed"));
    assert!(lab.plain.take_requests().is_empty());
    kill_process(Pid::from_child(&running), Signal::HUP).unwrap();
    assert!(until("the release on trial proved itself"));
    running.kill().unwrap();
    running.wait().unwrap();
}
