//! Reports of a board that has no key of its own: the bytes that a key would sign, for the application to send over
//! a connection that already proves which device it is.

use alloc::string::String;
use alloc::vec::Vec;

use bundle::write::{report_message, section};
use bundle::{ChannelId, PROBE_RESULTS_MAX, Section};

use store::Storage;

use super::driver::Work;
use super::limits::{REPORT_BYTES_MAX, REPORT_MILLISECONDS};
use super::pending::Pending;
use super::{Driver, Platform};
use crate::{Event, Now, ProbeOutcome, Reporting, Status, probe_result, report};

/// What reports of one start say beside the status.
#[derive(Debug)]
pub(super) struct ReportText {
    reporting: Reporting,
    observations: Vec<(String, ProbeOutcome)>,
}

impl ReportText {
    pub(super) const fn new(boot_id: [u8; 16]) -> Self {
        Self { reporting: Reporting { boot_id, counter: 0 }, observations: Vec::new() }
    }

    /// Keeps what a probe found; the newest word on an endpoint counts.
    pub(super) fn observe(&mut self, endpoint: String, outcome: ProbeOutcome) {
        self.observations.retain(|(known, _)| *known != endpoint);
        self.observations.push((endpoint, outcome));
        // No report carries more than what its own limits allow; names are the bundle's and may be long.
        let bytes = |kept: &[(String, _)]| kept.iter().map(|(endpoint, _)| endpoint.len()).sum::<usize>();
        while self.observations.len() > PROBE_RESULTS_MAX || bytes(&self.observations) > REPORT_BYTES_MAX {
            let mut is_oldest = true;
            self.observations.retain(|_| !core::mem::replace(&mut is_oldest, false));
        }
    }

    /// The next report.
    pub(super) fn bytes(&mut self, status: &Status<'_>, now: Now) -> Vec<u8> {
        self.reporting.counter = self.reporting.counter.saturating_add(1);
        let mut kept = self.observations.as_slice();
        loop {
            let results = section(kept.iter().map(|(endpoint, outcome)| probe_result(endpoint, *outcome)));
            let content = report(status, now, self.reporting, Section::from_bytes(&results));
            let bytes = report_message(ChannelId::of(status.channel), &content);
            match kept.split_last() {
                Some((_, fewer)) if bytes.len() > REPORT_BYTES_MAX => kept = fewer,
                _ => return bytes,
            }
        }
    }
}

impl<P: Platform, S: Storage> Driver<'_, P, S> {
    /// Hands the report over, then waits for what becomes of it.
    pub(super) fn step_report(&mut self) {
        let now = self.platform.uptime_milliseconds();
        let Work::Report { ticket, deadline, delivered } = core::mem::take(&mut self.work) else {
            return self.begin_report(now);
        };
        match delivered {
            Some(delivered) => self.on(Event::Reported { delivered }),
            None if now >= deadline => self.on(Event::Reported { delivered: false }),
            None => {
                self.work = Work::Report { ticket, deadline, delivered };
                self.pending = Pending::Report;
                self.block(None, deadline);
            }
        }
    }

    fn begin_report(&mut self, now: u64) {
        // A report is made of copies: there is no room for them beside a connection.
        self.link = None;
        let moment = self.now();
        let bytes = self.report.bytes(&self.agent.status(moment), moment);
        let ticket = self.ticket();
        if self.platform.report(ticket, &bytes) {
            let deadline = now.saturating_add(REPORT_MILLISECONDS);
            self.work = Work::Report { ticket, deadline, delivered: None };
            self.pending = Pending::Report;
        } else {
            // Nobody takes it now; in the next cycle somebody may.
            self.on(Event::Reported { delivered: false });
        }
    }
}
