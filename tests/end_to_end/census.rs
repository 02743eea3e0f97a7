//! Which anchors devices need by their own word, and that nothing which one needs is taken away.

use std::{fs, path::PathBuf};

use serde_json::Value;
use system_tests::{
    gateway::{Gateway, place},
    operator::HEADS,
};

use crate::scene::{HOST, Scene, Server, installed};

/// A device that says which anchors it needs, or one that does not, and the server that it reports to.
fn reporting(scene: &Scene, census: bool) -> (Gateway, Server) {
    let (device, server) = scene.reporting(&format!("census = {census}\n"));
    scene.check(&device, &server, &scene.operator);
    (device, server)
}

/// The anchors that some device needs: name, devices, devices that have nothing else.
fn needed(census: &Value) -> Vec<(&str, u64, u64)> {
    let anchors = census["anchors"].as_array().unwrap().iter();
    let row =
        |row: &'_ Value| (row["devices"].as_u64().unwrap(), row["devices_by_it_alone"].as_u64().unwrap());
    let rows = anchors.map(|anchor| (anchor["name"].as_str().unwrap(), row(anchor)));
    rows.filter(|(_, (devices, _))| *devices > 0)
        .map(|(name, (devices, alone))| (name, devices, alone))
        .collect()
}

fn census(scene: &Scene) -> Value {
    scene.operator.answer(&["fleet", "census"]).unwrap()
}

fn activity(device: &Gateway) -> PathBuf {
    device.path("run/activity.json")
}

/// What the agent remembers, as if its last round had been made a year ago.
fn another_day(device: &Gateway) -> Vec<u8> {
    let mut record: Value = serde_json::from_slice(&fs::read(activity(device)).unwrap()).unwrap();
    let at = record["census"]["at"].as_str().unwrap().to_owned();
    let year: u32 = at[..4].parse().unwrap();
    record["census"]["at"] = format!("{}{}", year - 1, &at[4..]).into();
    serde_json::to_vec(&record).unwrap()
}

#[test]
fn an_anchor_that_a_device_needs_is_not_published_away_until_its_server_has_moved() {
    let scene = Scene::new();
    let (device, server) = reporting(&scene, true);
    let said = census(&scene);
    assert_eq!(needed(&said), [("Synthetic CyberTrust Root", 1, 1)], "{said}");
    assert_eq!((&said["devices_counted"], &said["services_observed"]), (&1.into(), &1.into()), "{said}");

    scene.publish_both();
    scene.check(&device, &server, &scene.operator);
    assert_eq!(installed(&device), (2, 2));
    scene.operator.done(&["anchor", "remove", "old-root", "--reason", "the vendor has moved"]).unwrap();
    let refused = scene.operator.publish_release("prod", "without the old root").unwrap_err().to_string();
    assert!(refused.contains("gateway-7 had nothing else that verified it"), "{refused}");
    let ended = scene.operator.run(&["--json", "fleet", "census"]).unwrap();
    let said: Value = serde_json::from_str(&ended.output).unwrap();
    assert_eq!(
        (ended.status.code(), &said["findings"][0]["rule"]),
        (Some(1), &"census-needed".into()),
        "{said}"
    );

    // Whoever knows better says why.
    let despite =
        ["--dry-run", "publish", "--despite-census", "iot-hub", "--reason", "a lab that is being taken down"];
    scene.operator.done(&despite).unwrap();

    // The server moves; the device sees it in its next round, and says so.
    scene.hub.switch(&scene.vendor.new_identity(HOST)).unwrap();
    place(&activity(&device), &another_day(&device)).unwrap();
    scene.check(&device, &server, &scene.operator);
    let said = census(&scene);
    assert_eq!(needed(&said), [("Synthetic Global Root G2", 1, 1)], "{said}");
    scene.operator.done(&["publish"]).unwrap();
    let key = scene.operator.key(HEADS[0]);
    scene.operator.done(&["head", "sign", "--head-key", &key.to_string_lossy()]).unwrap();
    scene.check(&device, &server, &scene.operator);
    assert_eq!(installed(&device), (3, 1));
}

#[test]
fn a_device_whose_owner_did_not_ask_for_it_says_nothing_and_the_operator_is_told() {
    let scene = Scene::new();
    let (device, _server) = reporting(&scene, false);
    let said = census(&scene);
    assert_eq!((&said["devices_reporting"], &said["devices_counted"]), (&1.into(), &0.into()), "{said}");
    let status = device.status(None).unwrap();
    assert_eq!(status["last_cycle"]["census"], Value::Null, "{status}");
    let text = scene.operator.done(&["fleet", "census"]).unwrap();
    assert!(text.contains("no device says which anchors it needs"), "{text}");
}
