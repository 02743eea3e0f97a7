//! Applications that do not do what they are asked to: each is named, and the others are served.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};

use super::*;

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A long-running application in a shell.
fn start(script: &str) -> Running {
    Running(
        Command::new("/bin/sh").args(["-c", script]).process_group(0).stderr(Stdio::null()).spawn().unwrap(),
    )
}

/// Runs a cycle with a good application beside the bad one, and returns where the bad one stands.
fn bad(lab: &mut Lab, lines: &str) -> Value {
    let hook = script(lab, "hook", HOOK);
    lab.configure(&application("bad", lines));
    lab.configure(&application("good", &format!("reload = {hook}")));
    cycle(lab, 1);
    assert_eq!(take_log(lab), ["good 1 unknown 1 1"]);
    let status = status(lab, 1);
    assert_eq!(findings(&status), ["application_not_told"]);
    assert_eq!(standing(&status, "good")["is_well"], true);
    let bad = standing(&status, "bad");
    assert_eq!((&bad["is_well"], &bad["attempts"]), (&false.into(), &1.into()));
    bad
}

fn outcome_of(lines: &str) -> Value {
    bad(&mut Lab::new(), lines)["outcome"].clone()
}

#[test]
fn a_hook_that_fails_is_named_with_its_status_and_its_last_line() {
    let mut lab = Lab::new();
    let hook = script(&lab, "bad", "echo starting; echo 'no such broker' >&2; exit 3");
    let bad = bad(&mut lab, &format!("reload = {hook}"));
    assert_eq!((&bad["outcome"], &bad["detail"]), (&"exit_status".into(), &"status 3".into()));
    assert_eq!(bad["output"], "no such broker");
    let words = String::from_utf8(agent(&lab, &["status"]).stdout).unwrap();
    assert!(words.contains("bad: its hook failed (status 3): \"no such broker\""), "{words}");
}

#[test]
fn a_hook_that_a_signal_ends_or_that_is_not_there_or_no_program_is_named_as_such() {
    let lab = Lab::new();
    let killed = script(&lab, "killed", "kill -SEGV $$");
    assert_eq!(outcome_of(&format!("reload = {killed}")), "signalled");
    assert_eq!(outcome_of("reload = { exec = [\"/usr/bin/no-such-program\"] }"), "program_missing");
    assert_eq!(outcome_of("reload = { exec = [\"/etc/passwd\"] }"), "not_permitted");
}

#[test]
fn a_hook_that_hangs_is_ended_with_its_grandchild_that_holds_the_pipe() {
    let mut lab = Lab::new();
    let grandchild = lab.path("grandchild");
    let text = format!(
        "trap '' TERM\nsh -c 'trap \"\" TERM; echo $$ > {0}.new; mv {0}.new {0}; while :; do sleep 600; done' &\nwait\nsleep 600\n",
        grandchild.display()
    );
    let hook = script(&lab, "bad", &text);
    let bad = bad(&mut lab, &format!("reload = {hook}\ntimeout-seconds = 2"));
    assert_eq!((&bad["outcome"], &bad["detail"]), (&"timed_out".into(), &"after 2 seconds".into()));
    let pid = fs::read_to_string(&grandchild).unwrap();
    until("the grandchild has outlived the hook", || !lives(&pid));
}

#[test]
fn a_flood_of_output_is_read_and_forgotten() {
    let mut lab = Lab::new();
    let hook =
        script(&lab, "bad", "head -c 9000000 /dev/zero | tr '\\0' x; echo; echo 'the end' >&2; exit 1");
    let bad = bad(&mut lab, &format!("reload = {hook}"));
    assert_eq!((&bad["outcome"], &bad["output"]), (&"exit_status".into(), &"the end".into()));
    assert!(fs::metadata(lab.path("applications.json")).unwrap().len() < 10_000);
}

#[test]
fn a_pid_file_that_names_no_application_signals_nobody() {
    for (text, outcome) in [
        ("", "pid_file_invalid"),
        ("0", "pid_file_invalid"),
        ("1", "pid_file_invalid"),
        ("-1", "pid_file_invalid"),
        ("noise", "pid_file_invalid"),
        ("2147483647", "process_gone"),
    ] {
        let mut lab = Lab::new();
        let path = lab.path("bad.pid");
        write(&path, text);
        let bad = bad(&mut lab, &format!("reload = {{ signal = \"SIGTERM\", pid-file = {path:?} }}"));
        assert_eq!(bad["outcome"], outcome, "{text:?}: {bad}");
    }
    assert_eq!(
        outcome_of("reload = { signal = \"SIGTERM\", pid-file = \"/run/no-such.pid\" }"),
        "pid_file_missing"
    );
}

#[test]
fn a_pid_file_that_another_process_has_the_number_of_by_now_signals_nobody() {
    let bystander = start("exec sleep 600");
    let pid = bystander.0.id().to_string();
    until("the bystander starts", || {
        fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default() == "sleep\n"
    });
    let mut lab = Lab::new();
    let path = lab.path("bad.pid");
    write(&path, &pid);
    let lines = format!("reload = {{ signal = \"SIGTERM\", pid-file = {path:?}, process = \"telegraf\" }}");
    assert_eq!(bad(&mut lab, &lines)["outcome"], "other_process");
    let mut lab = Lab::new();
    let path = lab.path("bad.pid");
    write(&path, &pid);
    let long_ago = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    let lines = format!("reload = {{ signal = \"SIGTERM\", pid-file = {path:?} }}");
    assert_eq!(bad(&mut lab, &lines)["outcome"], "other_process");
    assert!(lives(&pid), "the bystander was hit");
}

#[test]
fn a_signal_reaches_an_application_that_handles_it_and_spares_one_that_does_not() {
    let mut lab = Lab::new();
    let (log, ready) = (lab.path("log"), lab.path("ready"));
    // Not SIGHUP: under nohup everybody ignores it, and a shell cannot trap what it was started to ignore.
    let listens = format!(
        "trap 'echo heard >> {}' USR1; touch {}; while :; do sleep 0.01; done",
        log.display(),
        ready.display()
    );
    let (listener, ignorer) =
        (start(&listens), start(&format!("trap '' USR1; touch {}.2; exec sleep 600", ready.display())));
    until("they start", || ready.exists() && ready.with_extension("2").exists());
    let bystander = start("exec sleep 600");
    for (name, process) in [("listener", &listener), ("ignorer", &ignorer), ("mute", &bystander)] {
        let path = lab.path(&format!("{name}.pid"));
        write(&path, &format!("{}\n", process.0.id()));
        lab.configure(&application(
            name,
            &format!("reload = {{ signal = \"SIGUSR1\", pid-file = {path:?} }}"),
        ));
    }
    until("it starts", || {
        fs::read_to_string(format!("/proc/{}/comm", bystander.0.id())).unwrap_or_default() == "sleep\n"
    });
    cycle(&lab, 1);
    until("the listener hears", || take_log(&lab) == ["heard"]);
    let status = status(&lab, 1);
    let outcome = |name: &str| standing(&status, name)["outcome"].clone();
    assert_eq!(
        [outcome("listener"), outcome("ignorer"), outcome("mute")],
        ["told", "signal_ignored", "signal_not_handled"]
    );
    assert!(lives(&bystander.0.id().to_string()), "SIGUSR1 would have ended it");
}

#[test]
fn a_removal_that_was_not_taken_up_is_shown_with_the_name_of_the_anchor_until_it_is() {
    let mut lab = Lab::new();
    let hook = script(&lab, "hook", &format!("{HOOK}exit \"$(cat {})\"", lab.path("code").display()));
    write(&lab.path("code"), "0");
    lab.configure(&application("web", &format!("reload = {hook}")));
    lab.publish(&[Root::Old, Root::New]);
    cycle(&lab, 0);
    write(&lab.path("code"), "1");
    rotate(&mut lab);
    cycle(&lab, 1);
    cycle(&lab, 1);
    let failed = status(&lab, 1);
    assert!(findings(&failed).contains(&"application_still_trusts"), "{failed}");
    let web = standing(&failed, "web");
    assert_eq!(
        (&web["still_trusts"][0]["subject"], &web["attempts"]),
        (&"Synthetic CyberTrust Root".into(), &2.into())
    );
    write(&lab.path("code"), "0");
    take_log(&lab);
    cycle(&lab, 0);
    assert_eq!(take_log(&lab), ["web 3 removed 1 1"], "it hears of what it missed");
    let web = standing(&status(&lab, 1), "web");
    assert_eq!((&web["is_well"], &web["still_trusts"]), (&true.into(), &serde_json::json!([])));
}
