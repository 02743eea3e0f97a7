//! Documents as the model sees them: who signed, where they stand in the order, what they say.

use bundle::Order;
use store::Restated;

use crate::rules::{Rule, Rules};

/// Keys, as bits.
pub(crate) type Keys = u32;

/// Anchors, as bits.
pub(crate) type Anchors = u8;

/// The keys of a role, and how many of them must sign.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoleKeys {
    pub(crate) keys: Keys,
    pub(crate) threshold: u32,
}

impl RoleKeys {
    pub(crate) const fn new(keys: Keys, threshold: u32) -> Self {
        Self { keys, threshold }
    }

    /// The threshold rule on sets: keys are counted, and every key once.
    pub(crate) fn is_met_by(self, signed: Keys, rules: Rules) -> bool {
        let needed = if rules.holds(Rule::Threshold) { self.threshold } else { 1 };
        (self.keys & signed).count_ones() >= needed
    }

    /// True where no key is in both.
    pub(crate) const fn replaces(self, other: Self) -> bool {
        self.keys & other.keys == 0
    }
}

/// A keyring generation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyring {
    pub(crate) name: &'static str,
    pub(crate) order: Order,
    /// The lowest keyring version under which it may be judged.
    pub(crate) parent: u32,
    pub(crate) keyring: RoleKeys,
    pub(crate) release: RoleKeys,
    pub(crate) head: RoleKeys,
    /// The recovery set that it commits to.
    pub(crate) commitment: usize,
    /// The recovery set that stands in front of it.
    pub(crate) shown: Option<usize>,
    pub(crate) restated: Restated,
    pub(crate) issued_at: u64,
    pub(crate) signed: Keys,
    /// True where those who may not make it have made it: no device may ever take it.
    pub(crate) is_forged: bool,
}

/// A release.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Release {
    pub(crate) name: &'static str,
    pub(crate) order: Order,
    pub(crate) keyring_version: u32,
    pub(crate) anchors: Anchors,
    pub(crate) denies: Anchors,
    pub(crate) issued_at: u64,
    pub(crate) signed: Keys,
    pub(crate) is_forged: bool,
}

/// A head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) name: &'static str,
    pub(crate) order: Order,
    /// The lowest keyring version under which it may be judged.
    pub(crate) keyring_version: u32,
    /// The newest keyring, as it says.
    pub(crate) names_keyring: u32,
    /// The release, by its place among the scenario's releases.
    pub(crate) release: u8,
    /// The release for those outside the share.
    pub(crate) previous: Option<u8>,
    /// True where the device is in the share.
    pub(crate) in_share: bool,
    pub(crate) signed: Keys,
    pub(crate) is_forged: bool,
}

/// A document, by its kind and its place among the scenario's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Document {
    Keyring(u8),
    Release(u8),
    Head(u8),
}

/// Why a document is not taken now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is of a newer recovery epoch.
    Epoch,
    /// It needs this keyring version at least.
    KeyringTooOld(u32),
    /// Another keyring may change the judgement.
    Unsigned,
    /// Nothing changes the judgement.
    Other,
}

impl Keyring {
    /// The rule of the envelope: neither a newer epoch nor a newer keyring is this keyring's to judge.
    fn may_judge(&self, order: Order, keyring_version: u32) -> Result<(), Refused> {
        if order.epoch > self.order.epoch {
            return Err(Refused::Epoch);
        }
        if order.epoch == self.order.epoch && keyring_version > self.order.number {
            return Err(Refused::KeyringTooOld(keyring_version));
        }
        Ok(())
    }

    /// Judges a head.
    pub(crate) fn judge_head(&self, head: &Head, rules: Rules) -> Result<(), Refused> {
        self.may_judge(head.order, head.keyring_version)?;
        if self.head.is_met_by(head.signed, rules) { Ok(()) } else { Err(Refused::Unsigned) }
    }

    /// Judges a release.
    pub(crate) fn judge_release(&self, release: &Release, rules: Rules) -> Result<(), Refused> {
        self.may_judge(release.order, release.keyring_version)?;
        if self.release.is_met_by(release.signed, rules) { Ok(()) } else { Err(Refused::Unsigned) }
    }

    /// Judges the next generation, as `bundle::Keyring::accept` does on signed bytes.
    pub(crate) fn accepts(&self, next: &Self, recovery: &[RoleKeys], rules: Rules) -> bool {
        let newer = if rules.holds(Rule::EpochFirst) {
            next.order > self.order
        } else {
            next.order.number > self.order.number
        };
        let recovered = next.order.epoch == self.order.epoch + 1;
        let step = Order::new(self.order.epoch, next.order.number);
        if !newer
            || !(recovered || next.order.epoch == self.order.epoch)
            || !self.order.steps_to(step, bundle::limits::KEYRING_STEP_MAX)
        {
            return false;
        }
        if !recovered && rules.holds(Rule::ParentNamed) && next.parent > self.order.number {
            return false;
        }
        let shown = next.shown.filter(|set| *set == self.commitment).and_then(|set| recovery.get(set));
        // A set that is not the one committed to spoils the file.
        if next.shown.is_some() && shown.is_none() {
            return false;
        }
        let by_recovery = shown.is_some_and(|set| set.is_met_by(next.signed, rules));
        let by_old = self.keyring.is_met_by(next.signed, rules) || !rules.holds(Rule::OldThreshold);
        let by_new = next.keyring.is_met_by(next.signed, rules) || !rules.holds(Rule::NewThreshold);
        let is_authorised = if recovered { by_recovery } else { by_old };
        let changed = next.commitment != self.commitment;
        let commitment_holds = match (recovered, changed) {
            (true, true) | (false, false) => true,
            (true, false) => false,
            (false, true) => by_recovery || !rules.holds(Rule::Commitment),
        };
        is_authorised && by_new && commitment_holds && self.may_restate(next, recovered, rules)
    }

    fn may_restate(&self, next: &Self, recovered: bool, rules: Rules) -> bool {
        let release_kept = next.restated.release.is_some() && !next.release.replaces(self.release);
        let head_kept = next.restated.head.is_some() && !next.head.replaces(self.head);
        recovered || !rules.holds(Rule::FloorsOfReplacedKeys) || !(release_kept || head_kept)
    }
}
