//! The vendor's certificates: roots, one issuing authority below each, and servers. Their keys are Ed25519 and made of
//! their names, so that the same scenario has the same certificates, byte for byte, in every run.

use std::collections::BTreeMap;

use bundle::Sha256;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use crate::{Error, operator::pkcs8};

/// The root that only attackers use.
pub const THIEF: &str = "thief";

/// The vendor's authorities, by name.
#[derive(Debug)]
pub struct Pki {
    authorities: BTreeMap<String, Authority>,
}

#[derive(Debug)]
struct Authority {
    root: CertificateDer<'static>,
    issuer: CertificateDer<'static>,
    issuing: Issuer<'static, KeyPair>,
}

impl Pki {
    /// Authorities for these roots, and the thief's.
    ///
    /// # Errors
    /// A name that no certificate can carry.
    pub fn new<'n>(roots: impl IntoIterator<Item = &'n str>) -> Result<Self, Error> {
        let named = roots.into_iter().chain([THIEF]).map(|name| Ok((name.to_owned(), Authority::new(name)?)));
        Ok(Self { authorities: named.collect::<Result<_, Error>>()? })
    }

    /// The root of this name.
    #[must_use]
    pub fn root(&self, name: &str) -> Option<&CertificateDer<'static>> {
        self.authorities.get(name).map(|authority| &authority.root)
    }

    /// The chain that a server of `host` shows: its own certificate and the issuing authority's.
    ///
    /// # Errors
    /// No such root, or a name that no certificate can carry.
    pub fn chain(&self, root: &str, host: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
        let authority = self.authorities.get(root);
        let authority = authority.ok_or_else(|| failed(root)(rcgen::Error::CouldNotParseCertificate))?;
        let mut params = CertificateParams::new([host.to_owned()]).map_err(failed(host))?;
        limit(&mut params, host);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = key(&format!("{root} {host}")).map_err(failed(host))?;
        let certificate = params.signed_by(&key, &authority.issuing).map_err(failed(host))?;
        Ok(vec![certificate.der().clone(), authority.issuer.clone()])
    }
}

impl Authority {
    fn new(name: &str) -> Result<Self, Error> {
        let make = || -> Result<Self, rcgen::Error> {
            let (root_params, root_key) = (authority_params(&format!("Vendor Root {name}")), key(name)?);
            let root = root_params.self_signed(&root_key)?.der().clone();
            let issuer_params = authority_params(&format!("Vendor Issuing {name}"));
            let issuer_key = key(&format!("{name} issuing"))?;
            let issuer = issuer_params.signed_by(&issuer_key, &Issuer::new(root_params, root_key))?;
            let issuer = issuer.der().clone();
            Ok(Self { root, issuer, issuing: Issuer::new(issuer_params, issuer_key) })
        };
        make().map_err(failed(name))
    }
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    limit(&mut params, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn limit(params: &mut CertificateParams, name: &str) {
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
}

/// The key that is made of a name.
fn key(name: &str) -> Result<KeyPair, rcgen::Error> {
    let secret = ed25519_dalek::SigningKey::from_bytes(&Sha256::of(&[b"certificate", name.as_bytes()]).0);
    KeyPair::try_from(&PrivatePkcs8KeyDer::from(pkcs8(&secret)))
}

fn failed(name: &str) -> impl FnOnce(rcgen::Error) -> Error {
    let name = name.to_owned();
    |source| Error::Certificate { name, source }
}
