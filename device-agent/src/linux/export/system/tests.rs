//! What an application trusts that adds the system's anchors, and what it must not get in that way.

use std::path::PathBuf;

use bundle::write::ConstraintContent;
use bundle::{Purposes, UnixSeconds};
use chain::pki::{Authority, Content, denial, key_denial};

use super::*;
use crate::linux::durable;
use crate::linux::export::local::ForApplication;
use crate::linux::export::{ExportSet, Local, pem};
use crate::linux::kit::Device;

fn root(name: &str) -> Authority {
    Authority::root(name, 2000..2100)
}

/// The system's file, with these roots.
fn store(device: &Device, roots: &[&Authority]) -> PathBuf {
    let path = device.path("ca-certificates.crt");
    let text: String = roots.iter().map(|root| pem::block(root.certificate())).collect();
    durable::replace(&path, text.as_bytes(), 0o644).unwrap();
    path
}

/// The exports for one application that adds the system's anchors and talks to `hub`.
fn set(device: &Device, path: &Path) -> ExportSet {
    let application =
        ForApplication { name: "app".to_owned(), services: Some(vec!["hub".to_owned()]), adds_system: true };
    let local = Local {
        applications: vec![application],
        system: SystemAnchors::read(path),
        ..Local::new("test", Path::new("/srv/trust"))
    };
    ExportSet::of(&device.installed(), &local).unwrap()
}

fn holds(set: &ExportSet, path: &str, root: &Authority) -> bool {
    let file = set.files.iter().find(|file| file.path == path).unwrap();
    let needle: Vec<u8> = match path.ends_with(".pem") {
        true => pem::block(root.certificate()).into_bytes(),
        false => root.certificate().to_vec(),
    };
    file.bytes.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn an_application_that_adds_gets_the_systems_anchors_in_its_own_files_alone() {
    let (own, other, of_system) = (root("Own"), root("Other"), root("Of the system"));
    let content = Content::default()
        .anchor(own.certificate())
        .anchor(other.certificate())
        .service("hub", &[own.certificate()])
        .service("storage", &[other.certificate()]);
    let device = Device::with(&content);
    let path = store(&device, &[&of_system, &own, &of_system]);
    let set = set(&device, &path);
    for form in ["applications/app.pem", "applications/app.p12"] {
        let found = [&own, &other, &of_system].map(|root| holds(&set, form, root));
        assert_eq!(found, [true, false, true], "{form}");
    }
    assert!(!holds(&set, "whole.pem", &of_system));
    let [application] = &set.applications[..] else { panic!("{:?}", set.applications) };
    assert_eq!(
        (application.trust, application.system_anchors),
        ("add", 1),
        "its own is none of the system's"
    );
    assert_eq!((application.system_anchors_left_out, application.fault.as_deref()), (0, None));
}

#[test]
fn what_the_bundle_denies_or_limits_does_not_come_in_through_the_system() {
    let names = ["By certificate", "By key", "Limited", "For code", "Free"];
    let roots = names.map(root);
    let [by_certificate, by_key, limited, code, _] = &roots;
    let variant = limited.reissue(2000..2090);
    let constraint =
        ConstraintContent { distrust_after: Some(UnixSeconds(1)), ..ConstraintContent::default() };
    let content = Content::default()
        .anchor(root("Own").certificate())
        .anchor_with(limited.certificate(), |anchor| anchor.constraints.push(constraint))
        .anchor_with(code.certificate(), |anchor| anchor.purposes = Purposes::CODE_SIGNING)
        .service("hub", &[]);
    let mut device = Device::with(&content);
    device.deny(&[denial(by_certificate.certificate()), key_denial(by_key.certificate())]);
    let path = store(&device, &roots.each_ref());
    let text = fs::read_to_string(&path).unwrap() + &pem::block(&variant);
    durable::replace(&path, text.as_bytes(), 0o644).unwrap();
    let set = set(&device, &path);
    for form in ["applications/app.pem", "applications/app.p12"] {
        assert_eq!(roots.each_ref().map(|root| holds(&set, form, root)), [false, false, false, false, true]);
    }
    let text = set.files.iter().find(|file| file.path == "applications/app.pem").unwrap();
    assert!(
        !String::from_utf8_lossy(&text.bytes).contains(&pem::block(&variant)),
        "another certificate, the same key"
    );
    assert_eq!((set.applications[0].system_anchors, set.applications[0].system_anchors_left_out), (1, 5));
}

#[test]
fn a_change_of_the_systems_file_alone_is_another_generation() {
    let (own, one, two) = (root("Own"), root("One"), root("Two"));
    let device = Device::with(&Content::default().anchor(own.certificate()).service("hub", &[]));
    let path = store(&device, &[&one]);
    let first = set(&device, &path);
    assert_eq!(first, set(&device, &path));
    let second = set(&device, &store(&device, &[&one, &two]));
    assert_ne!(first.files, second.files);
    let folder = device.path("trust");
    let publish = |set| crate::linux::export::publish(&folder, set, 0o644).unwrap();
    assert_eq!([publish(&first), publish(&second)].map(|published| published.is_changed), [true, true]);
}

#[test]
fn a_file_that_cannot_be_read_is_said_and_the_bundles_anchors_stay() {
    let own = root("Own");
    let device = Device::with(&Content::default().anchor(own.certificate()).service("hub", &[]));
    let missing = set(&device, &device.path("nothing"));
    assert!(holds(&missing, "applications/app.pem", &own));
    let fault = missing.applications[0].fault.as_deref().unwrap();
    assert!(fault.ends_with("nothing: No such file or directory (os error 2)"), "{fault}");
    let path = device.path("empty");
    for (text, expect) in [("", "holds no certificate in PEM"), ("-----BEGIN CERTIFICATE-----\n!", "empty: ")]
    {
        durable::replace(&path, text.as_bytes(), 0o644).unwrap();
        let fault = set(&device, &path).applications[0].fault.clone().unwrap();
        assert!(fault.contains(expect), "{fault}");
    }
}
