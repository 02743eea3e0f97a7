//! The manifest: the signed list of what one release holds.

mod anchor;
mod constraint;
mod denial;
mod expectation;
mod service;

pub use anchor::{Anchor, AnchorState, Intermediate, Purposes};
pub use constraint::{ConstraintSet, Subtree};
pub use denial::{Denial, DenialKind, DistrustOrder};
pub use expectation::{Expectation, ExpectedAttribute, ExpectedName};
use serde::{Deserialize, Serialize};
pub(crate) use service::is_service_name;
pub use service::{AnchorIndex, Anchors, Pin, PinKind, Service, Url};

use crate::{
    Authentic, DecodeError, DecodeErrorKind, Document, Extensions, Header, Kind, Order, Section, Sha256,
    VerifyError, canonical, extension,
};

/// A manifest, as signed: borrowed from its bytes, walked and checked once.
#[derive(Clone, Copy, Debug)]
pub struct Manifest<'a> {
    header: Header,
    digest: Sha256,
    body_bytes: &'a [u8],
    body: ManifestBody<'a>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct ManifestBody<'a> {
    #[serde(borrow)]
    pub(crate) anchors: Section<'a, Anchor<'a>>,
    #[serde(borrow)]
    pub(crate) intermediates: Section<'a, Intermediate<'a>>,
    #[serde(borrow)]
    pub(crate) services: Section<'a, Service<'a>>,
    #[serde(borrow)]
    pub(crate) denials: Section<'a, Denial>,
    #[serde(borrow)]
    pub(crate) distrust_orders: Section<'a, DistrustOrder<'a>>,
    #[serde(borrow)]
    pub(crate) urls: Section<'a, Url<'a>>,
    #[serde(borrow)]
    pub(crate) extensions: Extensions<'a>,
}

impl<'a> Manifest<'a> {
    /// Reads the manifest that this device installed: it was verified then, and the journal kept its digest.
    ///
    /// Its signatures are not asked for again: a keyring that came later may have replaced their keys, and that
    /// must not take away what is installed.
    ///
    /// # Errors
    /// [`VerifyError::BodyDigest`] where it is another document, and what is wrong with it.
    pub fn restored(document: &'a [u8], digest: Sha256) -> Result<Self, VerifyError> {
        let envelope = crate::Envelope::parse_whole(document)?;
        if envelope.digest() != digest {
            return Err(VerifyError::BodyDigest);
        }
        let authentic = envelope.believe(crate::Authority::Provisioned).attach(envelope.body())?;
        Ok(Self::decode(authentic)?)
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Recovery epoch and number of the release.
    #[must_use]
    pub const fn order(&self) -> Order {
        self.header.order
    }

    /// SHA-256 of the header: what heads and reports call the release.
    #[must_use]
    pub const fn digest(&self) -> Sha256 {
        self.digest
    }

    /// The exact body: the base of the next update's patch.
    #[must_use]
    pub const fn body_bytes(&self) -> &'a [u8] {
        self.body_bytes
    }

    /// True for the document that takes all trust away.
    #[must_use]
    pub const fn is_revoke_all(&self) -> bool {
        matches!(self.header.kind, Kind::RevokeAll)
    }

    /// Every anchor entry in the order of the blobs, unusable ones included: indexes count these.
    #[must_use]
    pub const fn all_anchors(&self) -> Section<'a, Anchor<'a>> {
        self.body.anchors
    }

    /// The anchors that a device may use: not denied by certificate, and without an unknown critical extension.
    ///
    /// Denials by public key need the certificate itself; `chain` and `trust-store` apply them.
    pub fn anchors(&self) -> impl Iterator<Item = (AnchorIndex, Anchor<'a>)> + use<'a> {
        let denials = self.body.denials;
        (0..).map(AnchorIndex).zip(self.body.anchors.iter()).filter(move |(_, anchor)| {
            anchor.is_usable() && !denials.iter().any(|denial| denial.names_certificate(anchor.sha256))
        })
    }

    /// The intermediates, in the order of the blobs.
    #[must_use]
    pub const fn intermediates(&self) -> Section<'a, Intermediate<'a>> {
        self.body.intermediates
    }

    /// All services, whether this version can use them or not.
    #[must_use]
    pub const fn all_services(&self) -> Section<'a, Service<'a>> {
        self.body.services
    }

    /// The services without an unknown critical extension.
    pub fn services(&self) -> impl Iterator<Item = Service<'a>> + use<'a> {
        self.body.services.iter().filter(|service| service.is_usable())
    }

    /// The service called `name`.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<Service<'a>> {
        self.services().find(|service| service.name == name)
    }

    /// The deny list.
    #[must_use]
    pub const fn denials(&self) -> Section<'a, Denial> {
        self.body.denials
    }

    /// The distrust orders: anchors to be refused at once, whatever it costs.
    #[must_use]
    pub const fn distrust_orders(&self) -> Section<'a, DistrustOrder<'a>> {
        self.body.distrust_orders
    }

    /// Further URLs of the channel.
    #[must_use]
    pub const fn urls(&self) -> Section<'a, Url<'a>> {
        self.body.urls
    }

    /// The extensions of the manifest as a whole; none is critical.
    #[must_use]
    pub const fn extensions(&self) -> Extensions<'a> {
        self.body.extensions
    }

    /// SHA-256 and length of every blob, anchors first, in the order in which releases carry them.
    pub fn blobs(&self) -> impl Iterator<Item = (Sha256, u32)> + use<'a> {
        let anchors = self.body.anchors.iter().map(|anchor| (anchor.sha256, anchor.length));
        anchors.chain(self.body.intermediates.iter().map(|entry| (entry.sha256, entry.length)))
    }

    /// Bytes of all blobs together.
    #[must_use]
    pub fn blob_bytes(&self) -> u64 {
        self.blobs().fold(0, |sum, (_, length)| sum.saturating_add(u64::from(length)))
    }

    /// The certificates out of the release's concatenated blobs; nothing is hashed.
    pub fn certificates<'b>(
        &self,
        blobs: &'b [u8],
    ) -> impl Iterator<Item = (Sha256, &'b [u8])> + use<'a, 'b> {
        let mut rest = blobs;
        self.blobs().map_while(move |(sha256, length)| {
            let (certificate, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            rest = after;
            Some((sha256, certificate))
        })
    }

    /// Checks that `blobs` are the release's certificates, every one by its SHA-256, and nothing more.
    ///
    /// # Errors
    /// [`VerifyError::BodyLength`] or [`VerifyError::BodyDigest`].
    pub fn verify_blobs(&self, blobs: &[u8]) -> Result<(), VerifyError> {
        if u64::try_from(blobs.len()) != Ok(self.blob_bytes()) {
            return Err(VerifyError::BodyLength);
        }
        let all_match =
            self.certificates(blobs).all(|(sha256, certificate)| Sha256::of(&[certificate]) == sha256);
        if all_match { Ok(()) } else { Err(VerifyError::BodyDigest) }
    }

    fn check(&self) -> Result<(), DecodeError> {
        let body = &self.body;
        let fail = |field, kind| Err(DecodeError::new(field, 0, kind));
        let anchor_count = body.anchors.check(0)?;
        body.intermediates.check(0)?;
        body.services.check(0)?;
        body.denials.check(0)?;
        body.distrust_orders.check(0)?;
        body.urls.check(0)?;
        extension::check_none_critical(body.extensions)?;
        match (self.is_revoke_all(), anchor_count) {
            (true, 1..) => return fail("anchors", DecodeErrorKind::Value),
            (false, 0) => return fail("anchors", DecodeErrorKind::Empty),
            _ => {}
        }
        for service in body.services.iter() {
            if service.anchors.indexes().any(|index| usize::from(index.0) >= anchor_count) {
                return fail("service.anchors", DecodeErrorKind::Index);
            }
        }
        for order in body.distrust_orders.iter() {
            if !body.denials.iter().any(|denial| denial.names_certificate(order.sha256)) {
                return fail("distrust_orders", DecodeErrorKind::Value);
            }
        }
        Ok(())
    }
}

impl<'a> Document<'a> for Manifest<'a> {
    fn decode(authentic: Authentic<'a>) -> Result<Self, DecodeError> {
        let header = *authentic.header();
        if !matches!(header.kind, Kind::Manifest | Kind::RevokeAll) {
            return Err(DecodeError::new("kind", 0, DecodeErrorKind::WrongKind));
        }
        if header.order.number == 0 {
            return Err(DecodeError::new("number", 0, DecodeErrorKind::Value));
        }
        let body_bytes = authentic.body();
        let body = canonical::whole(body_bytes, "manifest")?;
        let manifest = Self { header, digest: authentic.header_digest(), body_bytes, body };
        manifest.check()?;
        Ok(manifest)
    }
}
