//! One installed release: an immutable snapshot that anchors are read from and chains are judged under.

use bundle::{Anchor, AnchorIndex, Denial, Manifest, Order, Service, Sha256, UnixSeconds, VerifyError};
use chain::AnchorSet;

use crate::Lookup;
use crate::lookup::Directory;

/// The release in force at one moment.
#[derive(Debug)]
pub struct Installed {
    origin: Origin,
    content: Content,
    set: AnchorSet,
    directory: Directory,
    generation: u64,
    is_trial: bool,
    time_floor: UnixSeconds,
}

/// Where the release in force comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The image's seed: the store is blank, lost, of a newer format, or holds an older release.
    Seed,
    /// The store.
    Store,
}

/// One anchor of an installed release.
#[derive(Clone, Copy, Debug)]
pub struct InstalledAnchor<'a> {
    /// Its certificate.
    pub der: &'a [u8],
    /// What the manifest says of it: state, purposes and constraints. Whoever uses the certificate alone loses
    /// the constraints; [`chain`] keeps them.
    pub entry: Anchor<'a>,
}

/// A manifest document and its blobs, back to back as in a slot, with what is needed to read them again.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    pub(crate) document_bytes: usize,
    pub(crate) digest: Sha256,
    pub(crate) order: Order,
    pub(crate) issued_at: UnixSeconds,
}

/// What the journal adds to a release.
#[derive(Debug)]
pub(crate) struct JournalView {
    pub(crate) generation: u64,
    pub(crate) is_trial: bool,
    pub(crate) time_floor: UnixSeconds,
    pub(crate) denials: Vec<Denial>,
}

impl Content {
    fn parts(&self) -> (&[u8], &[u8]) {
        self.bytes.split_at_checked(self.document_bytes).unwrap_or_default()
    }

    fn manifest(&self) -> Result<Manifest<'_>, VerifyError> {
        Manifest::restored(self.parts().0, self.digest)
    }
}

impl Installed {
    pub(crate) fn new(origin: Origin, content: Content, journal: JournalView) -> Result<Self, VerifyError> {
        let (manifest, certificates) = (content.manifest()?, content.parts().1);
        let mut set = AnchorSet::from_manifest(&manifest, certificates)?;
        set.deny(journal.denials);
        let anchors = (0..).map(AnchorIndex).zip(manifest.certificates(certificates).map(|(_, der)| der));
        let anchors = anchors.take(manifest.all_anchors().iter().count());
        let directory = Directory::new(certificates, anchors, |index| is_usable(&set, index));
        Ok(Self {
            origin,
            set,
            directory,
            generation: journal.generation,
            is_trial: journal.is_trial && origin == Origin::Store,
            time_floor: journal.time_floor.max(content.issued_at),
            content,
        })
    }

    /// True where nobody could tell the two apart: read again, and found unchanged.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let journal = |one: &Self| (one.origin, one.generation, one.is_trial, one.time_floor);
        self.content.digest == other.content.digest
            && journal(self) == journal(other)
            && self.set.denials() == other.set.denials()
    }

    pub(crate) const fn content(&self) -> &Content {
        &self.content
    }

    /// Where the release comes from.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Counts the changes of what applications read, since the store was made: another number, another trust.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Recovery epoch and number of the release.
    #[must_use]
    pub const fn order(&self) -> Order {
        self.content.order
    }

    /// SHA-256 of the manifest's header: what heads, reports and exports call the release.
    #[must_use]
    pub const fn digest(&self) -> Sha256 {
        self.content.digest
    }

    /// True while the release has not proven itself.
    #[must_use]
    pub const fn is_trial(&self) -> bool {
        self.is_trial
    }

    /// A time that has passed for certain: a clock that shows an earlier one was never set.
    #[must_use]
    pub const fn time_floor(&self) -> UnixSeconds {
        self.time_floor
    }

    /// The set to judge chains under, with the newest deny list applied.
    #[must_use]
    pub const fn set(&self) -> &AnchorSet {
        &self.set
    }

    /// The manifest.
    ///
    /// # Errors
    /// None in practice: it was read once when the snapshot was made, and is immutable since.
    pub fn manifest(&self) -> Result<Manifest<'_>, VerifyError> {
        self.content.manifest()
    }

    /// The anchors that serve `service` and are not denied, in the manifest's order; `None` where the release
    /// has no such service.
    ///
    /// Anchors of all states are trusted alike. Dates are not looked at: a TLS stack does that, or should.
    #[must_use]
    pub fn anchors(&self, service: &str) -> Option<impl Iterator<Item = InstalledAnchor<'_>>> {
        let manifest = self.content.manifest().ok()?;
        let service = manifest.service(service)?;
        Some(self.matching(manifest, Some(service)))
    }

    /// Every anchor that is not denied, whatever it serves.
    pub fn all_anchors(&self) -> impl Iterator<Item = InstalledAnchor<'_>> {
        self.content.manifest().into_iter().flat_map(|manifest| self.matching(manifest, None))
    }

    /// Finds the anchors of `service` by subject or key id, without reading the others; `None` where the release has
    /// no such service. Denied anchors are not found.
    #[must_use]
    pub fn lookup(&self, service: &str) -> Option<Lookup<'_>> {
        let judge = self.set.service(service)?;
        Some(Lookup { directory: &self.directory, certificates: self.content.parts().1, judge })
    }

    fn matching<'a>(
        &'a self,
        manifest: Manifest<'a>,
        service: Option<Service<'a>>,
    ) -> impl Iterator<Item = InstalledAnchor<'a>> {
        let certificates = manifest.certificates(self.content.parts().1).map(|(_, der)| der);
        let numbered = (0..).map(AnchorIndex).zip(manifest.all_anchors().iter()).zip(certificates);
        numbered
            .filter(move |((index, _), _)| service.is_none_or(|service| service.anchors.include(*index)))
            .filter(|((index, _), _)| is_usable(&self.set, *index))
            .map(|((_, entry), der)| InstalledAnchor { der, entry })
    }
}

fn is_usable(set: &AnchorSet, index: AnchorIndex) -> bool {
    !set.is_denied(index) && !set.unusable().iter().any(|anchor| anchor.index == index)
}
