//! Which anchors the services of this device were last seen to need, as the activity file keeps it: all that a census in a
//! report is made of.

use bundle::limits::{CENSUS_ANCHORS_MAX, CENSUS_ENTRIES_MAX};
use bundle::write::section;
use bundle::{AnchorMark, Census, ObservedService, Section, UnixSeconds};
use serde::{Deserialize, Serialize};

use crate::linux::clock::Moment;

/// Seconds from one round to the next.
const ROUND_SECONDS: u64 = 86_400;
const HOUR_SECONDS: u64 = 3_600;
/// Bytes that the census may take of a report: applications and probes are to have room beside it.
const CENSUS_BYTES_MAX: usize = 800;

/// What the services of this device need, as far as it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CensusRecord {
    /// When the last round was made.
    pub at: Moment,
    /// The release that was in use then.
    pub release: String,
    /// How many services it has.
    pub services: u8,
    /// What verified when it was last seen, round by round.
    pub seen: Vec<SeenEndpoint>,
    /// False until a report with this round was delivered.
    pub is_reported: bool,
}

/// An endpoint whose chain verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenEndpoint {
    /// The service.
    pub service: String,
    /// `host:port`; it stays on the device.
    pub endpoint: String,
    /// The first eight bytes of the SHA-256 of each anchor that verified the chain by itself, ascending, in hexadecimal.
    pub anchors: Vec<String>,
    /// When.
    pub at: Moment,
}

impl CensusRecord {
    /// True where a round is to be made: a day after the last one, and where another release is in use.
    #[must_use]
    pub fn is_due(before: Option<&Self>, release: &str, now: UnixSeconds) -> bool {
        before.is_none_or(|before| {
            let at = before.at.0;
            // A clock that was set since says nothing of how long ago it was.
            before.release != release || at > now || now.since(at) >= ROUND_SECONDS
        })
    }

    /// Keeps what an endpoint showed: anchors, or none where nothing verified its chain. One that was not reached keeps
    /// what it had, with its age.
    pub fn note(&mut self, service: &str, endpoint: &str, anchors: &[AnchorMark]) {
        self.seen.retain(|seen| seen.service != service || seen.endpoint != endpoint);
        if !anchors.is_empty() {
            let mut anchors: Vec<AnchorMark> = anchors.to_vec();
            anchors.sort_unstable();
            anchors.dedup();
            // One way fewer than there is only makes whoever reads it more careful.
            anchors.truncate(CENSUS_ANCHORS_MAX);
            let anchors = anchors.iter().map(ToString::to_string).collect();
            let (service, endpoint) = (service.to_owned(), endpoint.to_owned());
            self.seen.push(SeenEndpoint { service, endpoint, anchors, at: self.at });
        }
    }

    /// Forgets what is no service, or no endpoint, of this device any more.
    pub fn keep(&mut self, is_one: impl Fn(&str, &str) -> bool) {
        self.seen.retain(|seen| is_one(&seen.service, &seen.endpoint));
    }

    /// What a report says of it at `now`: services and anchors, no endpoints.
    #[must_use]
    pub fn reported(&self, now: UnixSeconds) -> ReportedCensus {
        let mut entries: Vec<Entry> = self.seen.iter().filter_map(|seen| Entry::of(seen, now)).collect();
        // Of two endpoints that need the same, the one that was seen last speaks for both.
        entries.sort_unstable();
        entries.dedup_by(|next, kept| (&next.service, &next.anchors) == (&kept.service, &kept.anchors));
        entries.truncate(CENSUS_ENTRIES_MAX);
        loop {
            let items = section(entries.iter().map(Entry::item));
            if items.len() <= CENSUS_BYTES_MAX || entries.pop().is_none() {
                return ReportedCensus { services: self.services, items };
            }
        }
    }
}

/// A census as a report has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedCensus {
    services: u8,
    items: Vec<u8>,
}

impl ReportedCensus {
    /// The census.
    #[must_use]
    pub const fn census(&self) -> Census<'_> {
        Census { services: self.services, observed: Section::from_bytes(self.items.as_slice()) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    service: String,
    anchors: Vec<u8>,
    hours: u16,
}

impl Entry {
    /// `None` for what a damaged file made of it.
    fn of(seen: &SeenEndpoint, now: UnixSeconds) -> Option<Self> {
        let marks: Option<Vec<[u8; 8]>> = seen.anchors.iter().map(|text| mark(text)).collect();
        let hours = u16::try_from(now.since(seen.at.0) / HOUR_SECONDS).unwrap_or(u16::MAX);
        Some(Self { service: seen.service.clone(), anchors: marks?.concat(), hours })
    }

    fn item(&self) -> ObservedService<'_> {
        ObservedService { service: &self.service, anchors: &self.anchors, hours: self.hours }
    }
}

/// A mark out of its hexadecimal.
fn mark(text: &str) -> Option<[u8; 8]> {
    // The number's own reading takes a sign.
    let is_mark = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = is_mark.then(|| u64::from_str_radix(text, 16).ok()).flatten()?;
    Some(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use bundle::limits::SERVICES_MAX;

    use super::*;

    const HOUR: u64 = HOUR_SECONDS;

    fn record(at: u64) -> CensusRecord {
        let at = Moment(UnixSeconds(at));
        CensusRecord { at, release: "0.7".into(), services: 3, seen: Vec::new(), is_reported: false }
    }

    fn marks(bytes: &[u8]) -> Vec<AnchorMark> {
        bytes.iter().map(|byte| AnchorMark([*byte; 8])).collect()
    }

    fn told(record: &CensusRecord, now: u64) -> Vec<(String, Vec<AnchorMark>, u16)> {
        let reported = record.reported(UnixSeconds(now));
        let observed = reported.census().observed;
        assert!(observed.check(0).is_ok());
        observed.iter().map(|it| (it.service.to_owned(), it.anchors().collect(), it.hours)).collect()
    }

    #[test]
    fn a_round_is_made_once_a_day_and_for_each_release() {
        let (known, day) = (record(1_000), ROUND_SECONDS);
        let is_due = |release: &str, now: u64| CensusRecord::is_due(Some(&known), release, UnixSeconds(now));
        assert!(CensusRecord::is_due(None, "0.7", UnixSeconds(0)));
        assert!(!is_due("0.7", 1_000) && !is_due("0.7", 999 + day));
        assert!(is_due("0.7", 1_000 + day) && is_due("0.8", 1_000));
        assert!(is_due("0.7", 999), "the clock was set since");
    }

    #[test]
    fn an_endpoint_that_was_not_reached_keeps_what_it_had_and_one_that_does_not_verify_loses_it() {
        let mut known = record(0);
        known.note("hub", "one:443", &marks(&[2, 1, 1]));
        known.note("hub", "two:443", &marks(&[1]));
        known.note("web", "web:443", &marks(&[3]));
        known.at = Moment(UnixSeconds(5 * HOUR));
        known.note("web", "web:443", &[]);
        known.note("hub", "two:443", &marks(&[1, 2]));
        // Two endpoints that need the same are one word: that of the one that was seen last.
        assert_eq!(told(&known, 6 * HOUR), [("hub".to_owned(), marks(&[1, 2]), 1)]);
        known.keep(|_, endpoint| endpoint == "one:443");
        assert_eq!(told(&known, 6 * HOUR), [("hub".to_owned(), marks(&[1, 2]), 6)]);
        known.keep(|service, _| service == "web");
        assert_eq!(told(&known, 6 * HOUR), []);
    }

    #[test]
    fn a_census_of_everything_fits_and_a_damaged_file_is_no_census() {
        let mut full = record(0);
        for number in 0..SERVICES_MAX {
            let service = format!("a-service-of-a-very-long-name-{number:02}");
            full.note(&service, "host:443", &marks(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
        }
        full.services = 64;
        let kept = told(&full, 0);
        assert!((1..SERVICES_MAX).contains(&kept.len()) && kept.iter().all(|(_, marks, _)| marks.len() == 8));
        assert!(full.reported(UnixSeconds(0)).items.len() <= CENSUS_BYTES_MAX);
        for text in ["", "0", "zzzzzzzzzzzzzzzz", "+111111111111111", "11111111111111111"] {
            let seen = SeenEndpoint {
                service: "hub".into(),
                endpoint: "hub:443".into(),
                anchors: vec![text.into()],
                at: Moment(UnixSeconds(0)),
            };
            assert_eq!(told(&CensusRecord { seen: vec![seen], ..record(0) }, 0), [], "{text:?}");
        }
    }
}
