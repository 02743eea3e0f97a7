//! What the README tells applications to run is run: against the service under the installed root, and under another one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use system_tests::{
    gateway::Gateway,
    process::{Ended, run},
    tls_service::{ALL_VERSIONS, TlsService},
};

use crate::scene::{Scene, TODAY};

/// The host of the README's examples, and the folder in them.
const HOST: &str = "fleet.azure-devices.net";
const FOLDER: &str = "/var/lib/device-agent/trust";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The block of code after the mark `<!-- run: NAME -->`, for this device.
fn block(name: &str, device: &Gateway) -> String {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let after = text.split(&format!("<!-- run: {name} -->")).nth(1).unwrap();
    let code = after.split("```").nth(1).unwrap().split_once('\n').unwrap().1;
    assert!(code.contains(FOLDER), "{code}");
    code.replace(FOLDER, &device.path("trust").to_string_lossy())
}

fn bash(script: &str, input: &str) -> Ended {
    run(Command::new("bash").args(["-e", "-o", "pipefail", "-c", script]), input).unwrap()
}

/// Every line of the README's block as a command of its own, as this lab has the host.
fn commands(name: &str, device: &Gateway, edit: impl Fn(&str) -> String) -> Vec<String> {
    let code = block(name, device).replace("\\\n", " ");
    code.lines().map(edit).collect()
}

#[test]
fn commands_for_applications_succeed_under_the_installed_root_and_fail_under_another() {
    let scene = Scene::new();
    let web = scene.web();
    let device = scene.device(&web.url("127.0.0.1"), "");
    device.check(TODAY).unwrap().success().unwrap();
    let service = TlsService::start(&scene.vendor.old_identity(HOST), ALL_VERSIONS).unwrap();
    let port = service.address().port();
    let to = format!("curl --silent --show-error --noproxy '*' --connect-to {HOST}:443:127.0.0.1:{port} ");
    let mut all = commands("curl", &device, |line| line.replace("curl ", &to));
    let to = format!("-connect 127.0.0.1:{port} -servername {HOST} -verify_hostname {HOST}");
    all.extend(commands("openssl", &device, |line| line.replace(&format!("-connect {HOST}:443"), &to)));
    assert_eq!(all.len(), 3, "{all:?}");
    for command in &all {
        let ended = bash(command, "");
        assert!(ended.status.success(), "{ended}");
    }
    service.switch(&scene.vendor.new_identity(HOST)).unwrap();
    for command in &all {
        let ended = bash(command, "");
        assert!(!ended.status.success(), "{ended}");
    }
}

#[test]
fn a_program_on_a_jvm_that_is_started_as_the_readme_says_accepts_the_installed_root_alone() {
    let scene = Scene::new();
    let web = scene.web();
    let device = scene.device(&web.url("127.0.0.1"), "");
    device.check(TODAY).unwrap().success().unwrap();
    let service = TlsService::start(&scene.vendor.old_identity("localhost"), ALL_VERSIONS).unwrap();
    let program = root().join("tests/apps/clients/java/Client.java");
    let command = block("java", &device).replace(" App", &format!(" {}", program.display()));
    let asked = format!("connect localhost {}\n", service.address().port());
    let said = bash(&command, &asked).success().unwrap();
    assert!(said.ends_with("accepted\n"), "{said}");
    service.switch(&scene.vendor.new_identity("localhost")).unwrap();
    let said = bash(&command, &asked).success().unwrap();
    assert!(said.lines().last().unwrap().starts_with("refused "), "{said}");
}
