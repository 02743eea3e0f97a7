//! How the program speaks: data and errors apart, JSON, completions, commands of later versions, nothing secret.

use crate::runbook::fleet;

#[test]
fn json_is_one_object_with_a_schema_and_snake_case() {
    let world = fleet();
    for command in [
        "status",
        "anchor list",
        "key list",
        "head show",
        "publish --dry-run",
        "diff 1 now --channel staging",
    ] {
        let said = world.shell(&format!("cloud-updater {command} --json"));
        let value: serde_json::Value =
            serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!(value["schema"].as_str().unwrap().starts_with("cloud-updater."), "{command}");
        for key in value.as_object().unwrap().keys() {
            assert!(key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{command}: {key}");
        }
        assert_eq!(said.err, "", "{command} says nothing else");
    }
}

#[test]
fn errors_are_objects_too() {
    let world = fleet();
    let said = world.shell("cloud-updater draft --channel nowhere --json");
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    let error: serde_json::Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!(error["schema"], "cloud-updater.error.1");
    for field in ["code", "file", "field", "message", "hint"] {
        assert!(error.get(field).is_some(), "{field}: {error}");
    }
    let said = world.shell("cloud-updater --json frobnicate");
    assert_eq!(said.code, 2);
    let error: serde_json::Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!(error["code"], "usage");
}

#[test]
fn commands_of_later_versions_do_not_pretend() {
    let world = fleet();
    for command in ["rollout abort", "rollout watch"] {
        let said = world.shell(&format!("cloud-updater {command}"));
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains("is not part of this version"), "{said:?}");
    }
}

#[test]
fn nothing_secret_is_ever_said() {
    let world = fleet();
    let key = std::fs::read_to_string(world.path("configuration/cloud-updater/keys/alice.key")).unwrap();
    let secret_line = key.lines().nth(1).unwrap().to_owned();
    world.good("draft --channel staging --reissue");
    let mut all = String::new();
    for command in [
        "key list",
        "status",
        "sign --yes --key alice channels/staging/drafts/2.draft",
        "export repo --out ../copy",
    ] {
        let said = world.shell(&format!("cloud-updater {command}"));
        all.push_str(&said.out);
        all.push_str(&said.err);
    }
    for text in crate::kit::files(&world.repository())
        .into_values()
        .chain(crate::kit::files(&world.path("copy")).into_values())
    {
        all.push_str(&String::from_utf8_lossy(&text));
    }
    assert!(!all.contains("correct horse"), "the passphrase is nowhere");
    assert!(!all.contains(&secret_line), "nor is the key file");
}

#[test]
fn completions_are_printed_for_every_shell() {
    let world = fleet();
    for shell in ["bash", "zsh", "fish"] {
        let script = world.good(&format!("completions {shell}"));
        assert!(script.contains("promote-from"), "{shell}");
    }
}

#[test]
fn a_dry_run_prints_the_plan_and_does_nothing() {
    let world = fleet();
    world.good("draft --channel staging --reissue");
    world.sign("channels/staging/drafts/2.draft", &["alice", "bob"]);
    let before = crate::kit::files(&world.path(""));
    let plan = world.good("publish --dry-run");
    assert_eq!(crate::kit::files(&world.path("")), before);
    let done = world.json(0, &["publish"]);
    let steps: Vec<&str> =
        done["steps"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
    assert_eq!(plan.lines().collect::<Vec<_>>(), steps, "what was shown is what was done");
}

#[test]
fn every_change_is_one_line_of_the_log() {
    let world = fleet();
    let lines = world.shell("cat log/*.log | wc -l").out.trim().parse::<usize>().unwrap();
    world.good("anchor add new-root.pem --reason 'the hub moves'");
    let log = world.shell("cat log/*.log").out;
    assert_eq!(log.lines().count(), lines + 1);
    let last: Vec<&str> = log.lines().last().unwrap().split('\t').collect();
    assert_eq!((last[1], last[2], last[4]), ("operator", "anchor add", "the hub moves"));
}

#[test]
fn a_promotion_says_how_many_devices_confirmed_what_it_promotes() {
    let world = fleet();
    let promote = ["draft", "--channel", "prod", "--promote-from", "staging"];
    assert!(world.json(0, &promote)["promoted"].is_null(), "reports are kept elsewhere");
    let key = std::fs::read_to_string(world.repository().join("keys/alice.pub")).unwrap();
    let key = key.split_whitespace().nth(2).unwrap();
    crate::kit::write(&world.path("devices.csv"), &format!("device_id,public_key\ngateway-1,{key}\n"));
    world.good("fleet enrol ../devices.csv");
    let promoted = world.json(0, &promote)["promoted"].clone();
    assert_eq!((promoted["release"].as_u64(), promoted["confirmed_devices"].as_u64()), (Some(1), Some(0)));
    assert_eq!(promoted["reporting_devices"], 0, "an enrolled device that never reported proves nothing");
}
