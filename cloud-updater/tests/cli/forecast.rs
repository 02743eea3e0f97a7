//! The forecast: of files, of a repository, and of a store's history as the documentation shows it.

use std::path::Path;

use crate::kit::World;
use crate::runbook::fleet;

#[test]
fn the_page_of_mozillas_history_is_what_the_replay_says() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let history = package.join("../tests/data/mozilla-history").display().to_string();
    let said = World::new().updater(&["forecast", "--history", &history]);
    assert_eq!(said.code, 0, "{said:?}");
    let rows = said.out.lines().filter(|line| line.starts_with("| 20")).count();
    assert_eq!(rows, 51, "one row for each state");
    let page = std::fs::read_to_string(package.join("FORECAST.md")).unwrap();
    assert!(
        page == said.out,
        "cloud-updater forecast --history tests/data/mozilla-history > cloud-updater/FORECAST.md"
    );
}

#[test]
fn a_root_that_mozilla_drops_is_foreseen_with_rule_and_day() {
    let world = World::new();
    let ask = ["forecast", "azure/digicert-global-root-ca.pem", "--mozilla", "--as-of", "2023-09-01"];
    let events = world.json(0, &ask)["events"].clone();
    assert_eq!((&events[0]["day"], &events[0]["kind"]), (&"2026-04-15".into(), &"mozilla-term".into()));
    assert_eq!((&events[1]["day"], &events[1]["kind"]), (&"2031-11-10".into(), &"not-after".into()));
    let private = world.json(0, &["forecast", "azure/digicert-global-root-ca.pem"])["events"].clone();
    assert_eq!(private.as_array().unwrap().len(), 1, "a private root has no program that drops it");
}

#[test]
fn the_anchors_of_a_repository_come_with_the_days_that_are_planned() {
    let world = fleet();
    world.good("anchor add new-root.pem --name new-root --retire 2040-01-01 --reason 'for a while'");
    let events = world.json(0, &["forecast"])["events"].clone();
    let kinds: Vec<&str> =
        events.as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["retire", "not-after", "not-after"]);
    assert_eq!(events[0]["day"], "2040-01-01");
}
