//! The matrix: services, their endpoints, and the verdicts.

use std::collections::{BTreeMap, BTreeSet};

use bundle::write::ServiceContent;
use bundle::{Sha256, UnixSeconds};
use serde::Serialize;

use super::sighting::Question;
use super::{Cell, CellKind, Sides, Sighting};
use crate::date;
use crate::date::DAY_SECONDS;
use crate::observation::{EndpointRecord, Observations};
use crate::repository::service_file::ServiceFile;
use crate::watch::endpoints_of;

/// Services against what devices have and what is to come.
#[derive(Clone, Debug, Serialize)]
pub struct Matrix {
    /// The channel.
    pub channel: String,
    /// The day it was made for.
    pub at: String,
    /// What devices hold, the release that is rolled out first.
    pub now: Vec<String>,
    /// What is to come.
    pub candidate: String,
    /// The services, those of the candidate and those that it drops.
    pub services: Vec<ServiceRow>,
}

/// One service.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceRow {
    /// Its name.
    pub service: String,
    /// Publishing waits for a verdict about it.
    pub required: bool,
    /// Under what devices have: the worst of its endpoints.
    pub now: Cell,
    /// Under what is to come.
    pub candidate: Cell,
    /// Under what both share.
    pub both: Cell,
    /// Its endpoints.
    pub endpoints: Vec<EndpointRow>,
    /// Anchors of the candidate that serve it, and that verify a chain that was seen.
    #[serde(skip)]
    pub anchors: BTreeSet<Sha256>,
}

/// One endpoint.
#[derive(Clone, Debug, Serialize)]
pub struct EndpointRow {
    /// `host:port`.
    pub endpoint: String,
    /// Whether somebody sees it.
    pub state: State,
    /// Why nobody does: what the newest attempt said.
    pub failure: Option<String>,
    /// When a chain of it was last seen, by whomever.
    pub last_seen: Option<String>,
    /// Seconds since then.
    pub age_seconds: Option<u64>,
    /// Under what devices have.
    pub now: Cell,
    /// Under what is to come.
    pub candidate: Cell,
    /// Under what both share.
    pub both: Cell,
    /// The chains that were seen, from everywhere.
    pub sightings: Vec<Sighting>,
}

/// Whether an endpoint is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The newest attempt of some vantage was served a chain, and is young enough.
    Seen,
    /// No vantage reaches it, or it is too long ago.
    Unknown,
}

impl Matrix {
    /// Judges every chain that was seen in the last `days` days under both sides.
    #[must_use]
    pub fn of(
        sides: &Sides,
        services: &ServiceFile,
        observations: &[Observations],
        days: u32,
        now: UnixSeconds,
    ) -> Self {
        let mut rows: BTreeMap<&str, &ServiceContent> = BTreeMap::new();
        // What the candidate says of a service stands before what it was.
        let bundles = sides.held.iter().rev().chain([&sides.candidate]);
        for service in bundles.flat_map(|bundle| &bundle.content.services) {
            rows.insert(&service.name, service);
        }
        let rows = rows.into_values().map(|service| {
            let settings = services.services.get(&service.name);
            let watched = settings.map_or(&[][..], |settings| &settings.watch);
            let maker = Maker { sides, observations, days, now, service };
            let endpoints = endpoints_of(&service.hosts, watched).map(|endpoint| maker.endpoint(endpoint));
            let required = settings.is_some_and(|settings| settings.required);
            ServiceRow::of(&service.name, required, endpoints.collect())
        });
        Self {
            channel: sides.channel.clone(),
            at: date::instant(now),
            now: sides.held.iter().map(|bundle| bundle.label.clone()).collect(),
            candidate: sides.candidate.label.clone(),
            services: rows.collect(),
        }
    }

    /// Every endpoint with its service.
    pub fn endpoints(&self) -> impl Iterator<Item = (&ServiceRow, &EndpointRow)> {
        self.services.iter().flat_map(|row| row.endpoints.iter().map(move |endpoint| (row, endpoint)))
    }
}

/// Makes the rows of one service.
struct Maker<'a> {
    sides: &'a Sides,
    observations: &'a [Observations],
    days: u32,
    now: UnixSeconds,
    service: &'a ServiceContent,
}

impl Maker<'_> {
    fn endpoint(&self, endpoint: String) -> EndpointRow {
        let records = self.observations.iter().filter_map(|it| Some((it, it.endpoint(&endpoint)?)));
        let records: Vec<(&Observations, &EndpointRecord)> = records.collect();
        let last_seen = records.iter().flat_map(|(_, it)| it.newest()).map(|chain| chain.last_seen).max();
        let host = bundle::split_host_port(&endpoint).map_or("", |(host, _)| host).to_owned();
        let question =
            Question { sides: self.sides, service: &self.service.name, host: &host, now: self.now };
        let mut sightings = Vec::new();
        for (observations, record) in &records {
            for seen in record.newest().filter(|seen| self.is_young(seen.last_seen)) {
                let is_current = record.current().any(|current| current.certificates == seen.certificates);
                let chain = observations.chain(seen);
                sightings.push(question.judge(observations.vantage(), seen, &chain, is_current));
            }
        }
        let is_seen = sightings.iter().any(|sighting| sighting.is_current);
        let newest_failure = records.iter().max_by_key(|(_, record)| record.asked);
        let failure = newest_failure.and_then(|(_, record)| record.failure()).map(ToString::to_string);
        let unknown = || match last_seen {
            Some(at) => Cell::new(
                CellKind::Unknown,
                "unknown",
                format!("last seen {} ago", date::span(self.now.since(at))),
            ),
            None => Cell::new(CellKind::Unknown, "unknown", "never seen"),
        };
        let cell = |of: fn(&Sighting) -> &Cell| {
            let seen = sightings.iter().map(of);
            // A loss by what was seen last stands although nobody sees it now.
            let worst =
                seen.min_by_key(|cell| cell.verdict).filter(|it| is_seen || it.verdict == CellKind::Lost);
            worst.cloned().unwrap_or_else(unknown)
        };
        let (now, candidate, both) = (cell(|it| &it.now), cell(|it| &it.candidate), cell(|it| &it.both));
        EndpointRow {
            state: if is_seen { State::Seen } else { State::Unknown },
            failure: if is_seen { None } else { failure },
            last_seen: last_seen.map(date::instant),
            age_seconds: last_seen.map(|at| self.now.since(at)),
            now,
            candidate,
            both,
            sightings,
            endpoint,
        }
    }

    fn is_young(&self, seen: UnixSeconds) -> bool {
        self.now.since(seen) <= u64::from(self.days).saturating_mul(DAY_SECONDS)
    }
}

impl ServiceRow {
    fn of(service: &str, required: bool, endpoints: Vec<EndpointRow>) -> Self {
        let nothing = || Cell::new(CellKind::Unknown, "unknown", "no endpoint of it is known");
        let cell = |of: fn(&EndpointRow) -> &Cell| {
            endpoints.iter().map(of).min_by_key(|cell| cell.verdict).cloned().unwrap_or_else(nothing)
        };
        let anchors = endpoints.iter().flat_map(|it| &it.sightings).flat_map(|it| it.anchors.iter().copied());
        Self {
            service: service.to_owned(),
            required,
            now: cell(|it| &it.now),
            candidate: cell(|it| &it.candidate),
            both: cell(|it| &it.both),
            anchors: anchors.collect(),
            endpoints,
        }
    }
}

impl CellKind {
    /// The word in the matrix.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Absent => "-",
            Self::Lost => "LOST",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Verified => "verified",
        }
    }
}
