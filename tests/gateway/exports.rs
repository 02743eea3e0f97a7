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

#[test]
fn an_application_that_adds_trusts_the_system_too_and_a_change_there_is_exported_at_the_next_check() {
    let scene = Scene::new();
    let web = scene.web();
    let device = scene.device(&web.url("127.0.0.1"), "[applications.app]\ntrust = \"add\"\n");
    let system = device.path("system.crt");
    let own = format!("[export]\nsystem-anchors = \"{}\"\n", system.display());
    let configuration = fs::read_to_string(device.path("agent.toml")).unwrap().replace("[export]\n", &own);
    place(&device.path("agent.toml"), configuration.as_bytes()).unwrap();
    let root = |name| pki::pem(pki::Authority::root(name, 2000..2100).certificate());
    let (first, second) = (root("First"), root("Second"));
    place(&system, first.as_bytes()).unwrap();
    device.check(TODAY).unwrap().success().unwrap();
    let exported = || pki::read_pem(&device.path("trust/applications/app.pem")).unwrap().len();
    assert_eq!(exported(), 2);
    let words = || device.agent(&["--as-of", TODAY.unwrap(), "status"]).unwrap().output;
    assert!(words().contains("app also trusts 1 system anchor\n"), "{}", words());
    place(&system, [first, second].concat().as_bytes()).unwrap();
    device.check(TODAY).unwrap().success().unwrap();
    assert_eq!(exported(), 3);
    assert!(words().contains("app also trusts 2 system anchors\n"), "{}", words());
    fs::remove_file(&system).unwrap();
    device.check(TODAY).unwrap().success().unwrap();
    assert_eq!(exported(), 1);
    let status = device.status(TODAY).unwrap();
    let codes: Vec<_> =
        status["findings"].as_array().unwrap().iter().map(|finding| &finding["code"]).collect();
    assert!(codes.iter().any(|code| *code == "system_anchors_unreadable"), "{status}");
}
