//! The report's content: what the engine's status says, in the fields of the format.

use bundle::{Order, ProbeResult, Report, Section, Sha256, UnixSeconds};
use store::Condition;

use crate::{Clock, Freshness, Mode, Now, ProbeOutcome, Reason, Status, Verdict};

/// Who reports, and the how-manieth time since its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reporting {
    /// Random per start.
    pub boot_id: [u8; 16],
    /// Counts the reports of this start.
    pub counter: u32,
}

/// The report that `status` gives.
#[must_use]
pub fn report<'a>(
    status: &Status<'a>,
    now: Now,
    reporting: Reporting,
    probes: Section<'a, ProbeResult<'a>>,
) -> Report<'a> {
    let release = status.installed.map(|installed| (installed.order, installed.digest));
    let (order, digest) = release.unwrap_or((Order::new(0, 0), Sha256([0; 32])));
    Report {
        device: status.device,
        boot_id: reporting.boot_id,
        commit_count: u32::try_from(status.generation).unwrap_or(u32::MAX),
        counter: reporting.counter,
        time: known(now.clock),
        release_epoch: order.epoch,
        release_number: order.number,
        release_digest: digest,
        subject_number: status
            .subject
            .filter(|subject| *subject != order)
            .map_or(0, |subject| subject.number),
        phase: status.phase.number(),
        reason: status.reason.map_or(0, Reason::number),
        keyring_epoch: status.keyring.epoch,
        keyring_version: status.keyring.number,
        head_number: status.head.map_or(0, |head| head.number),
        flags: flags(status),
        agent_version: env!("CARGO_PKG_VERSION"),
        probes,
        extensions: Section::empty(),
    }
}

/// What a report says of one endpoint.
#[must_use]
pub fn probe_result(endpoint: &str, outcome: ProbeOutcome) -> ProbeResult<'_> {
    let ProbeOutcome { present, candidate, .. } = outcome;
    // Where a bundle has no such service, or was not asked, nothing is known of it.
    let of = |verdict: Option<Verdict>| match verdict {
        Some(Verdict::Verified) => (0, None),
        Some(Verdict::Refused(reason)) => (1, Some(reason)),
        Some(Verdict::Inconclusive(reason)) => (2, Some(reason)),
        None => (2, None),
    };
    let ((present, present_reason), (candidate, candidate_reason)) = (of(present), of(candidate));
    let reason = candidate_reason.or(present_reason).map_or(0, Reason::number);
    ProbeResult { endpoint, present, candidate, reason }
}

const fn known(clock: Clock) -> Option<UnixSeconds> {
    match clock {
        Clock::Known(time) => Some(time),
        Clock::Unknown => None,
    }
}

fn flags(status: &Status<'_>) -> u16 {
    [
        (matches!(status.freshness, Freshness::Stale { .. }), Report::FLAG_STALE),
        (status.mode == Mode::Observe, Report::FLAG_OBSERVE),
        (status.clock_unknown, Report::FLAG_CLOCK_UNKNOWN),
        (status.store == Condition::Lost, Report::FLAG_STORE_LOST),
    ]
    .into_iter()
    .filter(|(is_set, _)| *is_set)
    .fold(0, |flags, (_, flag)| flags | flag)
}
