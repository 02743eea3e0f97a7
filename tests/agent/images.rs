//! Images, stores and files that cannot be used: what is said of them, and that nothing is left behind.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::command_line::{agent, errors, json, program, text};
use crate::lab::{Lab, Root};

/// Runs the program on the lab's configuration with one text replaced by another.
fn changed(lab: &Lab, from: &str, to: &str, arguments: &[&str]) -> (Option<i32>, Value) {
    lab.settings();
    let config = lab.path("agent.toml");
    let text = fs::read_to_string(&config).unwrap();
    assert!(text.contains(from), "{from}");
    fs::File::create(&config).unwrap().write_all(text.replace(from, to).as_bytes()).unwrap();
    let output = program(&config, &[arguments, &["--json"]].concat());
    (output.status.code(), serde_json::from_slice(&output.stderr).unwrap_or_default())
}

#[test]
fn a_seed_of_another_channel_is_refused_alike_by_run_status_export_and_probe_and_leaves_no_store() {
    let lab = Lab::new();
    let with = |arguments: &[&str]| changed(&lab, "name = \"prod\"", "name = \"staging\"", arguments);
    let (code, error) = with(&["run", "--once"]);
    assert_eq!((code, &error["code"]), (Some(3), &"seed".into()), "{error}");
    assert!(error["message"].as_str().unwrap().contains("another channel than \"staging\""), "{error}");
    for arguments in [&["status"][..], &["export"], &["probe", "hub.test"]] {
        assert_eq!(with(arguments), (code, error.clone()), "{arguments:?}");
    }
    assert!(!lab.path("store").exists() && !lab.path("trust").exists());
}

#[test]
fn a_missing_seed_is_named_with_what_the_system_says() {
    let lab = Lab::new();
    for arguments in [&["run", "--once"][..], &["status"]] {
        let (code, error) = changed(&lab, "seed = \"seed\"", "seed = \"nothing\"", arguments);
        assert_eq!((code, &error["code"]), (Some(5), &"file_missing".into()), "{error}");
        assert!(error["file"].as_str().unwrap().ends_with("/nothing"), "{error}");
        assert!(error["message"].as_str().unwrap().contains("No such file"), "{error}");
        assert!(error["hint"].as_str().unwrap().ends_with("as image.seed"), "{error}");
    }
    assert!(!lab.path("store").exists());
}

#[test]
fn a_seed_that_is_something_else_is_called_that() {
    let lab = Lab::new();
    let (code, error) = changed(&lab, "seed = \"seed\"", "seed = \"agent.toml\"", &["status"]);
    assert_eq!(code, Some(3));
    let message = error["message"].as_str().unwrap();
    assert!(message.ends_with("is not a seed of this product") && !message.contains("magic"), "{message}");
}

#[test]
fn a_missing_device_key_leaves_no_store_behind() {
    let mut lab = Lab::new();
    lab.configure("[report]\nurl = \"https://updates.test\"\n");
    assert_eq!(agent(&lab, &["run", "--once"]).status.code(), Some(5));
    assert!(!lab.path("store").exists());
}

#[test]
fn exports_that_are_not_there_or_cannot_be_read_are_named() {
    let lab = Lab::new();
    let status = text(&agent(&lab, &["status"]));
    assert!(status.contains("/trust: there is no such folder yet"), "{status}");
    // A file where the folder of the generation should be: every system says the same of it, to root too.
    fs::create_dir(lab.path("trust")).unwrap();
    fs::File::create(lab.path("trust/..data")).unwrap();
    let status = text(&agent(&lab, &["status"]));
    assert!(status.contains("/trust/..data/version.json: Not a directory"), "{status}");
    assert!(!status.contains("none configured\n  keyring"), "{status}");
}

#[test]
fn two_agents_with_stores_of_their_own_share_neither_key_nor_notes() {
    let lab = Lab::new();
    let (_, _) = changed(&lab, "key = \"device.key\"\nruntime = \"run\"\n", "", &["run", "--once"]);
    assert!(lab.path("run/activity.json").exists());
    let key = json(&program(&lab.path("agent.toml"), &["key", "new", "--json"]), 0);
    assert_eq!(key["key_file"], lab.path("device.key").display().to_string());
    assert_eq!(fs::metadata(lab.path("device.key")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_damaged_usb_file_is_named_with_what_is_damaged() {
    let mut lab = Lab::new();
    let number = lab.publish(&[Root::Old, Root::New]);
    let good = lab.usb(number);
    let path = lab.path("file.usb");
    let install = |bytes: &[u8]| {
        fs::File::create(&path).unwrap().write_all(bytes).unwrap();
        let output = agent(&lab, &["install", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(3), "{}", errors(&output));
        errors(&output)
    };
    let mut certificate = good.clone();
    *certificate.last_mut().unwrap() ^= 1;
    let told = install(&certificate);
    assert!(
        told.contains(
            "file.usb: certificates: a certificate is not the one that was signed (its SHA-256 differs)"
        ),
        "{told}"
    );
    let document = lab.publisher.release_document(number).unwrap().to_vec();
    let start = good.windows(document.len()).position(|window| window == document).unwrap();
    let mut manifest = good.clone();
    manifest[start + document.len() - 1] ^= 1;
    let told = install(&manifest);
    assert!(
        told.contains("file.usb: manifest: the body is not the one that was signed (its SHA-256 differs)"),
        "{told}"
    );
    let told = install(b"PK\x03\x04 and more");
    assert!(
        told.contains("file.usb: is not a USB file of this product") && !told.contains("magic"),
        "{told}"
    );
    assert!(!lab.path("store").exists());
    fs::File::create(&path).unwrap().write_all(&good).unwrap();
    let done = text(&agent(&lab, &["install", path.to_str().unwrap()]));
    assert!(done.contains("file.usb: release 2: "), "{done}");
}
