//! What the core trusts: the anchors of one service, with the rules under which they may be used.
//!
//! A set lies in one buffer: lengths of the deny list and of the pins, both lists as the manifest encodes them, then
//! anchor after anchor. The layout is this crate's own and never leaves the core.

use bundle::{ConstraintSet, Denial, Pin, Purposes, Section, Sha256, spki_sha256};

use crate::bytes::{put, u16_at};

/// Bytes in front of the rules: two lengths.
const SET_HEADER_BYTES: usize = 4;
/// Bytes of an anchor in front of its constraints: two lengths, purposes, a mark, SHA-256.
const ENTRY_HEADER_BYTES: usize = 38;
/// Where an anchor's mark stands: one where a newer deny list names it.
const MARK_AT: usize = 5;

/// The anchors of the service, and the rules that come with them.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    bytes: &'a [u8],
}

/// One anchor that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptAnchor<'a> {
    /// The certificate in DER. Its dates are not checked: the core has no clock.
    pub der: &'a [u8],
    /// SHA-256 of the certificate.
    pub sha256: Sha256,
    /// What it may vouch for; server authentication is always among it.
    pub purposes: Purposes,
    /// Any one of these sets must hold for a chain to this anchor; none means no constraint.
    pub constraints: Section<'a, ConstraintSet<'a>>,
}

/// Walks the anchors of a [`Trust`].
#[derive(Clone, Debug)]
pub struct KeptAnchors<'a> {
    rest: &'a [u8],
}

impl<'a> Trust<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The anchors, in the manifest's order; none after everything was revoked.
    #[must_use]
    pub fn anchors(&self) -> KeptAnchors<'a> {
        KeptAnchors { rest: self.bytes.get(anchors_at(self.bytes)..).unwrap_or_default() }
    }

    /// The deny list: certificates and keys that no chain may hold. Anchors on it are not kept.
    #[must_use]
    pub fn denials(&self) -> Section<'a, Denial> {
        let (denials, _) = rule_bytes(self.bytes);
        Section::from_bytes(self.rules(SET_HEADER_BYTES, denials))
    }

    /// What a chain of the service must hold, if anything is pinned.
    #[must_use]
    pub fn pins(&self) -> Section<'a, Pin> {
        let (denials, pins) = rule_bytes(self.bytes);
        Section::from_bytes(self.rules(SET_HEADER_BYTES.saturating_add(denials), pins))
    }

    fn rules(&self, at: usize, length: usize) -> &'a [u8] {
        self.bytes.get(at..at.saturating_add(length)).unwrap_or_default()
    }
}

impl<'a> Iterator for KeptAnchors<'a> {
    type Item = KeptAnchor<'a>;

    fn next(&mut self) -> Option<KeptAnchor<'a>> {
        loop {
            let (header, after) = self.rest.split_at_checked(ENTRY_HEADER_BYTES)?;
            let (constraints, after) = after.split_at_checked(usize::from(u16_at(header, 2)?))?;
            let (der, after) = after.split_at_checked(usize::from(u16_at(header, 0)?))?;
            self.rest = after;
            if header.get(MARK_AT) == Some(&0) {
                return Some(KeptAnchor {
                    der,
                    sha256: Sha256(header.get(6..)?.try_into().ok()?),
                    purposes: Purposes(*header.get(4)?),
                    constraints: Section::from_bytes(constraints),
                });
            }
        }
    }
}

/// Bytes of a set's deny list and pins.
fn rule_bytes(set: &[u8]) -> (usize, usize) {
    let at = |at| usize::from(u16_at(set, at).unwrap_or_default());
    (at(0), at(2))
}

/// Where a set's first anchor stands.
fn anchors_at(set: &[u8]) -> usize {
    let (denials, pins) = rule_bytes(set);
    SET_HEADER_BYTES.saturating_add(denials).saturating_add(pins)
}

/// Bytes that a set's rules need in front of its anchors.
pub(crate) const fn rules_need(denials: &[u8], pins: &[u8]) -> usize {
    SET_HEADER_BYTES.saturating_add(denials.len()).saturating_add(pins.len())
}

/// Bytes that an anchor needs in a set.
pub(crate) const fn anchor_needs(anchor: &bundle::Anchor<'_>, certificate_bytes: usize) -> usize {
    ENTRY_HEADER_BYTES.saturating_add(anchor.constraints.as_bytes().len()).saturating_add(certificate_bytes)
}

/// Begins a set: its rules. Returns where its first anchor goes.
pub(crate) fn write_rules(set: &mut [u8], denials: &[u8], pins: &[u8]) -> Option<usize> {
    put(set, 0, &u16::try_from(denials.len()).ok()?.to_le_bytes())?;
    put(set, 2, &u16::try_from(pins.len()).ok()?.to_le_bytes())?;
    put(set, SET_HEADER_BYTES, denials)?;
    put(set, SET_HEADER_BYTES.checked_add(denials.len())?, pins)?;
    Some(rules_need(denials, pins))
}

/// Begins an anchor at `at`. Returns where its certificate goes.
pub(crate) fn write_anchor(set: &mut [u8], at: usize, anchor: &bundle::Anchor<'_>) -> Option<usize> {
    let constraints = anchor.constraints.as_bytes();
    put(set, at, &u16::try_from(anchor.length).ok()?.to_le_bytes())?;
    put(set, at.checked_add(2)?, &u16::try_from(constraints.len()).ok()?.to_le_bytes())?;
    put(set, at.checked_add(4)?, &[anchor.purposes.0, 0])?;
    put(set, at.checked_add(6)?, &anchor.sha256.0)?;
    put(set, at.checked_add(ENTRY_HEADER_BYTES)?, constraints)?;
    at.checked_add(ENTRY_HEADER_BYTES)?.checked_add(constraints.len())
}

/// Marks the anchors of a set that the deny list names: they are not trusted from now on.
pub(crate) fn mark_denied(set: &mut [u8], denials: Section<'_, Denial>) {
    let mut at = anchors_at(set);
    while let Some((denied, next)) = judge_entry(set, at, denials) {
        if denied {
            // The entry was just read, so its mark is inside.
            let _inside = put(set, at.saturating_add(MARK_AT), &[1]);
        }
        at = next;
    }
}

/// Whether the anchor at `at` is denied, and where the next one stands.
fn judge_entry(set: &[u8], at: usize, denials: Section<'_, Denial>) -> Option<(bool, usize)> {
    let rest = set.get(at..)?;
    let header = rest.get(..ENTRY_HEADER_BYTES)?;
    let start = ENTRY_HEADER_BYTES.checked_add(usize::from(u16_at(header, 2)?))?;
    let end = start.checked_add(usize::from(u16_at(header, 0)?))?;
    let sha256 = Sha256(header.get(6..)?.try_into().ok()?);
    let denied = is_denied(denials, sha256, rest.get(start..end)?);
    Some((denied, at.checked_add(end)?))
}

/// True where the deny list names the certificate or its key, or where the key cannot be found in it.
pub(crate) fn is_denied(denials: Section<'_, Denial>, sha256: Sha256, der: &[u8]) -> bool {
    let Some(spki) = spki_sha256(der) else { return true };
    denials.iter().any(|denial| denial.names_certificate(sha256) || denial.names_spki(spki))
}
