//! The anchors of a case as a bundle has them: what is judged under is what a device holds.

use bundle::{
    AnchorState, ChannelId, Kind, Manifest, Order, Purposes, Sha256, UnixSeconds,
    write::{AnchorContent, ManifestContent, Unsigned},
};
use chain::AnchorSet;
use rustls_pki_types::CertificateDer;

/// The set of a bundle with these anchors, which serve any peer; `None` where no bundle can hold them.
pub(crate) fn set(anchors: &[CertificateDer<'_>], made_at: UnixSeconds) -> Option<AnchorSet> {
    let mut anchors: Vec<(Sha256, &CertificateDer<'_>)> =
        anchors.iter().map(|certificate| (Sha256::of(&[certificate]), certificate)).collect();
    anchors.sort_by_key(|(sha256, _)| *sha256);
    anchors.dedup();
    let mut content = ManifestContent::default();
    for (sha256, certificate) in &anchors {
        content.anchors.push(AnchorContent {
            sha256: *sha256,
            length: u32::try_from(certificate.len()).ok()?,
            state: AnchorState::Active,
            purposes: Purposes(Purposes::SERVER_AUTH.0 | Purposes::CLIENT_AUTH.0),
            added_day: 0,
            retire_day: None,
            note: String::new(),
            constraints: Vec::new(),
            extensions: Vec::new(),
        });
    }
    let blobs: Vec<u8> = anchors.iter().flat_map(|(_, certificate)| certificate.iter().copied()).collect();
    let channel = ChannelId::of("conformance");
    let unsigned =
        Unsigned::new(Kind::Manifest, channel, Order::new(0, 1), 1, made_at, content.encode()).ok()?;
    let document = unsigned.assemble(&[]).ok()?;
    let manifest = Manifest::restored(&document, unsigned.digest()).ok()?;
    AnchorSet::from_manifest(&manifest, &blobs).ok()
}
