//! The program itself: what one cycle prints, and signals.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::lab::{Lab, Root};

/// A running agent, which ends with its test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn agent(lab: &Lab, arguments: &[&str]) -> Command {
    lab.settings();
    let mut command = Command::new(system_tests::process::program("device-agent").unwrap());
    command.arg("--config").arg(lab.path("agent.toml")).args(arguments);
    command
}

fn run(lab: &Lab, arguments: &[&str]) -> Output {
    agent(lab, arguments).output().unwrap()
}

fn json(bytes: &[u8]) -> serde_json::Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes)))
}

#[test]
fn one_cycle_is_told_in_words_and_in_json() {
    let mut lab = Lab::new();
    lab.publish(&[Root::Old, Root::New]);
    let told = run(&lab, &["run", "--once"]);
    let words = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.status.code(), Some(0));
    assert!(words.contains("proved itself"), "{words}");
    let told = run(&lab, &["run", "--once", "--json"]);
    let answer = json(&told.stdout);
    assert_eq!(
        (answer["schema"].as_str(), answer["reason"].as_str()),
        (Some("device-agent.cycle.1"), Some("up_to_date"))
    );
}

#[test]
fn a_running_agent_checks_when_asked_and_ends_within_two_seconds() {
    let mut lab = Lab::new();
    let child = agent(&lab, &["run"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut child = Running(child);
    let pid = Pid::from_child(&child.0);
    let mut lines = BufReader::new(child.0.stderr.take().unwrap()).lines();
    let mut until = |text: &str| lines.by_ref().map_while(Result::ok).any(|line| line.contains(text));
    assert!(until("next check in"), "the first cycle ends");
    lab.publish(&[Root::Old, Root::New]);
    kill_process(pid, Signal::USR1).unwrap();
    assert!(until("proved itself"), "the nudge starts a check");
    kill_process(pid, Signal::HUP).unwrap();
    // Whether it is heard or not, a line says so.
    let next = lines.by_ref().map_while(Result::ok).find(|line| !line.starts_with("warning"));
    assert!(next.is_some_and(|line| line.contains("less than a minute ago")), "the next one has to wait");
    let asked = Instant::now();
    kill_process(pid, Signal::TERM).unwrap();
    let status = child.0.wait().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(2));
    assert_eq!(status.code(), Some(0));
    assert!(Path::new(&lab.path("trust/..data/services/hub.pem")).exists());
}
