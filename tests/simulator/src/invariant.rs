//! What must hold, and how often it was looked at: the invariants of the product as far as they can be seen from outside.

use serde::Serialize;

/// An invariant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub enum Invariant {
    /// Applications read nothing but what the operator signed.
    OnlyAuthentic,
    /// A device always has one whole bundle that applications can read.
    BundleReadable,
    /// A confirmed release, the keyring and the floors never go back, but where a keyring restates them.
    OrderGrows,
    /// The floor of time never goes back.
    TimeFloorGrows,
    /// What no device may act on changes nothing that counts.
    RejectionChangesNothing,
    /// What was denied stays denied.
    DenialsHold,
    /// A service that was reachable stays reachable, except under a distrust order.
    NoServiceLost,
    /// A trial ends by proof or by evidence, not by silence.
    TrialEndsByEvidence,
    /// A device installs a release only once its place in the rollout was reached.
    ShareRespected,
    /// A device calls itself fresh only while a head vouches for it.
    StalenessSaid,
    /// Nothing about the device leaves it without authenticated TLS.
    PrivateWhileUnauthenticated,
    /// Waits stay within a minute and a week, and the next keyring is asked for every day, whatever a head says.
    QuestionsClamped,
    /// An answer never brings more bytes than were asked for.
    AnswersBounded,
    /// One call of the engine checks one signature at most.
    StepsBounded,
    /// A check that brings nothing new writes nothing, but for a note a day.
    WritesBounded,
    /// Every honest online device has the goal release by the stated time.
    GoalReached,
    /// The fleet's questions are spread over time.
    LoadSpread,
}

impl Invariant {
    /// Every invariant.
    pub const ALL: [Self; 17] = [
        Self::OnlyAuthentic,
        Self::BundleReadable,
        Self::OrderGrows,
        Self::TimeFloorGrows,
        Self::RejectionChangesNothing,
        Self::DenialsHold,
        Self::NoServiceLost,
        Self::TrialEndsByEvidence,
        Self::ShareRespected,
        Self::StalenessSaid,
        Self::PrivateWhileUnauthenticated,
        Self::QuestionsClamped,
        Self::AnswersBounded,
        Self::StepsBounded,
        Self::WritesBounded,
        Self::GoalReached,
        Self::LoadSpread,
    ];

    /// The stable name, for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnlyAuthentic => "only_authentic",
            Self::BundleReadable => "bundle_readable",
            Self::OrderGrows => "order_grows",
            Self::TimeFloorGrows => "time_floor_grows",
            Self::RejectionChangesNothing => "rejection_changes_nothing",
            Self::DenialsHold => "denials_hold",
            Self::NoServiceLost => "no_service_lost",
            Self::TrialEndsByEvidence => "trial_ends_by_evidence",
            Self::ShareRespected => "share_respected",
            Self::StalenessSaid => "staleness_said",
            Self::PrivateWhileUnauthenticated => "private_while_unauthenticated",
            Self::QuestionsClamped => "questions_clamped",
            Self::AnswersBounded => "answers_bounded",
            Self::StepsBounded => "steps_bounded",
            Self::WritesBounded => "writes_bounded",
            Self::GoalReached => "goal_reached",
            Self::LoadSpread => "load_spread",
        }
    }

    /// What it says, for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::OnlyAuthentic => "Applications read nothing but what the operator signed.",
            Self::BundleReadable => "A device always has one whole bundle that applications can read.",
            Self::OrderGrows => {
                "Confirmed release, keyring and floors never go back, but where a keyring restates them."
            }
            Self::TimeFloorGrows => "The floor of time never goes back.",
            Self::RejectionChangesNothing => "What no device may act on changes nothing that counts.",
            Self::DenialsHold => "What was denied stays denied.",
            Self::NoServiceLost => {
                "A service that was reachable stays reachable, except under a distrust order."
            }
            Self::TrialEndsByEvidence => "A trial ends by proof or by evidence, not by silence.",
            Self::ShareRespected => {
                "A device installs a release only once its place in the rollout was reached."
            }
            Self::StalenessSaid => "A device calls itself fresh only while a head vouches for it.",
            Self::PrivateWhileUnauthenticated => {
                "Nothing about the device leaves it without authenticated TLS."
            }
            Self::QuestionsClamped => {
                "Waits stay within a minute and a week; the next keyring is asked for every day."
            }
            Self::AnswersBounded => "An answer never brings more bytes than were asked for.",
            Self::StepsBounded => "One call of the engine checks one signature at most.",
            Self::WritesBounded => "A check that brings nothing new writes nothing, but for a note a day.",
            Self::GoalReached => "Every honest online device has the goal release by the stated time.",
            Self::LoadSpread => "The fleet's questions are spread over time.",
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// How often an invariant was looked at, and how often it did not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Looks.
    pub checked: u64,
    /// Looks at which it did not hold.
    pub broken: u64,
}

/// The first time that an invariant did not hold for a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which one.
    pub invariant: Invariant,
    /// The device; `None` where it is the fleet as a whole.
    pub device: Option<u64>,
    /// When, in milliseconds since the start.
    pub at: u64,
    /// What was seen.
    pub words: String,
}

/// Every look at every invariant.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    counts: [Count; Invariant::ALL.len()],
    breaches: Vec<Breach>,
}

/// Breaches that are kept: enough to see a pattern, and no more than a screen of them.
const BREACHES_MAX: usize = 32;

impl Checks {
    /// Notes one look; `breach` says what was seen where the invariant does not hold.
    pub fn look(
        &mut self,
        invariant: Invariant,
        holds: bool,
        breach: impl FnOnce() -> (Option<u64>, u64, String),
    ) {
        let Some(count) = self.counts.get_mut(invariant.index()) else { return };
        count.checked += 1;
        if holds {
            return;
        }
        count.broken += 1;
        let (device, at, words) = breach();
        let is_first =
            !self.breaches.iter().any(|known| known.invariant == invariant && known.device == device);
        if is_first && self.breaches.len() < BREACHES_MAX {
            self.breaches.push(Breach { invariant, device, at, words });
        }
    }

    /// Adds what another part of the fleet came to.
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
            sum.checked += count.checked;
            sum.broken += count.broken;
        }
        self.breaches.extend(other.breaches.iter().cloned());
        // The same whatever processor came first.
        self.breaches.sort_by_key(|breach| (breach.device, breach.at, breach.invariant));
        self.breaches.truncate(BREACHES_MAX);
    }

    /// The counts of an invariant.
    #[must_use]
    pub fn count(&self, invariant: Invariant) -> Count {
        self.counts.get(invariant.index()).copied().unwrap_or_default()
    }

    /// What did not hold, device by device.
    #[must_use]
    pub fn breaches(&self) -> &[Breach] {
        &self.breaches
    }

    /// True where nothing was broken.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.counts.iter().all(|count| count.broken == 0)
    }
}
