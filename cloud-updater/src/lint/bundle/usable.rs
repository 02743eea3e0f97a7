//! Which anchors can verify a service on a day.

use std::collections::BTreeSet;

use bundle::write::{AnchorContent, ManifestContent, ServiceContent};
use bundle::{HostPattern, Purposes, Sha256, UnixSeconds};

use super::View;
use crate::document::content::is_denied;

/// The anchors of `content` that can verify the service today, as far as the bundle alone can say.
pub(super) fn of(view: &View<'_>, content: &ManifestContent, service: &ServiceContent) -> BTreeSet<Sha256> {
    let anchors = content.anchors.iter().filter(|anchor| service.anchors.includes(anchor.sha256));
    anchors.filter(|anchor| is_usable(view, content, service, anchor)).map(|anchor| anchor.sha256).collect()
}

fn is_usable(
    view: &View<'_>,
    content: &ManifestContent,
    service: &ServiceContent,
    anchor: &AnchorContent,
) -> bool {
    // What cannot be read is passed over here: it is named elsewhere.
    let is_good = view.certificate(anchor.sha256).is_none_or(|certificate| {
        (certificate.not_before()..=certificate.not_after()).contains(&view.now)
            && !is_denied(content, anchor.sha256, Some(certificate.spki_sha256()))
    });
    let can_hold = anchor.constraints.is_empty()
        || anchor.constraints.iter().any(|set| {
            let is_in_time = set.expires_at.is_none_or(|end| view.now < end);
            let below = |host: &String| set.subtrees.iter().any(|subtree| is_below(host, subtree));
            is_in_time && (set.subtrees.is_empty() || service.hosts.iter().any(below))
        });
    is_good && can_hold && anchor.purposes.contains(Purposes::SERVER_AUTH)
}

/// The day on which an anchor is of no more use: the end of its certificate, or of its longest constraint set.
pub(super) fn end(view: &View<'_>, anchor: &AnchorContent) -> Option<UnixSeconds> {
    let certificate = view.certificate(anchor.sha256)?.not_after();
    let sets: Option<Vec<UnixSeconds>> = anchor.constraints.iter().map(|set| set.expires_at).collect();
    let constraint = sets.and_then(|ends| ends.into_iter().max());
    Some(constraint.map_or(certificate, |end| end.min(certificate)))
}

/// True where a host, or what a pattern stands for, is a subtree or below it.
fn is_below(host: &str, subtree: &str) -> bool {
    let name = HostPattern(host).host();
    let name = name.strip_prefix("*.").unwrap_or(name);
    let subtree = subtree.strip_prefix('.').unwrap_or(subtree);
    name.eq_ignore_ascii_case(subtree)
        || name.len().checked_sub(subtree.len()).is_some_and(|at| {
            name.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(subtree))
                && name.get(..at).is_some_and(|front| front.ends_with('.'))
        })
}
