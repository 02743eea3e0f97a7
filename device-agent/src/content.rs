//! The bundles an engine holds, for whoever judges, exports or shows them.

use core::fmt;

use bundle::{Keyring, Manifest, Order, Sha256, UnixSeconds};
use store::{Denials, Error as StoreError, KeyringBytes, Sealed, SlotIndex, Storage, Store};

use crate::{Agent, Clock, Now, Origin};

/// One whole bundle: a manifest document followed by its certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// Place of the release in the order.
    pub order: Order,
    /// SHA-256 of the manifest's header.
    pub digest: Sha256,
    /// When the release was made.
    pub issued_at: UnixSeconds,
    /// When it was committed here, where a clock was known.
    pub committed_at: Option<UnixSeconds>,
    /// Bytes of the manifest document.
    pub document_bytes: u32,
    /// Bytes of the document and the certificates behind it.
    pub total_bytes: u32,
    pub(crate) place: Place,
}

/// Where a bundle's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the image.
    Seed,
    /// In a slot that the journal names.
    Slot(SlotIndex),
    /// In the idle slot, sealed and not committed.
    Sealed,
}

/// Which time a chain is judged at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JudgingTime {
    /// The clock's.
    Known(UnixSeconds),
    /// At least this: notAfter is judged against it, notBefore not at all.
    AtLeast(UnixSeconds),
}

/// A bundle's bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError<E> {
    /// The content is gone: another one took its place.
    Gone,
    /// The store failed.
    Store(StoreError<E>),
}

impl<S: Storage> Agent<'_, S> {
    /// The bundle that applications read: the higher one of store and seed.
    #[must_use]
    pub fn installed(&self) -> Option<Content> {
        let stored = self.store.readable().map(|(slot, entry)| Content {
            order: entry.release.order,
            digest: entry.release.digest,
            issued_at: entry.release.issued_at,
            committed_at: entry.committed_at,
            document_bytes: entry.release.document_bytes,
            total_bytes: entry.total_bytes,
            place: Place::Slot(slot),
        });
        newer(stored, self.seed.map(|seed| seed.content))
    }

    /// The bundle to judge as present: the one in use or, in a trial, the one to go back to.
    #[must_use]
    pub const fn present(&self) -> Option<Content> {
        self.present
    }

    /// The bundle to judge as candidate: the one staged or, in a trial, the one on trial.
    #[must_use]
    pub fn candidate(&self) -> Option<Content> {
        self.candidate
    }

    /// The newest verified deny list: it applies to every bundle, the present one included.
    #[must_use]
    pub fn denials(&self) -> &Denials {
        &self.store.record().denials
    }

    /// The keyring in force.
    #[must_use]
    pub fn keyring(&self) -> Option<Keyring<'_>> {
        Keyring::restored(in_force(self.newer_keyring.as_ref(), &self.store)).ok()
    }

    /// The order of the keyring in force.
    pub(crate) fn keyring_order(&self) -> Option<Order> {
        Keyring::order_of(in_force(self.newer_keyring.as_ref(), &self.store)).ok()
    }

    /// The journal's record, for tools that show or back it up.
    #[must_use]
    pub fn record(&self) -> &store::Record {
        self.store.record()
    }

    /// The manifest of [`Agent::present`].
    #[must_use]
    pub fn present_manifest(&self) -> Option<Manifest<'_>> {
        let content = self.present?;
        let document = match content.place {
            Place::Seed => self.seed?.manifest_document,
            Place::Slot(_) | Place::Sealed => document(self.memory.present, &content)?,
        };
        Manifest::restored(document, content.digest).ok()
    }

    /// The manifest of [`Agent::candidate`].
    #[must_use]
    pub fn candidate_manifest(&self) -> Option<Manifest<'_>> {
        let content = self.candidate?;
        Manifest::restored(document(self.memory.candidate, &content)?, content.digest).ok()
    }

    /// Reads a part of a bundle: the manifest document from byte 0, the certificates behind it.
    ///
    /// # Errors
    /// Where the content is no longer there, and failures of the store.
    pub fn read(
        &mut self,
        content: &Content,
        offset: u32,
        into: &mut [u8],
    ) -> Result<(), ReadError<S::Error>> {
        let sealed = self.filling.as_ref().and_then(|filling| filling.sealed.as_ref());
        read(&mut self.store, self.seed.as_ref(), sealed, content, offset, into)
    }

    /// The time to judge chains at: the clock, unless it is unknown or behind what has passed for certain.
    #[must_use]
    pub fn judging_time(&self, now: Now) -> JudgingTime {
        let floor = self.floors().time;
        match now.clock {
            Clock::Known(time) if time >= floor => JudgingTime::Known(time),
            Clock::Known(_) | Clock::Unknown => JudgingTime::AtLeast(floor),
        }
    }

    /// The store, for tests that make its medium fail.
    #[cfg(any(test, feature = "fault"))]
    pub const fn store_mut(&mut self) -> &mut Store<S> {
        &mut self.store
    }

    /// Gives the store back.
    pub fn into_store(self) -> Store<S> {
        self.store
    }

    /// The bundle that a candidate is measured against, and that an update starts from.
    pub(crate) fn base(&self) -> Option<Content> {
        let seed = self.seed.map(|seed| seed.content);
        match self.store.record().phase {
            store::Phase::Trial { fallback, .. } => {
                let entry =
                    fallback.and_then(|slot| self.store.record().entry(slot).map(|entry| (slot, entry)));
                let stored = entry.map(|(slot, entry)| Content {
                    order: entry.release.order,
                    digest: entry.release.digest,
                    issued_at: entry.release.issued_at,
                    committed_at: entry.committed_at,
                    document_bytes: entry.release.document_bytes,
                    total_bytes: entry.total_bytes,
                    place: Place::Slot(slot),
                });
                newer(stored, seed)
            }
            store::Phase::Empty | store::Phase::Confirmed { .. } => self.installed(),
        }
    }

    /// Makes `present` what [`Agent::base`] says and loads its manifest.
    pub(crate) fn load_present(&mut self) {
        self.present = None;
        let Some(content) = self.base() else { return };
        if content.place != Place::Seed && self.load(&content, Buffer::Present).is_none() {
            return;
        }
        self.present = Some(content);
        if self.present_manifest().is_none() {
            self.present = None;
        }
    }

    /// Makes `candidate` the release on trial and loads its manifest.
    pub(crate) fn load_trial(&mut self) {
        self.candidate = None;
        let Some(content) = self.installed().filter(|content| content.place != Place::Seed) else { return };
        if self.load(&content, Buffer::Candidate).is_some() {
            self.candidate = Some(content);
        }
        if self.candidate_manifest().is_none() {
            self.candidate = None;
        }
    }

    fn load(&mut self, content: &Content, buffer: Buffer) -> Option<()> {
        let memory = match buffer {
            Buffer::Present => &mut *self.memory.present,
            Buffer::Candidate => &mut *self.memory.candidate,
        };
        let length = usize::try_from(content.document_bytes).ok()?;
        let into = memory.get_mut(..length)?;
        read(&mut self.store, self.seed.as_ref(), None, content, 0, into).ok()
    }
}

#[derive(Clone, Copy)]
enum Buffer {
    Present,
    Candidate,
}

/// The bytes of `content` out of whichever place it is in.
pub(crate) fn read<S: Storage>(
    store: &mut Store<S>,
    seed: Option<&crate::image::SeedContent<'_>>,
    sealed: Option<&Sealed>,
    content: &Content,
    offset: u32,
    into: &mut [u8],
) -> Result<(), ReadError<S::Error>> {
    match content.place {
        Place::Seed => seed.and_then(|seed| seed.copy(offset, into)).ok_or(ReadError::Gone),
        Place::Slot(slot) => store.read_content(slot, offset, into).map_err(ReadError::Store),
        Place::Sealed => {
            store.read_sealed(sealed.ok_or(ReadError::Gone)?, offset, into).map_err(ReadError::Store)
        }
    }
}

/// Header and body of the keyring in force: the one that is not written down yet, else the journal's.
pub(crate) fn in_force<'k, S: Storage>(newer: Option<&'k KeyringBytes>, store: &'k Store<S>) -> &'k [u8] {
    newer.unwrap_or_else(|| &store.record().keyring).as_bytes()
}

/// The newer one by order; of equal ones the stored one, which knows when it was committed.
fn newer(stored: Option<Content>, seed: Option<Content>) -> Option<Content> {
    match (stored, seed) {
        (Some(stored), Some(seed)) if seed.order > stored.order => Some(seed),
        (stored, seed) => stored.or(seed),
    }
}

pub(crate) fn document<'m>(memory: &'m [u8], content: &Content) -> Option<&'m [u8]> {
    memory.get(..usize::try_from(content.document_bytes).ok()?)
}

impl Content {
    /// Where the bundle is.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        match self.place {
            Place::Seed => Origin::Seed,
            Place::Slot(_) | Place::Sealed => Origin::Slot,
        }
    }
}

impl<E> fmt::Display for ReadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "the bundle is no longer there",
            Self::Store(_) => "the bundle cannot be read from the store",
        })
    }
}

impl<E: core::error::Error + 'static> core::error::Error for ReadError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Gone => None,
            Self::Store(error) => Some(error),
        }
    }
}
