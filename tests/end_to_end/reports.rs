//! What devices report, and what the operator sees of it.

use system_tests::gateway::place;

use crate::scene::{Scene, files, installed};

#[test]
fn a_device_follows_the_tree_and_the_fleet_list_says_so() {
    let scene = Scene::new();
    let (device, server) = scene.reporting("");

    scene.check(&device, &server, &scene.operator);
    scene.publish_both();
    scene.check(&device, &server, &scene.operator);
    assert_eq!(installed(&device), (2, 2));

    let listed = scene.operator.answer(&["fleet", "list"]).unwrap();
    let row = &listed["devices"][0];
    assert_eq!(row["device"], "gateway-7", "{listed}");
    assert_eq!(row["report"]["release"], "2", "{listed}");
    assert_eq!(row["report"]["reason"], "confirmed", "{listed}");
}

#[test]
fn the_fleet_list_names_devices_whose_applications_were_not_told_until_they_are() {
    let scene = Scene::new();
    let ready = scene.path("ready");
    let extra = format!(
        "[applications.mail]\nreload = {{ exec = [\"/usr/bin/true\"] }}\n\
         [applications.web]\nreload = {{ exec = [\"/usr/bin/test\", \"-e\", {ready:?}] }}\n",
    );
    let (device, server) = scene.reporting(&extra);
    scene.wait(&server, &scene.operator);

    assert!(device.check(None).unwrap().success().is_err(), "a finding");
    let listed = scene.operator.answer(&["fleet", "list"]).unwrap();
    let applications = &listed["devices"][0]["report"]["applications"];
    assert_eq!((&applications["declared"], &applications["behind"]), (&2.into(), &1.into()), "{listed}");
    let shown = scene.operator.answer(&["fleet", "show", "gateway-7"]).unwrap();
    let behind = &shown["applications_behind"][0];
    assert_eq!((&behind["name"], &behind["outcome"]), (&"web".into(), &"exit_status".into()), "{shown}");
    assert_eq!((&behind["release_number"], &behind["attempts"]), (&1.into(), &1.into()), "{shown}");

    place(&ready, b"").unwrap();
    scene.check(&device, &server, &scene.operator);
    let listed = scene.operator.answer(&["fleet", "list"]).unwrap();
    assert_eq!(listed["devices"][0]["report"]["applications"]["behind"], 0, "{listed}");
    let shown = scene.operator.answer(&["fleet", "show", "gateway-7"]).unwrap();
    assert_eq!(shown["applications_behind"], serde_json::json!([]), "{shown}");
}

#[test]
fn an_observing_device_installs_and_exports_nothing_and_says_what_it_would() {
    let scene = Scene::new();
    let server = scene.serve_tree();
    let device = scene.device(server.urls.clone(), "");
    scene.check(&device, &server, &scene.operator);
    let before = files(&device.path("trust"));
    scene.publish_both();
    scene.wait(&server, &scene.operator);
    let ended = device.agent(&["run", "--once", "--mode", "observe"]).unwrap().success().unwrap();
    assert_eq!(installed(&device), (1, 1), "{ended}");
    assert!(files(&device.path("trust")) == before, "nothing is exported");
    assert!(ended.to_string().contains("release 2"), "{ended}");
}
