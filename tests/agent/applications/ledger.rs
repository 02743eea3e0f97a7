//! The ledger beside the store: what is forgotten is told once more, and nothing is told too seldom.

use super::*;

fn lab() -> Lab {
    let mut lab = Lab::new();
    let hook = script(&lab, "hook", HOOK);
    lab.configure(&application("web", &format!("reload = {hook}")));
    cycle(&lab, 0);
    assert_eq!(take_log(&lab), ["web 1 unknown 1 1"]);
    lab
}

#[test]
fn a_ledger_that_is_lost_spoilt_or_of_another_version_has_everybody_told_once_more() {
    let lab = lab();
    let path = lab.path("applications.json");
    let good = fs::read_to_string(&path).unwrap();
    let half = good.get(..good.len() / 2).unwrap();
    for text in ["", half, "\0\0\0", "{\"schema\":\"device-agent.applications.9\",\"applications\":[]}"] {
        write(&path, text);
        let fault = status(&lab, 1);
        assert_eq!(findings(&fault), ["applications_unreadable", "application_not_told"], "{text:?}");
        cycle(&lab, 0);
        assert_eq!(take_log(&lab), ["web 1 unknown 1 1"], "{text:?}");
        assert!(findings(&status(&lab, 0)).is_empty());
        cycle(&lab, 0);
        assert!(take_log(&lab).is_empty());
    }
    fs::remove_file(&path).unwrap();
    cycle(&lab, 0);
    assert_eq!(take_log(&lab), ["web 1 unknown 1 1"]);
}

#[test]
fn a_ledger_that_cannot_be_written_keeps_nobody_from_being_told() {
    let lab = lab();
    let path = lab.path("applications.json");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    write(&path.join("occupied"), "");
    let output = cycle(&lab, 0);
    assert_eq!(take_log(&lab), ["web 1 unknown 1 1"]);
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("applications are told once more after a restart"), "{log}");
}

#[test]
fn who_was_not_yet_told_when_the_power_failed_is_told_at_the_next_start() {
    let mut lab = lab();
    let before = fs::read(lab.path("applications.json")).unwrap();
    lab.publish(&[Root::Old, Root::New]);
    cycle(&lab, 0);
    assert_eq!(take_log(&lab), ["web 2 added 0 2"]);
    // The exports stood, and the ledger was not written yet.
    fs::File::create(lab.path("applications.json")).unwrap().write_all(&before).unwrap();
    cycle(&lab, 0);
    assert_eq!(take_log(&lab), ["web 2 added 0 2"]);
}

#[test]
fn an_application_that_is_no_longer_declared_is_forgotten() {
    let mut lab = lab();
    let hook = script(&lab, "hook", HOOK);
    lab.reconfigure(&application("other", &format!("reload = {hook}")));
    cycle(&lab, 0);
    assert_eq!(take_log(&lab), ["other 1 unknown 1 1"]);
    lab.reconfigure(&application("web", &format!("reload = {hook}")));
    cycle(&lab, 0);
    assert_eq!(take_log(&lab), ["web 1 unknown 1 1"]);
}
