//! The census over bundles made up for it, and a fleet that reports.

use std::collections::BTreeMap;

use bundle::write::{report_extensions, section};
use bundle::{AnchorMark, ChannelId, ObservedService, Section, Sha256};
use chain::pki::{Authority, Content};
use rustls_pki_types::CertificateDer;

use super::{Census, Removal, check, table};
use crate::coverage::kit::{ENDPOINT, bundle, root, sides, today};
use crate::finding::{Findings, Severity};
use crate::fleet::kit::{TestFleet, frame, report};
use crate::fleet::{Received, Standing, Writer};
use crate::repository::Share;

fn mark(certificate: &CertificateDer<'_>) -> AnchorMark {
    AnchorMark::of(&Sha256::of(&[certificate]))
}

/// A fleet, of which each device saw the hub verify by these anchors, so many hours ago; `None` for one whose owner did not ask.
async fn fleet(devices: &[Option<(&[&Authority], u16)>]) -> TestFleet {
    let fleet = TestFleet::of(1..=u8::try_from(devices.len()).unwrap());
    let (writer, thread) = Writer::start(&fleet.path()).unwrap();
    for (seed, saw) in (1_u8..).zip(devices) {
        let id = format!("device-{seed}");
        let items = saw.map(|(roots, hours)| {
            let mut marks: Vec<AnchorMark> = roots.iter().map(|root| mark(root.certificate())).collect();
            marks.sort_unstable();
            let anchors: Vec<u8> = marks.iter().flat_map(|mark| mark.0).collect();
            section([ObservedService { service: "hub", anchors: &anchors, hours }])
        });
        let said =
            items.as_ref().map(|items| bundle::Census { services: 1, observed: Section::from_bytes(items) });
        let extensions = report_extensions(None, said.as_ref());
        let mut report = report(&id, 1, 1);
        report.extensions = Section::from_bytes(&extensions);
        let at = i64::try_from(today().0).unwrap();
        let received = Received::new(&report, ChannelId::of("prod"), &frame(seed, &report), at);
        assert_eq!(writer.store(received).await.unwrap(), Standing::News);
    }
    drop(writer);
    thread.join().unwrap();
    fleet
}

/// A bundle in which these serve the hub.
fn hub(roots: &[&Authority]) -> Content {
    let certificates: Vec<&CertificateDer<'_>> = roots.iter().map(|root| root.certificate()).collect();
    let content = certificates.iter().fold(Content::default(), |content, der| content.anchor(der));
    content.service_with("hub", &certificates, |service| service.hosts = vec![ENDPOINT.to_owned()])
}

const ASKED: Removal = Removal { now: bundle::UnixSeconds(0), days: 30, required_share: None };

fn findings(fleet: &TestFleet, required: Option<u16>, held: &Content, candidate: &Content) -> Findings {
    let required_share = required.map(Share::of_parts);
    let asked = Removal { now: today(), required_share, ..ASKED };
    asked.findings(Some(&fleet.path()), &sides(&[held], candidate)).unwrap()
}

fn rules(findings: &Findings) -> Vec<(&'static str, Severity)> {
    findings.iter().map(|finding| (finding.rule, finding.severity)).collect()
}

#[tokio::test]
async fn what_a_device_needs_does_not_go_and_what_has_a_second_way_does() {
    let (old, new, other) = (root("Old"), root("New"), root("Other"));
    let (both, only_new) = (hub(&[&old, &new]), hub(&[&new]));
    let needing = fleet(&[Some((&[&old], 1)), Some((&[&old, &new], 1)), Some((&[&new], 1))]).await;
    let found = findings(&needing, None, &both, &only_new);
    assert_eq!(rules(&found), [("census-needed", Severity::Error)]);
    let said = found.iter().next().unwrap();
    assert_eq!(said.subject, "hub");
    assert!(said.message.contains("Old") && said.message.contains("device-1"), "{}", said.message);
    assert_eq!(check(&found).unwrap_err().code(), "census_needed");
    // The same step where nobody needs it; a step that takes nothing; an anchor that nobody names.
    let free = fleet(&[Some((&[&old, &new], 1)), Some((&[&new], 1))]).await;
    assert_eq!(rules(&findings(&free, None, &both, &only_new)), []);
    assert_eq!(rules(&findings(&needing, None, &both, &both)), []);
    let third = hub(&[&old, &new, &other]);
    assert_eq!(rules(&findings(&needing, None, &third, &both)), []);
    check(&findings(&free, None, &both, &only_new)).unwrap();
}

#[tokio::test]
async fn an_order_of_distrust_is_stronger_than_who_needs_it() {
    let (old, new) = (root("Old"), root("New"));
    let needing = fleet(&[Some((&[&old], 1))]).await;
    let mut candidate = bundle(9, &hub(&[&new]));
    candidate.content.distrust_orders =
        vec![(Sha256::of(&[old.certificate()]), "its key was stolen".to_owned())];
    let both = hub(&[&old, &new]);
    let sides = crate::coverage::Sides { candidate, ..sides(&[&both], &both) };
    let found = Removal { now: today(), ..ASKED }.findings(Some(&needing.path()), &sides).unwrap();
    assert_eq!(rules(&found), [("census-needed-by-order", Severity::Warning)]);
    check(&found).unwrap();
}

#[tokio::test]
async fn silence_is_told_of_and_stops_only_where_a_share_is_required() {
    let (old, new) = (root("Old"), root("New"));
    let (both, only_new) = (hub(&[&old, &new]), hub(&[&new]));
    // One of four saw the hub; another one saw it long ago, and needed what is to go.
    let quiet = fleet(&[Some((&[&new], 1)), Some((&[&old], 31 * 24)), None, None]).await;
    assert_eq!(rules(&findings(&quiet, None, &both, &only_new)), []);
    assert_eq!(rules(&findings(&quiet, Some(2_500), &both, &only_new)), []);
    let found = findings(&quiet, Some(2_501), &both, &only_new);
    assert_eq!(rules(&found), [("census-unseen", Severity::Error)]);
    assert_eq!(check(&found).unwrap_err().code(), "census_unseen");
    // What agents do not look at is not waited for.
    let unprobed = |roots: &[&Authority]| {
        let certificates: Vec<&CertificateDer<'_>> = roots.iter().map(|root| root.certificate()).collect();
        let content = certificates.iter().fold(Content::default(), |content, der| content.anchor(der));
        content.service_with("hub", &certificates, |service| {
            (service.hosts, service.probe) = (vec![ENDPOINT.to_owned()], false);
        })
    };
    let found = findings(&fleet(&[None]).await, Some(9_000), &unprobed(&[&old, &new]), &unprobed(&[&new]));
    assert_eq!(rules(&found), [("census-unseen", Severity::Warning)]);
    let silent = fleet(&[None, None]).await;
    assert_eq!(rules(&findings(&silent, None, &both, &only_new)), [("census-unseen", Severity::Warning)]);
    let asked = Removal { now: today(), ..ASKED };
    let nobody = asked.findings(None, &sides(&[&both], &only_new)).unwrap();
    assert_eq!(rules(&nobody), [("census-unseen", Severity::Warning)]);
}

#[tokio::test]
async fn the_census_counts_devices_and_says_what_nobody_saw() {
    let (old, new) = (root("Old"), root("New"));
    let release = hub(&[&old, &new]).service("never", &[new.certificate()]);
    let said = fleet(&[Some((&[&old], 1)), Some((&[&old, &new], 2)), Some((&[&old], 31 * 24)), None]).await;
    let none = BTreeMap::new();
    let release = bundle(1, &release);
    let census = Census::of_channel(&said.path(), "prod", Some(&release), &none, (today(), 30)).unwrap();
    assert_eq!((census.devices_reporting, census.devices_counted, census.services_observed), (4, 3, 1));
    let services: Vec<_> =
        census.services.iter().map(|it| (it.service.as_str(), it.devices, it.share.to_string())).collect();
    assert_eq!(services, [("hub", 2, "50%".to_owned()), ("never", 0, "0%".to_owned())]);
    let anchors: Vec<_> = census
        .anchors
        .iter()
        .map(|it| (it.name.as_deref().unwrap(), it.devices, it.devices_by_it_alone))
        .collect();
    assert_eq!(anchors, [("Old", 2, 1), ("New", 1, 0)]);
    let text = table(&census);
    assert!(text.contains("1 of 2 services") && text.contains("never seen"), "{text}");
    let silent = fleet(&[None]).await;
    let census = Census::of_channel(&silent.path(), "prod", None, &none, (today(), 30)).unwrap();
    assert!(table(&census).contains("no device says"), "{}", table(&census));
}
