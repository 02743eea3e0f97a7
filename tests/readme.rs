//! The README is true: its commands are run here, word for word.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test whose own scene cannot be set stops there")]

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use system_tests::{
    gateway::place,
    operator::{HEADS, Operator, PEOPLE, RECOVERIES},
    pki,
    process::{Ended, program, run},
};

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap()
}

/// The block of code after the mark `<!-- run: NAME -->`.
fn block(name: &str) -> String {
    let text = readme();
    let after =
        text.split(&format!("<!-- run: {name} -->")).nth(1).unwrap_or_else(|| panic!("no block {name}"));
    let code = after.split("```").nth(1).unwrap();
    code.split_once('\n').unwrap().1.to_owned()
}

/// A shell that finds the programs, in this folder.
fn shell(operator: &Operator, folder: &Path) -> Command {
    let programs = program("cloud-updater").unwrap().parent().map(Path::to_path_buf).unwrap();
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(programs).chain(env::split_paths(&path));
    let mut command = Command::new("bash");
    command.env("PATH", env::join_paths(folders).unwrap()).current_dir(folder);
    operator.prepare(&mut command);
    for (name, value) in [("GIT_AUTHOR_NAME", "test"), ("GIT_COMMITTER_NAME", "test")] {
        command.env(name, value);
    }
    for name in ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
        command.env(name, "test@example.invalid");
    }
    command
}

fn bash(operator: &Operator, folder: &Path, script: &str) -> io::Result<Ended> {
    run(shell(operator, folder).args(["-e", "-o", "pipefail", "-c", script]), "")
}

/// Appends a block of settings to a file.
fn append(path: &Path, name: &str) {
    let text = fs::read_to_string(path).unwrap();
    place(path, format!("{text}\n{}", block(name)).as_bytes()).unwrap();
}

/// Runs the README's first release; the repository and its operator.
fn first_release(folder: &Path) -> (Operator, PathBuf) {
    let operator = Operator::new(folder).unwrap();
    bash(&operator, folder, &block("init")).unwrap().success().unwrap();
    let repository = folder.join("fleet");
    for name in PEOPLE.iter().chain(&HEADS).chain(&RECOVERIES) {
        bash(&operator, &repository, &format!("cloud-updater key new {name}")).unwrap().success().unwrap();
    }
    append(&repository.join("fleet.toml"), "fleet.toml");
    append(&repository.join("services.toml"), "services.toml");
    fs::copy(
        pki::data().join("azure/digicert-global-root-g2.pem"),
        repository.join("digicert-global-root-g2.pem"),
    )
    .unwrap();
    // Signing asks before it signs; nobody is there to answer.
    let script = block("release").replace("cloud-updater sign", "cloud-updater --yes sign");
    bash(&operator, &repository, &script).unwrap().success().unwrap();
    (operator, repository)
}

#[test]
fn the_readme_leads_an_operator_to_the_first_release_and_a_device_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let (operator, repository) = first_release(folder.path());
    let agent = folder.path().join("agent.toml");
    let settings = block("agent.toml")
        .replace("/usr/share/device-agent/seed", &repository.join("seed").to_string_lossy())
        .replace("/var/lib/device-agent", &folder.path().to_string_lossy());
    let local = format!("\n[store]\npath = \"{0}/store\"\n", folder.path().display());
    place(&agent, format!("{settings}{local}").as_bytes()).unwrap();
    let export = format!("device-agent --config {} export", agent.display());
    bash(&operator, folder.path(), &export).unwrap().success().unwrap();
    let exported = pki::read_pem(&folder.path().join("trust/services/iot-hub.pem")).unwrap();
    assert_eq!(exported, pki::read_pem(&pki::data().join("azure/digicert-global-root-g2.pem")).unwrap());
}

#[test]
fn the_readme_verifies_a_release_by_hand_and_sees_a_changed_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (operator, repository) = first_release(folder.path());
    let release = repository.join("public/prod/release/1");
    let by_hand = || {
        let work = tempfile::tempdir().unwrap();
        let mut command = shell(&operator, work.path());
        command.env("RELEASE", &release).env("KEYS", repository.join("keys"));
        run(command.args(["-c", &block("by hand")]), "").unwrap().output
    };
    let output = by_hand();
    for line in ["body matches", "signed by alice", "signed by bob", "DigiCert Global Root G2"] {
        assert!(output.contains(line), "{line} in:\n{output}");
    }
    assert!(!output.contains("carol") && !output.contains("is not what its name says"), "{output}");

    let mut bytes = fs::read(&release).unwrap();
    bytes[30] ^= 1;
    place(&release, &bytes).unwrap();
    assert!(!by_hand().contains("signed by"), "the header was changed");
}

/// The lines of the README's code that start with a program's name, as words; a comment ends a line.
fn commands(name: &str) -> Vec<Vec<String>> {
    let (text, start) = (readme(), format!("{name} "));
    let command =
        |line: &str| line.split(" #").next().and_then(|line| line.split(" && ").next()).map(str::to_owned);
    // Of a text in quotes the first word stands for all.
    let unquoted = |line: String| {
        line.split('"').next().unwrap_or_default().to_owned() + if line.contains('"') { "text" } else { "" }
    };
    let lines = text.lines().filter(|line| line.starts_with(&start)).filter_map(command).map(unquoted);
    lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

/// Whether a program takes these words: it reads them before the flag that makes it say how it is used.
fn is_taken(words: &[String]) -> bool {
    let mut command = Command::new(program(&words[0]).unwrap());
    run(command.args(&words[1..]).arg("--help"), "").unwrap().status.success()
}

#[test]
fn every_command_of_the_readme_is_one_that_the_programs_have() {
    for name in ["device-agent", "cloud-updater"] {
        let commands = commands(name);
        assert!(commands.len() > 5, "{} commands of {name}", commands.len());
        for words in commands {
            assert!(is_taken(&words), "no such command: {}", words.join(" "));
        }
    }
    for wrong in ["device-agent run --twice", "cloud-updater publicise"] {
        let words: Vec<String> = wrong.split(' ').map(str::to_owned).collect();
        assert!(!is_taken(&words), "{wrong}");
    }
}
