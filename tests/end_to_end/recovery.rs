//! Stolen keys: the recovery keys open the next epoch, with the real programs.

use std::fs;

use system_tests::gateway::place;

use crate::scene::{Scene, installed};

/// Names of the keys that replace the stolen ones, and of the next recovery keys.
const FRESH: [&str; 5] = ["dora", "emil", "fay", "head-2", "head-2-spare"];
const NEXT_RECOVERIES: [&str; 3] = ["recovery-4", "recovery-5", "recovery-6"];

const ROLES: &str = r#"
[roles.keyring]
threshold = 2
keys = ["dora", "emil", "fay"]

[roles.release]
threshold = 2
keys = ["dora", "emil", "fay"]

[roles.head]
threshold = 1
keys = ["head-2", "head-2-spare"]

[roles.recovery]
threshold = 2
keys = ["recovery-4", "recovery-5", "recovery-6"]
"#;

#[test]
fn invariant_07_a_fleet_whose_every_key_was_stolen_goes_on_under_new_keys() {
    let scene = Scene::new();
    let server = scene.serve_tree();
    let device = scene.device(server.urls.clone(), "");
    scene.check(&device, &server, &scene.operator);

    for name in FRESH.iter().chain(&NEXT_RECOVERIES) {
        scene.operator.make_key(name).unwrap();
    }
    let path = scene.operator.repository().join("fleet.toml");
    let text = fs::read_to_string(&path).unwrap();
    let kept = text.split("\n[roles.").next().unwrap();
    place(&path, format!("{kept}\n{ROLES}").as_bytes()).unwrap();

    let draft = scene.operator.answer(&["keyring", "recover", "--reason", "every key was stolen"]).unwrap();
    let file = draft["file"].as_str().unwrap().to_owned();
    for name in ["recovery-1", "recovery-2", "dora", "emil"] {
        let key = scene.operator.key(name);
        scene.operator.done(&["--yes", "sign", &file, "--key", &key.to_string_lossy()]).unwrap();
    }
    scene.operator.done(&["publish"]).unwrap();
    scene.add("new-root", &scene.vendor.new_root);
    scene.operator.publish_release_by("prod", "under new keys", ["dora", "emil"], "head-2").unwrap();

    scene.check(&device, &server, &scene.operator);
    let (_, anchors) = installed(&device);
    assert_eq!(anchors, 2, "{}", device.status(None).unwrap());
}
