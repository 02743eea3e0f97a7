//! Programs that hang, flood, leave something behind, or are not there.

use std::time::Duration;

use super::*;

fn shell(script: &str) -> [&OsStr; 2] {
    [OsStr::new("-c"), OsStr::new(script)]
}

async fn run(script: &str, limit: Duration) -> Ran {
    let program = Program {
        path: Path::new("/bin/sh"),
        arguments: shell(script).to_vec(),
        environment: &[("DEVICE_AGENT_RELEASE", "7".to_owned())],
        until: Instant::now() + limit,
        groups: Groups::default(),
    };
    program.run().await
}

async fn ended(script: &str) -> (Option<i32>, String) {
    match run(script, Duration::from_secs(60)).await {
        Ran::Ended { status, output } => (status.code(), output),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_program_has_an_environment_of_its_own_and_no_input() {
    let (code, output) = ended("env | sort; pwd; cat").await;
    let path = path_variable().into_string().unwrap();
    assert_eq!(code, Some(0));
    let expected = format!("DEVICE_AGENT_RELEASE=7\nPATH={path}\nPWD=/\n/\n\n");
    assert_eq!(output.replace("_=/usr/bin/env\n", "").replace("SHLVL=0\n", ""), expected);
}

#[tokio::test]
async fn both_outputs_are_kept_from_their_end_and_a_flood_is_read_and_forgotten() {
    let (code, output) = ended("echo one; echo two >&2; exit 3").await;
    assert_eq!(code, Some(3));
    assert_eq!(output, "one\n\ntwo\n", "errors are last");
    let (code, output) = ended("head -c 8000000 /dev/zero; echo; echo the end").await;
    assert_eq!((code, output.len()), (Some(0), OUTPUT_BYTES + 1));
    assert_eq!(last_line(&output).as_deref(), Some("the end"));
}

#[tokio::test]
async fn what_a_terminal_would_obey_is_no_part_of_a_line() {
    assert_eq!(last_line("a\n\u{1b}[2Jb\u{7}c\n\n \n").as_deref(), Some(" [2Jb c"));
    assert_eq!(last_line("\n \n"), None);
    assert_eq!(last_line(&"x".repeat(500)).unwrap().len(), LINE_CHARACTERS_MAX);
}

#[tokio::test]
async fn a_program_that_left_a_process_behind_has_ended_when_it_has() {
    let started = std::time::Instant::now();
    let (code, output) = ended("sleep 600 & echo $!").await;
    assert_eq!(code, Some(0));
    assert!(started.elapsed() < Duration::from_secs(30), "the pipe is still held");
    let left = output.trim().to_owned();
    assert!(Path::new("/proc").join(&left).exists(), "it was left behind on purpose");
    std::process::Command::new("/bin/kill").arg(&left).status().unwrap();
}

/// Waits until the process is dead: the system ends it a moment after it was made to.
fn ends(pid: &str) {
    let lives = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("State:") && !line.contains('Z') && !line.contains('X'))
    };
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while lives() {
        assert!(std::time::Instant::now() < until, "process {pid} has outlived its hook");
    }
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_with_its_whole_group() {
    let script =
        "sh -c 'trap \"\" TERM; echo $$; while :; do sleep 600; done' & trap '' TERM; wait; sleep 600";
    let ran = run(script, Duration::from_secs(1)).await;
    let Ran::TimedOut { output } = ran else { panic!("{ran:?}") };
    let grandchild = output.trim();
    assert!(!grandchild.is_empty(), "{output:?}");
    ends(grandchild);
}

#[tokio::test]
async fn a_hook_that_is_dropped_while_it_runs_is_asked_to_end_and_then_made_to() {
    let groups = Groups::default();
    let folder = tempfile::tempdir().unwrap();
    let (pid, asked) = (folder.path().join("pid"), folder.path().join("asked"));
    let script = format!(
        "trap 'touch {}; exit' TERM; echo $$ > {1}.new; mv {1}.new {1}; while :; do sleep 0.01; done",
        asked.display(),
        pid.display()
    );
    let program = Program {
        path: Path::new("/bin/sh"),
        arguments: shell(&script).to_vec(),
        environment: &[],
        until: Instant::now() + Duration::from_secs(600),
        groups: groups.clone(),
    };
    let started = async {
        while !pid.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ran = program.run() => panic!("{ran:?}"),
        () = started => {}
    }
    let pid = std::fs::read_to_string(&pid).unwrap();
    groups.end().await;
    assert!(asked.exists(), "it was asked first");
    ends(pid.trim());
}

#[tokio::test]
async fn a_program_that_is_not_there_or_may_not_be_run_is_named_as_such() {
    let run = async |path: &str| {
        let (path, arguments) = (Path::new(path), Vec::new());
        let until = Instant::now() + Duration::from_secs(60);
        match (Program { path, arguments, environment: &[], until, groups: Groups::default() }).run().await {
            Ran::NotStarted(error) => error.kind(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(run("/usr/bin/no-such-program").await, io::ErrorKind::NotFound);
    assert_eq!(run("/etc/passwd").await, io::ErrorKind::PermissionDenied);
    assert_eq!(run("/etc").await, io::ErrorKind::PermissionDenied);
}
