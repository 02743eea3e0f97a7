//! The agent ends while a hook runs: by a signal nobody is left behind, by force the next start tells again.

use rustix::process::{Pid, Signal, kill_process};

use super::*;

/// A lab with an application whose hook writes its number down and then waits for ever, and the file of the number.
fn stuck() -> (Lab, std::path::PathBuf) {
    let mut lab = Lab::new();
    let pid = lab.path("hook.pid");
    let text = format!("echo $$ > {0}.new; mv {0}.new {0}; while :; do sleep 0.05; done", pid.display());
    let hook = script(&lab, "hook", &text);
    lab.configure(&application("web", &format!("reload = {hook}\ntimeout-seconds = 300")));
    (lab, pid)
}

#[test]
fn a_signal_that_ends_the_agent_ends_the_hook() {
    for arguments in [["run"].as_slice(), &["run", "--once"]] {
        let (lab, file) = stuck();
        let mut running = command(&lab, arguments).stderr(std::process::Stdio::null()).spawn().unwrap();
        until("the hook starts", || file.exists());
        let pid = fs::read_to_string(&file).unwrap();
        let asked = Instant::now();
        kill_process(Pid::from_child(&running), Signal::TERM).unwrap();
        let ended = running.wait().unwrap();
        assert!(asked.elapsed() < Duration::from_secs(20), "the agent waits for its hook");
        let code = if arguments.len() == 1 { 0 } else { 5 };
        assert_eq!(ended.code(), Some(code), "{arguments:?}");
        until("the hook has outlived the agent", || !lives(&pid));
        assert_eq!(standing(&status(&lab, 1), "web")["outcome"], "interrupted");
    }
}

#[test]
fn an_agent_that_was_killed_tells_again() {
    let (mut lab, file) = stuck();
    let mut running = command(&lab, &["run"]).stderr(std::process::Stdio::null()).spawn().unwrap();
    until("the hook starts", || file.exists());
    let pid = fs::read_to_string(&file).unwrap();
    running.kill().unwrap();
    running.wait().unwrap();
    // Nobody could end it: that is what a service manager's control group is for.
    let left = pid.trim().parse().ok().and_then(Pid::from_raw).unwrap();
    kill_process(left, Signal::KILL).unwrap();
    let hook = script(&lab, "hook", HOOK);
    lab.reconfigure(&application("web", &format!("reload = {hook}")));
    cycle(&lab, 0);
    assert_eq!(take_log(&lab), ["web 1 unknown 1 1"]);
}
