//! The rules of the protocol that the model can leave out, one at a time, to show that each is needed.

use serde::Serialize;

/// A rule of the device. Without any one of them some property fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// As many keys as the threshold says must have signed.
    Threshold,
    /// A keyring needs the threshold of the one before.
    OldThreshold,
    /// A keyring needs its own threshold.
    NewThreshold,
    /// A keyring cannot be judged by one below its parent.
    ParentNamed,
    /// Of two documents the one of the newer epoch is newer, whatever the numbers.
    EpochFirst,
    /// The commitment to recovery keys changes only with their signatures.
    Commitment,
    /// Floors are restated only by a keyring that replaces all keys of the role.
    FloorsOfReplacedKeys,
    /// A restated floor ends trials, refusals and the precedence of denials above it.
    RestatedFloorOutlives,
    /// A release below the floor is refused.
    ReleaseFloor,
    /// An older head is ignored.
    HeadOrder,
    /// One number has one content, for heads and releases.
    Equivocation,
    /// Nothing is taken from a release before its threshold is met.
    AuthenticFirst,
    /// The deny list of the newest verified release holds at once.
    DenialsFirst,
    /// No revert brings an older deny list back.
    DenialsStay,
    /// No commit brings an older deny list than the newest that was verified.
    CommitKeepsDenials,
    /// What was said by replaced keys is forgotten in memory too.
    MemoryOutlived,
    /// A slot is read back before it is committed.
    ReadBack,
    /// A release on trial gives way before its slot is written again.
    TrialGivesWay,
    /// A candidate that loses a service is refused.
    ProbeFirst,
    /// A trial is confirmed by proof alone.
    ProofConfirms,
    /// A trial is reverted by evidence, never by silence.
    EvidenceReverts,
    /// A bundle of replaced keys has no veto.
    VetoOfBelieved,
    /// A thief's first trial gives way to the seed.
    SeedIsFallback,
    /// An image whose keyring replaces all keys of a role restates the floors that it skipped.
    ImageRestates,
    /// The release floor rises with a confirmation, and not before.
    FloorAtConfirm,
    /// The time floor never moves back.
    TimeFloor,
    /// Expiry changes nothing but what is said.
    ExpiryKeeps,
    /// The next keyring is asked for every day, whatever the head says.
    DailyQuestion,
    /// The next recovery is asked for wherever a keyring does not lead on.
    RecoveryAsked,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 29] = [
        Self::Threshold,
        Self::OldThreshold,
        Self::NewThreshold,
        Self::ParentNamed,
        Self::EpochFirst,
        Self::Commitment,
        Self::FloorsOfReplacedKeys,
        Self::RestatedFloorOutlives,
        Self::ReleaseFloor,
        Self::HeadOrder,
        Self::Equivocation,
        Self::AuthenticFirst,
        Self::DenialsFirst,
        Self::DenialsStay,
        Self::CommitKeepsDenials,
        Self::MemoryOutlived,
        Self::ReadBack,
        Self::TrialGivesWay,
        Self::ProbeFirst,
        Self::ProofConfirms,
        Self::EvidenceReverts,
        Self::VetoOfBelieved,
        Self::SeedIsFallback,
        Self::ImageRestates,
        Self::FloorAtConfirm,
        Self::TimeFloor,
        Self::ExpiryKeeps,
        Self::DailyQuestion,
        Self::RecoveryAsked,
    ];
}

/// The rules in force: all of them, or all but one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    without: Option<Rule>,
}

impl Rules {
    /// Every rule but this one.
    #[must_use]
    pub const fn without(rule: Rule) -> Self {
        Self { without: Some(rule) }
    }

    /// True where the rule is in force.
    #[must_use]
    pub fn holds(self, rule: Rule) -> bool {
        self.without != Some(rule)
    }
}
