//! The matrix and its gate, on chains made up for the purpose.

use chain::pki::{Content, denial, sha256};

use super::kit::{ENDPOINT, anchored, hub, root, seen, served, services, sides, timed_out, today};
use super::{CellKind, Matrix, Sides, check, drawing, findings, page, table};
use crate::finding::Severity;
use crate::observation::Observations;
use crate::repository::service_file::ServiceFile;

fn matrix(sides: &Sides, rest: &str, observations: &[Observations]) -> Matrix {
    Matrix::of(sides, &services(rest), observations, 30, today())
}

/// Verdicts of the hub under now, candidate and both.
fn verdicts(matrix: &Matrix) -> [CellKind; 3] {
    let row = matrix.services.iter().find(|row| row.service == "hub").unwrap();
    [row.now.verdict, row.candidate.verdict, row.both.verdict]
}

fn refused(matrix: &Matrix, code: &str, words: &[&str]) {
    let error = check(matrix).unwrap_err();
    assert_eq!((error.code(), error.exit().number()), (code, 3), "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
}

#[test]
fn what_both_verify_passes_and_names_the_anchor() {
    let (old, new) = (root("Old"), root("New"));
    let (before, after) = (anchored(&[old.certificate()]), anchored(&[old.certificate(), new.certificate()]));
    let observed = seen("office", vec![(0, served(&old.leaf("hub.example", 2025..2027), &[]))]);
    let matrix = matrix(&sides(&[&before], &after), "required = true", &[observed]);
    assert_eq!(verdicts(&matrix), [CellKind::Verified; 3]);
    assert_eq!(matrix.services[0].both.because, "by Old");
    check(&matrix).unwrap();
    assert!(findings(&matrix).is_empty());
}

#[test]
fn a_service_whose_anchor_leaves_is_lost_and_refused_with_all_its_circumstances() {
    let (old, new) = (root("Old"), root("New"));
    let sides = sides(&[&anchored(&[old.certificate()])], &anchored(&[new.certificate()]));
    let observed = seen("office", vec![(2, served(&old.leaf("hub.example", 2025..2027), &[]))]);
    let matrix = matrix(&sides, "", &[observed]);
    assert_eq!(verdicts(&matrix), [CellKind::Verified, CellKind::Lost, CellKind::Refused]);
    refused(
        &matrix,
        "coverage_lost",
        &[ENDPOINT, "hub", "office", "2 d", "release 1", "release 9", "by Old"],
    );
}

#[test]
fn every_vantage_counts() {
    let (old, new) = (root("Old"), root("New"));
    let sides = sides(&[&anchored(&[old.certificate(), new.certificate()])], &anchored(&[new.certificate()]));
    let moved = seen("office", vec![(0, served(&new.leaf("hub.example", 2025..2027), &[]))]);
    check(&matrix(&sides, "", std::slice::from_ref(&moved))).unwrap();
    let not_moved = seen("plant", vec![(1, served(&old.leaf("hub.example", 2025..2027), &[]))]);
    refused(&matrix(&sides, "", &[moved, not_moved]), "coverage_lost", &["plant"]);
}

#[test]
fn a_distrust_order_that_names_the_anchor_excuses_and_a_bare_denial_does_not() {
    let (old, new) = (root("Old"), root("New"));
    let before = anchored(&[old.certificate()]);
    let denied = anchored(&[new.certificate()]).deny([denial(old.certificate())]);
    let observed = || [seen("office", vec![(0, served(&old.leaf("hub.example", 2025..2027), &[]))])];
    refused(&matrix(&sides(&[&before], &denied), "", &observed()), "coverage_lost", &[]);
    let mut ordered = sides(&[&before], &denied);
    let order = (sha256(old.certificate()), "its key was stolen".to_owned());
    ordered.candidate.content.distrust_orders.push(order);
    let excused = matrix(&ordered, "", &observed());
    check(&excused).unwrap();
    let found = findings(&excused);
    let told = found.iter().next().unwrap();
    assert_eq!((told.rule, told.severity), ("service-lost-by-order", Severity::Warning));
    assert!(told.message.contains("its key was stolen"), "{told}");
    // An order for another anchor is none for this one.
    let mut other = sides(&[&before], &denied);
    other.candidate.content.distrust_orders.push((sha256(new.certificate()), "another".to_owned()));
    refused(&matrix(&other, "", &observed()), "coverage_lost", &[]);
}

#[test]
fn an_unreachable_endpoint_is_unknown_with_its_age_and_stops_only_what_is_required() {
    let old = root("Old");
    let sides = sides(&[&anchored(&[old.certificate()])], &anchored(&[old.certificate()]));
    let leaf = || served(&old.leaf("hub.example", 2025..2027), &[]);
    let observed = [seen("office", vec![(3, leaf()), (0, timed_out())])];
    let free = matrix(&sides, "", &observed);
    assert_eq!(verdicts(&free), [CellKind::Unknown; 3]);
    assert_eq!(free.services[0].now.because, "last seen 3 d ago");
    check(&free).unwrap();
    assert_eq!(findings(&free).count(Severity::Notice), 1);
    let required = "required = true";
    refused(
        &matrix(&sides, required, &observed),
        "coverage_unknown",
        &["last seen 3 d ago", "did not answer in time"],
    );
    refused(&matrix(&sides, required, &[]), "coverage_unknown", &["never seen"]);
    // Somebody else sees it: then it is known.
    let elsewhere = seen("plant", vec![(1, leaf())]);
    check(&matrix(&sides, required, &[observed.into_iter().next().unwrap(), elsewhere])).unwrap();
}

#[test]
fn what_was_seen_last_is_lost_although_nobody_sees_it_now_until_it_is_too_long_ago() {
    let (old, new) = (root("Old"), root("New"));
    let sides = sides(&[&anchored(&[old.certificate()])], &anchored(&[new.certificate()]));
    let observed = |days| {
        [seen("office", vec![(days, served(&old.leaf("hub.example", 2025..2027), &[])), (0, timed_out())])]
    };
    refused(&matrix(&sides, "", &observed(30)), "coverage_lost", &["30 d"]);
    let long_ago = matrix(&sides, "", &observed(31));
    check(&long_ago).unwrap();
    assert_eq!(verdicts(&long_ago), [CellKind::Unknown; 3]);
    assert_eq!(long_ago.services[0].candidate.because, "last seen 31 d ago");
}

#[test]
fn a_server_whose_certificate_has_ended_since_is_judged_by_who_vouched_for_it() {
    let (old, new) = (root("Old"), root("New"));
    let sides = sides(&[&anchored(&[old.certificate()])], &anchored(&[new.certificate()]));
    // It ended with the year, five days after it was seen.
    let leaf = old.leaf_with("hub.example", 2025..2026, |leaf| {
        leaf.not_after = rcgen::date_time_ymd(2025, 12, 31);
    });
    refused(&matrix(&sides, "", &[seen("office", vec![(5, served(&leaf, &[]))])]), "coverage_lost", &[]);
}

#[test]
fn a_probed_service_must_not_be_dropped_and_one_that_is_not_may() {
    let old = root("Old");
    let other = anchored(&[old.certificate()]).service_with("kept", &[], |_| {});
    let without = Content::default().anchor(old.certificate()).service_with("kept", &[], |_| {});
    let observed = || [seen("office", vec![(0, served(&old.leaf("hub.example", 2025..2027), &[]))])];
    let error = check(&matrix(&sides(&[&other], &without), "", &observed())).unwrap_err();
    assert!(error.to_string().contains("the service is not in it"), "{error}");
    let unprobed = Content::default().anchor(old.certificate()).service_with("hub", &[], |service| {
        hub(service);
        service.probe = false;
    });
    check(&matrix(&sides(&[&unprobed], &without), "", &observed())).unwrap();
}

#[test]
fn while_a_release_is_not_everywhere_the_one_before_counts_as_well() {
    let (old, new) = (root("Old"), root("New"));
    let (before, after) = (anchored(&[old.certificate()]), anchored(&[new.certificate()]));
    let observed = [seen("office", vec![(0, served(&old.leaf("hub.example", 2025..2027), &[]))])];
    let moved = matrix(&sides(&[&after], &after), "", &observed);
    check(&moved).unwrap();
    assert_eq!(findings(&moved).iter().next().unwrap().rule, "service-refused");
    refused(&matrix(&sides(&[&after, &before], &after), "", &observed), "coverage_lost", &["by Old"]);
}

#[test]
fn two_anchors_without_a_common_path_are_told_apart_from_an_overlap() {
    let (old, new) = (root("Old"), root("New"));
    let cross = old.cross_sign(&new, 2020..2040);
    let sides = sides(&[&anchored(&[old.certificate()])], &anchored(&[new.certificate()]));
    let observed = [seen("office", vec![(0, served(&new.leaf("hub.example", 2025..2027), &[&cross]))])];
    let matrix = matrix(&sides, "", &observed);
    assert_eq!(verdicts(&matrix), [CellKind::Verified, CellKind::Verified, CellKind::Refused]);
    check(&matrix).unwrap();
    assert_eq!(findings(&matrix).iter().next().unwrap().rule, "no-shared-path");
}

#[test]
fn a_name_that_does_not_fit_is_refused_as_devices_refuse_it() {
    let old = root("Old");
    let sides = sides(&[&anchored(&[old.certificate()])], &anchored(&[old.certificate()]));
    let observed = [seen("office", vec![(0, served(&old.leaf("other.example", 2025..2027), &[]))])];
    let matrix = matrix(&sides, "", &observed);
    assert_eq!(verdicts(&matrix), [CellKind::Refused; 3]);
    check(&matrix).unwrap();
}

#[test]
fn a_service_of_patterns_is_seen_by_the_endpoints_that_stand_for_them() {
    let old = root("Old");
    let wild = Content::default().anchor(old.certificate()).service_with("hub", &[], |service| {
        service.hosts = vec!["*.example:8883".to_owned()];
    });
    let sides = sides(&[&wild], &wild);
    let file = |rest: &str| {
        let text =
            format!("[services.hub]\nhosts = ['*.example:8883']\nanchors = 'all'\nrequired = true\n{rest}");
        ServiceFile::parse(&text).unwrap()
    };
    let observed = [seen("office", vec![(0, served(&old.leaf("hub.example", 2025..2027), &[]))])];
    check(&Matrix::of(&sides, &file("watch = ['hub.example:8883']"), &observed, 30, today())).unwrap();
    let blind = Matrix::of(&sides, &file(""), &observed, 30, today());
    refused(&blind, "coverage_unknown", &["all its hosts are patterns"]);
}

#[test]
fn before_the_first_release_there_is_nothing_to_lose() {
    let (old, new) = (root("Old"), root("New"));
    let sides = sides(&[], &anchored(&[new.certificate()]));
    let observed = [seen("office", vec![(0, served(&old.leaf("hub.example", 2025..2027), &[]))])];
    let matrix = matrix(&sides, "", &observed);
    assert_eq!(verdicts(&matrix), [CellKind::Absent, CellKind::Refused, CellKind::Absent]);
    check(&matrix).unwrap();
}

#[test]
fn text_page_and_drawing_say_the_same_and_escape_what_others_wrote() {
    let (old, new) = (root("<script>Old"), root("New"));
    let sides = sides(&[&anchored(&[old.certificate()])], &anchored(&[old.certificate(), new.certificate()]));
    let observed = [seen("office", vec![(2, served(&old.leaf("hub.example", 2025..2027), &[]))])];
    let matrix = matrix(&sides, "required = true", &observed);
    let text = table(&matrix);
    assert!(text.contains("hub                 verified  verified   verified  required"), "{text}");
    assert!(
        text.contains(
            "  hub.example:8883  verified  verified   verified  by <script>Old, seen 2 d ago from office"
        ),
        "{text}"
    );
    let page = page(&matrix);
    assert!(page.contains("by &lt;script&gt;Old, seen 2 d ago from office"), "{page}");
    assert!(!page.contains("<script>"), "{page}");
    assert_eq!(drawing(&matrix).matches(">verified</text>").count(), 6);
}
