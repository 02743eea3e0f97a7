//! Every rule about bundles and steps is broken by a bundle that is made for it, and by no good one.

use std::collections::BTreeSet;

use bundle::write::{
    AnchorContent, ConstraintContent, IntermediateContent, ManifestContent, ServiceAnchors, ServiceContent,
};
use bundle::{AnchorState, Denial, DenialKind, Pin, PinKind, Purposes, Sha256, UnixSeconds};

use super::{View, findings};
use crate::date::{self, DAY_SECONDS};
use crate::diff::Names;
use crate::lint::certificate::samples::{TODAY, authority, intermediate};
use crate::lint::rule::Scope;
use crate::lint::rules;

/// Six hours.
const REFRESH: u64 = 21_600;
const HEAD_LIFETIME: u64 = 14 * 86_400;

/// A bundle under construction, and the certificates that it names.
#[derive(Clone, Default)]
struct Scene {
    content: ManifestContent,
    names: Names,
    history: Vec<(UnixSeconds, ManifestContent)>,
    size: Option<(u64, u64)>,
}

fn now() -> UnixSeconds {
    date::parse(TODAY).unwrap()
}

fn root(name: &str, until: i32) -> Vec<u8> {
    let mut parameters = authority(name);
    parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
    parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

impl Scene {
    /// Two roots that serve one service.
    fn good() -> Self {
        let mut scene = Self::default();
        scene.add(&root("One", 2040));
        scene.add(&root("Two", 2040));
        scene.content.services.push(service(ServiceAnchors::All));
        scene
    }

    fn add(&mut self, der: &[u8]) -> &mut AnchorContent {
        self.names.learn([der]);
        self.content.anchors.push(AnchorContent {
            sha256: Sha256::of(&[der]),
            length: u32::try_from(der.len()).unwrap(),
            state: AnchorState::Active,
            purposes: Purposes::SERVER_AUTH,
            added_day: 20_000,
            retire_day: None,
            note: "a test".to_owned(),
            constraints: Vec::new(),
            extensions: Vec::new(),
        });
        self.content.anchors.last_mut().unwrap()
    }

    /// The same content was released so many seconds ago.
    fn released(mut self, age: u64) -> Self {
        self.history.push((UnixSeconds(now().0 - age), self.content.clone()));
        self
    }

    fn broken(&self) -> BTreeSet<&'static str> {
        let view = View {
            content: &self.content,
            names: &self.names,
            history: &self.history,
            size: self.size,
            refresh_seconds: REFRESH,
            head_lifetime_seconds: HEAD_LIFETIME,
            allowed: &BTreeSet::new(),
            now: now(),
        };
        let found = findings(&view).into_iter().map(|finding| finding.rule);
        found.filter(|id| !rules::named(id).unwrap().is_of_certificates()).collect()
    }
}

fn service(anchors: ServiceAnchors) -> ServiceContent {
    ServiceContent {
        name: "hub".to_owned(),
        hosts: vec!["hub.example.net:8883".to_owned()],
        anchors,
        pins: Vec::new(),
        probe: true,
        extensions: Vec::new(),
    }
}

fn with(edit: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = Scene::good();
    edit(&mut scene);
    scene
}

/// The two roots were released `age` seconds ago, and then something changes.
fn after(age: u64, edit: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = Scene::good().released(age);
    edit(&mut scene);
    scene
}

fn constrained(set: &ConstraintContent) -> Scene {
    with(|scene| scene.content.anchors.iter_mut().for_each(|anchor| anchor.constraints.push(set.clone())))
}

/// Both anchors are of no use after so many seconds.
fn ending(seconds: u64) -> Scene {
    constrained(&ConstraintContent { expires_at: Some(now().plus(seconds)), ..ConstraintContent::default() })
}

fn pin(sha256: Sha256, days: u64) -> Pin {
    Pin { kind: PinKind::Certificate, sha256, until: UnixSeconds(now().0 + days * DAY_SECONDS) }
}

type Case = (&'static [&'static str], Scene);

fn bundle_cases() -> Vec<Case> {
    let long = ConstraintContent { subtrees: vec!["example.net".to_owned()], ..ConstraintContent::default() };
    let other = ConstraintContent { subtrees: vec!["ample.net".to_owned()], ..ConstraintContent::default() };
    let ended = ConstraintContent { expires_at: Some(now()), ..ConstraintContent::default() };
    let under_ca = intermediate(|_| {});
    let denied = with(|scene| {
        let sha256 = scene.content.anchors[0].sha256;
        scene.content.denials.push(Denial { kind: DenialKind::Certificate, sha256 });
    });
    let pinned_intermediate = with(|scene| {
        scene.names.learn([under_ca.as_slice()]);
        let sha256 = Sha256::of(&[&under_ca]);
        scene.content.intermediates.push(IntermediateContent { sha256, length: 500 });
        let root = scene.content.anchors[0].sha256;
        scene.content.services[0].pins = vec![pin(sha256, 300), pin(root, 300)];
    });
    vec![
        (&[], Scene::good()),
        (
            &["service-without-anchor", "unused-anchor"],
            with(|scene| scene.content.services[0].anchors = ServiceAnchors::Listed(vec![])),
        ),
        (&["service-without-anchor", "constraints-not-exportable"], constrained(&ended)),
        (&["service-without-anchor", "constraints-not-exportable"], constrained(&other)),
        (&["constraints-not-exportable"], constrained(&long)),
        (&["service-on-one-anchor", "denied-anchor"], denied),
        (&["service-on-one-anchor"], with(|scene| drop(scene.content.anchors.pop()))),
        (
            &["service-on-one-anchor", "expired-anchor"],
            with(|scene| {
                scene.content.anchors.pop();
                scene.add(&root("Old", 2025));
            }),
        ),
        (
            &["service-ends"],
            with(|scene| {
                scene.content.anchors.clear();
                scene.add(&short("One"));
                scene.add(&short("Two"));
            }),
        ),
        (&["constraints-not-exportable", "service-ends-within-head"], ending(HEAD_LIFETIME - 1)),
        (&["constraints-not-exportable", "service-ends"], ending(HEAD_LIFETIME)),
        (&["over-budget"], with(|scene| scene.size = Some((1_001, 1_000)))),
        (&["near-budget"], with(|scene| scene.size = Some((901, 1_000)))),
        (&[], with(|scene| scene.size = Some((900, 1_000)))),
        (&["intermediate-as-anchor"], with(|scene| drop(scene.add(&intermediate(|_| {})).note.clone()))),
        (
            &["unused-anchor", "service-on-one-anchor"],
            with(|scene| {
                let first = scene.content.anchors[0].sha256;
                scene.content.services[0].anchors = ServiceAnchors::Listed(vec![first]);
            }),
        ),
        (
            &["retirement-overdue"],
            with(|scene| scene.content.anchors[0].retire_day = Some(date::day_number(now()) - 1)),
        ),
        (
            &["no-backup-pin"],
            with(|scene| {
                let root = scene.content.anchors[0].sha256;
                scene.content.services[0].pins = vec![pin(root, 300)];
            }),
        ),
        (&["pin-at-risk"], pinned_intermediate),
    ]
}

/// A root that ends in sixty days.
fn short(name: &str) -> Vec<u8> {
    let mut parameters = authority(name);
    parameters.not_after = rcgen::date_time_ymd(2026, 3, 1);
    parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

fn step_cases() -> Vec<Case> {
    let long = 30 * DAY_SECONDS;
    let remove = |scene: &mut Scene| drop(scene.content.anchors.remove(0));
    let retired = |age| {
        let mut scene = with(|scene| scene.content.anchors[0].state = AnchorState::Retiring).released(age);
        remove(&mut scene);
        scene
    };
    let replaced = after(long, |scene| {
        scene.content.anchors.clear();
        scene.add(&root("Three", 2040));
        scene.add(&root("Four", 2040));
    });
    let ordered = after(0, |scene| {
        let sha256 = scene.content.anchors[0].sha256;
        remove(scene);
        scene.add(&root("Three", 2040));
        scene.content.denials.push(Denial { kind: DenialKind::Certificate, sha256 });
    });
    vec![
        (&[], after(0, |_| {})),
        (&["replaced-in-one-step", "removed-while-active"], replaced),
        (
            &["added-and-removed", "removed-while-active"],
            after(long, |scene| {
                remove(scene);
                scene.add(&root("Three", 2040));
            }),
        ),
        (&["service-on-one-anchor"], retired(long)),
        (&["service-on-one-anchor", "removed-before-overlap"], retired(3 * REFRESH - 1)),
        (&["service-on-one-anchor", "short-overlap"], retired(3 * REFRESH)),
        (&["service-on-one-anchor", "short-overlap"], retired(5 * REFRESH - 1)),
        (&["service-on-one-anchor"], retired(5 * REFRESH)),
        (&[], ordered),
    ]
}

#[test]
fn each_fault_is_named_and_nothing_else() {
    let cases = [bundle_cases(), step_cases()].concat();
    let found =
        cases.iter().map(|(expect, scene)| (expect.iter().copied().collect::<BTreeSet<_>>(), scene.broken()));
    let others: Vec<_> = found.filter(|(expect, found)| expect != found).collect();
    assert_eq!(others, Vec::new());
}

#[test]
fn every_rule_about_bundles_and_steps_has_a_fault_that_breaks_it() {
    let cases = [bundle_cases(), step_cases()].concat();
    let named: BTreeSet<&str> = cases.iter().flat_map(|(expect, _)| expect.iter().copied()).collect();
    let rules = rules::all().filter(|rule| matches!(rule.scope, Scope::Bundle | Scope::Step));
    let missing: Vec<&str> = rules.map(|rule| rule.id).filter(|id| !named.contains(id)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn expired_anchors_are_counted_out_before_the_limit() {
    let scene = with(|scene| {
        let length = u64::from(scene.add(&root("Old", 2025)).length);
        scene.size = Some((1_000 + length, 1_000));
    });
    let view = View {
        content: &scene.content,
        names: &scene.names,
        history: &[],
        size: scene.size,
        refresh_seconds: REFRESH,
        head_lifetime_seconds: HEAD_LIFETIME,
        allowed: &BTreeSet::new(),
        now: now(),
    };
    let found = findings(&view);
    let budget = found.iter().find(|finding| finding.rule == "over-budget").unwrap();
    assert!(budget.message.ends_with("it fits without the 1 that have expired"), "{budget}");
}
