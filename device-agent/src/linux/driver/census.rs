//! The census, where the owner asked for it: once a day every probed service is looked at again, under what applications trust.
//! Nothing depends on what is found; a report tells it.

use std::sync::Arc;

use bundle::{AnchorMark, UnixSeconds};
use chain::{Judge, Purpose, Served, Time};
use store::Storage;
use trust_store::Installed;

use super::census_record::{CensusRecord, ReportedCensus};
use super::machine::Machine;
use crate::endpoints::{endpoint_text, service_endpoints};
use crate::judgement::ServedChain;
use crate::linux::clock::Moment;
use crate::linux::configuration::Settings;
use crate::{LocalHost, limits};

/// An endpoint of a probed service.
struct Asked {
    service: String,
    host: String,
    port: u16,
}

impl<S: Storage> Machine<'_, S> {
    /// Makes a round where one is due: one handshake with each endpoint, and no judgement on anything.
    pub(super) async fn take_census(&mut self) {
        if !self.settings.report.as_ref().is_some_and(|report| report.census) {
            self.census = None;
            return;
        }
        let Ok(installed) = self.clients.trust().installed() else { return };
        let (now, release) = (self.calendar(), installed.order().to_string());
        if !CensusRecord::is_due(self.census.as_ref(), &release, now) {
            return;
        }
        let mut record = self.begin_census(&installed, now);
        let asked = asked(&installed, self.settings);
        record.keep(|service, endpoint| {
            asked.iter().any(|asked| asked.service == service && asked.endpoint() == endpoint)
        });
        for asked in asked {
            // What was not reached keeps what it had: the age says how old it is.
            if let Ok(chain) = self.handshakes.served(&asked.host, asked.port).await {
                let time = Time::from_clock(now, installed.time_floor());
                let anchors = anchors(&installed, &asked.service, &chain, time);
                record.note(&asked.service, &asked.endpoint(), &anchors);
            }
        }
        self.census = Some(record);
    }

    fn begin_census(&self, installed: &Installed, now: UnixSeconds) -> CensusRecord {
        let services = installed.manifest().map_or(0, |manifest| manifest.services().count());
        CensusRecord {
            at: Moment(now),
            release: installed.order().to_string(),
            services: u8::try_from(services).unwrap_or(u8::MAX),
            seen: self.census.as_ref().map(|before| before.seen.clone()).unwrap_or_default(),
            is_reported: false,
        }
    }

    /// What a report says of it; nothing where the owner did not ask.
    pub(super) fn reported_census(&self) -> Option<ReportedCensus> {
        self.census.as_ref().map(|census| census.reported(self.calendar()))
    }

    /// True where a round was made that no report has told of.
    pub(super) fn has_census_to_report(&self) -> bool {
        self.census.as_ref().is_some_and(|census| !census.is_reported)
    }

    pub(super) fn census_was_reported(&mut self) {
        if let Some(census) = &mut self.census {
            census.is_reported = true;
        }
    }
}

impl Asked {
    fn endpoint(&self) -> String {
        endpoint_text(&self.host, self.port)
    }
}

/// The endpoints of the probed services, as many as a round of probes has.
fn asked(installed: &Arc<Installed>, settings: &Settings) -> Vec<Asked> {
    let hosts: Vec<LocalHost<'_>> = settings.local_hosts().collect();
    let Ok(manifest) = installed.manifest() else { return Vec::new() };
    let probed = manifest.services().filter(|service| service.probe);
    let endpoints = probed.flat_map(|service| {
        let endpoints: Vec<(String, u16)> =
            service_endpoints(service, &hosts).map(|(host, port)| (host.to_owned(), port)).collect();
        endpoints.into_iter().map(move |(host, port)| Asked { service: service.name.to_owned(), host, port })
    });
    endpoints.take(usize::from(limits::ENDPOINTS_MAX)).collect()
}

/// The anchors that each verify a chain by themselves; none where nothing does. Where it takes more work to see every path
/// than is allowed, the one that was found.
fn anchors(installed: &Installed, service: &str, chain: &ServedChain, time: Time) -> Vec<AnchorMark> {
    let Some((end_entity, intermediates)) = chain.certificates.split_first() else { return Vec::new() };
    let Some(judge): Option<Judge<'_>> = installed.set().service(service) else { return Vec::new() };
    let server_name = Some(&chain.server_name);
    let served = Served { end_entity, intermediates, server_name, purpose: Purpose::ServerAuth };
    let all = judge.verified_paths(&served, time);
    let one = || match judge.verdict(&served, time) {
        chain::Verdict::Verified(path) => vec![path],
        _ => Vec::new(),
    };
    let paths = all.unwrap_or_else(one);
    paths.iter().map(|path| AnchorMark::of(&path.anchor_sha256())).collect()
}
