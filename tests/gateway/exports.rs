//! What applications that nobody changed read: files for curl and OpenSSL.

use std::{fs, process::Command};

use system_tests::{gateway::place, pki, process::run};

use crate::scene::{HOST, Scene, TODAY};

#[test]
fn openssl_verifies_with_every_exported_form_and_refuses_what_was_removed() {
    let mut scene = Scene::new();
    let web = scene.web();
    let device = scene.device(&web.url("127.0.0.1"), "");
    device.check(TODAY).unwrap().success().unwrap();
    for (name, identity) in
        [("old", scene.vendor.old_identity(HOST)), ("new", scene.vendor.new_identity(HOST))]
    {
        place(&device.path(&format!("{name}-leaf.pem")), pki::pem(&identity.chain[0]).as_bytes()).unwrap();
        place(&device.path(&format!("{name}-issuer.pem")), pki::pem(&identity.chain[1]).as_bytes()).unwrap();
    }
    let verifies = |name: &str, option: &str, file: &str| {
        let path = |name: String| device.path(&name);
        let mut command = Command::new("openssl");
        command.args(["verify", "-no-CAstore"]).arg(option).arg(path(file.to_owned()));
        command.arg(if option == "-CAfile" { "-no-CApath" } else { "-no-CAfile" });
        command
            .arg("-untrusted")
            .arg(path(format!("{name}-issuer.pem")))
            .arg(path(format!("{name}-leaf.pem")));
        run(&mut command, "").unwrap().status.success()
    };
    let forms = [
        ("-CAfile", "trust/services/iot-hub.pem"),
        ("-CAfile", "trust/whole.pem"),
        ("-CApath", "trust/hashed"),
    ];
    let check = |expect: [bool; 2]| {
        for (option, file) in forms {
            assert_eq!(["old", "new"].map(|name| verifies(name, option, file)), expect, "{option} {file}");
        }
    };
    check([true, false]);
    scene.publish_both();
    device.check(TODAY).unwrap().success().unwrap();
    check([true, true]);
    scene.hub.switch(&scene.vendor.new_identity(HOST)).unwrap();
    device.check(TODAY).unwrap().success().unwrap();
    let content = scene.content(&[&scene.vendor.new_root]);
    scene.publish(&content, &["new"]);
    device.check(TODAY).unwrap().success().unwrap();
    check([false, true]);
}

#[test]
fn every_exported_file_names_its_release() {
    let scene = Scene::new();
    let web = scene.web();
    let device = scene.device(&web.url("127.0.0.1"), "");
    device.check(TODAY).unwrap().success().unwrap();
    let digest =
        serde_json::from_slice::<serde_json::Value>(&fs::read(device.path("trust/version.json")).unwrap());
    let digest = digest.unwrap()["digest"].as_str().unwrap().to_owned();
    for name in ["whole.pem", "services/iot-hub.pem"] {
        let text = fs::read_to_string(device.path("trust").join(name)).unwrap();
        assert!(text.lines().next().unwrap().contains(&digest), "{name}");
        assert!(text.lines().last().unwrap().contains(&digest), "{name}");
    }
}
