//! Applications that run while the device is updated: they follow, and are never restarted.

use system_tests::applications::{Application, Peer};

use crate::scene::{HOST, Scene, TODAY};

/// Requests that count as an observation.
const REQUESTS: usize = 2;

#[test]
fn applications_follow_a_rotation_without_a_restart_and_refuse_what_is_retired() {
    let mut scene = Scene::new();
    let web = scene.web();
    let device = scene.device(&web.url("127.0.0.1"), "");
    device.check(TODAY).unwrap().success().unwrap();
    let peers = [Peer { service: "iot-hub".into(), host: HOST.into(), address: scene.hub.address() }];
    let mut applications = [
        Application::curl(&device.services(), &peers).unwrap(),
        Application::sample(&device.store(), &device.path("seed"), &peers).unwrap(),
    ];
    let marks = applications.each_ref().map(|application| (application.mark(), application.id()));
    watch(&applications);
    scene.publish_both();
    device.check(TODAY).unwrap().success().unwrap();
    scene.hub.switch(&scene.vendor.new_identity(HOST)).unwrap();
    watch(&applications);
    let content = scene.content(&[&scene.vendor.new_root]);
    scene.publish(&content, &["new"]);
    device.check(TODAY).unwrap().success().unwrap();
    watch(&applications);
    for (application, (mark, id)) in applications.iter_mut().zip(marks) {
        let tally = application.tally_since(mark, &["iot-hub"]);
        assert_eq!(tally.refused, 0, "{}: {tally}", application.name());
        assert!(application.is_running() && application.id() == id, "{}", application.name());
    }
    scene.hub.switch(&scene.vendor.old_identity(HOST)).unwrap();
    for application in &applications {
        application.wait_until("iot-hub", false).unwrap();
    }
}

fn watch(applications: &[Application]) {
    for application in applications {
        let tally = application.watch(&["iot-hub"], REQUESTS).unwrap();
        assert_eq!(tally.refused, 0, "{}: {tally}", application.name());
    }
}
