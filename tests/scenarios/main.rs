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

/// Everything holds, and the page beside this file says so, row by row.
fn passes(name: &str) {
    let (ended, report) = play(name, &[]);
    assert!(ended.status.success(), "{ended}");
    assert_eq!((&report["schema"], &report["passed"]), (&"demo.scenario.1".into(), &true.into()));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut rows = Vec::new();
    for customer in report["customers"].as_array().unwrap() {
        assert_eq!(customer["with"], Value::Array(Vec::new()));
        assert!(customer["handshakes"].as_u64().unwrap() > 0);
        let without: Vec<String> = customer["without"].as_array().unwrap().iter().map(stretch).collect();
        let without = if without.is_empty() { "never".to_owned() } else { without.join("; ") };
        let (customer, who) = (text(&customer["customer"]), text(&customer["who"]));
        rows.push(format!("| `{name}` | `{customer}`: {who} | {without} | never |"));
    }
    for met in report["expected"].as_array().unwrap() {
        let [by, rule, about, came] = ["by", "rule", "about", "came"].map(|field| text(&met[field]));
        rows.push(format!("| `{name}` | `{by}` | `{rule}` | {about} | {came} |"));
    }
    let page = include_str!("README.md");
    let missing: Vec<&String> = rows.iter().filter(|row| !page.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "README.md lacks {missing:#?}");
}

/// `from web on 2020-08-13`, and until when where it came back.
fn stretch(stretch: &Value) -> String {
    let [service, from] = ["service", "from"].map(|field| stretch[field].as_str().unwrap());
    let until = stretch["until"].as_str().map(|day| format!(" until {day}")).unwrap_or_default();
    format!("from {service} on {from}{until}")
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
    passes("azure-2020");
}

#[test]
fn in_2023_nobody_with_the_product_is_cut_off_from_a_hub() {
    passes("iot-hub-2023");
}

#[test]
fn in_2026_nobody_with_the_product_is_cut_off_by_what_became_of_g1() {
    passes("digicert-g1-2026");
}

#[test]
fn in_2020_a_release_without_the_new_root_is_missed_on_the_day_of_the_move() {
    misses("azure-2020", "g2", "ships-roots is cut off from web on 2020-08-13 with the product");
}

#[test]
fn in_2023_a_release_without_the_new_root_is_missed_on_the_day_of_the_move() {
    misses("iot-hub-2023", "g2", "ships-baltimore is cut off from hub-first on 2023-02-15 with the product");
}

#[test]
fn in_2026_a_release_without_the_new_root_is_missed_on_the_day_of_the_move() {
    misses("digicert-g1-2026", "g2", "ships-g1 is cut off from entra on 2026-01-07 with the product");
}

#[test]
fn a_scenario_that_is_none_lists_those_that_are() {
    let mut command = Command::new(program("demo").unwrap());
    let ended = run(command.args(["--scenario", "azure-2019"]), "").unwrap();
    assert_eq!(ended.status.code(), Some(1));
    for name in ["azure-2020", "digicert-g1-2026", "iot-hub-2023"] {
        assert!(ended.errors.contains(name), "{ended}");
    }
}
