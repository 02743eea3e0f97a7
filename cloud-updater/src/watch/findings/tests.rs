//! What is found in observations, rule by rule.

use bundle::write::ManifestContent;
use bundle::{Pin, PinKind, UnixSeconds};
use chain::Certificate;
use chain::pki::{Authority, Content, january};

use super::{Step, View, of_channel};
use crate::coverage::kit::{ago, anchored, hub, root, seen, served, services, sides, timed_out, today};
use crate::coverage::{Matrix, Sides};
use crate::date::DAY_SECONDS;
use crate::finding::{Finding, Severity};
use crate::observation::Observations;
use crate::repository::fleet_file::WatchSettings;
use crate::source::Heard;
use crate::watch::calendar;

fn all(sides: &Sides, observations: &[Observations]) -> Vec<Finding> {
    let settings = WatchSettings::default();
    let matrix = Matrix::of(sides, &services(""), observations, settings.observation_days, today());
    of_channel(&View {
        sides,
        matrix: &matrix,
        observations,
        heard: &Heard::default(),
        settings: &settings,
        now: today(),
    })
}

fn of_rule(found: &[Finding], rule: &str) -> Vec<Finding> {
    found.iter().filter(|finding| finding.rule == rule).cloned().collect()
}

/// The one finding of a rule.
fn one(found: &[Finding], rule: &str) -> Finding {
    let mine = of_rule(found, rule);
    assert_eq!(mine.len(), 1, "{rule}: {found:#?}");
    mine.into_iter().next().unwrap()
}

/// Two roots that serve the hub, and nothing that ends soon.
fn quiet() -> (Authority, Sides) {
    let (old, new) = (root("Old"), root("New"));
    let content = anchored(&[old.certificate(), new.certificate()]);
    (old, sides(&[&content], &content))
}

#[test]
fn a_fleet_in_good_order_gives_no_finding() {
    let (old, sides) = quiet();
    let observed = [seen("office", vec![(0, served(&old.leaf("hub.example", 2025..2027), &[]))])];
    assert_eq!(all(&sides, &observed), []);
}

#[test]
fn a_root_that_is_not_in_the_bundle_is_named() {
    let (_, sides) = quiet();
    let other = root("Somebody Else");
    let observed = [seen("office", vec![(0, served(&other.leaf("hub.example", 2025..2027), &[]))])];
    let found = one(&all(&sides, &observed), "root-not-in-bundle");
    assert_eq!(found.severity, Severity::Error);
    assert!(found.message.contains("CN=Somebody Else, which is not in release 1"), "{found}");
}

#[test]
fn a_chain_that_is_refused_for_another_reason_says_which() {
    let (old, sides) = quiet();
    let observed = [seen("office", vec![(0, served(&old.leaf("other.example", 2025..2027), &[]))])];
    let all = all(&sides, &observed);
    assert!(one(&all, "chain-refused").message.contains("refused by devices (release 1)"), "{all:#?}");
    assert_eq!(of_rule(&all, "root-not-in-bundle"), []);
}

#[test]
fn another_intermediate_is_told_for_a_week_and_matters_more_where_something_is_pinned() {
    let (old, sides) = quiet();
    let (first, second) = (old.intermediate("First", 2020..2040), old.intermediate("Second", 2020..2040));
    let with = |middle: &Authority| served(&middle.leaf("hub.example", 2025..2027), &[middle.certificate()]);
    let recent = vec![(40, with(&first)), (2, with(&second))];
    let found = one(&all(&sides, &[seen("office", recent.clone())]), "intermediate-changed");
    assert_eq!(found.severity, Severity::Notice);
    assert!(found.message.contains("CN=Second") && found.message.contains("CN=First"), "{found}");
    let long = with(&second);
    let long_ago = [seen("office", vec![(40, with(&first)), (20, long.clone()), (0, long)])];
    assert_eq!(of_rule(&all(&sides, &long_ago), "intermediate-changed"), []);
    let mut pinned = sides.clone();
    let pin = Pin { kind: PinKind::Spki, sha256: key(&old), until: january(2030) };
    pinned.candidate.content.services[0].pins = vec![pin];
    let found = one(&all(&pinned, &[seen("office", recent)]), "intermediate-changed");
    assert_eq!(found.severity, Severity::Warning);
    // A renewal under the same issuers is no change.
    let renewed = vec![(40, with(&first)), (0, with(&first))];
    assert_eq!(of_rule(&all(&sides, &[seen("office", renewed)]), "intermediate-changed"), []);
}

fn key(authority: &Authority) -> bundle::Sha256 {
    Certificate::parse(authority.certificate()).unwrap().spki_sha256()
}

#[test]
fn an_end_is_told_at_ninety_sixty_thirty_and_seven_days_and_when_it_has_come() {
    let step = |days: u64| Step::of(UnixSeconds(today().0 + days * DAY_SECONDS), today());
    assert_eq!(step(91), None);
    let told = [90, 61, 60, 31, 30, 8, 7, 1, 0].map(|days| step(days).map(|step| (step.days, step.severity)));
    let (notice, warning, error) = (Severity::Notice, Severity::Warning, Severity::Error);
    let expect = [
        (Some(90), notice),
        (Some(90), notice),
        (Some(60), notice),
        (Some(60), notice),
        (Some(30), warning),
        (Some(30), warning),
        (Some(7), error),
        (Some(7), error),
        (None, error),
    ];
    assert_eq!(told, expect.map(Some));
}

#[test]
fn leaves_intermediates_and_anchors_that_end_are_told_by_name() {
    let (old, _) = quiet();
    let soon = |days: u32| {
        move |params: &mut rcgen::CertificateParams| {
            params.not_after =
                rcgen::date_time_ymd(2026, 1, 1) + std::time::Duration::from_secs(86_400 * u64::from(days));
        }
    };
    let dying = Authority::root_with("Dying", 2010..2040, soon(50));
    let content = anchored(&[old.certificate(), dying.certificate()]);
    let sides = sides(&[&content], &content);
    let middle = old.intermediate_with("Middle", 2020..2040, soon(20));
    let leaf = middle.leaf_with("hub.example", 2025..2027, soon(6));
    let observed = [seen("office", vec![(0, served(&leaf, &[middle.certificate()]))])];
    let found = all(&sides, &observed);
    let leaf = one(&found, "leaf-expiring");
    assert_eq!((leaf.severity, leaf.field.as_deref()), (Severity::Error, Some("within 7 days")));
    let middle = one(&found, "intermediate-expiring");
    assert_eq!((middle.subject.as_str(), middle.severity), ("CN=Middle", Severity::Warning));
    assert!(middle.message.contains("hub.example:8883"), "{middle}");
    let anchor = one(&found, "anchor-expiring");
    assert_eq!((anchor.subject.as_str(), anchor.severity), ("Dying", Severity::Notice));
    assert!(anchor.message.contains("no endpoint that was seen depends on it"), "{anchor}");
    // A certificate of ninety days with sixty left is as it should be.
    let young = old.leaf_with("hub.example", 2025..2027, |params| {
        params.not_before = rcgen::date_time_ymd(2025, 12, 2);
        params.not_after = rcgen::date_time_ymd(2026, 3, 2);
    });
    let observed = [seen("office", vec![(0, served(&young, &[]))])];
    assert_eq!(of_rule(&all(&sides, &observed), "leaf-expiring"), []);
}

#[test]
fn a_service_with_one_anchor_has_nothing_in_reserve_and_one_with_none_is_lost() {
    let old = root("Old");
    let content = anchored(&[old.certificate()]);
    let found = all(&sides(&[&content], &content), &[]);
    assert!(one(&found, "service-on-one-anchor").message.contains("one anchor alone, Old"));
    let past = Authority::root("Past", 2010..2020);
    let content = anchored(&[past.certificate()]);
    let found = all(&sides(&[&content], &content), &[]);
    assert_eq!(one(&found, "no-anchor").severity, Severity::Error);
    assert_eq!(one(&found, "anchor-expiring").field.as_deref(), Some("ended"));
}

#[test]
fn a_pin_that_one_dying_certificate_meets_is_about_to_break() {
    let (old, sides) = quiet();
    let middle = old.intermediate_with("Middle", 2020..2040, |params| {
        params.not_after = rcgen::date_time_ymd(2026, 1, 21);
    });
    let pin = |sha256| Pin { kind: PinKind::Spki, sha256, until: january(2027) };
    let with = |pins: Vec<Pin>| {
        let mut pinned = sides.clone();
        pinned.candidate.content.services[0].pins = pins;
        pinned
    };
    let observed =
        [seen("office", vec![(0, served(&middle.leaf("hub.example", 2025..2027), &[middle.certificate()]))])];
    let unmet = pin(bundle::Sha256([7; 32]));
    let found = one(&all(&with(vec![pin(key(&middle)), unmet]), &observed), "pin-breaking");
    assert_eq!(
        (found.severity, found.due),
        (Severity::Error, Some(UnixSeconds(today().0 + 20 * DAY_SECONDS)))
    );
    // Where the root is pinned as well, another intermediate of its own is as good.
    let safe = all(&with(vec![pin(key(&middle)), pin(key(&old))]), &observed);
    assert_eq!(of_rule(&safe, "pin-breaking"), []);
}

#[test]
fn an_anchor_that_nothing_needed_for_long_is_a_candidate_and_only_where_everything_was_seen() {
    let (old, _) = quiet();
    let idle = root("Idle");
    let old_day = |anchor: &mut bundle::write::AnchorContent| anchor.added_day = 15_000;
    let content = Content::default()
        .anchor_with(old.certificate(), old_day)
        .anchor_with(idle.certificate(), old_day)
        .service_with("hub", &[], hub);
    let sides = sides(&[&content], &content);
    let leaf = || served(&old.leaf("hub.example", 2020..2027), &[]);
    let found = all(&sides, &[seen("office", vec![(200, leaf()), (0, leaf())])]);
    let candidate = one(&found, "anchor-unneeded");
    assert_eq!((candidate.subject.as_str(), candidate.severity), ("Idle", Severity::Notice));
    assert!(candidate.message.contains("200 d"), "{candidate}");
    // Seen for half a year only, or never: nobody knows.
    assert_eq!(
        of_rule(&all(&sides, &[seen("office", vec![(100, leaf()), (0, leaf())])]), "anchor-unneeded"),
        []
    );
    assert_eq!(of_rule(&all(&sides, &[seen("office", vec![(0, timed_out())])]), "anchor-unneeded"), []);
    // Needed until five months ago.
    let needing = served(&idle.leaf("hub.example", 2020..2027), &[]);
    let moved = vec![(300, needing.clone()), (150, needing), (0, leaf())];
    assert_eq!(of_rule(&all(&sides, &[seen("office", moved)]), "anchor-unneeded"), []);
}

#[test]
fn the_calendar_has_what_ends_until_its_horizon() {
    let (old, mut sides) = quiet();
    let middle = old.intermediate("Middle", 2020..2027);
    let pin = |year| Pin { kind: PinKind::Spki, sha256: key(&old), until: january(year) };
    let content: &mut ManifestContent = &mut sides.candidate.content;
    content.services[0].pins = vec![pin(2027), pin(2028)];
    content.anchors[0].retire_day = Some(crate::date::day_number(ago(0)) + 100);
    let observed =
        [seen("office", vec![(0, served(&middle.leaf("hub.example", 2025..2026), &[middle.certificate()]))])];
    let settings = WatchSettings::default();
    let matrix = Matrix::of(&sides, &services(""), &observed, 30, today());
    let view = View {
        sides: &sides,
        matrix: &matrix,
        observations: &observed,
        heard: &Heard::default(),
        settings: &settings,
        now: today(),
    };
    let days: Vec<(String, &str)> =
        calendar(&view, january(2027)).into_iter().map(|entry| (entry.day, entry.kind)).collect();
    let expect = [("2026-04-11", "retire"), ("2027-01-01", "intermediate-ends"), ("2027-01-01", "pin-ends")];
    assert_eq!(days, expect.map(|(day, kind)| (day.to_owned(), kind)));
}

#[test]
fn a_root_that_mozilla_will_drop_is_told_a_year_ahead_and_louder_in_the_last_months() {
    let old = root("Old");
    // Keys of 2006 and 2007 leave on 2026-04-15, those of 2008 and 2009 a year later.
    let near = Authority::root("Near", 2007..2040);
    let far = Authority::root("Far", 2008..2040);
    let content = anchored(&[old.certificate(), near.certificate(), far.certificate()]);
    let sides = sides(&[&content], &content);
    let observed = [seen("office", vec![(0, served(&near.leaf("hub.example", 2025..2027), &[]))])];
    let told = one(&all(&sides, &observed), "program-drops-root");
    assert_eq!((told.subject.as_str(), told.severity), ("Near", Severity::Notice), "{told}");
    assert!(told.message.contains("2026-04-15") && told.message.contains("it verifies hub"), "{told}");
    let settings = WatchSettings::default();
    let later = UnixSeconds(today().0 + 20 * DAY_SECONDS);
    let matrix = Matrix::of(&sides, &services(""), &observed, settings.observation_days, later);
    let view = View {
        sides: &sides,
        matrix: &matrix,
        observations: &observed,
        heard: &Heard::default(),
        settings: &settings,
        now: later,
    };
    assert_eq!(one(&of_channel(&view), "program-drops-root").severity, Severity::Warning);
    let days = calendar(&view, january(2028));
    let terms: Vec<(&str, &str)> = days
        .iter()
        .filter(|entry| entry.kind == "mozilla-term")
        .map(|entry| (entry.day.as_str(), entry.subject.as_str()))
        .collect();
    assert_eq!(terms, [("2026-04-15", "Near"), ("2027-04-15", "Far")]);
}

#[test]
fn a_distrust_after_in_the_record_is_told_ahead() {
    let old = root("Old");
    let content = Content::default()
        .anchor_with(old.certificate(), |anchor| {
            anchor.constraints.push(bundle::write::ConstraintContent {
                distrust_after: Some(UnixSeconds(today().0 + 60 * DAY_SECONDS)),
                ..Default::default()
            });
        })
        .service_with("hub", &[], hub);
    let told = one(&all(&sides(&[&content], &content), &[]), "program-drops-root");
    assert!(told.message.contains("2026-03-02 (the anchor's record)"), "{told}");
    assert_eq!(told.field.as_deref(), Some("distrust-after, within 90 days"));
}
