//! A snapshot of everything the engine knows, for reports, logs and the status command.

use bundle::{Order, Sha256, UnixSeconds};
use store::{Condition, Floors, Storage};

use crate::{Agent, Clock, Now, Reason, Transport, agent::State};

/// What the engine is doing. Numbers are in reports: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Phase {
    /// Waiting for the next check.
    Idle = 0,
    /// Asking for the head.
    Checking = 1,
    /// Asking for keyrings.
    CatchingUp = 2,
    /// Asking for an update or a manifest.
    Fetching = 3,
    /// Filling the idle slot.
    Staging = 4,
    /// Proving the candidate against the endpoints.
    Probing = 5,
    /// A release is installed and not proven yet.
    Trial = 6,
}

/// Whether the engine installs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Verify, stage, probe, install.
    #[default]
    Install,
    /// Verify, stage, probe, report; commit and export nothing.
    Observe,
}

/// What is known about the newest head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The newest head has not expired.
    Fresh {
        /// When it does.
        until: UnixSeconds,
    },
    /// The newest head has expired; what is installed stays.
    Stale {
        /// Since when.
        since: UnixSeconds,
    },
    /// No head was accepted yet, or nobody knows the time.
    Unknown,
}

/// Where a bundle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the image.
    Seed,
    /// In a slot of the store.
    Slot,
}

/// The release that applications read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its place in the order.
    pub order: Order,
    /// SHA-256 of its manifest's header.
    pub digest: Sha256,
    /// When it was made.
    pub issued_at: UnixSeconds,
    /// When it was installed here, where a clock was known; `None` for a seed.
    pub committed_at: Option<UnixSeconds>,
    /// Where it is.
    pub origin: Origin,
}

/// A release that is not taken for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its place in the order.
    pub order: Order,
    /// SHA-256 of its manifest's header.
    pub digest: Sha256,
    /// Why.
    pub reason: Reason,
    /// How often it was tried.
    pub attempts: u16,
    /// When it may be tried again, where a clock was known.
    pub retry_at: Option<UnixSeconds>,
}

/// What the probes of the last round said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProbeCounts {
    /// Endpoints that verify under the candidate.
    pub verified: u16,
    /// Endpoints that are refused under it.
    pub refused: u16,
    /// Endpoints of which nothing can be said.
    pub inconclusive: u16,
    /// Endpoints that verify under the present bundle and would be lost.
    pub lost: u16,
    /// Lost endpoints of services that the candidate drops.
    pub dropped: u16,
}

/// How the last check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastCheck {
    /// Uptime at its end, in seconds.
    pub uptime_seconds: u64,
    /// The time, where a clock was known.
    pub at: Option<UnixSeconds>,
    /// How it ended.
    pub reason: Reason,
    /// How the tree was reached; `None` where it was not.
    pub transport: Option<Transport>,
}

/// Everything at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status<'a> {
    /// The device's id.
    pub device: &'a str,
    /// The channel's name.
    pub channel: &'a str,
    /// Whether the engine installs.
    pub mode: Mode,
    /// What it is doing.
    pub phase: Phase,
    /// What is to be said first: the newest result that matters.
    pub reason: Option<Reason>,
    /// The release that the reason is about, where it is about one.
    pub subject: Option<Order>,
    /// The release that applications read.
    pub installed: Option<Installed>,
    /// The release to go back to, during a trial with one in the store.
    pub fallback: Option<Order>,
    /// The newest release that the device knows of.
    pub offered: Option<Order>,
    /// Conclusive failures of the trial.
    pub conclusive_failures: u8,
    /// What is not taken for now: the newest refusal.
    pub refused: Option<Refused>,
    /// The keyring in force.
    pub keyring: Order,
    /// The newest accepted head.
    pub head: Option<Order>,
    /// Whether that head still vouches for freshness.
    pub freshness: Freshness,
    /// The lowest acceptable keyring, release, head and time.
    pub floors: Floors,
    /// Entries of the deny list in force.
    pub denials: usize,
    /// What the journal was found to be when the agent started.
    pub store: Condition,
    /// Counts changes of what applications read: the commit count of reports.
    pub generation: u64,
    /// How the last check ended; `None` before the first.
    pub last_check: Option<LastCheck>,
    /// Seconds until the next check; zero while one runs.
    pub next_check_seconds: u64,
    /// What the probes of the last round said.
    pub probes: ProbeCounts,
    /// True where no clock is known.
    pub clock_unknown: bool,
    /// True where the last changes were not exported yet.
    pub export_pending: bool,
}

impl<S: Storage> Agent<'_, S> {
    /// Everything at this moment.
    #[must_use]
    pub fn status(&self, now: Now) -> Status<'_> {
        let record = self.store.record();
        let installed = self.installed();
        let trial = record.phase.is_trial();
        let (reason, subject) = self.memo.result.unzip();
        let next_check_seconds = match self.state {
            State::Idle { wake_at } => wake_at.saturating_sub(now.uptime_seconds),
            _ => 0,
        };
        Status {
            device: self.configuration.device,
            channel: self.configuration.channel,
            mode: self.configuration.mode,
            phase: self.phase(),
            reason,
            subject: subject.flatten(),
            installed: installed.map(|content| Installed {
                order: content.order,
                digest: content.digest,
                issued_at: content.issued_at,
                committed_at: content.committed_at,
                origin: content.origin(),
            }),
            fallback: self.base().filter(|_| trial).map(|content| content.order),
            offered: self.memo.offered,
            conclusive_failures: record.conclusive_failures,
            refused: self.newest_refusal(),
            keyring: self.keyring_order().unwrap_or_else(|| self.floors().keyring),
            head: self.head.map(|head| head.order).or_else(|| record.head.map(|head| head.order)),
            freshness: self.freshness(now.clock),
            floors: self.floors(),
            denials: record.denials.count(),
            store: self.found,
            generation: record.generation,
            last_check: self.memo.last_check,
            next_check_seconds,
            probes: self.probes,
            clock_unknown: now.clock == Clock::Unknown,
            export_pending: self.export_pending(),
        }
    }

    /// What the engine is doing; a trial shows only while nothing else is going on.
    fn phase(&self) -> Phase {
        match self.state {
            State::Head => Phase::Checking,
            State::Keyrings(_) => Phase::CatchingUp,
            State::Update { .. } | State::Blob(_) if self.filling.is_some() => Phase::Staging,
            State::Update { .. } | State::Release | State::Blob(_) => Phase::Fetching,
            State::Probe { .. } => Phase::Probing,
            _ if self.store.record().phase.is_trial() => Phase::Trial,
            State::Idle { .. } | State::Export(_) | State::Report => Phase::Idle,
        }
    }

    /// What a report would say, in short: another value is worth another report, and so is another day.
    pub(crate) fn report_key(&self, now: Now) -> (u64, Sha256) {
        let status = self.status(now);
        let installed = status.installed.map_or(Sha256([0; 32]), |installed| installed.digest);
        let refused = status.refused.map_or(Sha256([0; 32]), |refused| refused.digest);
        let reason = status.reason.map_or(0, Reason::number);
        let stale = matches!(status.freshness, Freshness::Stale { .. });
        let digest = Sha256::of(&[
            &installed.0,
            &refused.0,
            &reason.to_le_bytes(),
            &[u8::from(self.store.record().phase.is_trial()), status.conclusive_failures, u8::from(stale)],
            &status.keyring.epoch.to_le_bytes(),
            &status.keyring.number.to_le_bytes(),
            &status.generation.to_le_bytes(),
        ]);
        (now.uptime_seconds / crate::limits::DAILY_SECONDS, digest)
    }
}

impl Phase {
    /// The number in reports.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Idle => 0,
            Self::Checking => 1,
            Self::CatchingUp => 2,
            Self::Fetching => 3,
            Self::Staging => 4,
            Self::Probing => 5,
            Self::Trial => 6,
        }
    }

    /// The name for machines, in snake_case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Checking => "checking",
            Self::CatchingUp => "catching_up",
            Self::Fetching => "fetching",
            Self::Staging => "staging",
            Self::Probing => "probing",
            Self::Trial => "trial",
        }
    }
}
