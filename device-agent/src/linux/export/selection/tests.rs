//! What becomes of everything that no file can say, by the services' policies.

use std::path::Path;

use bundle::write::{ConstraintContent, ExtensionContent, ServiceContent};
use bundle::{Pin, PinKind, Sha256, UnixSeconds, extension_id};
use chain::pki::{Authority, Content, denial};

use crate::linux::export::{Constraint, Done, ExportSet, Local, Loss};
use crate::linux::kit::Device;

fn root(name: &str) -> Authority {
    Authority::root(name, 2000..2100)
}

fn set(device: &Device) -> ExportSet {
    ExportSet::of(&device.installed(), &Local::new("test", Path::new("/srv/trust"))).unwrap()
}

/// The subjects in a PEM file.
fn subjects(set: &ExportSet, path: &str) -> Vec<String> {
    let file = set.files.iter().find(|file| file.path == path).unwrap();
    let text = std::str::from_utf8(&file.bytes).unwrap();
    let notes = text.lines().filter_map(|line| line.strip_prefix("# CN="));
    notes.map(|note| note.split(',').next().unwrap().to_owned()).collect()
}

fn losses(set: &ExportSet, constraint: Constraint) -> Vec<&Loss> {
    set.losses.iter().filter(|loss| loss.constraint == constraint).collect()
}

fn policy(text: &str) -> ExtensionContent {
    ExtensionContent { id: extension_id::EXPORT_POLICY, critical: false, content: text.into() }
}

fn pinned(service: &mut ServiceContent) {
    let (kind, until) = (PinKind::Spki, UnixSeconds(u64::MAX));
    service.pins = [1, 2].map(|byte| Pin { kind, sha256: Sha256([byte; 32]), until }).to_vec();
}

/// Two services, of which the first one has this policy and is changed so; their own root each, and one of both.
fn two_services(text: &str, change: impl Fn(&mut ServiceContent)) -> Device {
    let (own, other, both) = (root("Own"), root("Other"), root("Both"));
    let content = [&own, &other, &both]
        .iter()
        .fold(Content::default(), |content, root| content.anchor(root.certificate()))
        .service_with("hub", &[own.certificate(), both.certificate()], |service| {
            service.extensions.push(policy(text));
            change(service);
        })
        .service("storage", &[other.certificate(), both.certificate()]);
    Device::with(&content)
}

#[test]
fn pins_are_kept_with_a_warning_where_nobody_says_otherwise() {
    let set = set(&two_services("", pinned));
    assert_eq!(subjects(&set, "services/hub.pem").len(), 2);
    let [loss] = losses(&set, Constraint::Pins)[..] else { panic!("{:?}", set.losses) };
    assert_eq!((loss.service.as_deref(), loss.done), (Some("hub"), Done::Kept));
    assert_eq!(
        loss.to_string(),
        "hub: its pins and expected names: 2; not said by every shared file, services/hub.*"
    );
    assert!(loss.is_warning() && loss.files.iter().any(|file| file == "services/hub.p12"));
    assert!(!loss.files.iter().any(|file| file.starts_with("services/storage")));
}

#[test]
fn a_service_whose_policy_excludes_what_it_loses_has_empty_files_and_takes_nothing_from_others() {
    let profile = |service: &mut ServiceContent| {
        let content = b"webpki".to_vec();
        service.extensions.push(ExtensionContent { id: extension_id::PROFILE, critical: false, content });
    };
    for (text, change) in [("pins=exclude", pinned as fn(&mut ServiceContent)), ("profile=exclude", profile)]
    {
        let set = set(&two_services(text, change));
        assert_eq!(subjects(&set, "services/hub.pem"), [""; 0], "{text}");
        assert_eq!(subjects(&set, "services/storage.pem").len(), 2, "{text}");
        let mut shared = subjects(&set, "whole.pem");
        shared.sort();
        assert_eq!(shared, ["Both", "Other"], "{text}: what serves nobody else is in no file");
        let excluded = set.losses.iter().find(|loss| loss.done == Done::Excluded).unwrap();
        assert_eq!(excluded.files, ["services/hub.pem", "services/hub.der", "services/hub.p12"]);
    }
}

#[test]
fn denials_that_name_no_anchor_close_a_service_only_where_its_policy_says_so() {
    let mut device = two_services("denials=exclude", |_| {});
    assert_eq!(subjects(&set(&device), "services/hub.pem").len(), 2);
    let below = root("Denied").intermediate("Below", 2000..2100);
    device.deny(&[denial(below.certificate())]);
    let set = set(&device);
    assert_eq!(subjects(&set, "services/hub.pem"), [""; 0]);
    assert_eq!(subjects(&set, "services/storage.pem").len(), 2);
    let lost = losses(&set, Constraint::Denials);
    let done = |service: &str, file: &str| {
        let is_meant = |loss: &&&Loss| {
            loss.service.as_deref() == Some(service) && loss.files.iter().any(|known| known == file)
        };
        lost.iter().find(is_meant).map(|loss| loss.done)
    };
    assert_eq!(done("hub", "services/hub.pem"), Some(Done::Excluded));
    assert_eq!(done("hub", "whole.pem"), Some(Done::Kept), "another service's anchors reach it too");
    assert_eq!(done("storage", "services/storage.pem"), Some(Done::Kept));
}

#[test]
fn a_policy_about_constraints_is_about_the_files_of_its_service_alone() {
    let constrained = root("Constrained");
    let content = |text: &str| {
        let constraint = ConstraintContent {
            distrust_after: Some(UnixSeconds(1_700_000_000)),
            subtrees: vec!["example.org".into()],
            ..ConstraintContent::default()
        };
        Content::default()
            .anchor(root("Plain").certificate())
            .anchor_with(constrained.certificate(), |anchor| anchor.constraints.push(constraint.clone()))
            .service_with("hub", &[], |service| service.extensions.push(policy(text)))
            .service("storage", &[])
    };
    let set = set(&Device::with(&content("constraints=keep")));
    let count = |path| subjects(&set, path).len();
    assert_eq!(["services/hub.pem", "services/storage.pem", "whole.pem"].map(count), [2, 1, 1]);
    let kept =
        losses(&set, Constraint::Constraints).into_iter().find(|loss| loss.done == Done::Kept).unwrap();
    assert_eq!(kept.files, ["services/hub.pem", "services/hub.der", "services/hub.p12"]);
    assert!(
        kept.details.contains("distrust after 2023-11-14") && kept.details.ends_with("below example.org")
    );
}

#[test]
fn what_had_ended_when_the_release_was_made_stays_out_unless_the_policy_keeps_it() {
    let ended = Authority::root("Ended", 2000..2020);
    let content = |text: &str| {
        let plain = root("Plain");
        let over = ConstraintContent { expires_at: Some(UnixSeconds(1)), ..ConstraintContent::default() };
        Content::default()
            .anchor(plain.certificate())
            .anchor(ended.certificate())
            .anchor_with(root("Over").certificate(), |anchor| anchor.constraints.push(over.clone()))
            .service_with("hub", &[], |service| service.extensions.push(policy(text)))
    };
    let first = set(&Device::with(&content("constraints=keep")));
    assert_eq!(subjects(&first, "whole.pem"), ["Plain"]);
    assert_eq!(subjects(&first, "services/hub.pem"), ["Plain"]);
    let mut names: Vec<_> =
        losses(&first, Constraint::Dates).into_iter().filter_map(|loss| loss.anchor.as_deref()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Ended", "Over"]);
    let second = set(&Device::with(&content("constraints=keep,dates=keep")));
    assert_eq!(subjects(&second, "whole.pem"), ["Plain"]);
    assert_eq!(subjects(&second, "services/hub.pem").len(), 3);
}

#[test]
fn what_the_certificates_say_themselves_is_enforced_elsewhere() {
    let set = set(&two_services("", |_| {}));
    let [dates] = losses(&set, Constraint::Dates)[..] else { panic!("{:?}", set.losses) };
    assert_eq!(dates.done, Done::EnforcedElsewhere);
    assert!(!dates.is_warning());
    let files = set.files.iter().filter(|file| file.path.starts_with("services/")).count();
    assert_eq!(dates.files.len(), files + 5, "every file, and hashed/ and der/ as one each");
}
