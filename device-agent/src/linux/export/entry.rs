//! One anchor of the manifest, with what the exports need of it.

use std::collections::BTreeMap;

use bundle::{
    Anchor, AnchorIndex, ConstraintSet, ExportChoice, ExportLimit, ExportPolicy, Manifest, Purposes, Sha256,
    UnixSeconds, check_exportable,
};
use chain::{Certificate, DateText};
use trust_store::Installed;

use super::omission::{Form, Omission, OmissionReason};
use super::subject_hash::subject_hash;

/// Letters of a certificate's SHA-256 that tell aliases apart.
pub(super) const ALIAS_DIGITS: usize = 16;

/// One anchor.
pub(super) struct Entry<'a> {
    pub(super) index: AnchorIndex,
    pub(super) der: &'a [u8],
    pub(super) sha256: Sha256,
    pub(super) sha256_text: String,
    /// The most telling part of its subject.
    pub(super) subject: String,
    /// Its name in a hashed folder.
    pub(super) hash: Option<u32>,
    /// What stands above it in PEM files.
    pub(super) note: String,
    /// Why it is in no file at all.
    pub(super) omitted: Option<OmissionReason>,
    /// SHA-256 of its key, where it can be read.
    pub(super) spki: Option<Sha256>,
    /// True where its certificate limits names or purposes.
    pub(super) has_own_limits: bool,
    not_after: Option<UnixSeconds>,
    anchor: Anchor<'a>,
}

/// The anchors in the manifest's order.
pub(super) fn entries<'a>(installed: &'a Installed, manifest: &Manifest<'a>) -> Vec<Entry<'a>> {
    let usable: BTreeMap<Sha256, &[u8]> =
        installed.all_anchors().map(|anchor| (anchor.entry.sha256, anchor.der)).collect();
    let numbered = (0..).map(AnchorIndex).zip(manifest.all_anchors().iter());
    let entry = |(index, anchor): (AnchorIndex, Anchor<'a>)| {
        let der = usable.get(&anchor.sha256).copied();
        let is_denied = installed.set().is_denied(index);
        let omitted = match der {
            Some(_) => None,
            None if is_denied => Some(OmissionReason::Denied),
            None => Some(OmissionReason::Unusable),
        };
        Entry::new(index, anchor, der.unwrap_or_default(), omitted)
    };
    numbered.map(entry).collect()
}

impl<'a> Entry<'a> {
    fn new(index: AnchorIndex, anchor: Anchor<'a>, der: &'a [u8], omitted: Option<OmissionReason>) -> Self {
        let certificate = Certificate::parse(der).ok();
        let subject = certificate.map(|certificate| certificate.subject());
        let name = subject.map_or_else(|| anchor.note.to_owned(), |subject| subject.to_string());
        let label = subject.and_then(|subject| subject.label()).map(|label| label.to_string());
        Self {
            index,
            der,
            sha256: anchor.sha256,
            sha256_text: anchor.sha256.to_string(),
            note: format!("{name}, sha256 {}, {}", anchor.sha256, anchor.state),
            subject: label.unwrap_or(name),
            hash: subject.and_then(|subject| subject_hash(subject.as_der())),
            omitted,
            has_own_limits: certificate.is_some_and(|certificate| certificate.limits_names_or_purposes()),
            spki: certificate.map(|certificate| certificate.spki_sha256()),
            not_after: certificate.map(|certificate| certificate.not_after()),
            anchor,
        }
    }

    /// A name that no other anchor has.
    pub(super) fn alias(&self) -> String {
        let digits: String = self.sha256_text.chars().take(ALIAS_DIGITS).collect();
        format!("{} {digits}", self.subject)
    }

    /// What is to be said of it where it is in no file at all.
    pub(super) fn omission(&self) -> Option<Omission> {
        let (sha256, subject) = (self.sha256_text.clone(), self.subject.clone());
        self.omitted.map(|reason| Omission { sha256, subject, reason })
    }

    /// True where it may vouch for TLS servers.
    pub(super) const fn is_for_servers(&self) -> bool {
        self.anchor.purposes.contains(Purposes::SERVER_AUTH)
    }

    /// What it is for.
    pub(super) fn purposes_text(&self) -> String {
        let names: Vec<&str> = self.anchor.purposes.names().collect();
        format!("it is for {} alone", if names.is_empty() { "nothing".to_owned() } else { names.join(", ") })
    }

    /// When it ended or will end: its certificate, or the last of its constraint sets.
    pub(super) fn end(&self) -> Option<UnixSeconds> {
        self.anchor.end(self.not_after)
    }

    /// What a bare certificate loses; `None` where the anchor has no constraints.
    pub(super) fn constraints_text(&self) -> Option<String> {
        let sets: Vec<String> = self.anchor.constraints.iter().map(|set| set_text(&set)).collect();
        (!sets.is_empty()).then(|| sets.join(" or "))
    }

    /// Whether the loss of its constraints is allowed in this form: by the policy of the service, or by the anchor.
    pub(super) fn choice(&self, form: Form, policy: ExportPolicy<'_>) -> ExportChoice {
        match check_exportable(&self.anchor, policy, form.name()) {
            Ok(()) => ExportChoice::Keep,
            Err(ExportLimit::Constraints | ExportLimit::Purpose) => ExportChoice::Exclude,
        }
    }
}

fn set_text(set: &ConstraintSet<'_>) -> String {
    let times = [
        ("servers' certificates from", set.issued_from),
        ("distrust after", set.distrust_after),
        ("only until", set.expires_at),
    ];
    let mut parts: Vec<String> =
        times.into_iter().filter_map(|(name, time)| Some(format!("{name} {}", DateText(time?)))).collect();
    if !set.subtrees.is_empty() {
        let subtrees: Vec<&str> = set.subtrees.iter().map(|subtree| subtree.0).collect();
        parts.push(format!("only below {}", subtrees.join(", ")));
    }
    parts.join(" and ")
}
