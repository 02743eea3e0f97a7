//! systemd, by a `systemctl` of the test's own: it writes down what it is asked for and answers as it is told.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::*;

/// A folder with a `systemctl` in it that shows `properties` and ends every verb with `code`.
fn systemctl(lab: &Lab, properties: &str, code: u8) -> PathBuf {
    let folder = lab.path("programs");
    fs::create_dir_all(&folder).unwrap();
    let (path, new) = (folder.join("systemctl"), folder.join("new"));
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" = show ]; then printf '{properties}'; exit 0; fi\necho \"$@\" >> {:?}\n\
         echo 'Job failed.' >&2\nexit {code}\n",
        lab.path("log")
    );
    // The file must not be open for writing when it is run, by a fork of another test neither: so a copy is run.
    write(&new, &text);
    assert!(Command::new("/bin/cp").args([&new, &path]).status().unwrap().success());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// The outcome of a hook with this `systemctl`, and what it was asked for.
fn outcome(hook: &str, properties: &str, code: u8) -> (String, Vec<String>) {
    let mut lab = Lab::new();
    lab.configure(&application("web", &format!("reload = {hook}")));
    let folder = systemctl(&lab, properties, code);
    let path = format!("{}:/usr/bin:/bin", folder.display());
    command(&lab, &["run", "--once"]).env("PATH", path).output().unwrap();
    let status: Value = serde_json::from_slice(&agent(&lab, &["status", "--json"]).stdout).unwrap();
    (standing(&status, "web")["outcome"].as_str().unwrap().to_owned(), take_log(&lab))
}

const RESTART: &str = "{ systemd = \"web.service\", action = \"restart\" }";
const ACTIVE: &str = "LoadState=loaded\\nActiveState=active\\nMainPID=0\\n";

#[test]
fn a_unit_that_runs_is_asked_and_one_that_does_not_is_left_alone() {
    let told = |verb: &str| ("told".to_owned(), vec![format!("--no-ask-password {verb} -- web.service")]);
    assert_eq!(outcome(RESTART, ACTIVE, 0), told("try-restart"));
    assert_eq!(outcome("{ systemd = \"web.service\" }", ACTIVE, 0), told("reload"));
    let either = "{ systemd = \"web.service\", action = \"reload-or-restart\" }";
    assert_eq!(outcome(either, ACTIVE, 0), told("try-reload-or-restart"));
    let left = |outcome: &str| (outcome.to_owned(), Vec::<String>::new());
    for state in ["inactive", "failed", "deactivating"] {
        assert_eq!(
            outcome(RESTART, &ACTIVE.replace("=active", &format!("={state}")), 0),
            left("not_running")
        );
    }
    assert_eq!(outcome(RESTART, &ACTIVE.replace("loaded", "not-found"), 0), left("unit_missing"));
    assert_eq!(outcome(RESTART, "", 0), left("unit_missing"));
    assert_eq!(outcome(RESTART, ACTIVE, 1).0, "systemctl_failed");
}

#[test]
fn a_signal_to_a_unit_goes_to_its_main_process_if_that_handles_it() {
    // Not SIGHUP, which every process ignores under nohup.
    let hook = "{ signal = \"SIGUSR1\", unit = \"web.service\" }";
    assert_eq!(outcome(hook, ACTIVE, 0).0, "process_gone", "it has no main process");
    let mut sleeper = Command::new("/bin/sleep").arg("600").spawn().unwrap();
    let main = ACTIVE.replace("MainPID=0", &format!("MainPID={}", sleeper.id()));
    assert_eq!(outcome(hook, &main, 0), ("signal_not_handled".to_owned(), Vec::new()));
    let term = hook.replace("SIGUSR1", "SIGTERM");
    let asked = vec!["--no-ask-password kill --kill-who=main --signal=SIGTERM -- web.service".to_owned()];
    assert_eq!(outcome(&term, &main, 0), ("told".to_owned(), asked));
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    assert_eq!(outcome(&term, &main, 0).0, "process_gone");
}

#[test]
fn without_systemctl_that_is_said() {
    let mut lab = Lab::new();
    lab.configure(&application("web", &format!("reload = {RESTART}")));
    let output = command(&lab, &["run", "--once"]).env("PATH", lab.path("nothing")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(standing(&status(&lab, 1), "web")["outcome"], "systemctl_missing");
}
