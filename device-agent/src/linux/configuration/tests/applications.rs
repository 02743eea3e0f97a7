//! `[applications]`: what is taken, and how every mistake is named.

use std::path::Path;
use std::time::Duration;

use super::{SMALLEST, check, example, parse};
use crate::linux::configuration::{Application, Follows, Hook, SignalTarget, TrustChoice, UnitAction};

/// The one application whose section has these lines.
fn application(lines: &str) -> Application {
    let mut applications = parse(&format!("[applications.telegraf]\n{lines}")).unwrap().applications;
    assert_eq!(applications.len(), 1);
    applications.remove(0)
}

fn refused(lines: &str, expect: &str) {
    check(&format!("{SMALLEST}[applications.telegraf]\n{lines}"), &format!("agent.toml: {expect}"));
}

#[test]
fn an_application_without_a_line_talks_to_every_service_and_is_told_nothing() {
    let plain = application("");
    assert_eq!((plain.name.as_str(), plain.services.as_ref()), ("telegraf", None));
    assert_eq!((plain.reload.as_ref(), plain.on_removal.as_ref()), (None, None));
    assert_eq!((plain.timeout, plain.follows), (Duration::from_secs(30), Follows::Nothing));
    assert_eq!(plain.trust, TrustChoice::Replace);
}

#[test]
fn the_example_tells_its_application_by_a_signal_and_restarts_it_on_removals() {
    let telegraf = example(false).applications.remove(0);
    assert_eq!(telegraf.services.as_deref(), Some(["iot-hub".to_owned()].as_slice()));
    let Some(Hook::Signal { signal, target }) = telegraf.reload else { panic!("no signal") };
    assert_eq!((signal.name, target), ("SIGHUP", SignalTarget::Unit("telegraf.service".into())));
    let restart = Hook::Systemd { unit: "telegraf.service".into(), action: UnitAction::Restart };
    assert_eq!(telegraf.on_removal, Some(restart));
}

#[test]
fn a_hook_is_a_program_a_signal_or_a_wish_to_systemd() {
    let program = application("reload = { exec = [\"/bin/kill\", \"-HUP\", \"$(id)\"] }").reload;
    let arguments = vec!["-HUP".to_owned(), "$(id)".to_owned()];
    assert_eq!(program, Some(Hook::Exec { program: "/bin/kill".into(), arguments }));
    let lines = "reload = { signal = \"USR1\", pid-file = \"/run/a.pid\", process = \"a\" }";
    let Some(Hook::Signal { signal, target }) = application(lines).reload else { panic!("no signal") };
    assert_eq!(signal.name, "SIGUSR1");
    let path = Path::new("/run/a.pid").to_path_buf();
    assert_eq!(target, SignalTarget::PidFile { path, process: Some("a".into()) });
    let unit = application("reload = { systemd = \"a@b-c.service\" }").reload;
    assert_eq!(unit, Some(Hook::Systemd { unit: "a@b-c.service".into(), action: UnitAction::Reload }));
}

#[test]
fn only_an_application_that_adds_makes_the_systems_anchors_matter() {
    let settings = |line: &str| parse(&format!("[applications.telegraf]\n{line}")).unwrap();
    assert!(!settings("trust = \"replace\"").looks_at_the_system());
    assert!(settings("trust = \"add\"").looks_at_the_system());
    refused("trust = \"both\"", "applications.telegraf.trust: unknown value");
}

#[test]
fn services_are_a_set() {
    let services = application("services = [\"b\", \"a\", \"b\"]").services.unwrap();
    assert_eq!(services, ["a", "b"]);
}

#[test]
fn every_mistake_in_an_application_names_its_field() {
    let reload = "applications.telegraf.reload";
    refused("reload = {}", &format!("{reload}: needs one of exec, signal and systemd"));
    refused(
        "reload = { exec = [\"/a\"], systemd = \"a.service\" }",
        &format!("{reload}: needs one of exec, signal and systemd"),
    );
    refused("reload = { exec = [] }", &format!("{reload}.exec: \"\" is not the absolute path"));
    refused("reload = { exec = [\"sh\", \"-c\"] }", &format!("{reload}.exec: \"sh\" is not the absolute"));
    refused("reload = { exec = [\"/a\\u0000\"] }", &format!("{reload}.exec: must have at most 64 words"));
    refused(
        "reload = { signal = \"SIGHUP\" }",
        &format!("{reload}: a signal needs one of unit and pid-file"),
    );
    refused(
        "reload = { signal = \"SIGKILL\", unit = \"a.service\" }",
        &format!("{reload}.signal: \"SIGKILL\" is not one of SIGHUP,"),
    );
    refused(
        "reload = { signal = \"SIGHUP\", pid-file = \"run/a\" }",
        &format!("{reload}.pid-file: \"run/a\" is not an absolute path"),
    );
    refused(
        "reload = { signal = \"SIGHUP\", unit = \"a.service\", process = \"a\" }",
        &format!("{reload}: process belongs to pid-file"),
    );
    refused("reload = { pid-file = \"/a\" }", &format!("{reload}: unit and pid-file belong to signal"));
    refused(
        "reload = { exec = [\"/a\"], action = \"reload\" }",
        &format!("{reload}: action belongs to systemd"),
    );
    for unit in ["a", "-a.service", "--all.service", "*.service", "a b.service", ".service", ""] {
        let field = format!("{reload}.systemd: {unit:?} is not the whole name of a unit");
        refused(&format!("reload = {{ systemd = {unit:?} }}"), &field);
    }
    refused("on-removal = { exec = [\"a\"] }", "applications.telegraf.on-removal.exec: \"a\" is not");
    refused("timeout-seconds = 301", "applications.telegraf.timeout-seconds: 301 is not between 1 and 300");
    refused("services = []", "applications.telegraf.services: names no service");
    refused("services = [\"\"]", "applications.telegraf.services[0]: ");
    refused("follows = \"some\"", "applications.telegraf.follows: unknown value");
    refused("shell = \"a\"", "applications.telegraf.shell: unknown field");
    check(&format!("{SMALLEST}[applications.Telegraf]"), "agent.toml: applications: \"Telegraf\" is not");
    check(&format!("{SMALLEST}[applications.\"..\"]"), "agent.toml: applications: \"..\" is not");
    let many: String = (0..33).map(|number| format!("[applications.a{number}]\n")).collect();
    check(&format!("{SMALLEST}{many}"), "agent.toml: applications: 33 are more than 32");
}
