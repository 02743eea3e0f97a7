//! Reports of a board that has no key of its own: the bytes that a key would sign, for the application to send over
//! a connection that already proves which device it is.

use alloc::string::String;
use alloc::vec::Vec;

use bundle::write::{report_extensions, report_message, section};
use bundle::{AnchorMark, Census, ChannelId, ObservedService, PROBE_RESULTS_MAX, Report, Section};

use store::Storage;

use super::driver::Work;
use super::limits::{REPORT_BYTES_MAX, REPORT_MILLISECONDS};
use super::pending::Pending;
use super::{Driver, Platform};
use crate::{Event, Held, Now, ProbeOutcome, Reporting, Status, Verdict, probe_result, report};

/// Bytes that the census may take of a report: the probes are to have room beside it.
const CENSUS_BYTES_MAX: usize = 512;
const HOUR_SECONDS: u64 = 3_600;

/// What reports of one start say beside the status.
#[derive(Debug)]
pub(super) struct ReportText {
    reporting: Reporting,
    observations: Vec<Observation>,
    /// Whether the owner asked for the census.
    census: bool,
}

/// What a probe found.
#[derive(Debug)]
struct Observation {
    endpoint: String,
    outcome: ProbeOutcome,
    need: Option<Need>,
}

/// An anchor that verified a service.
#[derive(Debug)]
struct Need {
    service: String,
    anchor: AnchorMark,
    /// Seconds since the start.
    uptime_seconds: u64,
}

impl ReportText {
    pub(super) const fn new(boot_id: [u8; 16], census: bool) -> Self {
        Self { reporting: Reporting { boot_id, counter: 0 }, observations: Vec::new(), census }
    }

    /// Keeps what a probe found, and the service and anchor where a chain verified; the newest word on an endpoint counts. One
    /// that was not reached leaves its need as it was.
    pub(super) fn observe(
        &mut self,
        endpoint: String,
        outcome: ProbeOutcome,
        need: Option<(&str, AnchorMark)>,
        uptime_seconds: u64,
    ) {
        let known = self.observations.iter_mut().find(|known| known.endpoint == endpoint);
        let before = known.and_then(|known| known.need.take());
        self.observations.retain(|known| known.endpoint != endpoint);
        let is_silent = [outcome.present, outcome.candidate]
            .into_iter()
            .flatten()
            .all(|verdict| matches!(verdict, Verdict::Inconclusive(_)));
        let need = need.filter(|_| self.census).map(|(service, anchor)| Need {
            service: service.into(),
            anchor,
            uptime_seconds,
        });
        let need = need.or_else(|| before.filter(|_| is_silent));
        self.observations.push(Observation { endpoint, outcome, need });
        // No report carries more than what its own limits allow; names are the bundle's and may be long.
        let bytes = |kept: &[Observation]| kept.iter().map(|it| it.endpoint.len()).sum::<usize>();
        while self.observations.len() > PROBE_RESULTS_MAX || bytes(&self.observations) > REPORT_BYTES_MAX {
            let mut is_oldest = true;
            self.observations.retain(|_| !core::mem::replace(&mut is_oldest, false));
        }
    }

    /// The next report; `installed` is what applications read, where it is in memory.
    pub(super) fn bytes(
        &mut self,
        status: &Status<'_>,
        now: Now,
        installed: Option<&InstalledServices>,
    ) -> Vec<u8> {
        self.reporting.counter = self.reporting.counter.saturating_add(1);
        let extensions = self.extensions(now, installed);
        let mut kept = self.observations.as_slice();
        loop {
            let results = section(kept.iter().map(|it| probe_result(&it.endpoint, it.outcome)));
            let content = report(status, now, self.reporting, Section::from_bytes(&results));
            let content = Report { extensions: Section::from_bytes(&extensions), ..content };
            let bytes = report_message(ChannelId::of(status.channel), &content);
            match kept.split_last() {
                Some((_, fewer)) if bytes.len() > REPORT_BYTES_MAX => kept = fewer,
                _ => return bytes,
            }
        }
    }

    /// The census; nothing where the owner did not ask, or nobody knows how many services there are.
    fn extensions(&self, now: Now, installed: Option<&InstalledServices>) -> Vec<u8> {
        let Some(installed) = installed.filter(|_| self.census) else { return Vec::new() };
        let needs = self.observations.iter().filter_map(|it| it.need.as_ref());
        let is_service = |need: &&Need| installed.names.contains(&need.service);
        let mut needs: Vec<&Need> = needs.filter(is_service).collect();
        let key = |need: &Need| (need.service.clone(), need.anchor, core::cmp::Reverse(need.uptime_seconds));
        needs.sort_by_cached_key(|need| key(need));
        // Of two endpoints that need the same, the one that was seen last speaks for both.
        needs.dedup_by(|next, kept| (&next.service, next.anchor) == (&kept.service, kept.anchor));
        loop {
            let observed = section(needs.iter().map(|need| need.item(now)));
            if observed.len() <= CENSUS_BYTES_MAX || needs.pop().is_none() {
                let services = u8::try_from(installed.names.len()).unwrap_or(u8::MAX);
                let census = Census { services, observed: Section::from_bytes(&observed) };
                return report_extensions(None, Some(&census));
            }
        }
    }
}

impl Need {
    fn item(&self, now: Now) -> ObservedService<'_> {
        let hours = now.uptime_seconds.saturating_sub(self.uptime_seconds) / HOUR_SECONDS;
        let hours = u16::try_from(hours).unwrap_or(u16::MAX);
        ObservedService { service: &self.service, anchors: &self.anchor.0, hours }
    }
}

/// The services of what applications read.
#[derive(Debug)]
pub(super) struct InstalledServices {
    names: Vec<String>,
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
        let installed = self.installed_services();
        let bytes = self.report.bytes(&self.agent.status(moment), moment, installed.as_ref());
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

    /// What a census is held against; `None` where nobody asked for one, or the manifest is not in memory.
    fn installed_services(&mut self) -> Option<InstalledServices> {
        if !self.report.census {
            return None;
        }
        self.agent.open(Held::Installed, |open| InstalledServices {
            names: open.manifest.services().map(|service| service.name.into()).collect(),
        })
    }
}
