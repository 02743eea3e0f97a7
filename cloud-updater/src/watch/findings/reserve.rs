//! What hangs by one thread, and what nothing hangs by.

use std::collections::BTreeSet;

use bundle::write::AnchorContent;
use bundle::{AnchorState, Pin, PinKind, Purposes, Sha256, UnixSeconds};
use chain::{Certificate, Purpose, Time};

use super::{STEPS_DAYS, View};
use crate::coverage::anchors_of;
use crate::date::{self, DAY_SECONDS};
use crate::finding::{Finding, Severity};
use crate::watch::endpoints_of;

/// Pins that one certificate alone meets, while that certificate ends soon.
pub(super) fn pins(view: &View<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for chain in view.chains() {
        let services = view.sides.candidate.content.services.iter();
        let Some(service) = services.into_iter().find(|it| it.name == chain.row.service) else { continue };
        let in_force: Vec<&Pin> = service.pins.iter().filter(|pin| view.now < pin.until).collect();
        let certificates = chain.certificates();
        let anchors = chain.row.anchors.iter().filter_map(|sha256| view.sides.candidate.names.der(*sha256));
        let anchors = anchors.filter_map(|der| Certificate::parse(der).ok());
        let way: Vec<Certificate<'_>> = certificates.into_iter().chain(anchors).collect();
        let meets = |pin: &&&Pin| way.iter().any(|certificate| is_met(pin, certificate));
        let met: Vec<&&Pin> = in_force.iter().filter(meets).collect();
        let [pin] = met.as_slice() else { continue };
        let last =
            way.iter().filter(|certificate| is_met(pin, certificate)).map(Certificate::not_after).max();
        let Some(end) = last.filter(|end| *end < pin.until && is_near(*end, view.now)) else { continue };
        let message = format!(
            "meets one pin alone, {} {}, and what meets it ends on {}: whatever replaces it is refused by devices",
            if pin.kind == PinKind::Spki { "key" } else { "certificate" },
            pin.sha256,
            date::day(end)
        );
        let severity =
            if end.since(view.now) <= 30 * DAY_SECONDS { Severity::Error } else { Severity::Warning };
        let finding = Finding::new("pin-breaking", severity, chain.subject(), message).due(end);
        found
            .push(finding.hint("pin what replaces it as well, or the root, and release that before the day"));
    }
    found
}

fn is_met(pin: &Pin, certificate: &Certificate<'_>) -> bool {
    match pin.kind {
        PinKind::Certificate => pin.sha256 == certificate.sha256(),
        PinKind::Spki => pin.sha256 == certificate.spki_sha256(),
    }
}

fn is_near(end: UnixSeconds, now: UnixSeconds) -> bool {
    let most = STEPS_DAYS.into_iter().max().unwrap_or_default();
    end.since(now) <= most * DAY_SECONDS
}

/// Services that one anchor alone can verify.
pub(super) fn single_anchors(view: &View<'_>) -> Vec<Finding> {
    let candidate = &view.sides.candidate;
    let mut found = Vec::new();
    for service in &candidate.content.services {
        let Some(judge) = candidate.set().service(&service.name) else { continue };
        let usable = judge.usable_anchors(Purpose::ServerAuth, Time::Known(view.now));
        let mut usable = usable.filter_map(|index| candidate.content.anchors.get(usize::from(index.0)));
        match (usable.next(), usable.next()) {
            (None, _) => {
                let message = format!("has no anchor in {} that could verify it now", candidate.label);
                found.push(Finding::new("no-anchor", Severity::Error, &service.name, message));
            }
            (Some(only), None) => {
                let name = candidate.names.short_name(only.sha256).unwrap_or_default();
                let message =
                    format!("is covered by one anchor alone, {name}: when that goes, nothing is in reserve");
                let finding = Finding::new("service-on-one-anchor", Severity::Notice, &service.name, message);
                found.push(
                    finding.hint("trust the root that the service's CA names as the next one, ahead of use"),
                );
            }
            (Some(_), Some(_)) => {}
        }
    }
    found
}

/// Anchors that no endpoint has needed for long: candidates for removal, and no more than that.
pub(super) fn unneeded(view: &View<'_>) -> Vec<Finding> {
    let candidate = &view.sides.candidate;
    let long = u64::from(view.settings.unneeded_days).saturating_mul(DAY_SECONDS);
    let mut found = Vec::new();
    for anchor in &candidate.content.anchors {
        let is_candidate = anchor.purposes == Purposes::SERVER_AUTH && anchor.state != AnchorState::Next;
        let added = date::day_start(anchor.added_day);
        let Some(last) = is_candidate.then(|| last_need(view, anchor)).flatten() else { continue };
        let idle = view.now.since(last.max(added));
        if idle < long {
            continue;
        }
        let name = candidate.names.short_name(anchor.sha256).unwrap_or_default();
        let message = format!(
            "was needed by no endpoint of its services for {}: a candidate for removal, where devices' reports agree",
            date::span(idle)
        );
        let finding = Finding::new("anchor-unneeded", Severity::Notice, name, message);
        found.push(finding.hint(
            "cloud-updater anchor retire, then remove; endpoints that nobody watches may still need it",
        ));
    }
    found
}

/// When an anchor last verified a chain of a service of its own, or since when it is known that it does not. `None` where
/// it cannot be known: an endpoint was never seen, or there is none.
fn last_need(view: &View<'_>, anchor: &AnchorContent) -> Option<UnixSeconds> {
    let candidate = &view.sides.candidate;
    let mut last: Option<UnixSeconds> = None;
    for service in candidate.content.services.iter().filter(|service| service.anchors.includes(anchor.sha256))
    {
        let row = view.matrix.services.iter().find(|row| row.service == service.name)?;
        if row.endpoints.is_empty() || endpoints_of(&service.hosts, &[]).count() > row.endpoints.len() {
            return None;
        }
        for endpoint in &row.endpoints {
            let records: Vec<_> = view
                .observations
                .iter()
                .filter_map(|it| Some((it, it.endpoint(&endpoint.endpoint)?)))
                .collect();
            let since = records.iter().filter_map(|(_, record)| record.since()).min()?;
            let host = bundle::split_host_port(&endpoint.endpoint)?.0;
            let chains =
                records.iter().flat_map(|(it, record)| record.chains.iter().map(move |seen| (it, seen)));
            let needing = chains.filter(|(it, seen)| {
                let anchors: BTreeSet<Sha256> =
                    anchors_of(candidate, &service.name, host, &it.chain(seen), seen.last_seen);
                anchors.contains(&anchor.sha256)
            });
            let needed = needing.map(|(_, seen)| seen.last_seen).max();
            last = last.max(Some(needed.unwrap_or(since)));
        }
    }
    last
}
