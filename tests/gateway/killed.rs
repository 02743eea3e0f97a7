//! The agent killed at any moment: applications always find one whole bundle, and the next run ends the work.

use std::{fs, process::Command};

use system_tests::{gateway::Gateway, process::run};
use trust_store::{Location, TrustStore};

use crate::scene::{Scene, TODAY};

/// Moments of a run at which it is killed, in steps of this many microseconds.
const MOMENTS: u32 = 60;
const STEP_MICROSECONDS: u32 = 500;

/// The number of the release that applications read; the bundle is whole or this fails.
fn installed(device: &Gateway) -> u32 {
    let store = TrustStore::open(Location::of(&device.store()), Some(&device.path("seed"))).unwrap();
    let installed = store.installed();
    assert!(installed.anchors("iot-hub").is_some_and(|mut anchors| anchors.next().is_some()));
    installed.order().number
}

/// First and last line of the exported file name the same release.
fn exports_are_whole(device: &Gateway) {
    let text = fs::read_to_string(device.path("trust/whole.pem")).unwrap();
    let digest = |line: Option<&str>| line.and_then(|line| line.rsplit(": ").next()).map(str::to_owned);
    assert!(text.lines().count() > 2);
    assert_eq!(digest(text.lines().next()), digest(text.lines().last()));
}

#[test]
fn an_agent_killed_at_any_moment_leaves_one_whole_bundle_and_goes_on() {
    let mut scene = Scene::new();
    let web = scene.web();
    let device = scene.device(&web.url("127.0.0.1"), "");
    device.check(TODAY).unwrap().success().unwrap();
    let before = fs::read(device.store()).unwrap();
    scene.publish_both();
    let mut seen = [0_u32; 2];
    for moment in 1..=MOMENTS {
        system_tests::gateway::place(&device.store(), &before).unwrap();
        let seconds = f64::from(moment * STEP_MICROSECONDS) / 1_000_000.0;
        let mut command = Command::new("timeout");
        command.args(["--signal=KILL", &seconds.to_string()]);
        command.arg(system_tests::process::program("device-agent").unwrap());
        command.arg("--config").arg(device.path("agent.toml")).args([
            "--as-of",
            TODAY.unwrap(),
            "run",
            "--once",
        ]);
        run(&mut command, "").unwrap();
        let number = installed(&device);
        assert!((1..=2).contains(&number), "release {number}");
        seen[usize::from(number == 2)] += 1;
        exports_are_whole(&device);
    }
    assert!(seen[0] > 0, "every run was over before it was killed: {seen:?}");
    device.check(TODAY).unwrap().success().unwrap();
    assert_eq!(installed(&device), 2);
    exports_are_whole(&device);
    assert_eq!(system_tests::pki::read_pem(&device.path("trust/whole.pem")).unwrap().len(), 2);
}
