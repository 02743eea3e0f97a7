//! What one journal record says: which slot to read, and everything that must survive slots.

use bundle::{ChannelId, Order, Sha256, UnixSeconds};

use crate::{Denials, Floors, KeyringBytes, SlotIndex, limits::REFUSALS_MAX};

/// One journal record. A [`crate::Store`] hands it out for reading; only a [`crate::Change`] alters it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Counts journal writes: of two valid records the higher one holds.
    pub sequence: u64,
    /// Counts changes of what applications read: another number means read again.
    pub generation: u64,
    /// What never goes back.
    pub floors: Floors,
    /// The one channel that this store belongs to; `None` before it is told.
    pub channel: Option<ChannelId>,
    /// Which slot applications read, and whether it is proven.
    pub phase: Phase,
    /// Conclusive failures of the trial so far.
    pub conclusive_failures: u8,
    /// The newest head that was written down.
    pub head: Option<HeadNote>,
    /// The newest check that was written down.
    pub last_check: Option<CheckNote>,
    /// What each slot holds, by [`SlotIndex`].
    pub slots: [Option<SlotEntry>; 2],
    /// Releases that were refused here.
    pub refusals: Refusals,
    /// The newest verified deny list.
    pub denials: Denials,
    /// The keyring in force.
    pub keyring: KeyringBytes,
}

/// Which slot applications read. Numbers are on the medium: never renumber.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// No release was committed, or the only one was reverted: the image's seed holds.
    #[default]
    Empty,
    /// A proven release.
    Confirmed {
        /// The slot to read.
        active: SlotIndex,
    },
    /// A committed release that is not proven yet.
    Trial {
        /// The slot to read.
        active: SlotIndex,
        /// The slot to go back to; `None` where only the seed was there before.
        fallback: Option<SlotIndex>,
    },
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotEntry {
    /// The release.
    pub release: Release,
    /// Bytes of manifest and certificates together.
    pub total_bytes: u32,
    /// SHA-256 of these bytes.
    pub content_sha256: Sha256,
    /// When it was committed; `None` where no clock was known.
    pub committed_at: Option<UnixSeconds>,
}

/// The release in a slot, as its verified manifest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its place in the order.
    pub order: Order,
    /// SHA-256 of the manifest's header.
    pub digest: Sha256,
    /// Bytes of the manifest document at the start of the slot.
    pub document_bytes: u32,
    /// When it was made, by the signer's clock.
    pub issued_at: UnixSeconds,
}

/// The newest accepted head, as far as it outlives a reboot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadNote {
    /// Its place in the order.
    pub order: Order,
    /// SHA-256 of its header and body.
    pub digest: Sha256,
    /// From when it vouches for freshness: its date, or when it came where the date lay ahead of the clock.
    pub valid_from: UnixSeconds,
    /// How long it vouches for freshness.
    pub lifetime_seconds: u32,
}

/// How the newest check that was written down ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckNote {
    /// When; `None` where no clock was known.
    pub at: Option<UnixSeconds>,
    /// The engine's reason code.
    pub reason: u16,
}

/// A release that this device does not take for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its place in the order.
    pub order: Order,
    /// SHA-256 of the manifest's header.
    pub digest: Sha256,
    /// The engine's reason code.
    pub reason: u16,
    /// How often it was tried.
    pub attempts: u16,
    /// When it may be tried again; `None` where no clock was known.
    pub retry_at: Option<UnixSeconds>,
}

/// The newest refusals, at most [`REFUSALS_MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    pub(crate) entries: [Option<Refusal>; REFUSALS_MAX],
}

impl Record {
    /// Makes it the default record, in place.
    pub(crate) fn clear(&mut self) {
        let Self {
            sequence,
            generation,
            floors,
            channel,
            phase,
            conclusive_failures,
            head,
            last_check,
            slots,
            refusals,
            denials,
            keyring,
        } = self;
        (*sequence, *generation, *floors) = (0, 0, Floors::default());
        (*channel, *phase, *conclusive_failures) = (None, Phase::Empty, 0);
        (*head, *last_check, *slots) = (None, None, [None; 2]);
        refusals.entries = [None; REFUSALS_MAX];
        denials.clear();
        keyring.clear();
    }

    /// The slot that the phase names, with what it should hold.
    #[must_use]
    pub fn active(&self) -> Option<(SlotIndex, &SlotEntry)> {
        self.phase.active().and_then(|slot| self.entry(slot).map(|entry| (slot, entry)))
    }

    /// What a slot should hold.
    #[must_use]
    pub const fn entry(&self, slot: SlotIndex) -> Option<&SlotEntry> {
        let [first, second] = &self.slots;
        match slot {
            SlotIndex::First => first.as_ref(),
            SlotIndex::Second => second.as_ref(),
        }
    }

    pub(crate) const fn entry_mut(&mut self, slot: SlotIndex) -> &mut Option<SlotEntry> {
        let [first, second] = &mut self.slots;
        match slot {
            SlotIndex::First => first,
            SlotIndex::Second => second,
        }
    }
}

impl Phase {
    /// The slot that applications read.
    #[must_use]
    pub const fn active(&self) -> Option<SlotIndex> {
        match self {
            Self::Empty => None,
            Self::Confirmed { active } | Self::Trial { active, .. } => Some(*active),
        }
    }

    /// The slot that may be written, in this phase.
    #[must_use]
    pub const fn idle(&self) -> Option<SlotIndex> {
        match self {
            Self::Empty => Some(SlotIndex::First),
            Self::Confirmed { active } => Some(active.other()),
            Self::Trial { .. } => None,
        }
    }

    /// True while a committed release is not proven.
    #[must_use]
    pub const fn is_trial(&self) -> bool {
        matches!(self, Self::Trial { .. })
    }
}

impl Refusals {
    /// The refusals, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Refusal> {
        self.entries.iter().flatten()
    }

    /// The refusal of this release, where there is one.
    #[must_use]
    pub fn find(&self, digest: &Sha256) -> Option<&Refusal> {
        self.iter().find(|refusal| refusal.digest == *digest)
    }

    /// Puts a refusal in front, in place of an older one of the same release; the oldest falls off.
    pub(crate) fn put(&mut self, refusal: Refusal) {
        let others = self.entries.into_iter().flatten().filter(|other| other.digest != refusal.digest);
        let mut kept = [None; REFUSALS_MAX];
        let all = core::iter::once(refusal).chain(others);
        kept.iter_mut().zip(all).for_each(|(to, from)| *to = Some(from));
        self.entries = kept;
    }

    /// Forgets every refusal that `keep` does not want.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Refusal) -> bool) {
        let kept = self.entries.into_iter().flatten().filter(|refusal| keep(refusal));
        let mut entries = [None; REFUSALS_MAX];
        entries.iter_mut().zip(kept).for_each(|(to, from)| *to = Some(from));
        self.entries = entries;
    }
}
