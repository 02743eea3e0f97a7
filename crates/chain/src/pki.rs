//! A synthetic PKI for tests: authorities, leaves, cross-signatures, and the bundles that name them.
//!
//! Everything is made on the spot with fresh P-256 keys; validity is given in whole years.

#![expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "a test kit fails loudly and at once")]

use alloc::collections::BTreeMap;
use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::ops::Range;

use bundle::write::{
    AnchorContent, ExpectationContent, IntermediateContent, ManifestContent, ServiceAnchors, ServiceContent,
    Unsigned,
};
use bundle::{
    AnchorState, ChannelId, Denial, DenialKind, Kind, Manifest, Order, Purposes, Sha256, UnixSeconds,
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls_pki_types::CertificateDer;

use crate::{AnchorSet, Certificate};

/// A certificate authority: its certificate and its key.
#[derive(Debug)]
pub struct Authority {
    params: CertificateParams,
    key: KeyPair,
    certificate: CertificateDer<'static>,
}

/// A server's certificate and its key.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    /// The key, in PKCS#8 (RFC 5958).
    pub key: Vec<u8>,
}

/// What a release is made of, before it is written down.
#[derive(Clone, Debug, Default)]
pub struct Content {
    manifest: ManifestContent,
    anchors: BTreeMap<Sha256, Vec<u8>>,
    intermediates: BTreeMap<Sha256, Vec<u8>>,
}

/// A release without signatures, as a device holds an installed one.
#[derive(Clone, Debug)]
pub struct Release {
    /// The manifest document.
    pub document: Vec<u8>,
    /// SHA-256 of its header.
    pub digest: Sha256,
    /// The certificates, in the manifest's order.
    pub blobs: Vec<u8>,
}

/// Midnight of the first of January, UTC.
#[must_use]
pub fn january(year: i32) -> UnixSeconds {
    UnixSeconds(date_time_ymd(year, 1, 1).unix_timestamp().try_into().unwrap())
}

/// SHA-256 of a certificate.
#[must_use]
pub fn sha256(certificate: &CertificateDer<'_>) -> Sha256 {
    Sha256::of(&[certificate])
}

/// A denial of a certificate.
#[must_use]
pub fn denial(certificate: &CertificateDer<'_>) -> Denial {
    Denial { kind: DenialKind::Certificate, sha256: sha256(certificate) }
}

/// A denial of a certificate's key.
#[must_use]
pub fn key_denial(certificate: &CertificateDer<'_>) -> Denial {
    Denial { kind: DenialKind::Spki, sha256: Certificate::parse(certificate).unwrap().spki_sha256() }
}

fn authority_params(name: &str, years: Range<i32>) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = [KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign].into();
    valid(params, years)
}

fn valid(mut params: CertificateParams, years: Range<i32>) -> CertificateParams {
    params.not_before = date_time_ymd(years.start, 1, 1);
    params.not_after = date_time_ymd(years.end, 1, 1);
    params
}

impl Authority {
    /// A self-signed root.
    #[must_use]
    pub fn root(name: &str, years: Range<i32>) -> Self {
        Self::root_with(name, years, |_| {})
    }

    /// An intermediate under this authority.
    #[must_use]
    pub fn intermediate(&self, name: &str, years: Range<i32>) -> Self {
        self.intermediate_with(name, years, |_| {})
    }

    /// A self-signed root, changed by `edit` before it is signed.
    #[must_use]
    pub fn root_with(name: &str, years: Range<i32>, edit: impl FnOnce(&mut CertificateParams)) -> Self {
        let (mut params, key) = (authority_params(name, years), KeyPair::generate().unwrap());
        edit(&mut params);
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { params, key, certificate }
    }

    /// An intermediate under this authority, changed by `edit` before it is signed.
    #[must_use]
    pub fn intermediate_with(
        &self,
        name: &str,
        years: Range<i32>,
        edit: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let (mut params, key) = (authority_params(name, years), KeyPair::generate().unwrap());
        edit(&mut params);
        let certificate = params.signed_by(&key, &self.issuer()).unwrap().der().clone();
        Self { params, key, certificate }
    }

    /// The certificate.
    #[must_use]
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// A second certificate for the key and name of `other`, signed by this authority.
    #[must_use]
    pub fn cross_sign(&self, other: &Self, years: Range<i32>) -> CertificateDer<'static> {
        self.cross_sign_with(other, years, |_| {})
    }

    /// As [`Authority::cross_sign`], changed by `edit` before it is signed.
    #[must_use]
    pub fn cross_sign_with(
        &self,
        other: &Self,
        years: Range<i32>,
        edit: impl FnOnce(&mut CertificateParams),
    ) -> CertificateDer<'static> {
        let mut params = valid(other.params.clone(), years);
        edit(&mut params);
        params.signed_by(&other.key, &self.issuer()).unwrap().der().clone()
    }

    /// The same root again, with another validity.
    #[must_use]
    pub fn reissue(&self, years: Range<i32>) -> CertificateDer<'static> {
        valid(self.params.clone(), years).self_signed(&self.key).unwrap().der().clone()
    }

    /// A server's certificate for a DNS name or an address.
    #[must_use]
    pub fn leaf(&self, host: &str, years: Range<i32>) -> Leaf {
        self.leaf_with(host, years, |_| {})
    }

    /// A server's certificate, changed by `edit` before it is signed.
    #[must_use]
    pub fn leaf_with(
        &self,
        host: &str,
        years: Range<i32>,
        edit: impl FnOnce(&mut CertificateParams),
    ) -> Leaf {
        let mut params = valid(CertificateParams::new([host.to_string()]).unwrap(), years);
        params.distinguished_name.push(DnType::CommonName, host);
        params.extended_key_usages = [ExtendedKeyUsagePurpose::ServerAuth].into();
        edit(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer()).unwrap().der().clone();
        Leaf { certificate, key: key.serialize_der() }
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }
}

impl Content {
    /// Adds an active anchor for TLS servers.
    #[must_use]
    pub fn anchor(self, certificate: &CertificateDer<'_>) -> Self {
        self.anchor_with(certificate, |_| {})
    }

    /// Adds an anchor, changed by `edit`.
    #[must_use]
    pub fn anchor_with(
        mut self,
        certificate: &CertificateDer<'_>,
        edit: impl FnOnce(&mut AnchorContent),
    ) -> Self {
        let mut anchor = AnchorContent {
            sha256: sha256(certificate),
            length: certificate.len().try_into().unwrap(),
            state: AnchorState::Active,
            purposes: Purposes::SERVER_AUTH,
            added_day: 20_000,
            retire_day: None,
            note: "for a test".into(),
            constraints: Vec::new(),
            extensions: Vec::new(),
        };
        edit(&mut anchor);
        self.anchors.insert(anchor.sha256, certificate.to_vec());
        self.manifest.anchors.push(anchor);
        self
    }

    /// Adds an intermediate.
    #[must_use]
    pub fn intermediate(mut self, certificate: &CertificateDer<'_>) -> Self {
        let sha256 = sha256(certificate);
        let length = certificate.len().try_into().unwrap();
        self.manifest.intermediates.push(IntermediateContent { sha256, length });
        self.intermediates.insert(sha256, certificate.to_vec());
        self
    }

    /// Adds a service; without anchors named, all of them serve it.
    #[must_use]
    pub fn service(self, name: &str, anchors: &[&CertificateDer<'_>]) -> Self {
        self.service_with(name, anchors, |_| {})
    }

    /// Adds a service, changed by `edit`.
    #[must_use]
    pub fn service_with(
        mut self,
        name: &str,
        anchors: &[&CertificateDer<'_>],
        edit: impl FnOnce(&mut ServiceContent),
    ) -> Self {
        let listed =
            || ServiceAnchors::Listed(anchors.iter().map(|certificate| sha256(certificate)).collect());
        let mut service = ServiceContent {
            name: name.into(),
            hosts: ["localhost".to_string()].into(),
            anchors: if anchors.is_empty() { ServiceAnchors::All } else { listed() },
            pins: Vec::new(),
            probe: true,
            extensions: Vec::new(),
        };
        edit(&mut service);
        self.manifest.services.push(service);
        self
    }

    /// Lets the service that was added last expect names of its peer's certificate.
    #[must_use]
    pub fn expecting(mut self, expectations: &[ExpectationContent]) -> Self {
        let service = self.manifest.services.last_mut();
        service.unwrap().extensions.extend(ExpectationContent::extension(expectations));
        self
    }

    /// Denies certificates or keys.
    #[must_use]
    pub fn deny(mut self, denials: impl IntoIterator<Item = Denial>) -> Self {
        self.manifest.denials.extend(denials);
        self
    }

    /// The release of this content.
    #[must_use]
    pub fn release(&self, number: u32) -> Release {
        let body = self.manifest.encode();
        let channel = ChannelId::of("test");
        let order = Order::new(0, number);
        let unsigned = Unsigned::new(Kind::Manifest, channel, order, 1, january(2026), body).unwrap();
        let blobs = self.anchors.values().chain(self.intermediates.values()).flatten().copied().collect();
        Release { document: unsigned.assemble(&[]).unwrap(), digest: unsigned.digest(), blobs }
    }

    /// The set of this content's release.
    #[must_use]
    pub fn set(&self) -> AnchorSet {
        let release = self.release(1);
        AnchorSet::from_manifest(&release.manifest(), &release.blobs).unwrap()
    }
}

impl Release {
    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> Manifest<'_> {
        Manifest::restored(&self.document, self.digest).unwrap()
    }
}
