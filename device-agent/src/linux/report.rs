//! The report port: what the device says of itself, signed with its own key, sent where the configuration says.
//!
//! A report goes out only after the tree was reached over authenticated TLS, or to this very machine where the
//! configuration allows it by name; it never blocks a cycle.

use std::sync::Arc;
use std::time::Duration;

use bundle::write::{report_frame, report_message, section};
use bundle::{ChannelId, Report, Section, limits::REPORT_BYTES_MAX};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;

use super::configuration::{ReportTarget, Settings};
use super::device_key::DeviceKey;
use super::entropy;
use super::error::{Error, Exit};
use super::transport::Clients;
use crate::{Now, ProbeOutcome, Reporting, Status, Transport, probe_result, report};

/// Longest time that a report may take: what follows it is only the wait for the next check.
const REPORT_SECONDS: u64 = 20;

/// Sends reports for as long as one process lives.
#[derive(Debug)]
pub struct Reporter {
    target: ReportTarget,
    key: Arc<DeviceKey>,
    reporting: Reporting,
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
        Ok(Some(Self { target, key, reporting: Reporting { boot_id: entropy::random()?, counter: 0 } }))
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
        extensions: &[u8],
    ) -> Result<(), Error> {
        self.reporting.counter = self.reporting.counter.saturating_add(1);
        let frame = self.frame(status, now, observations, extensions);
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

    fn frame(
        &self,
        status: &Status<'_>,
        now: Now,
        observations: &[Observation],
        extensions: &[u8],
    ) -> Vec<u8> {
        let mut kept =
            observations.get(..observations.len().min(bundle::PROBE_RESULTS_MAX)).unwrap_or_default();
        loop {
            let results = section(
                kept.iter().map(|observation| probe_result(&observation.endpoint, observation.outcome)),
            );
            let report = report(status, now, self.reporting, Section::from_bytes(&results));
            let report = Report { extensions: Section::from_bytes(extensions), ..report };
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
}
