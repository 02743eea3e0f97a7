//! `coverage` and the gate of `publish`, from end to end: a hub that has not moved is not cut off.

use std::fs;

use crate::hub::ENDPOINT;
use crate::kit::{World, files};
use crate::runbook::fleet;

/// A fleet whose next release has the new root instead of the old one, signed and ready.
fn too_early(more: &[&str]) -> World {
    let world = fleet();
    world.good(
        "anchor add new-root.pem --name new-root --state next --service iot-hub --reason 'the hub will move'",
    );
    more.iter().for_each(|line| drop(world.good(line)));
    world.good("draft --channel staging --allow replaced-in-one-step --reason 'too early'");
    world.sign("channels/staging/drafts/2.draft", &["alice", "bob"]);
    world
}

#[test]
fn a_release_that_cuts_the_hub_off_is_shown_and_refused_and_changes_nothing() {
    let world = too_early(&["anchor remove old-root --reason 'it is old'"]);
    let matrix = world.json(1, &["coverage", "--channel", "staging"]);
    let hub = &matrix["services"][0];
    let verdict = |side: &str| hub[side]["verdict"].as_str().unwrap();
    assert_eq!([verdict("now"), verdict("candidate"), verdict("both")], ["verified", "lost", "refused"]);
    assert_eq!(matrix["findings"][0]["rule"], "service-lost");
    let before = files(&world.repository());
    let refused = world.updater(&["publish", "--head-key", "head"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("channels/staging/drafts/2.draft: "), "{refused:?}");
    assert!(refused.err.contains(&format!("{ENDPOINT} of iot-hub is lost")), "{refused:?}");
    assert_eq!(files(&world.repository()), before, "nothing is published, nothing is lost");
    let dry = world.updater(&["publish", "--dry-run"]);
    assert_eq!(dry.code, 3, "a plan that would be refused is no plan");
}

#[test]
fn a_signer_with_a_clone_sees_what_the_release_would_do_and_one_without_signs_all_the_same() {
    let world = too_early(&["anchor remove old-root --reason 'it is old'"]);
    let line = "cloud-updater sign --yes --key carol channels/staging/drafts/2.draft";
    let said = world.shell(line);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("  hub.example.net:8883  verified  LOST       refused"), "{said:?}");
    assert!(said.out.contains("[service-lost]"), "{said:?}");
    let elsewhere = world.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::copy(world.repository().join("channels/staging/drafts/2.draft"), elsewhere.join("2.draft")).unwrap();
    let said = world.shell("cd ../elsewhere && cloud-updater sign --yes --key carol 2.draft");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(!said.out.contains("coverage"), "{said:?}");
}

#[test]
fn a_distrust_order_publishes_what_it_loses_and_a_denial_alone_does_not() {
    let denied = too_early(&["anchor distrust old-root --deny both --reason 'its key was stolen'"]);
    assert_eq!(denied.updater(&["publish"]).code, 3);
    let ordered = too_early(&["anchor distrust old-root --deny both --order --reason 'its key was stolen'"]);
    let said = ordered.updater(&["publish", "--head-key", "head"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("a distrust order wants it so: its key was stolen"), "{said:?}");
}

#[test]
fn a_required_service_that_nobody_sees_stops_a_release_and_one_that_is_not_does_not() {
    let world = too_early(&[]);
    fs::remove_file(world.repository().join("observations/operator.json")).unwrap();
    let said = world.updater(&["publish"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("is unknown: it was never seen"), "{said:?}");
    assert!(said.err.contains("hint: cloud-updater watch --once"), "{said:?}");
    assert_eq!(
        world.json(1, &["coverage", "--channel", "staging"])["services"][0]["now"]["verdict"],
        "unknown"
    );
    let services = world.repository().join("services.toml");
    let text = fs::read_to_string(&services).unwrap().replace("required = true", "required = false");
    crate::kit::write(&services, &text);
    world.good("publish --head-key head");
}

#[test]
fn a_service_that_is_taken_out_of_the_repository_is_still_watched_while_devices_have_it() {
    let world = fleet();
    let other = "[services.other]\nhosts = ['*.example.org']\nanchors = ['old-root']\n";
    crate::kit::write(&world.repository().join("services.toml"), other);
    assert_eq!(world.json(1, &["watch", "--once"])["asked"], 1);
    world.good("draft --channel staging");
    world.sign("channels/staging/drafts/2.draft", &["alice", "bob"]);
    let said = world.updater(&["publish"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("hub.example.net:8883 of iot-hub is lost"), "{said:?}");
    assert!(said.err.contains("the service is not in it"), "{said:?}");
}

#[test]
fn what_takes_all_trust_away_is_not_held_up() {
    let world = fleet();
    world.good("--yes draft --channel staging --revoke-all --reason 'everything is lost'");
    world.sign("channels/staging/drafts/2.draft", &["alice", "bob"]);
    world.good("publish");
}

#[test]
fn the_matrix_is_written_as_a_page_and_as_a_drawing() {
    let world = too_early(&[]);
    world.good("coverage --channel staging --html ../coverage.html --svg ../coverage.svg");
    let page = fs::read_to_string(world.path("coverage.html")).unwrap();
    let drawing = fs::read_to_string(world.path("coverage.svg")).unwrap();
    assert!(page.contains(&drawing) && page.contains("<td>hub.example.net:8883</td>"), "{page}");
    assert!(drawing.starts_with("<svg ") && drawing.contains("verified"), "{drawing}");
    let nowhere = world.updater(&["coverage", "--channel", "staging", "7"]);
    assert_eq!(nowhere.code, 2, "{nowhere:?}");
}

#[test]
fn devices_that_a_release_has_not_reached_yet_count() {
    let world = fleet();
    world.good("anchor add new-root.pem --name new-root --service iot-hub --reason 'the hub moves here'");
    assert_eq!(world.updater(&["watch", "--once"]).code, 1, "devices do not have the new root yet");
    world.good("anchor remove old-root --reason 'the hub has left it'");
    world.good("draft --channel staging --allow replaced-in-one-step --reason 'it is said to have moved'");
    world.sign("channels/staging/drafts/2.draft", &["alice", "bob"]);
    let published = world.updater(&["publish", "--share", "5%", "--head-key", "head", "--json"]);
    assert!(published.code == 0 && published.err.contains("[replaced-in-one-step]"), "{published:?}");
    assert!(published.out.contains("\"rule\": \"replaced-in-one-step\""), "{published:?}");
    // The hub goes back to the old root, which nineteen of twenty devices still have.
    world.shell("sed -i 's/state = \"active\"/state = \"next\"/' anchors/new-root-*.toml");
    assert_eq!(world.updater(&["watch", "--once"]).code, 1);
    world.good("draft --channel staging");
    world.sign("channels/staging/drafts/3.draft", &["alice", "bob"]);
    let said = world.updater(&["publish"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("verifies it by old-root"), "{said:?}");
    // Nor does the release that is out reach anybody further; it may reach fewer.
    let wider = |more: &str| world.shell(&format!("cloud-updater rollout set --channel staging {more}"));
    for more in ["--share 100%", "--group canary=100%", "--share 100% --lose other --reason why"] {
        let said = wider(more);
        assert!(matches!(said.code, 2 | 3), "{more}: {said:?}");
    }
    assert!(wider("--share 100%").err.contains("verifies it by old-root"), "{:?}", wider("--share 100%"));
    assert_eq!(wider("--share 100% --lose iot-hub").code, 2, "not without a reason");
    world.good("rollout set --channel staging --share 1%");
    world.good("rollout pause --channel staging");
    assert_eq!(world.shell("cloud-updater rollout resume --channel staging").code, 3);
    world.good("rollout resume --channel staging --lose iot-hub --reason 'it is said to come back'");
    assert!(world.shell("cat log/*.log").out.contains("losing iot-hub\tit is said to come back"));
    // Where the release is everywhere, what it lost is lost already: that is warned of, and stops nothing.
    world.good(
        "rollout set --channel staging --share 100% --lose iot-hub --reason 'as above' --head-key head",
    );
    let said = world.updater(&["publish"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("devices do not reach it now either"), "{said:?}");
}

#[test]
fn a_notice_about_one_finding_has_that_alone() {
    let world = fleet();
    let all = world.json(0, &["notice", "--channel", "staging"]);
    assert_eq!(all["findings"][0]["rule"], "service-on-one-anchor", "{all}");
    let one = world.good("notice --channel staging --finding service-on-one-anchor");
    assert!(one.contains("## What else is coming") && one.contains("| iot-hub |"), "{one}");
    let none = world.updater(&["notice", "--channel", "staging", "--finding", "pin-breaking"]);
    assert!(none.code == 2 && none.err.contains("the watcher found nothing by the rule"), "{none:?}");
}
