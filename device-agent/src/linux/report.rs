//! The report port: what the device says of itself, signed with its own key, sent where the configuration says.
//!
//! A report goes out only after the tree was reached over authenticated TLS, or to this very machine where the
//! configuration allows it by name; it never blocks a cycle.

use std::sync::Arc;
use std::time::Duration;

use bundle::write::{report_frame, report_message, section};
use bundle::{ChannelId, ProbeResult, Report, Section, UnixSeconds, limits::REPORT_BYTES_MAX};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;

use super::configuration::{ReportTarget, Settings};
use super::device_key::DeviceKey;
use super::entropy;
use super::error::{Error, Exit};
use super::transport::Clients;
use store::Condition;

use crate::{Clock, Freshness, Mode, Now, ProbeOutcome, Reason, Status, Transport, Verdict};

/// Longest time that a report may take: what follows it is only the wait for the next check.
const REPORT_SECONDS: u64 = 20;

/// Sends reports for as long as one process lives.
#[derive(Debug)]
pub struct Reporter {
    target: ReportTarget,
    key: Arc<DeviceKey>,
    boot_id: [u8; 16],
    counter: u32,
}

/// One endpoint of the last round, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The service.
    pub service: String,
    /// `host:port`.
    pub endpoint: String,
    /// What was found.
    pub outcome: ProbeOutcome,
    /// True where the candidate has no such service any more.
    pub is_dropped: bool,
}

impl Reporter {
    /// A reporter where the settings name a place for reports.
    ///
    /// # Errors
    /// The device's key cannot be read, or the system has no random bytes.
    pub fn new(settings: &Settings) -> Result<Option<Self>, Error> {
        let Some(target) = settings.report.clone() else { return Ok(None) };
        let key = Arc::new(DeviceKey::read(&settings.key_path)?);
        Ok(Some(Self { target, key, boot_id: entropy::random()?, counter: 0 }))
    }

    /// Where reports go.
    #[must_use]
    pub fn url(&self) -> String {
        self.target.url.to_string()
    }

    /// True where a report may go out after a cycle that used `transport`.
    #[must_use]
    pub fn may_send(&self, transport: Option<Transport>) -> bool {
        !self.target.is_tls() || transport == Some(Transport::Authenticated)
    }

    /// True where the place for reports is this very machine, reached over plain HTTP.
    #[must_use]
    pub fn is_plain_loopback(&self) -> bool {
        !self.target.is_tls()
    }

    /// Sends one report.
    ///
    /// # Errors
    /// Why it was not taken: it is sent again after the next check.
    pub async fn send(
        &mut self,
        clients: &Clients,
        status: &Status<'_>,
        now: Now,
        observations: &[Observation],
    ) -> Result<(), Error> {
        self.counter = self.counter.saturating_add(1);
        let frame = self.frame(status, now, observations);
        let url = self.target.url.clone();
        let fail = |message: String| Error::new(Exit::Io, "report", message).place(&url);
        let client = clients.client(Transport::Authenticated, std::iter::once(&url))?;
        let target = clients.target(url.clone());
        let request = client
            .post(target.url)
            .headers(target.headers)
            .header(CONTENT_TYPE, "application/octet-stream")
            .timeout(Duration::from_secs(REPORT_SECONDS))
            .body(frame);
        let response = request
            .send()
            .await
            .map_err(|error| fail("the report was not delivered".to_owned()).because(error.without_url()))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let path = match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                ": report.url names another path than the one that takes reports, usually /report"
            }
            _ => "",
        };
        Err(fail(format!("the report was answered with {status}{path}")))
    }

    fn frame(&self, status: &Status<'_>, now: Now, observations: &[Observation]) -> Vec<u8> {
        let mut kept =
            observations.get(..observations.len().min(bundle::PROBE_RESULTS_MAX)).unwrap_or_default();
        loop {
            let results = section(kept.iter().map(result));
            let report = self.report(status, now, Section::from_bytes(&results));
            let channel = ChannelId::of(status.channel);
            let signature = self.key.sign(&report_message(channel, &report));
            let frame = report_frame(channel, self.key.id(), &report, &signature);
            // Long host names: the first endpoints are reported, the others are counted in the status.
            match kept.split_last() {
                Some((_, fewer)) if frame.len() > REPORT_BYTES_MAX => kept = fewer,
                _ => return frame,
            }
        }
    }

    fn report<'a>(&self, status: &Status<'a>, now: Now, probes: Section<'a, ProbeResult<'a>>) -> Report<'a> {
        let release = status.installed.map(|installed| (installed.order, installed.digest));
        let (order, digest) = release.unwrap_or((bundle::Order::new(0, 0), bundle::Sha256([0; 32])));
        Report {
            device: status.device,
            boot_id: self.boot_id,
            commit_count: u32::try_from(status.generation).unwrap_or(u32::MAX),
            counter: self.counter,
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
}

fn known(clock: Clock) -> Option<UnixSeconds> {
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

fn result(observation: &Observation) -> ProbeResult<'_> {
    let ProbeOutcome { present, candidate, .. } = observation.outcome;
    // Where a bundle has no such service, or was not asked, nothing is known of it.
    let of = |verdict: Option<Verdict>| match verdict {
        Some(Verdict::Verified) => (0, None),
        Some(Verdict::Refused(reason)) => (1, Some(reason)),
        Some(Verdict::Inconclusive(reason)) => (2, Some(reason)),
        None => (2, None),
    };
    let ((present, present_reason), (candidate, candidate_reason)) = (of(present), of(candidate));
    let reason = candidate_reason.or(present_reason).map_or(0, Reason::number);
    ProbeResult { endpoint: &observation.endpoint, present, candidate, reason }
}
