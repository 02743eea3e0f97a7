//! Certificates: asked for one by one, only those that this core would trust, each checked when it is whole.

use bundle::{Anchor, Manifest, Purposes, Service, Sha256};

use super::{Filling, Receiver, Release, State, Step};
use crate::{
    Message, Reason,
    bytes::{length, put},
    trust,
};

impl Receiver<'_> {
    /// Begins the idle set with the release's rules, and finds the first certificate for it.
    #[inline(never)] // as where documents are judged
    pub(super) fn begin_set(&mut self, release: Release, document_bytes: usize) -> Step {
        let idle = self.idle_set();
        let document = self.memory.document.get(..document_bytes).unwrap_or_default();
        let manifest = Manifest::restored(document, release.digest)?;
        let set = self.memory.sets.get_mut(idle).ok_or(Reason::AnchorsTooLarge)?;
        let denials = manifest.denials().as_bytes();
        if manifest.is_revoke_all() {
            let set_bytes = trust::write_rules(set, denials, &[]).ok_or(Reason::AnchorsTooLarge)?;
            return Ok(State::End { release, set_bytes });
        }
        let service = manifest.service(self.service).ok_or(Reason::ServiceUnknown)?;
        let pins = service.pins.as_bytes();
        let needed = wanted(&manifest, &service)
            .map(|(_, anchor)| trust::anchor_needs(&anchor, length(anchor.length)))
            .fold(trust::rules_need(denials, pins), usize::saturating_add);
        if needed > set.len() {
            return Err(Reason::AnchorsTooLarge.into());
        }
        let at = trust::write_rules(set, denials, pins).ok_or(Reason::AnchorsTooLarge)?;
        let filling = Filling {
            release,
            document_bytes,
            index: 0,
            total: 0,
            entry_at: at,
            certificate_at: at,
            gathered: 0,
            kept: 0,
        };
        next_certificate(set, &manifest, &service, filling, 0)
    }

    /// Adds a piece to the certificate that is coming, and judges it when it is whole.
    #[inline(never)] // as where documents are judged
    pub(super) fn take_certificate(&mut self, message: &Message<'_>, mut filling: Filling) -> Step {
        if length(message.total) != filling.total {
            return Err(Reason::CertificateMismatch.into());
        }
        let idle = self.idle_set();
        let set = self.memory.sets.get_mut(idle).ok_or(Reason::AnchorsTooLarge)?;
        let at = filling.certificate_at.saturating_add(filling.gathered);
        put(set, at, message.payload).ok_or(Reason::AnchorsTooLarge)?;
        filling.gathered = filling.gathered.saturating_add(message.payload.len());
        if filling.gathered < filling.total {
            return Ok(State::Certificate(filling));
        }
        let document = self.memory.document.get(..filling.document_bytes).unwrap_or_default();
        let manifest = Manifest::restored(document, filling.release.digest)?;
        let service = manifest.service(self.service).ok_or(Reason::ServiceUnknown)?;
        let end = filling.certificate_at.saturating_add(filling.total);
        let der = set.get(filling.certificate_at..end).unwrap_or_default();
        let sha256 = Sha256::of(&[der]);
        let named = manifest.all_anchors().iter().nth(length(filling.index)).map(|anchor| anchor.sha256);
        if named != Some(sha256) {
            return Err(Reason::CertificateMismatch.into());
        }
        // One whose key is denied, or that has none to be found, is left out; the others are not touched.
        if !trust::is_denied(manifest.denials(), sha256, der) {
            filling.kept = filling.kept.saturating_add(1);
            filling.entry_at = end;
        }
        let next = filling.index.saturating_add(1);
        next_certificate(set, &manifest, &service, filling, next)
    }
}

/// The anchors of the service that could be of use, with their places in the manifest.
fn wanted<'m>(manifest: &Manifest<'m>, service: &Service<'m>) -> impl Iterator<Item = (u32, Anchor<'m>)> {
    let anchors = service.anchors;
    manifest
        .anchors()
        .filter(move |(index, anchor)| {
            anchors.include(*index) && anchor.purposes.contains(Purposes::SERVER_AUTH)
        })
        .map(|(index, anchor)| (u32::from(index.0), anchor))
}

/// Asks for the first certificate that is wanted from `from` on, or for the end where there is none.
fn next_certificate(
    set: &mut [u8],
    manifest: &Manifest<'_>,
    service: &Service<'_>,
    filling: Filling,
    from: u32,
) -> Step {
    let Some((index, anchor)) = wanted(manifest, service).find(|(index, _)| *index >= from) else {
        return match filling.kept {
            0 => Err(Reason::ServiceWithoutAnchor.into()),
            _ => Ok(State::End { release: filling.release, set_bytes: filling.entry_at }),
        };
    };
    let certificate_at =
        trust::write_anchor(set, filling.entry_at, &anchor).ok_or(Reason::AnchorsTooLarge)?;
    let total = length(anchor.length);
    Ok(State::Certificate(Filling { index, total, certificate_at, gathered: 0, ..filling }))
}
