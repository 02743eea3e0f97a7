//! Pid files of every kind, and processes that are looked at before they are signalled.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use rustix::process::{Signal, getpid};
use tempfile::TempDir;

use super::*;

/// A process that does nothing, and ends with its test.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Self {
        Self(Command::new("/bin/sleep").arg("600").stdin(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn pid_file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pid");
    File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
    (folder, path)
}

fn refusal(text: &str, process: Option<&str>) -> Refusal {
    let (_folder, path) = pid_file(text);
    Recipient::of_file(&path, process).unwrap_err()
}

#[test]
fn a_file_that_names_no_application_signals_nobody() {
    let own = getpid().as_raw_nonzero().to_string();
    for text in [
        "",
        "\n",
        "  \n7",
        "0",
        "1",
        "-1",
        "-0",
        "+2",
        "00001",
        "2147483648",
        "99999999999999999999",
        "12 13",
        "0x20",
        "pid",
        "\u{fffd}\0\0",
        "1e3",
        own.as_str(),
        "--signal=9",
    ] {
        let (outcome, detail) = refusal(text, None);
        assert_eq!(outcome, Outcome::PidFileInvalid, "{text:?}: {detail}");
    }
}

#[test]
fn a_file_that_is_not_there_or_no_file_is_missing_and_nobody_waits_for_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pid");
    assert_eq!(Recipient::of_file(&path, None).unwrap_err().0, Outcome::PidFileMissing);
    assert_eq!(Recipient::of_file(folder.path(), None).unwrap_err().0, Outcome::PidFileMissing);
    assert!(Command::new("/usr/bin/mkfifo").arg(&path).status().unwrap().success());
    assert_eq!(Recipient::of_file(&path, None).unwrap_err().0, Outcome::PidFileMissing);
}

#[test]
fn a_process_that_has_ended_is_gone() {
    let mut ended = Sleeper::start();
    ended.0.kill().unwrap();
    let pid = ended.0.id().to_string();
    // Until it is waited for, it is there, and dead.
    let (_folder, path) = pid_file(&pid);
    let look = || Recipient::of_file(&path, Some("sleep")).err().map(|(outcome, _)| outcome);
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while look() != Some(Outcome::ProcessGone) {
        assert!(std::time::Instant::now() < until, "the process does not end");
    }
    ended.0.wait().unwrap();
    assert_eq!(look(), Some(Outcome::ProcessGone));
}

#[test]
fn a_number_that_another_program_has_by_now_is_not_signalled() {
    let sleeper = Sleeper::start();
    let pid = sleeper.0.id().to_string();
    let (outcome, detail) = refusal(&pid, Some("telegraf"));
    assert_eq!(outcome, Outcome::OtherProcess);
    assert!(detail.ends_with("\"sleep\", not \"telegraf\""), "{detail}");
    let (_folder, path) = pid_file(&pid);
    assert!(Recipient::of_file(&path, Some("sleep")).is_ok());
    assert!(Recipient::of_file(&path, None).is_ok(), "the file is younger than the process");
    let old = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
    assert_eq!(Recipient::of_file(&path, None).unwrap_err().0, Outcome::OtherProcess);
    assert!(Recipient::of_file(&path, Some("sleep")).is_ok(), "the name says more than the dates");
}

#[test]
fn a_signal_that_would_end_the_process_is_sent_only_where_that_is_meant() {
    let sleeper = Sleeper::start();
    let (_folder, path) = pid_file(&format!("{}\nsecond line\n", sleeper.0.id()));
    let recipient = Recipient::of_file(&path, Some("sleep")).unwrap();
    // Not SIGHUP: under nohup every process ignores it, as it ignores it for its children.
    assert_eq!(recipient.check(Signal::USR1).unwrap_err().0, Outcome::SignalNotHandled);
    assert_eq!(recipient.check(Signal::USR2).unwrap_err().0, Outcome::SignalNotHandled);
    recipient.check(Signal::TERM).unwrap();
}

#[test]
fn facts_are_read_whatever_a_process_calls_itself() {
    let stat = "7 (a) (b) c) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0";
    let status =
        "Name:\ta\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000001\nSigCgt:\t0000000180000200\n";
    let facts = Facts::parse(stat, status).unwrap();
    assert_eq!((facts.name.as_str(), facts.started_ticks, facts.is_dead), ("a) (b) c", 4_242, false));
    assert_eq!((facts.ignored, facts.caught, facts.blocked), (1, 0x1_8000_0200, 0));
    assert!(Facts::parse(&stat.replace(") S", ") Z"), status).unwrap().is_dead);
    for noise in ["", "7", "7 (", "7 ()", "7 (a) S 1"] {
        assert!(Facts::parse(noise, status).is_none(), "{noise:?}");
    }
    let long = Facts { name: "a-name-of-many-".into(), ..Facts::default() };
    assert!(long.is_called("a-name-of-many-letters") && !long.is_called("a-name"));
}
