//! A set of anchors for one peer, made certificate by certificate: for devices whose memory holds no whole bundle.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use bundle::{AnchorIndex, Anchors, Denial, Manifest, Pin, Service, Sha256};
use rustls_pki_types::CertificateDer;

use crate::anchor_set::{Scope, SetAnchor};
use crate::text::TEXT_BYTES_MAX;
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
    /// The set would take more of the heap than it may.
    TooLarge,
    /// The manifest has no such service.
    UnknownService,
}

/// What a set may still take of the heap. Everything is counted before it is allocated, and at no less than it takes.
struct Budget {
    bytes_left: usize,
}

/// A list that grows by doubling is there twice while it grows, half of it empty, and begins with four elements.
const GROWTH: usize = 4;

/// Reads certificates, one at a time, into one buffer.
struct Source<'m, R> {
    manifest: Manifest<'m>,
    read: R,
    scratch: Vec<u8>,
    budget: Budget,
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
        let budget = Budget { bytes_left: usize::MAX };
        Self::select_counted(budget, manifest, selection, served, core::iter::empty(), read)
    }

    /// As [`AnchorSet::select`], with the denials of elsewhere added and in no more than `bytes_max` of the heap, which
    /// is what the bundle and the served chain decide: a small device gives what it has left.
    ///
    /// # Errors
    /// Also [`SelectionError::TooLarge`], before anything is allocated that is too large.
    pub fn select_within<E>(
        bytes_max: usize,
        manifest: &Manifest<'_>,
        selection: Selection<'_>,
        served: &Served<'_>,
        denials: impl Iterator<Item = Denial> + Clone,
        read: impl FnMut(u32, &mut [u8]) -> Result<(), E>,
    ) -> Result<Self, SelectionError<E>> {
        let budget = Budget { bytes_left: bytes_max };
        Self::select_counted(budget, manifest, selection, Some(served), denials, read)
    }

    fn select_counted<E>(
        mut budget: Budget,
        manifest: &Manifest<'_>,
        selection: Selection<'_>,
        served: Option<&Served<'_>>,
        further: impl Iterator<Item = Denial> + Clone,
        read: impl FnMut(u32, &mut [u8]) -> Result<(), E>,
    ) -> Result<Self, SelectionError<E>> {
        let scopes = scopes(manifest, selection, &mut budget)?;
        let denials = denials(manifest, further, &mut budget)?;
        let mut issuers = served.map(|served| issuers(served, &mut budget)).transpose()?;
        let mut source = Source { manifest: *manifest, read, scratch: Vec::new(), budget };
        let intermediates = source.intermediates(issuers.as_mut())?;
        let mut set = Self::empty(denials, scopes, intermediates);
        let blobs = (0..).map(AnchorIndex).zip(manifest.all_anchors().iter());
        let mut offset = 0_u32;
        for (index, entry) in blobs {
            let at = offset;
            offset = offset.saturating_add(entry.length);
            if set.serves(index) {
                let (der, budget) = source.certificate(at, entry.sha256, entry.length)?;
                let is_wanted = issuers.as_ref().is_none_or(|issuers| is_issuer(issuers, der));
                if is_wanted {
                    budget.spend(anchor_bytes(der, entry.constraints.as_bytes()))?;
                    set.add_anchor(index, &entry, der);
                }
            }
        }
        Ok(set)
    }
}

/// What the services ask for that are selected.
fn scopes<E>(
    manifest: &Manifest<'_>,
    selection: Selection<'_>,
    budget: &mut Budget,
) -> Result<Vec<Scope>, SelectionError<E>> {
    let names_host =
        |service: &Service<'_>, host| service.hosts.iter().any(|pattern| pattern.matches_host(host));
    match selection {
        Selection::Service(name) => {
            let service = manifest.service(name).ok_or(SelectionError::UnknownService)?;
            budget.spend(scope_bytes(&service))?;
            Ok(vec![Scope::of(&service)])
        }
        Selection::Host(host) => {
            let services = || manifest.services().filter(|service| names_host(service, host));
            services().try_for_each(|service| budget.spend(scope_bytes(&service)))?;
            Ok(services().map(|service| Scope::of(&service)).collect())
        }
    }
}

/// What a service takes of the heap.
fn scope_bytes(service: &Service<'_>) -> usize {
    let anchors = match service.anchors {
        Anchors::All => 0,
        Anchors::Listed(indexes) => indexes.count(),
    };
    let lists = anchors.saturating_mul(size_of::<AnchorIndex>());
    let lists = lists.saturating_add(service.pins.count().saturating_mul(size_of::<Pin>()));
    let text = service.name.len().saturating_add(service.expectations().as_bytes().len());
    text.saturating_add(lists.saturating_add(size_of::<Scope>()).saturating_mul(GROWTH))
}

/// What an anchor takes of the heap: parts of its certificate, its limits, and the label that names it.
fn anchor_bytes(der: &[u8], constraints: &[u8]) -> usize {
    let fixed = size_of::<SetAnchor>().saturating_mul(GROWTH).saturating_add(TEXT_BYTES_MAX);
    fixed.saturating_add(der.len()).saturating_add(constraints.len())
}

/// The deny lists of the manifest and of elsewhere, ascending.
fn denials<E>(
    manifest: &Manifest<'_>,
    further: impl Iterator<Item = Denial> + Clone,
    budget: &mut Budget,
) -> Result<Vec<Denial>, SelectionError<E>> {
    let count = manifest.denials().count().saturating_add(further.clone().count());
    budget.spend(count.saturating_mul(size_of::<Denial>()))?;
    let mut denials = Vec::with_capacity(count);
    denials.extend(manifest.denials().iter().chain(further));
    denials.sort_unstable();
    denials.dedup();
    Ok(denials)
}

/// The names of everyone who may have issued something of a chain.
fn issuers<E>(served: &Served<'_>, budget: &mut Budget) -> Result<Vec<Vec<u8>>, SelectionError<E>> {
    let ders = core::iter::once(served.end_entity).chain(served.intermediates);
    let mut issuers = Vec::new();
    for certificate in ders.filter_map(|der| Certificate::parse(der).ok()) {
        let name = certificate.issuer();
        budget.spend(name_bytes(name.content()))?;
        issuers.push(name.content().to_vec());
    }
    Ok(issuers)
}

/// What the name of an issuer takes of the heap.
const fn name_bytes(name: &[u8]) -> usize {
    name.len().saturating_add(GROWTH.saturating_mul(size_of::<Vec<u8>>()))
}

impl Budget {
    const fn spend<E>(&mut self, bytes: usize) -> Result<(), SelectionError<E>> {
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => self.bytes_left = left,
            None => return Err(SelectionError::TooLarge),
        }
        Ok(())
    }
}

/// True for a certificate whose subject is one of `issuers`, and for one that cannot be read: the set says so.
fn is_issuer(issuers: &[Vec<u8>], der: &[u8]) -> bool {
    Certificate::parse(der)
        .map_or(true, |certificate| issuers.iter().any(|issuer| issuer == certificate.subject().content()))
}

impl<E, R: FnMut(u32, &mut [u8]) -> Result<(), E>> Source<'_, R> {
    /// One certificate, and what may be spent on keeping it.
    fn certificate(
        &mut self,
        offset: u32,
        sha256: Sha256,
        length: u32,
    ) -> Result<(&[u8], &mut Budget), SelectionError<E>> {
        // At most `CERTIFICATE_BYTES_MAX`, or the manifest would not have been decoded.
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if let Some(more) = length.checked_sub(self.scratch.len()) {
            self.budget.spend(more)?;
            // The old one goes before the new one comes.
            self.scratch = Vec::new();
            self.scratch = vec![0; length];
        }
        let der = self.scratch.get_mut(..length).unwrap_or_default();
        (self.read)(offset, der).map_err(SelectionError::Read)?;
        if Sha256::of(&[der]) == sha256 {
            Ok((der, &mut self.budget))
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
                let (der, budget) = self.certificate(at, entry.sha256, entry.length)?;
                match issuers.as_deref_mut() {
                    // One more than a judgement looks at, so that it says that it did not look at all.
                    Some(_) if kept.len() > INTERMEDIATES_MAX => continue,
                    Some(issuers) if !is_issuer(issuers, der) => continue,
                    Some(issuers) => {
                        let Ok(certificate) = Certificate::parse(der) else { continue };
                        budget.spend(name_bytes(certificate.issuer().content()))?;
                        issuers.push(certificate.issuer().content().to_vec());
                    }
                    None => {}
                }
                let lists = size_of::<CertificateDer<'_>>().saturating_add(size_of::<Sha256>());
                budget.spend(der.len().saturating_add(lists.saturating_mul(GROWTH)))?;
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
            Self::TooLarge => f.write_str("there is no memory for what the chain leads to"),
            Self::UnknownService => f.write_str("the release has no such service"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for SelectionError<E> {}
