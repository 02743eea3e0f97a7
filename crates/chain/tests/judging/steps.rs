//! Judging in steps: the same answers, one signature at a time.

use crate::kit::{Case, World};
use bundle::UnixSeconds;
use chain::pki::{Authority, Content, january, key_denial};
use chain::{Inconclusive, STEPS_MAX, Steps, Time, Verdict};
use rustls_pki_types::ServerName;

/// Judges in steps; each call but the last checks exactly one signature, and so does none more.
fn verdict_in_steps(case: &Case, content: &Content) -> Verdict {
    let (set, mut steps) = (content.set(), Steps::new());
    let name = ServerName::try_from(case.host).unwrap();
    let judge = set.service("hub").unwrap();
    for call in 0..=STEPS_MAX {
        let before = steps.signatures();
        let verdict = judge.verdict_step(&case.served(&name), case.time, &mut steps);
        assert!(steps.signatures() - before <= 1, "two signatures in call {call}");
        let Some(verdict) = verdict else {
            assert_eq!(steps.signatures(), before + 1, "call {call} brought nothing");
            continue;
        };
        return verdict;
    }
    panic!("no verdict after {STEPS_MAX} calls")
}

/// An intermediate that many roots of one name may have signed, of which only the last one did.
fn crowded(count: usize) -> (World, Content) {
    let world = World::new();
    let strangers = (0..count).map(|_| Authority::root("Root", 2020..2040));
    let content = strangers.fold(Content::default(), |content, root| content.anchor(root.certificate()));
    (world, content.service("hub", &[]))
}

#[test]
fn a_verdict_in_steps_is_the_verdict() {
    let world = World::new();
    let other = Authority::root("Root", 2020..2040);
    let crossed = other.cross_sign(&world.intermediate, 2020..2030);
    let contents = [
        world.content(),
        world.content().anchor(other.certificate()),
        Content::default().anchor(other.certificate()).service("hub", &[]),
        world.content().deny([key_denial(world.root.certificate())]),
        world.content().deny([key_denial(world.intermediate.certificate())]),
        world.content().intermediate(world.intermediate.certificate()),
        Content::default().anchor(&world.root.reissue(2010..2025)).service("hub", &[]),
    ];
    let chains = [
        vec![world.intermediate.certificate().clone()],
        vec![crossed, world.intermediate.certificate().clone(), world.root.certificate().clone()],
        Vec::new(),
    ];
    let times = [
        Time::Known(january(2026)),
        Time::Known(january(2035)),
        Time::Unknown { floor: january(2010) },
        Time::Unknown { floor: UnixSeconds(0) },
    ];
    for (content, intermediates) in
        contents.iter().flat_map(|content| chains.iter().map(move |chain| (content, chain)))
    {
        for (time, host) in
            times.iter().flat_map(|time| ["hub.example", "other.example"].map(|host| (*time, host)))
        {
            let case = Case { intermediates: intermediates.clone(), time, host, ..world.case() };
            assert_eq!(verdict_in_steps(&case, content), case.verdict(content));
        }
    }
}

#[test]
fn every_path_is_seen_in_steps_too() {
    let world = World::new();
    let other = Authority::root("Other", 2020..2040);
    let crossed = other.cross_sign(&world.intermediate, 2020..2030);
    let case =
        Case { intermediates: vec![world.intermediate.certificate().clone(), crossed], ..world.case() };
    let name = ServerName::try_from(case.host).unwrap();
    for (content, denied) in [
        (world.content(), world.root.certificate()),
        (world.content().anchor(other.certificate()), world.root.certificate()),
        (world.content().anchor(other.certificate()), world.intermediate.certificate()),
        (world.content(), other.certificate()),
    ] {
        let (set, denials, mut steps) = (content.set(), [key_denial(denied)], Steps::new());
        let (judge, served) = (set.service("hub").unwrap(), case.served(&name));
        let expect = judge.every_path_is_denied_by(&denials, &served, case.time);
        let mut calls = 0..=STEPS_MAX;
        let found =
            calls.find_map(|_| judge.every_path_is_denied_by_step(&denials, &served, case.time, &mut steps));
        assert_eq!(found, Some(expect));
    }
}

#[test]
fn what_is_known_of_a_chain_serves_every_set() {
    let world = World::new();
    let (case, mut steps) = (world.case(), Steps::new());
    let name = ServerName::try_from(case.host).unwrap();
    let (present, candidate) = (world.content().set(), world.content().deny([]).set());
    let judge = |set: &chain::AnchorSet, steps: &mut Steps| {
        let judge = set.service("hub").unwrap();
        (0..=STEPS_MAX).find_map(|_| judge.verdict_step(&case.served(&name), case.time, steps)).unwrap()
    };
    assert!(judge(&present, &mut steps).is_verified());
    let checked = steps.signatures();
    assert!(judge(&candidate, &mut steps).is_verified());
    assert_eq!(steps.signatures(), checked);
}

#[test]
fn a_chain_without_end_ends() {
    let (world, content) = crowded(STEPS_MAX + 8);
    let verdict = verdict_in_steps(&world.case(), &content);
    assert_eq!(verdict, Verdict::Inconclusive(Inconclusive::TooComplex));
    let (world, content) = crowded(STEPS_MAX / 2);
    assert_eq!(verdict_in_steps(&world.case(), &content).code(), "chain");
}

#[test]
fn a_name_without_end_is_cut() {
    let long = "x".repeat(3_000);
    let world = World::new();
    let root = Authority::root(&long, 2020..2040);
    let leaf = root.leaf_with("hub.example", 2020..2021, |params| {
        params.distinguished_name.push(rcgen::DnType::CommonName, long.as_str());
    });
    let case = Case { leaf: leaf.certificate, intermediates: Vec::new(), ..world.case() };
    for content in [world.content(), Content::default().anchor(root.certificate()).service("hub", &[])] {
        let Verdict::Refused(refusal) = case.verdict(&content) else { panic!() };
        assert!(refusal.to_string().len() < 1_000, "{refusal}");
    }
}
