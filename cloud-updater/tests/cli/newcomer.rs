//! What a person who meets the program for the first time reads: what is true now, and what to do next.

use crate::kit::{World, root_pem, write};
use crate::runbook::fleet;

/// The fleet, its only service served by every anchor, and that published.
fn served_by_all() -> World {
    let world = fleet();
    let path = world.repository().join("services.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("[\"old-root\"]", "\"all\"");
    write(&path, &text);
    world.good("draft --channel staging");
    world.sign("channels/staging/drafts/2.draft", &["alice", "bob"]);
    world.good("publish --head-key head");
    world
}

#[test]
fn a_service_of_all_anchors_is_shown_to_be_widened_and_narrowed() {
    let world = served_by_all();
    write(&world.path("newcomer.pem"), &root_pem("Newcomer Root"));
    world.good("anchor add ../newcomer.pem --reason 'a new hub'");
    let difference = world.good("diff 2 --channel staging");
    assert!(difference.contains("~ service iot-hub: anchors +Newcomer Root\n"), "{difference}");
    world.good("draft --channel staging");
    let shown = world.good("sign --yes --key alice channels/staging/drafts/3.draft");
    assert!(shown.contains("~ service iot-hub: anchors +Newcomer Root\n"), "{shown}");
    world.good("sign --yes --key bob channels/staging/drafts/3.draft");
    world.good("publish");
    world.good("anchor retire newcomer-root --reason 'the hub stays'");
    world.good("anchor remove newcomer-root --reason 'the hub stays'");
    let difference = world.good("diff 3 --channel staging");
    assert!(difference.contains("~ service iot-hub: anchors -Newcomer Root\n"), "{difference}");
}

#[test]
fn the_reason_to_retire_an_anchor_is_reviewed() {
    let world = fleet();
    world.good("anchor retire old-root --reason 'its key is old'");
    let difference = world.good("diff 1 --channel staging");
    assert!(difference.contains("; retiring: its key is old"), "{difference}");
    world.good("anchor activate old-root --reason 'not yet'");
    assert!(world.good("diff 1 --channel staging").contains("no difference"));
}

#[test]
fn status_says_what_the_head_in_force_says_until_the_next_one_is_signed() {
    let world = fleet();
    for (step, waits) in [
        ("rollout set --share 25%", "release 1 to 25%"),
        ("rollout pause", "release 1 to 25%, paused"),
        ("rollout resume", "release 1 to 25%"),
    ] {
        world.good(&format!("{step} --channel staging"));
        let status = world.good("status");
        assert!(status.contains("channel staging: release 1 to 100%; head 1, "), "{step}: {status}");
        assert!(status.contains(&format!("\n  waits for `cloud-updater head sign`: {waits}\n")), "{status}");
    }
    world.good("head sign --channel staging --head-key head");
    let status = world.good("status");
    assert!(status.contains("channel staging: release 1 to 25%; head 2, "), "{status}");
    assert!(!status.contains("waits for"), "{status}");
}

#[test]
fn a_probed_service_of_wildcards_alone_promises_no_probe() {
    let world = fleet();
    let path = world.repository().join("services.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("hub.example.net:8883", "*.example.net:8883");
    let text = text.replace("required = true", "required = false");
    write(&path, &text);
    let note = "service iot-hub: nothing to probe until a device names a host of its own";
    assert!(world.good("draft --channel staging").contains(note));
    assert!(world.good("status").contains(note));
    world.sign("channels/staging/drafts/2.draft", &["alice", "bob"]);
    assert!(world.good("publish").contains(note));
}

#[test]
fn what_killed_commands_left_in_the_repository_is_removed_and_never_committed() {
    let world = fleet();
    for folder in ["log", "channels/staging", "keyring/drafts"] {
        write(&world.repository().join(folder).join(".temporary-1"), "half");
    }
    assert_eq!(world.shell("git status --porcelain").out, "");
    world.good("publish");
    assert_eq!(world.shell("find . -name '.temporary-*'").out, "");
}

#[test]
fn a_missing_folder_is_named_and_not_made() {
    let world = fleet();
    for command in [
        "publish --to ../nope/pub",
        "export seed --channel staging --out ../nope/x",
        "export usb --channel staging --out ../nope/x",
        "export repo --out ../nope/x",
    ] {
        let said = world.shell(&format!("cloud-updater {command}"));
        assert_eq!(said.code, 5, "{command}: {said:?}");
        assert!(said.err.contains("../nope: there is no such folder"), "{said:?}");
        assert!(!world.path("nope").exists());
    }
}

#[test]
fn a_head_that_is_not_there_is_a_finding() {
    let world = fleet();
    assert_eq!(world.updater(&["head", "show"]).code, 0, "prod has nothing to say yet");
    assert_eq!(world.updater(&["head", "show", "--channel", "prod"]).code, 1);
    std::fs::remove_file(world.public().join("staging/head")).unwrap();
    let said = world.updater(&["head", "show"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("there is no head yet"), "{said:?}");
}

#[test]
fn a_mistyped_channel_is_refused_by_every_command() {
    let world = fleet();
    for command in ["status", "head show", "anchor list", "keyring draft", "publish"] {
        let said = world.shell(&format!("cloud-updater --channel stagin {command}"));
        assert_eq!(said.code, 2, "{command}: {said:?}");
        assert!(said.err.contains("the channels are: prod, staging"), "{command}: {said:?}");
    }
}

#[test]
fn every_step_names_the_next_one() {
    let world = World::new();
    world.good("init . --fleet example");
    assert!(
        world.good("status").contains("next: there is no key yet: each signer runs cloud-updater key new")
    );
    world.good("key new alice");
    assert!(world.good("status").contains("next: there is no keyring yet: cloud-updater keyring draft"));
    let world = fleet();
    let nothing = world.good("publish");
    assert!(nothing.contains("nothing to do: no draft waits"), "{nothing}");
    world.good("draft --channel staging --reissue");
    let file = "channels/staging/drafts/2.draft";
    assert!(world.good("status").contains(&format!("next: cloud-updater sign {file}")));
    let said = world.good(&format!("sign --yes --key alice {file}"));
    assert!(said.contains("1 of 2 (signed: alice), can still sign: bob"), "{said}");
    let said = world.good(&format!("sign --yes --key bob {file}"));
    assert!(said.contains("2 of 2 signatures: next cloud-updater publish"), "{said}");
    assert!(world.good("status").contains("next: cloud-updater publish"));
    let said = world.good("publish");
    let next = said.lines().find_map(|line| line.strip_prefix("next: cloud-updater ")).unwrap();
    world.good(next.split(" (or").next().unwrap());
    assert_eq!(world.json(0, &["head", "show", "--channel", "staging"])["heads"][0]["release"], 2);
}

#[test]
fn a_signed_keyring_draft_waits_for_publish() {
    let world = fleet();
    let path = world.repository().join("fleet.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    write(&path, &text.replace("\"head\", \"head-spare\"", "\"head-spare\""));
    world.good("keyring draft");
    world.sign("keyring/drafts/2.draft", &["alice", "bob"]);
    let status = world.good("status");
    assert!(status.contains("next: cloud-updater publish\n"), "{status}");
}

#[test]
fn a_distrusted_certificate_serves_nothing_and_is_no_anchor() {
    let world = served_by_all();
    world.good("anchor add new-root.pem --reason 'a new hub'");
    world.good("anchor distrust old-root --reason 'issued what it should not'");
    let list = world.json(0, &["anchor", "list"]);
    for row in list["anchors"].as_array().unwrap() {
        let expect = usize::from(row["state"] != "distrusted");
        assert_eq!(row["services"].as_array().unwrap().len(), expect, "{row}");
    }
    let status = world.good("status");
    assert!(status.contains("\n1 anchor, 1 distrusted, 0 intermediates\n"), "{status}");
}

#[test]
fn the_log_names_whom_git_names_where_the_environment_names_nobody() {
    let world = fleet();
    let last = |world: &World| world.shell("tail -n 1 log/*.log | cut -f 2").out;
    let retire = "env -u CLOUD_UPDATER_AUTHOR cloud-updater anchor retire old-root --reason 'its key is old'";
    world.shell(&format!("git config user.name 'An Operator' && {retire}"));
    assert_eq!(last(&world), "An Operator\n");
    let said =
        world.shell(&format!("git config --unset user.name; {retire}; printf 'uid %s\\n' \"$(id -u)\""));
    assert!(said.out.ends_with(&last(&world)), "{said:?}");
}

#[test]
fn every_bad_file_of_an_import_is_named_with_advice_for_every_rule() {
    let world = fleet();
    for name in ["one", "two"] {
        write(&world.path(&format!("{name}.pem")), "no certificate");
    }
    let said = world.shell("cloud-updater anchor add ../one.pem ../two.pem --reason x");
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("../one.pem: ") && said.err.contains("../two.pem: "), "{said:?}");
    let add = "cloud-updater anchor add old-root.pem new-root.pem --reason x --as-of 2101-01-01";
    let said = world.shell(add);
    assert_eq!(said.code, 3, "{said:?}");
    for expect in
        ["old-root.pem: ", "new-root.pem: ", "--allow duplicate --allow expired", "it is there already"]
    {
        assert!(said.err.contains(expect), "{expect}: {said:?}");
    }
}

#[test]
fn a_target_that_is_not_there_is_no_such_file_or_folder() {
    let world = fleet();
    let said = world.updater(&["verify", "../nope"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.err.contains("../nope: no such file or folder"), "{said:?}");
}
