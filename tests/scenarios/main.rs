//! Rotations that took place, played with the real programs: what `cargo xtask demo --scenario` says of each, and that it
//! fails where a root is missing.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly and at once")]

use std::process::Command;

use serde_json::Value;
use system_tests::process::{Ended, program, run};

/// Plays a scenario, and reads what it says of itself.
fn play(name: &str, more: &[&str]) -> (Ended, Value) {
    let mut command = Command::new(program("demo").unwrap());
    command.args(["--json", "--scenario", name]).args(more);
    let ended = run(&mut command, "").unwrap();
    let report = serde_json::from_str(&ended.output).unwrap_or_else(|error| panic!("{error}: {ended}"));
    (ended, report)
}

/// Everything holds; `cut_off` are customers with the day on which each is cut off without the product.
fn passes(name: &str, cut_off: &[(&str, &str)]) {
    let (ended, report) = play(name, &[]);
    assert!(ended.status.success(), "{ended}");
    assert_eq!((&report["schema"], &report["passed"]), (&"demo.scenario.1".into(), &true.into()));
    let mut without = Vec::new();
    for customer in report["customers"].as_array().unwrap() {
        assert_eq!(customer["with"], Value::Array(Vec::new()));
        assert!(customer["handshakes"].as_u64().unwrap() > 0);
        let first = customer["without"][0]["from"].as_str();
        without.extend(first.map(|day| (customer["customer"].as_str().unwrap(), day)));
    }
    assert_eq!(without, cut_off);
}

/// A certificate that is left out is missed, in these words.
fn misses(name: &str, omitted: &str, fault: &str) {
    let (ended, report) = play(name, &["--omit", omitted]);
    assert_eq!((ended.status.code(), &report["passed"]), (Some(1), &false.into()));
    let faults = report["faults"].as_array().unwrap();
    assert!(faults.iter().any(|it| it.as_str().unwrap().starts_with(fault)), "{faults:#?}");
}

#[test]
fn in_2020_nobody_with_the_product_is_cut_off_from_azure() {
    let cut_off = [("pins-key", "2020-10-05"), ("pins-names", "2020-10-05"), ("ships-roots", "2020-08-13")];
    passes("azure-2020", &cut_off);
}

#[test]
fn in_2020_a_release_without_the_new_root_is_missed_on_the_day_of_the_move() {
    misses("azure-2020", "g2", "ships-roots is cut off from web on 2020-08-13 with the product");
}

#[test]
fn a_scenario_that_is_none_lists_those_that_are() {
    let mut command = Command::new(program("demo").unwrap());
    let ended = run(command.args(["--scenario", "azure-2019"]), "").unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.errors.contains("azure-2020"), "{ended}");
}
