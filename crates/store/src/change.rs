//! One step of the journal: what may change together, in a single record that is written or not.

use core::fmt;

use bundle::{ChannelId, Order, UnixSeconds};

use crate::{
    CheckNote, Denials, Floors, HeadNote, KeyringBytes, Phase, Record, Refusal, Release, Restated, Sealed,
    SlotEntry, SlotIndex,
};

/// The next record in the making. Floors can only rise here, but for what a keyring restates.
#[derive(Debug)]
pub struct Change<'r> {
    record: &'r mut Record,
    readable: Option<SlotIndex>,
    stagings: u32,
}

/// A step that does not fit what the store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransitionError {
    /// The keyring is not newer than the one in force.
    KeyringNotNewer,
    /// There is no trial to confirm, revert or count against.
    NoTrial,
    /// The deny list belongs to an older release than the one in force.
    OlderDenials,
    /// The slot was staged anew since it was sealed.
    Superseded,
    /// The step must wait: the trial slot is being read and the fallback must stay.
    TrialOpen,
}

impl<'r> Change<'r> {
    pub(crate) const fn new(record: &'r mut Record, readable: Option<SlotIndex>, stagings: u32) -> Self {
        Self { record, readable, stagings }
    }

    /// The record as it will be.
    #[must_use]
    pub const fn record(&self) -> &Record {
        self.record
    }

    /// Makes a sealed slot the one that applications read, on trial. No floor rises yet.
    ///
    /// # Errors
    /// [`TransitionError::TrialOpen`] during a trial, [`TransitionError::Superseded`] for an outdated seal.
    pub fn commit_trial(
        &mut self,
        sealed: &Sealed,
        release: Release,
        committed_at: Option<UnixSeconds>,
    ) -> Result<(), TransitionError> {
        if self.record.phase.is_trial() {
            return Err(TransitionError::TrialOpen);
        }
        if sealed.staging != self.stagings {
            return Err(TransitionError::Superseded);
        }
        // What is readable, not what the phase names: a rotten active slot is no fallback.
        let fallback = self.readable.filter(|slot| *slot != sealed.slot);
        let (total_bytes, content_sha256) = (sealed.total_bytes, sealed.content_sha256);
        *self.record.entry_mut(sealed.slot) =
            Some(SlotEntry { release, total_bytes, content_sha256, committed_at });
        self.record.phase = Phase::Trial { active: sealed.slot, fallback };
        self.record.conclusive_failures = 0;
        self.changed_for_readers();
        Ok(())
    }

    /// Ends the trial well: the release floor and the time floor rise to it.
    ///
    /// # Errors
    /// [`TransitionError::NoTrial`] where none is open.
    pub fn confirm(&mut self) -> Result<(), TransitionError> {
        let Phase::Trial { active, .. } = self.record.phase else { return Err(TransitionError::NoTrial) };
        self.record.phase = Phase::Confirmed { active };
        self.record.conclusive_failures = 0;
        if let Some(release) = self.record.entry(active).map(|entry| entry.release) {
            let floors = Floors { release: release.order, time: release.issued_at, ..Floors::default() };
            self.raise_floors(floors);
        }
        Ok(())
    }

    /// Ends the trial badly: applications read the fallback again, or the seed where there was none.
    ///
    /// # Errors
    /// [`TransitionError::NoTrial`] where none is open.
    pub const fn revert(&mut self) -> Result<(), TransitionError> {
        let Phase::Trial { active, fallback } = self.record.phase else {
            return Err(TransitionError::NoTrial);
        };
        *self.record.entry_mut(active) = None;
        self.record.phase = match fallback {
            Some(active) => Phase::Confirmed { active },
            None => Phase::Empty,
        };
        self.record.conclusive_failures = 0;
        self.changed_for_readers();
        Ok(())
    }

    /// Counts one conclusive failure of the trial and returns how many there are now.
    ///
    /// # Errors
    /// [`TransitionError::NoTrial`] where none is open.
    pub const fn record_failure(&mut self) -> Result<u8, TransitionError> {
        if !self.record.phase.is_trial() {
            return Err(TransitionError::NoTrial);
        }
        self.record.conclusive_failures = self.record.conclusive_failures.saturating_add(1);
        Ok(self.record.conclusive_failures)
    }

    /// Remembers that a release is not taken for now; the oldest note falls off.
    pub fn record_refusal(&mut self, refusal: Refusal) {
        self.record.refusals.put(refusal);
    }

    /// Forgets refusals of releases below `order`: a newer release is there.
    pub fn forget_refusals_below(&mut self, order: Order) {
        self.record.refusals.retain(|refusal| refusal.order >= order);
    }

    /// Puts a newer keyring in force, with the floors that it restates.
    ///
    /// # Errors
    /// [`TransitionError::KeyringNotNewer`] where it is not.
    pub fn update_keyring(
        &mut self,
        keyring: &KeyringBytes,
        order: Order,
        issued_at: UnixSeconds,
        restated: Restated,
    ) -> Result<(), TransitionError> {
        if order <= self.record.floors.keyring {
            return Err(TransitionError::KeyringNotNewer);
        }
        // In place, where `clone_from` would take the memory of one more; one keyring is as long as another.
        let _fits = self.record.keyring.replace(&[keyring.as_bytes()]);
        self.record.floors.keyring = order;
        self.record.floors.restate(restated);
        if let Some(floor) = restated.release {
            self.outlive(floor);
        }
        match restated {
            Restated { time: Some(_), .. } => {}
            // What replaced keys have said of the time is not believed either.
            Restated { release: Some(_), .. } => self.record.floors.time = issued_at,
            _ => self.raise_floors(Floors { time: issued_at, ..Floors::default() }),
        }
        if self.record.head.is_some_and(|head| head.order > self.record.floors.head) {
            self.record.head = None;
        }
        Ok(())
    }

    /// Releases that a restated floor leaves behind were signed by keys that are no longer believed. Their refusals are
    /// forgotten, the next deny list takes the place of theirs, and none of them is on trial any more; what
    /// applications read stays where there is nothing to go back to.
    fn outlive(&mut self, floor: Order) {
        self.record.refusals.retain(|refusal| refusal.order <= floor);
        self.record.denials.order = self.record.denials.order.min(floor);
        let is_left_behind =
            self.record.active().is_some_and(|(_, entry)| entry.release.order.is_left_behind_by(floor));
        match self.record.phase {
            Phase::Trial { active, fallback: None } if is_left_behind => {
                self.record.phase = Phase::Confirmed { active };
                self.record.conclusive_failures = 0;
            }
            // It cannot fail: there is a trial to revert.
            Phase::Trial { fallback: Some(_), .. } if is_left_behind => {
                let _reverted = self.revert();
            }
            _ => {}
        }
    }

    /// Raises floors; a lower one changes nothing.
    pub fn raise_floors(&mut self, floors: Floors) {
        self.record.floors = self.record.floors.or_higher(floors);
    }

    /// Puts the deny list of a newer release, or of the same one, in force.
    ///
    /// # Errors
    /// [`TransitionError::OlderDenials`] for the list of an older release.
    pub fn replace_denials(&mut self, denials: &Denials) -> Result<(), TransitionError> {
        if denials.order < self.record.denials.order {
            return Err(TransitionError::OlderDenials);
        }
        if !denials.denies_the_same(&self.record.denials) {
            self.changed_for_readers();
        }
        // In place, as above.
        let _fits = self.record.denials.fill(denials.order, denials.iter());
        Ok(())
    }

    /// Writes the newest head down; an older one changes nothing.
    pub fn note_head(&mut self, head: HeadNote) {
        if head.order >= self.record.floors.head {
            self.record.head = Some(head);
            self.raise_floors(Floors { head: head.order, ..Floors::default() });
        }
    }

    /// Writes down how a check ended.
    pub const fn note_check(&mut self, check: CheckNote) {
        self.record.last_check = Some(check);
    }

    /// Makes this the store of a channel. Another channel than before has its own sequence of releases: its
    /// floors and refusals start anew, and the old bundle stays readable.
    ///
    /// # Errors
    /// [`TransitionError::TrialOpen`] during a trial.
    pub fn change_channel(&mut self, channel: ChannelId) -> Result<(), TransitionError> {
        if self.record.channel == Some(channel) {
            return Ok(());
        }
        if self.record.phase.is_trial() {
            return Err(TransitionError::TrialOpen);
        }
        if self.record.channel.is_some() {
            self.record.floors.restate(Restated {
                release: Some(Order::default()),
                head: Some(Order::default()),
                time: None,
            });
            self.record.denials.order = Order::default();
            self.record.refusals.retain(|_| false);
            self.record.head = None;
        }
        self.record.channel = Some(channel);
        Ok(())
    }

    const fn changed_for_readers(&mut self) {
        self.record.generation = self.record.generation.saturating_add(1);
    }
}

impl TransitionError {
    /// The stable name of the fault, for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::KeyringNotNewer => "keyring_not_newer",
            Self::NoTrial => "no_trial",
            Self::OlderDenials => "older_denials",
            Self::Superseded => "superseded",
            Self::TrialOpen => "trial_open",
        }
    }
}

impl fmt::Display for TransitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyringNotNewer => "the keyring is not newer than the one in force",
            Self::NoTrial => "no trial is open",
            Self::OlderDenials => "the deny list belongs to an older release than the one in force",
            Self::Superseded => "the slot was staged anew since it was sealed",
            Self::TrialOpen => "a trial is open: confirm or revert it first",
        })
    }
}

impl core::error::Error for TransitionError {}
