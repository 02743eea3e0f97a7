//! Notices about changes that are made up for the purpose.

use super::{Effect, Notice, markdown};
use crate::coverage::Matrix;
use crate::coverage::kit::{anchored, root, seen, served, services, sides, today};
use crate::finding::{Finding, Severity};
use crate::observation::Observations;
use chain::pki::Content;

fn notice(held: &[&Content], candidate: &Content, observations: &[Observations]) -> Notice {
    let sides = sides(held, candidate);
    let matrix = Matrix::of(&sides, &services(""), observations, 30, today());
    let finding = Finding::new("leaf-expiring", Severity::Warning, "hub", "ends soon").due(today());
    Notice::new(("example", "gateway"), &sides, &matrix, vec![finding])
}

fn effect(notice: &Notice) -> Effect {
    notice.services.iter().find(|service| service.service == "hub").unwrap().effect
}

#[test]
fn a_root_ahead_of_use_asks_nobody_for_anything() {
    let (old, new) = (root("Old"), root("New"));
    let observed = [seen("office", vec![(0, served(&old.leaf("hub.example", 2025..2027), &[]))])];
    let (before, after) = (anchored(&[old.certificate()]), anchored(&[old.certificate(), new.certificate()]));
    let notice = notice(&[&before], &after, &observed);
    assert_eq!((effect(&notice), notice.demands_action()), (Effect::RootsChange, false));
    let anchors: Vec<(&str, bool)> =
        notice.anchors.iter().map(|anchor| (anchor.what, anchor.name.starts_with("New"))).collect();
    assert_eq!(anchors, [("comes", true)]);
    let text = markdown(&notice);
    for part in [
        "roots change",
        "Nobody has to do anything",
        "| New",
        "| comes |",
        "## Who must act\n\nNobody.",
        "ends soon",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_loss_is_the_headline_and_nobody_is_told_that_all_is_well() {
    let (old, new) = (root("Old"), root("New"));
    let observed = [seen("office", vec![(0, served(&old.leaf("hub.example", 2025..2027), &[]))])];
    let notice = notice(&[&anchored(&[old.certificate()])], &anchored(&[new.certificate()]), &observed);
    assert_eq!((effect(&notice), notice.demands_action()), (Effect::Lost, true));
    let text = markdown(&notice);
    assert!(
        text.contains("a service would be lost") && text.contains("must not be published as it is"),
        "{text}"
    );
    assert!(!text.contains("Nobody has to do anything"), "{text}");
    assert!(text.contains("| Old") && text.contains("| goes |"), "{text}");
}

#[test]
fn what_nobody_has_seen_is_promised_nothing() {
    let old = root("Old");
    let content = anchored(&[old.certificate()]);
    let notice = notice(&[&content], &content, &[]);
    assert_eq!((effect(&notice), notice.demands_action()), (Effect::Unknown, true));
    let text = markdown(&notice);
    assert!(
        text.contains("Nothing is promised for hub") && text.contains("No service is among them"),
        "{text}"
    );
}

#[test]
fn an_intermediate_alone_is_no_change_of_roots() {
    let old = root("Old");
    let middle = old.intermediate("Middle", 2020..2040);
    let observed = [seen("office", vec![(0, served(&old.leaf("hub.example", 2025..2027), &[]))])];
    let before = anchored(&[old.certificate()]);
    let after = anchored(&[old.certificate()]).intermediate(middle.certificate());
    let notice = notice(&[&before], &after, &observed);
    assert_eq!((effect(&notice), notice.demands_action()), (Effect::NoRootChanges, false));
    let text = markdown(&notice);
    assert!(text.contains("no root changes") && text.contains("Intermediates that come or go: 1"), "{text}");
}
