//! A set of anchors for one peer, made certificate by certificate: for devices whose memory holds no whole bundle.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use bundle::{AnchorIndex, Manifest, Service, Sha256};
use rustls_pki_types::CertificateDer;

use crate::anchor_set::Scope;
use crate::{AnchorSet, Certificate, INTERMEDIATES_MAX, Served};

/// Whose chains a set is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection<'a> {
    /// A host: every service that names it, or, where none does, any peer.
    Host(&'a str),
    /// The service of that name.
    Service(&'a str),
}

/// Why a set could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelectionError<E> {
    /// A certificate is not the one that the manifest names.
    Digest {
        /// What the manifest names.
        sha256: Sha256,
    },
    /// A certificate could not be read.
    Read(E),
    /// The manifest has no such service.
    UnknownService,
}

/// Reads certificates, one at a time, into one buffer.
struct Source<'m, R> {
    manifest: Manifest<'m>,
    read: R,
    scratch: Vec<u8>,
}

/// Levels of intermediates above a served chain that are looked for: as many as webpki puts into one path.
const LEVELS_MAX: usize = 6;

impl AnchorSet {
    /// The set for the chains of one peer.
    ///
    /// `read` fills its second argument with the bytes of the release's blobs from the offset that is its first,
    /// the anchors first, then the intermediates, as [`AnchorSet::from_manifest`] takes them. One certificate is
    /// read at a time, its SHA-256 is checked, and of an anchor only its names, key, dates and limits are kept.
    ///
    /// With `served`, only what that chain leads to is kept, by the names of its issuers: most often one anchor.
    /// The set then judges this chain as the whole bundle would, and no other one. Without it, every anchor that
    /// serves the peer is kept, and every intermediate of the bundle, whole.
    ///
    /// # Errors
    /// What `read` says, a certificate that is not the manifest's, or no service of that name.
    pub fn select<E>(
        manifest: &Manifest<'_>,
        selection: Selection<'_>,
        served: Option<&Served<'_>>,
        read: impl FnMut(u32, &mut [u8]) -> Result<(), E>,
    ) -> Result<Self, SelectionError<E>> {
        let scopes = scopes(manifest, selection)?;
        let mut source = Source { manifest: *manifest, read, scratch: Vec::new() };
        let mut issuers = served.map(issuers);
        let intermediates = source.intermediates(issuers.as_mut())?;
        let mut set = Self::empty(manifest, scopes, intermediates);
        let blobs = (0..).map(AnchorIndex).zip(manifest.all_anchors().iter());
        let mut offset = 0_u32;
        for (index, entry) in blobs {
            let at = offset;
            offset = offset.saturating_add(entry.length);
            if set.serves(index) {
                let der = source.certificate(at, entry.sha256, entry.length)?;
                let is_wanted = issuers.as_ref().is_none_or(|issuers| is_issuer(issuers, der));
                if is_wanted {
                    set.add_anchor(index, &entry, der);
                }
            }
        }
        Ok(set)
    }
}

/// What the services ask for that are selected.
fn scopes<E>(manifest: &Manifest<'_>, selection: Selection<'_>) -> Result<Vec<Scope>, SelectionError<E>> {
    let names_host =
        |service: &Service<'_>, host| service.hosts.iter().any(|pattern| pattern.matches_host(host));
    match selection {
        Selection::Service(name) => {
            let service = manifest.service(name).ok_or(SelectionError::UnknownService)?;
            Ok(vec![Scope::of(&service)])
        }
        Selection::Host(host) => {
            let services = manifest.services().filter(|service| names_host(service, host));
            Ok(services.map(|service| Scope::of(&service)).collect())
        }
    }
}

/// The names of everyone who may have issued something of a chain.
fn issuers(served: &Served<'_>) -> Vec<Vec<u8>> {
    let ders = core::iter::once(served.end_entity).chain(served.intermediates);
    ders.filter_map(|der| Some(Certificate::parse(der).ok()?.issuer().content().to_vec())).collect()
}

/// True for a certificate whose subject is one of `issuers`, and for one that cannot be read: the set says so.
fn is_issuer(issuers: &[Vec<u8>], der: &[u8]) -> bool {
    Certificate::parse(der)
        .map_or(true, |certificate| issuers.iter().any(|issuer| issuer == certificate.subject().content()))
}

impl<E, R: FnMut(u32, &mut [u8]) -> Result<(), E>> Source<'_, R> {
    fn certificate(&mut self, offset: u32, sha256: Sha256, length: u32) -> Result<&[u8], SelectionError<E>> {
        // At most `CERTIFICATE_BYTES_MAX`, or the manifest would not have been decoded.
        self.scratch.resize(usize::try_from(length).unwrap_or(0), 0);
        (self.read)(offset, &mut self.scratch).map_err(SelectionError::Read)?;
        if Sha256::of(&[&self.scratch]) == sha256 {
            Ok(&self.scratch)
        } else {
            Err(SelectionError::Digest { sha256 })
        }
    }

    /// The intermediates that `issuers` lead to, whose own issuers are added to them; all of them without any.
    fn intermediates(
        &mut self,
        mut issuers: Option<&mut Vec<Vec<u8>>>,
    ) -> Result<Vec<CertificateDer<'static>>, SelectionError<E>> {
        let manifest = self.manifest;
        let anchor_bytes =
            manifest.all_anchors().iter().fold(0_u32, |sum, entry| sum.saturating_add(entry.length));
        let mut taken: Vec<Sha256> = Vec::new();
        let mut kept: Vec<CertificateDer<'static>> = Vec::new();
        let levels = if issuers.is_some() { LEVELS_MAX } else { 1 };
        for _ in 0..levels {
            let before = kept.len();
            let mut offset = anchor_bytes;
            for entry in manifest.intermediates().iter() {
                let at = offset;
                offset = offset.saturating_add(entry.length);
                if taken.contains(&entry.sha256) {
                    continue;
                }
                let der = self.certificate(at, entry.sha256, entry.length)?;
                match issuers.as_deref_mut() {
                    // One more than a judgement looks at, so that it says that it did not look at all.
                    Some(_) if kept.len() > INTERMEDIATES_MAX => continue,
                    Some(issuers) if !is_issuer(issuers, der) => continue,
                    Some(issuers) => {
                        let Ok(certificate) = Certificate::parse(der) else { continue };
                        issuers.push(certificate.issuer().content().to_vec());
                    }
                    None => {}
                }
                taken.push(entry.sha256);
                kept.push(der.to_vec().into());
            }
            if kept.len() == before {
                break;
            }
        }
        Ok(kept)
    }
}

impl<E: fmt::Display> fmt::Display for SelectionError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest { sha256 } => write!(f, "what is stored is not the certificate {sha256}"),
            Self::Read(error) => write!(f, "a certificate could not be read: {error}"),
            Self::UnknownService => f.write_str("the release has no such service"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for SelectionError<E> {}
