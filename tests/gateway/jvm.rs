//! The exported PKCS#12 files as a JVM, `keytool` and `openssl` read them.

use std::{fs, path::Path, process::Command};

use system_tests::{gateway::Gateway, process::run};

use crate::scene::{HOST, Scene, TODAY};

/// What a JVM says of the service with these options and arguments, one line for each trust store.
fn handshakes(scene: &Scene, options: &[String], stores: &[&str]) -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway/Handshake.java");
    let mut command = Command::new("java");
    command.args(options).arg(source).args([HOST, &scene.hub.address().port().to_string()]).args(stores);
    run(&mut command, "").unwrap().success().unwrap().lines().map(str::to_owned).collect()
}

fn file(device: &Gateway, name: &str) -> String {
    device.path("trust").join(name).display().to_string()
}

#[test]
fn a_jvm_reads_the_trust_store_without_a_password_and_with_any() {
    let mut scene = Scene::new();
    let web = scene.web();
    let device = scene.device(&web.url("127.0.0.1"), "");
    device.check(TODAY).unwrap().success().unwrap();
    let (whole, service) = (file(&device, "truststore.p12"), file(&device, "services/iot-hub.p12"));
    let stores = [whole.as_str(), "-", &whole, "changeit", &whole, "anything", &service, "-"];
    assert_eq!(handshakes(&scene, &[], &stores), ["accepted"; 4]);
    scene.hub.switch(&scene.vendor.new_identity(HOST)).unwrap();
    assert_eq!(handshakes(&scene, &[], &stores), ["refused"; 4]);
    scene.publish_both();
    device.check(TODAY).unwrap().success().unwrap();
    assert_eq!(handshakes(&scene, &[], &stores), ["accepted"; 4]);
    // The line that the environment file shows.
    let environment = fs::read_to_string(file(&device, "environment")).unwrap();
    let options = environment.lines().find_map(|line| line.split_once("JDK_JAVA_OPTIONS='")).unwrap().1;
    let options: Vec<String> = options.trim_end_matches('\'').split(' ').map(str::to_owned).collect();
    assert_eq!(handshakes(&scene, &options, &[]), ["accepted"]);
    assert_eq!(handshakes(&scene, &[], &[]), ["refused"], "the JVM's own anchors have no part in it");
}

#[test]
fn keytool_and_openssl_list_the_trust_store() {
    let mut scene = Scene::new();
    scene.publish_both();
    let web = scene.web();
    let device = scene.device(&web.url("127.0.0.1"), "");
    device.check(TODAY).unwrap().success().unwrap();
    let store = file(&device, "truststore.p12");
    // Without a password keytool asks for one, and an empty line is no password.
    for password in [None, Some("changeit")] {
        let mut keytool = Command::new("keytool");
        keytool.args(["-list", "-storetype", "PKCS12", "-keystore", &store]);
        keytool.args(password.iter().flat_map(|password| ["-storepass", password]));
        let listed = run(&mut keytool, "\n").unwrap().success().unwrap();
        assert_eq!(listed.matches("trustedCertEntry").count(), 2, "{listed}");
    }
    let mut openssl = Command::new("openssl");
    openssl.args(["pkcs12", "-nokeys", "-nomacver", "-passin", "pass:", "-in", &store]);
    let listed = run(&mut openssl, "").unwrap().success().unwrap();
    assert_eq!(listed.matches("-----BEGIN CERTIFICATE-----").count(), 2, "{listed}");
    // What it calls Oracle's trustedKeyUsage.
    assert_eq!(listed.matches("2.16.840.1.113894.746875.1.1").count(), 2, "{listed}");
}
