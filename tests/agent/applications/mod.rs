//! Applications that are told of changes by the agent itself: when, with what, and what becomes of bad ones.

mod bad_hooks;
mod by_hand;
mod ends;
mod ledger;
mod systemd;
mod told;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command_line::json;
use crate::lab::{Lab, Root};

/// Longest wait for what another process does.
const PATIENCE: Duration = Duration::from_secs(60);

/// A script that writes a line down whenever it is run: for whom, of which release, what is new, whether to reconnect,
/// and how many anchors the exports show at that moment.
const HOOK: &str = "echo \"$DEVICE_AGENT_APPLICATION $DEVICE_AGENT_RELEASE $DEVICE_AGENT_CHANGE \
    $DEVICE_AGENT_RECONNECT $(grep -c BEGIN \"$DEVICE_AGENT_EXPORTS/whole.pem\")\" >> \"$1\"\n";

/// Writes a script and returns the hook that runs it with the path of the log as its argument.
fn script(lab: &Lab, name: &str, text: &str) -> String {
    let path = lab.path(name);
    write(&path, text);
    format!("{{ exec = [\"/bin/sh\", {path:?}, {:?}] }}", lab.path("log"))
}

fn write(path: &Path, text: &str) {
    fs::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// An application's section.
fn application(name: &str, lines: &str) -> String {
    format!("\n[applications.{name}]\n{lines}\n")
}

/// The lines that hooks wrote down since the last call, in the order of their text.
fn take_log(lab: &Lab) -> Vec<String> {
    let text = fs::read_to_string(lab.path("log")).unwrap_or_default();
    write(&lab.path("log"), "");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The program, with a path that leads to the system's programs.
fn command(lab: &Lab, arguments: &[&str]) -> Command {
    lab.settings();
    let mut command = Command::new(system_tests::process::program("device-agent").unwrap());
    command.env_clear().env("DEVICE_AGENT_CONFIG", lab.path("agent.toml")).args(arguments);
    command
}

fn agent(lab: &Lab, arguments: &[&str]) -> Output {
    command(lab, arguments).output().unwrap()
}

/// One cycle of the program, which ends with `code`.
fn cycle(lab: &Lab, code: i32) -> Output {
    let output = agent(lab, &["run", "--once"]);
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Where an application stands, as `status --json` says.
fn standing(status: &Value, name: &str) -> Value {
    let subjects = status["applications"]["subjects"].as_array().unwrap();
    subjects.iter().find(|subject| subject["application"] == name).unwrap().clone()
}

fn status(lab: &Lab, code: i32) -> Value {
    json(&agent(lab, &["status", "--json"]), code)
}

/// The codes of what the status command wants looked at.
fn findings(status: &Value) -> Vec<&str> {
    let findings = status["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

/// The next release trusts the new root alone, and the service has moved to it.
fn rotate(lab: &mut Lab) {
    lab.hub.switch(&lab.vendor.new_identity("hub.test")).unwrap();
    lab.publish(&[Root::New]);
}

/// Waits until `is_so`.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::yield_now();
    }
}

/// True where the process is there and not dead.
fn lives(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.trim())).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z') && !line.contains('X'))
}
