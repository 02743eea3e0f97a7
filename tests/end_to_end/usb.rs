//! A release on a USB stick, for a device without a network.

use system_tests::gateway::place;

use crate::scene::{Scene, installed};

#[test]
fn a_release_on_a_usb_stick_is_installed_and_a_changed_one_is_not() {
    let scene = Scene::new();
    // Nobody listens there.
    let device = scene.device(vec!["http://127.0.0.1:9/".into()], "");
    scene.publish_both();
    let file = scene.path("stick");
    scene.operator.done(&["export", "usb", "--out", &file.to_string_lossy()]).unwrap();
    let bytes = std::fs::read(&file).unwrap();

    let spoilt = scene.path("spoilt");
    for position in [0, 5, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        place(&spoilt, &changed).unwrap();
        let ended = device.agent(&["install", &spoilt.to_string_lossy()]).unwrap();
        assert!([Some(3), Some(4)].contains(&ended.status.code()), "byte {position}: {ended}");
        assert_eq!(installed(&device), (1, 1), "byte {position}");
    }

    device.agent(&["install", &file.to_string_lossy()]).unwrap().success().unwrap();
    assert_eq!(installed(&device), (2, 2));
}
