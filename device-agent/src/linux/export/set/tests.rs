//! What is in the exports, and what must not be.

use std::path::Path;

use bundle::write::{ConstraintContent, ExtensionContent};
use bundle::{Purposes, UnixSeconds, extension_id};
use chain::pki::{Authority, Content, denial, key_denial, sha256};

use super::*;
use crate::linux::export::{Constraint, Done, OmissionReason, pem};
use crate::linux::kit::Device;

fn root(name: &str) -> Authority {
    Authority::root(name, 2000..2100)
}

fn set(device: &Device) -> ExportSet {
    ExportSet::of(&device.installed(), &Local::new("test", Path::new("/var/lib/device-agent/trust"))).unwrap()
}

fn file<'a>(set: &'a ExportSet, path: &str) -> &'a Artefact {
    set.files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} is missing"))
}

fn text<'a>(set: &'a ExportSet, path: &str) -> &'a str {
    std::str::from_utf8(&file(set, path).bytes).unwrap()
}

fn count(set: &ExportSet, path: &str) -> usize {
    text(set, path).matches("-----BEGIN CERTIFICATE-----").count()
}

/// The files in which this is lost of an anchor or a service, and this done.
fn files<'a>(set: &'a ExportSet, constraint: Constraint, whose: &str, done: Done) -> Vec<&'a str> {
    let is_meant = |loss: &&Loss| {
        loss.constraint == constraint
            && loss.done == done
            && loss.anchor.as_deref().or(loss.service.as_deref()) == Some(whose)
    };
    let found: Vec<&Loss> = set.losses.iter().filter(is_meant).collect();
    assert!(found.len() < 2, "{found:?}");
    found.into_iter().flat_map(|loss| &loss.files).map(String::as_str).collect()
}

fn constraint() -> ConstraintContent {
    ConstraintContent { distrust_after: Some(UnixSeconds(1)), ..ConstraintContent::default() }
}

#[test]
fn every_form_holds_every_anchor_and_services_hold_theirs() {
    let (first, second) = (root("First"), root("Second"));
    let (one, two) = (first.certificate(), second.certificate());
    let content = Content::default().anchor(one).anchor(two).service("hub", &[]).service("storage", &[one]);
    let set = set(&Device::with(&content));
    assert_eq!(count(&set, "whole.pem"), 2);
    assert_eq!(count(&set, "services/hub.pem"), 2);
    assert_eq!(count(&set, "services/storage.pem"), 1);
    assert!(text(&set, "services/storage.pem").contains(&pem::block(one)));
    assert_eq!(file(&set, "anchors.der").bytes.len(), one.len() + two.len());
    assert_eq!(file(&set, &format!("der/{}.der", sha256(two))).bytes, two.as_ref());
    assert_eq!(file(&set, "services/storage.der").bytes, one.as_ref());
    let occurs = |path: &str, der: &[u8]| file(&set, path).bytes.windows(der.len()).any(|it| it == der);
    assert_eq!([one, two].map(|der| occurs("truststore.p12", der)), [true, true]);
    assert_eq!([one, two].map(|der| occurs("services/storage.p12", der)), [true, false]);
    assert_eq!(set.files.iter().filter(|file| file.path.starts_with("hashed/")).count(), 2);
    assert!(set.omissions.is_empty());
}

#[test]
fn intermediates_are_in_no_export_because_some_programs_would_trust_them() {
    let root = root("Root");
    let below = root.intermediate("Below", 2000..2100);
    let content =
        Content::default().anchor(root.certificate()).intermediate(below.certificate()).service("hub", &[]);
    let set = set(&Device::with(&content));
    assert_eq!(count(&set, "whole.pem"), 1);
    let der = below.certificate();
    assert!(set.files.iter().all(|file| !file.bytes.windows(der.len()).any(|window| window == der.as_ref())));
}

#[test]
fn a_constrained_anchor_is_left_out_unless_the_manifest_allows_the_form_by_name() {
    let (plain, constrained, allowed) = (root("Plain"), root("Constrained"), root("Allowed"));
    let content = Content::default()
        .anchor(plain.certificate())
        .anchor_with(constrained.certificate(), |anchor| anchor.constraints.push(constraint()))
        .anchor_with(allowed.certificate(), |anchor| {
            anchor.constraints.push(constraint());
            anchor.extensions.push(ExtensionContent {
                id: extension_id::EXPORT_WITHOUT_CONSTRAINTS,
                critical: false,
                content: b"pem".into(),
            });
        })
        .service("hub", &[]);
    let set = set(&Device::with(&content));
    assert_eq!(count(&set, "whole.pem"), 2);
    assert_eq!(count(&set, "services/hub.pem"), 2);
    assert_eq!(file(&set, "anchors.der").bytes, plain.certificate().as_ref());
    let lost = |anchor: &str, done| files(&set, Constraint::Constraints, anchor, done);
    assert_eq!(lost("Allowed", Done::Kept), ["whole.pem", "services/hub.pem"]);
    let others = ["anchors.der", "truststore.p12", "hashed/", "der/", "services/hub.der", "services/hub.p12"];
    assert_eq!(lost("Allowed", Done::Excluded), others);
    let all = ["whole.pem", "services/hub.pem"].iter().chain(&others).count();
    assert_eq!(lost("Constrained", Done::Excluded).len(), all);
    assert_eq!(lost("Constrained", Done::Kept), [""; 0]);
}

#[test]
fn an_anchor_for_another_purpose_is_left_out() {
    let (servers, code) = (root("Servers"), root("Code"));
    let content = Content::default()
        .anchor(servers.certificate())
        .anchor_with(code.certificate(), |anchor| anchor.purposes = Purposes::CODE_SIGNING)
        .service("hub", &[]);
    let set = set(&Device::with(&content));
    assert_eq!(count(&set, "whole.pem"), 1);
    assert_eq!(files(&set, Constraint::Purposes, "Code", Done::Excluded).len(), 8);
}

#[test]
fn a_denied_anchor_is_left_out_at_once_whether_by_certificate_or_key() {
    let (first, second, third) = (root("First"), root("Second"), root("Third"));
    let anchors = [&first, &second, &third];
    let content = anchors.iter().fold(Content::default(), |content, root| content.anchor(root.certificate()));
    let mut device = Device::with(&content.service("hub", &[]));
    let before = set(&device);
    device.deny(&[denial(first.certificate()), key_denial(second.certificate())]);
    let after = set(&device);
    assert_eq!((count(&before, "whole.pem"), count(&after, "whole.pem")), (3, 1));
    assert!(text(&after, "whole.pem").contains(&pem::block(third.certificate())));
    assert!(after.omissions.iter().all(|omission| omission.reason == OmissionReason::Denied));
    assert!(after.version.generation > before.version.generation, "a deny list is a change of its own");
    // A denied key may stand in certificates that no file lists.
    let lost = after.losses.iter().find(|loss| loss.constraint == Constraint::Denials).unwrap();
    assert_eq!((lost.details.as_str(), lost.done), ("denials that name no anchor: 1", Done::Kept));
}

#[test]
fn every_artefact_tells_which_version_it_is() {
    let root = root("Root");
    let device = Device::with(&Content::default().anchor(root.certificate()).service("hub", &[]));
    let set = set(&device);
    let digest = device.installed().digest().to_string();
    for file in set.files.iter().filter(|file| {
        !file.path.ends_with("der") && !file.path.ends_with("p12") && file.path != "version.json"
    }) {
        let text = std::str::from_utf8(&file.bytes).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for line in [lines[0], lines[lines.len() - 1]] {
            assert!(line.starts_with('#') && line.contains(&digest) && line.contains(&file.path), "{line}");
            assert!(line.contains("release 1") && line.contains("generation"), "{line}");
        }
    }
    let version: serde_json::Value = serde_json::from_slice(&file(&set, "version.json").bytes).unwrap();
    assert_eq!(version["schema"], "device-agent.export.1");
    assert_eq!(version["digest"], digest);
    for file in set.files.iter().filter(|file| file.path != "version.json") {
        assert_eq!(version["files"][&file.path], file.sha256().to_string(), "{}", file.path);
    }
}

#[test]
fn anchors_of_one_subject_are_numbered_and_two_devices_export_the_same_bytes() {
    let (one, two) = (root("Same"), root("Same"));
    let content = Content::default().anchor(one.certificate()).anchor(two.certificate()).service("hub", &[]);
    let first = set(&Device::with(&content));
    let paths: Vec<&str> = first.files.iter().map(|file| file.path.as_str()).collect();
    let hashed: Vec<&&str> = paths.iter().filter(|path| path.starts_with("hashed/")).collect();
    assert!(hashed[0].ends_with(".0") && hashed[1].ends_with(".1"), "{hashed:?}");
    assert_eq!(hashed[0][..15], hashed[1][..15]);
    assert_eq!(first, set(&Device::with(&content)));
}
