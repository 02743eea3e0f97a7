//! Chains that devices refuse, and chains that are others than they were.

use chain::Certificate;

use super::{Chain, View};
use crate::coverage::{CellKind, JudgedBundle};
use crate::date::{self, DAY_SECONDS};
use crate::finding::{Finding, Severity};

/// Days for which a change is spoken of.
const CHANGE_DAYS: u64 = 7;

/// Endpoints that the devices in the field refuse now.
pub(super) fn refused(view: &View<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for chain in view.chains() {
        let digests: Vec<String> = chain.seen.certificates.iter().map(ToString::to_string).collect();
        let sightings = chain.endpoint.sightings.iter();
        let Some(sighting) = sightings.into_iter().find(|it| it.chain == digests) else { continue };
        // Before the first release nobody depends on the channel.
        let Some(bundle) = view.sides.held.first() else { continue };
        let cell = &sighting.now;
        if cell.verdict != CellKind::Refused {
            continue;
        }
        let is_mended = sighting.candidate.verdict == CellKind::Verified;
        let cure = if is_mended {
            format!("{} verifies it: publish that", view.sides.candidate.label)
        } else {
            "look at what it serves; cloud-updater watch --once --propose drafts the root that is missing, where it is known"
                .to_owned()
        };
        let (rule, message) = match missing_root(&chain, bundle) {
            Some(root) => {
                let label = &bundle.label;
                (
                    "root-not-in-bundle",
                    format!("leads to {root}, which is not in {label}: devices do not reach it"),
                )
            }
            None => ("chain-refused", format!("is refused by devices ({}): {}", bundle.label, cell.because)),
        };
        found.push(Finding::new(rule, Severity::Error, chain.subject(), message).hint(cure));
    }
    found
}

/// The name of the CA that a chain leads to, where the bundle has none of that name.
fn missing_root(chain: &Chain<'_>, bundle: &JudgedBundle) -> Option<String> {
    let certificates = chain.certificates();
    let top = certificates.last()?;
    let known = |name: &chain::DistinguishedName<'_>| {
        let anchors = bundle.content.anchors.iter().filter_map(|anchor| bundle.names.der(anchor.sha256));
        let mut anchors = anchors.filter_map(|der| Certificate::parse(der).ok());
        anchors.any(|anchor| anchor.subject() == *name)
    };
    let is_known = certificates.iter().any(|certificate| known(&certificate.issuer()));
    (!is_known).then(|| top.issuer().to_string())
}

/// Endpoints whose issuers are others than they were when they were seen before.
pub(super) fn changed(view: &View<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for chain in view.chains() {
        let is_new = view.now.since(chain.seen.first_seen) < CHANGE_DAYS * DAY_SECONDS;
        let earlier = chain.record.chains.iter().find(|it| it.first_seen < chain.seen.first_seen);
        let Some(earlier) = earlier.filter(|_| is_new) else { continue };
        let before = Chain { seen: earlier, ..chain };
        let (was, is) = (issuers(&before), issuers(&chain));
        if was == is {
            continue;
        }
        let narrowed = view.bundles().flat_map(|bundle| &bundle.content.services).any(|service| {
            service.name == chain.row.service
                && (!service.pins.is_empty()
                    || !bundle::write::ExpectationContent::of(&service.extensions).is_empty())
        });
        let severity = if narrowed { Severity::Warning } else { Severity::Notice };
        let message = format!(
            "is issued by others since {}: {} now, {} before",
            date::day(chain.seen.first_seen),
            is.join(" under "),
            was.join(" under ")
        );
        let hint = if narrowed {
            "the service has pins or expected names: see that they name what comes, before the old ones go"
        } else {
            "nothing is to be done while a root of the bundle vouches for it"
        };
        found.push(Finding::new("intermediate-changed", severity, chain.subject(), message).hint(hint));
    }
    found
}

/// Who vouches for a chain: the issuer of each of its certificates, by name and, where it was served, by key.
fn issuers(chain: &Chain<'_>) -> Vec<String> {
    let certificates = chain.certificates();
    let keys = certificates.iter().skip(1).map(|it| Some(it.spki_sha256().to_string()));
    let names = certificates.iter().map(|it| (it.issuer().to_string(), it.is_self_issued()));
    let named = names.zip(keys.chain(std::iter::repeat(None)));
    let others = named.filter(|((_, is_self_issued), _)| !is_self_issued);
    others
        .map(|((name, _), key)| {
            let short = key.map(|key| key.chars().take(8).collect::<String>());
            short.map_or_else(|| name.clone(), |short| format!("{name} (key {short})"))
        })
        .collect()
}
