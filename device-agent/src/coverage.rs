//! Whether a bundle is of use at all: every probed service must keep an anchor that could serve it.

use bundle::{Anchor, AnchorIndex, DenialKind, Manifest, Purposes, limits::ANCHORS_MAX, spki_sha256};
use store::Storage;

use crate::{Agent, Reason, content};

/// Anchors by index, as bits: those whose key is denied.
struct DeniedKeys([u64; ANCHORS_MAX / 64]);

/// Refuses a manifest in which a probed service has no usable anchor: it would cut the device off, and no probe
/// on a network that happens to be down could tell. Revoking everything is said by a document of its own.
pub(crate) fn check(manifest: &Manifest<'_>) -> Result<(), Reason> {
    check_without(manifest, &DeniedKeys::none())
}

fn check_without(manifest: &Manifest<'_>, denied: &DeniedKeys) -> Result<(), Reason> {
    if manifest.is_revoke_all() {
        return Ok(());
    }
    let serves = |(index, anchor): &(AnchorIndex, Anchor<'_>)| {
        anchor.purposes.contains(Purposes::SERVER_AUTH) && !denied.contains(*index)
    };
    let bare = manifest.services().filter(|service| service.probe).any(|service| {
        !manifest.anchors().any(|anchor| service.anchors.include(anchor.0) && serves(&anchor))
    });
    if bare { Err(Reason::ServiceWithoutAnchor) } else { Ok(()) }
}

impl<S: Storage> Agent<'_, S> {
    /// As [`check`], with the certificates at hand: an anchor whose key is denied is of no use either.
    pub(crate) fn check_staged_coverage(&mut self) -> Result<(), Reason> {
        let Self { memory, candidate, store, filling, .. } = self;
        let sealed =
            filling.as_ref().and_then(|filling| filling.sealed.as_ref()).ok_or(Reason::StoreFailed)?;
        let content = candidate.as_ref().ok_or(Reason::StoreFailed)?;
        let document = content::document(memory.candidate, content).ok_or(Reason::ReleaseMalformed)?;
        let manifest = Manifest::restored(document, content.digest).map_err(|_| Reason::ReleaseMalformed)?;
        if !manifest.denials().iter().any(|denial| denial.kind == DenialKind::Spki) {
            return Ok(());
        }
        let mut denied = DeniedKeys::none();
        let mut offset = content.document_bytes;
        for (index, anchor) in (0..).map(AnchorIndex).zip(manifest.all_anchors().iter()) {
            let length = usize::try_from(anchor.length).unwrap_or(usize::MAX);
            let der = memory.incoming.get_mut(..length).ok_or(Reason::ReleaseTooLarge)?;
            store.read_sealed(sealed, offset, der).map_err(|_| Reason::StoreFailed)?;
            let key = spki_sha256(der);
            if key.is_some_and(|key| manifest.denials().iter().any(|denial| denial.names_spki(key))) {
                denied.insert(index);
            }
            offset = offset.saturating_add(anchor.length);
        }
        check_without(&manifest, &denied)
    }
}

impl DeniedKeys {
    const fn none() -> Self {
        Self([0; ANCHORS_MAX / 64])
    }

    fn insert(&mut self, index: AnchorIndex) {
        if let Some(word) = self.0.get_mut(usize::from(index.0 >> 6)) {
            *word |= 1 << (index.0 & 63);
        }
    }

    fn contains(&self, index: AnchorIndex) -> bool {
        self.0.get(usize::from(index.0 >> 6)).is_some_and(|word| word >> (index.0 & 63) & 1 == 1)
    }
}
