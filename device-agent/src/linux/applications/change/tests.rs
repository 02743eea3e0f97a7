//! What is news for whom.

use std::time::Duration;

use bundle::UnixSeconds;
use bundle::write::{ConstraintContent, ServiceContent};
use bundle::{Pin, PinKind};
use chain::pki::{Authority, Content, denial, january, key_denial};

use super::*;
use crate::linux::applications::Outcome;
use crate::linux::clock::Moment;
use crate::linux::configuration::{Application, Follows, TrustChoice};
use crate::linux::kit::Device;

fn root(name: &str) -> Authority {
    Authority::root(name, 2000..2100)
}

fn application(services: &[&str]) -> Application {
    let services = (!services.is_empty()).then(|| services.iter().map(|name| (*name).to_owned()).collect());
    Application {
        name: "app".into(),
        services,
        reload: None,
        on_removal: None,
        timeout: Duration::from_secs(1),
        follows: Follows::Nothing,
        trust: TrustChoice::Replace,
    }
}

fn holdings(device: &Device, services: &[&str]) -> Holdings {
    Holdings::of(&device.installed(), &application(services))
}

fn entry(told: &Holdings, outcome: Outcome) -> Entry {
    Entry {
        told: Some(told.clone()),
        also: Holdings::default(),
        release: "1".into(),
        release_number: 1,
        generation: 1,
        change: String::new(),
        hook: None,
        outcome,
        detail: None,
        output: None,
        at: Moment(UnixSeconds(0)),
        milliseconds: 0,
        attempts: 0,
        boot: String::new(),
    }
}

/// What `app` hears when `before` becomes `after`.
fn heard(services: &[&str], before: &Content, after: &Content) -> String {
    let mut device = Device::with(before);
    let told = holdings(&device, services);
    device.install(after);
    change(&device, services, &told).to_string()
}

fn change(device: &Device, services: &[&str], told: &Holdings) -> Change {
    Change::between(Some(&entry(told, Outcome::Told)), &holdings(device, services))
}

fn names(anchors: &BTreeSet<NamedAnchor>) -> Vec<&str> {
    anchors.iter().map(|anchor| anchor.subject.as_str()).collect()
}

#[test]
fn only_what_its_own_services_hold_is_news() {
    let (old, new) = (root("Old"), root("New"));
    let (old, new) = (old.certificate(), new.certificate());
    let content = || Content::default().anchor(old).anchor(new).service("other", &[]);
    let (before, after) = (content().service("hub", &[old]), content().service("hub", &[old, new]));
    assert_eq!(heard(&["hub"], &before, &after), "added");
    assert_eq!(heard(&["hub"], &after, &before), "removed");
    assert_eq!(heard(&["other"], &before, &after), "");
    assert_eq!(heard(&[], &before, &after), "added", "who names no service talks to all of them");
    assert_eq!(
        heard(&["hub"], &content().service("hub", &[old]), &content().service("hub", &[new])),
        "added,removed"
    );
    assert_eq!(heard(&["hub"], &before, &content()), "removed", "a service that is gone holds nothing");
}

#[test]
fn a_denial_is_a_removal_with_a_name_whatever_it_names_the_anchor_by() {
    for by_key in [false, true] {
        let (good, bad) = (root("Good"), root("Bad"));
        let content =
            Content::default().anchor(good.certificate()).anchor(bad.certificate()).service("hub", &[]);
        let mut device = Device::with(&content);
        let told = holdings(&device, &["hub"]);
        device.deny(&[if by_key { key_denial(bad.certificate()) } else { denial(bad.certificate()) }]);
        let change = change(&device, &["hub"], &told);
        assert_eq!((names(&change.removed), change.added.len()), (vec!["Bad"], 0), "{change}");
        assert!(change.wants_reconnect());
    }
}

#[test]
fn a_denied_certificate_below_an_anchor_is_news_and_one_that_has_left_is_not_news_again() {
    let (root, below) = (root("Root"), root("Below"));
    let content = Content::default().anchor(root.certificate()).service("hub", &[]);
    let mut device = Device::with(&content);
    let told = holdings(&device, &["hub"]);
    device.deny(&[denial(below.certificate())]);
    let denied = change(&device, &["hub"], &told);
    assert_eq!((denied.to_string().as_str(), denied.wants_reconnect()), ("limits", true));
    let both = Content::default().anchor(root.certificate()).anchor(below.certificate()).service("hub", &[]);
    let mut device = Device::with(&both);
    device.deny(&[denial(below.certificate())]);
    let told = holdings(&device, &["hub"]);
    device.install(&content.deny([denial(below.certificate())]));
    assert!(change(&device, &["hub"], &told).is_none(), "it was denied, and now it is not there");
}

#[test]
fn an_anchor_that_is_limited_more_than_before_is_news() {
    let root = root("Root");
    let constraint =
        ConstraintContent { distrust_after: Some(UnixSeconds(1)), ..ConstraintContent::default() };
    let limited = Content::default()
        .anchor_with(root.certificate(), |anchor| anchor.constraints = vec![constraint])
        .service("hub", &[]);
    let free = Content::default().anchor(root.certificate()).service("hub", &[]);
    assert_eq!(heard(&["hub"], &free, &limited), "limits");
    let pinned = Content::default().anchor(root.certificate()).service_with(
        "hub",
        &[],
        |service: &mut ServiceContent| {
            service.pins =
                vec![Pin { kind: PinKind::Spki, sha256: bundle::Sha256([7; 32]), until: january(2099) }];
        },
    );
    assert_eq!(heard(&["hub"], &free, &pinned), "limits");
}

#[test]
fn what_it_heard_half_of_it_may_trust() {
    let (old, new) = (root("Old"), root("New"));
    let one = |root: &Authority| Content::default().anchor(root.certificate()).service("hub", &[]);
    let mut device = Device::with(&one(&old));
    let told = holdings(&device, &["hub"]);
    device.install(&one(&new));
    let mut failed = entry(&told, Outcome::ExitStatus);
    failed.also.join(&holdings(&device, &["hub"]));
    device.install(&one(&old));
    let change = Change::between(Some(&failed), &holdings(&device, &["hub"]));
    assert_eq!((names(&change.removed), change.added.len()), (vec!["New"], 0), "told old, then half of new");
    let unheard = Change::between(Some(&entry(&told, Outcome::TimedOut)), &holdings(&device, &["hub"]));
    assert_eq!((unheard.to_string().as_str(), unheard.wants_reconnect()), ("unknown", true));
    assert!(Change::between(Some(&entry(&told, Outcome::Told)), &holdings(&device, &["hub"])).is_none());
}

#[test]
fn of_whom_nothing_is_known_everything_is_feared() {
    let device = Device::with(&Content::default().anchor(root("Root").certificate()).service("hub", &[]));
    let change = Change::between(None, &holdings(&device, &["hub"]));
    assert_eq!((change.to_string().as_str(), change.wants_reconnect()), ("unknown", true));
    let mut lost = entry(&Holdings::default(), Outcome::Interrupted);
    lost.told = None;
    assert!(Change::between(Some(&lost), &holdings(&device, &["hub"])).is_unknown);
}
