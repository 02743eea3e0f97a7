//! A bundle made ready for judging: anchors, intermediates, services, deny list.

use alloc::string::String;
use alloc::vec::Vec;

use bundle::{
    Anchor as Entry, AnchorIndex, ConstraintSet, Denial, Expectation, Manifest, Pin, Purposes, Section,
    Service, Sha256, UnixSeconds, VerifyError,
};
use rustls_pki_types::{CertificateDer, TrustAnchor};

use crate::profile::{self, Broken, Place};
use crate::{Certificate, CertificateLabel, DerError, DerErrorKind, Judge, KeyAlgorithm, Profile};

/// The certificates and rules of one release, parsed once and judged under often.
#[derive(Clone, Debug, Default)]
pub struct AnchorSet {
    pub(crate) anchors: Vec<SetAnchor>,
    pub(crate) intermediates: Vec<CertificateDer<'static>>,
    pub(crate) denials: Vec<Denial>,
    services: Vec<Scope>,
    unusable: Vec<UnusableAnchor>,
}

/// One anchor with everything that a judgement asks of it.
#[derive(Clone, Debug)]
pub(crate) struct SetAnchor {
    pub(crate) index: AnchorIndex,
    pub(crate) label: CertificateLabel,
    pub(crate) spki_sha256: Sha256,
    pub(crate) key_algorithm: KeyAlgorithm,
    pub(crate) not_before: UnixSeconds,
    pub(crate) not_after: UnixSeconds,
    pub(crate) purposes: Purposes,
    pub(crate) trust_anchor: TrustAnchor<'static>,
    /// The rule of [`Profile::Rfc5280`] that its certificate breaks, and that of [`Profile::WebPki`].
    broken: [Option<Broken>; 2],
    /// The encoded constraint sets, walked when they are judged.
    constraints: Vec<u8>,
}

/// What a service asks of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    name: String,
    /// The anchors that serve, `None` for all of them.
    anchors: Option<Vec<AnchorIndex>>,
    pub(crate) pins: Vec<Pin>,
    /// The encoded expectations, walked when they are judged.
    expectations: Vec<u8>,
    pub(crate) profile: Profile,
}

/// An anchor of the manifest that cannot be used, and why. It verifies nothing; the others are not touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableAnchor {
    /// Its place in the manifest.
    pub index: AnchorIndex,
    /// SHA-256 of its certificate.
    pub sha256: Sha256,
    /// What cannot be read; `None` where an extension of its entry is critical and unknown.
    pub fault: Option<DerError>,
}

/// Peers that are no service of the bundle: every anchor serves, nothing is pinned.
static ANY: Scope = Scope {
    name: String::new(),
    anchors: None,
    pins: Vec::new(),
    expectations: Vec::new(),
    profile: Profile::Private,
};

impl AnchorSet {
    /// The set of a manifest and its blobs: anchors, then intermediates, back to back in the manifest's order.
    ///
    /// An anchor that cannot be read is left out, not fatal: one odd certificate must not take the trust in the
    /// others away. [`AnchorSet::unusable`] names it.
    ///
    /// # Errors
    /// Where the blobs are not the ones that the manifest names, by length or by SHA-256.
    pub fn from_manifest(manifest: &Manifest<'_>, blobs: &[u8]) -> Result<Self, VerifyError> {
        manifest.verify_blobs(blobs)?;
        let mut set = Self {
            denials: manifest.denials().iter().collect(),
            services: manifest.services().map(|service| Scope::of(&service)).collect(),
            ..Self::default()
        };
        let mut certificates = manifest.certificates(blobs).map(|(_, der)| der);
        for (index, entry) in (0..).map(AnchorIndex).zip(manifest.all_anchors().iter()) {
            set.add_anchor(index, &entry, certificates.next().unwrap_or_default());
        }
        set.intermediates = certificates.map(|der| CertificateDer::from(der).into_owned()).collect();
        Ok(set)
    }

    /// A set without anchors yet, for the services of `scopes`.
    pub(crate) fn empty(
        denials: Vec<Denial>,
        scopes: Vec<Scope>,
        intermediates: Vec<CertificateDer<'static>>,
    ) -> Self {
        Self { denials, services: scopes, intermediates, ..Self::default() }
    }

    /// True where the anchor at `index` serves one of the set's services, or where it has none.
    pub(crate) fn serves(&self, index: AnchorIndex) -> bool {
        self.services.is_empty() || self.services.iter().any(|scope| scope.includes(index))
    }

    pub(crate) fn add_anchor(&mut self, index: AnchorIndex, entry: &Entry<'_>, der: &[u8]) {
        let fault = match (entry.is_usable(), SetAnchor::new(index, entry, der)) {
            (true, Ok(anchor)) => {
                self.anchors.push(anchor);
                return;
            }
            (true, Err(fault)) => Some(fault),
            (false, _) => None,
        };
        self.unusable.push(UnusableAnchor { index, sha256: entry.sha256, fault });
    }

    /// Adds denials from elsewhere: the newest verified deny list applies to an older release too.
    pub fn deny(&mut self, denials: impl IntoIterator<Item = Denial>) {
        self.denials.extend(denials);
        self.denials.sort_unstable();
        self.denials.dedup();
    }

    /// The deny list, ascending.
    #[must_use]
    pub fn denials(&self) -> &[Denial] {
        &self.denials
    }

    /// The anchors that cannot be used.
    #[must_use]
    pub fn unusable(&self) -> &[UnusableAnchor] {
        &self.unusable
    }

    /// True where the deny list names the anchor at `index`, by its certificate or by its key.
    #[must_use]
    pub fn is_denied(&self, index: AnchorIndex) -> bool {
        let mut anchors = self.anchors.iter().filter(|anchor| anchor.index == index);
        anchors.any(|anchor| anchor.denial(&self.denials).is_some())
    }

    /// Names of the services.
    pub fn service_names(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(|scope| scope.name.as_str())
    }

    /// Judges chains of the service of that name, if there is one.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<Judge<'_>> {
        self.services.iter().find(|scope| scope.name == name).map(|scope| Judge::new(self, scope))
    }

    /// True where a service of the set expects something of its peer's names.
    pub(crate) fn expects_names(&self) -> bool {
        self.services.iter().any(|scope| !scope.expectations.is_empty())
    }

    /// The judges of all services of the set, or, where it has none, the one for any peer.
    pub(crate) fn judges(&self) -> impl Iterator<Item = Judge<'_>> {
        let any = self.services.is_empty().then_some(&ANY);
        self.services.iter().chain(any).map(|scope| Judge::new(self, scope))
    }

    /// Judges chains of peers that are no service of the bundle: every anchor serves, nothing is pinned.
    #[must_use]
    pub fn any_service(&self) -> Judge<'_> {
        Judge::new(self, &ANY)
    }
}

impl SetAnchor {
    fn new(index: AnchorIndex, entry: &Entry<'_>, der: &[u8]) -> Result<Self, DerError> {
        let certificate = Certificate::parse(der)?;
        if let Some(Broken { field, .. }) = profile::broken(&certificate, Place::Anchor, Profile::Private) {
            return Err(DerError { field, offset: 0, kind: DerErrorKind::Value });
        }
        let trust_anchor = webpki::anchor_from_trusted_cert(&CertificateDer::from(der))
            .map(|anchor| anchor.to_owned())
            .map_err(|_| DerError { field: "certificate", offset: 0, kind: DerErrorKind::Value })?;
        Ok(Self {
            index,
            label: CertificateLabel::of(&certificate),
            spki_sha256: certificate.spki_sha256(),
            key_algorithm: certificate.key_algorithm(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            purposes: entry.purposes,
            trust_anchor,
            broken: [Profile::Rfc5280, Profile::WebPki]
                .map(|profile| profile::broken(&certificate, Place::Anchor, profile)),
            constraints: entry.constraints.as_bytes().to_vec(),
        })
    }

    /// The rule of a profile that its certificate breaks; one that breaks those for every certificate is no anchor at all.
    pub(crate) const fn broken(&self, profile: Profile) -> Option<Broken> {
        let [rfc5280, webpki] = self.broken;
        match profile {
            Profile::Private => None,
            Profile::Rfc5280 => rfc5280,
            Profile::WebPki => webpki,
        }
    }

    /// The constraint sets; none means no constraint.
    pub(crate) fn constraints(&self) -> Section<'_, ConstraintSet<'_>> {
        Section::from_bytes(&self.constraints)
    }

    /// The denial that names it.
    pub(crate) fn denial(&self, denials: &[Denial]) -> Option<Denial> {
        let (certificate, spki) = (self.label.sha256, self.spki_sha256);
        let is_named = |denial: &Denial| denial.names_certificate(certificate) || denial.names_spki(spki);
        denials.iter().copied().find(is_named)
    }
}

impl Scope {
    pub(crate) fn of(service: &Service<'_>) -> Self {
        let anchors = match service.anchors {
            bundle::Anchors::All => None,
            bundle::Anchors::Listed(indexes) => Some(indexes.iter().collect()),
        };
        Self {
            name: service.name.into(),
            anchors,
            pins: service.pins.iter().collect(),
            expectations: service.expectations().as_bytes().to_vec(),
            profile: Profile::of(service),
        }
    }

    /// What the names in the peer's certificate are expected to say.
    pub(crate) fn expectations(&self) -> Section<'_, Expectation<'_>> {
        Section::from_bytes(&self.expectations)
    }

    pub(crate) fn includes(&self, index: AnchorIndex) -> bool {
        self.anchors.as_ref().is_none_or(|anchors| anchors.contains(&index))
    }
}
