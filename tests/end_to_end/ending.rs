//! The end of a machine: what git and the spare head key are for.

use std::{fs, process::Command};

use system_tests::{
    gateway::{Gateway, place},
    operator::Operator,
    process::run,
};

use crate::scene::{Scene, files, installed};

fn git(words: &[&str], operator: &Operator) {
    let mut command = Command::new("git");
    for role in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{role}_NAME"), "test")
            .env(format!("GIT_{role}_EMAIL"), "test@example.invalid");
    }
    command.current_dir(operator.repository()).args(words);
    run(&mut command, "").unwrap().success().unwrap();
}

#[test]
fn a_clone_and_the_spare_head_key_carry_the_fleet_on_when_the_publishing_machine_is_lost() {
    let scene = Scene::new();
    scene.publish_both();
    let server = scene.serve_tree();
    let device = scene.device(server.urls.clone(), "");
    scene.check(&device, &server, &scene.operator);
    let tree = files(&scene.operator.tree());
    git(&["init", "--quiet"], &scene.operator);
    git(&["add", "--all"], &scene.operator);
    git(&["commit", "--quiet", "--message", "Everything"], &scene.operator);

    // The new machine has a clone, and its holder the key files; the old machine is gone.
    let other = Operator::new(&scene.path("other")).unwrap();
    let (from, to) = (scene.operator.repository(), other.repository());
    git(&["clone", "--quiet", &from.to_string_lossy(), &to.to_string_lossy()], &scene.operator);
    fs::rename(scene.path("operator/keys"), scene.path("other/keys")).unwrap();
    fs::remove_dir_all(scene.path("operator")).unwrap();
    drop(server);

    other.done(&["publish"]).unwrap();
    let (mut rebuilt, mut before) = (files(&other.tree()), tree);
    let is_head = |path: &std::path::PathBuf, _: &mut Vec<u8>| !path.ends_with("head");
    rebuilt.retain(is_head);
    before.retain(is_head);
    assert_eq!(rebuilt.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert!(rebuilt == before, "all but the head is rebuilt byte for byte");

    let spare = other.key("head-spare");
    let spare = spare.to_string_lossy();
    // The newest head is lost with the machine: the command says from which number it is safe to go on.
    let refused = other.run(&["head", "sign", "--head-key", &spare]).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused}");
    assert!(refused.errors.contains("--number"), "{refused}");
    other.done(&["head", "sign", "--head-key", &spare, "--number", "1002"]).unwrap();
    let server = scene.serve(&other, &["--listen", "127.0.0.1:0"]);
    let device = moved(device, &server.urls);
    scene.check(&device, &server, &other);
    assert_eq!(installed(&device), (2, 2));

    other.done(&["anchor", "remove", "old-root", "--reason", "it is not used"]).unwrap();
    scene.hub.switch(&scene.vendor.new_identity(crate::scene::HOST)).unwrap();
    other.publish_release("prod", "the old root leaves").unwrap();
    scene.check(&device, &server, &other);
    assert_eq!(installed(&device), (3, 1));
}

/// The same device, told where the tree is now.
fn moved(device: Gateway, urls: &[String]) -> Gateway {
    let path = device.path("agent.toml");
    let text = fs::read_to_string(&path).unwrap();
    let url = |line: &str| {
        if line.starts_with("urls = ") { format!("urls = {urls:?}") } else { line.to_owned() }
    };
    let text: Vec<String> = text.lines().map(url).collect();
    place(&path, text.join("\n").as_bytes()).unwrap();
    device
}
