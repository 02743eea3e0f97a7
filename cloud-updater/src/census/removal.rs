//! What a candidate takes from devices by their own word: the gate of a removal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bundle::{AnchorMark, ChannelId, Sha256, UnixSeconds};
use chain::{Purpose, Time};

use super::{share, since};
use crate::Error;
use crate::coverage::{JudgedBundle, Sides};
use crate::date;
use crate::finding::{Finding, Findings, Severity};
use crate::fleet::{DeviceCensus, Heard, each_census};
use crate::repository::Share;

/// What to do about devices that need what is to go.
const NEEDED_HINT: &str = "let the anchor stay until their servers have moved: cloud-updater fleet census; where the devices' \
                           word is wrong: publish --despite-census SERVICE --reason WHY";
/// What to do about devices that say nothing.
const UNSEEN_HINT: &str = "let more agents say which anchors they need (census = true under [report] of agent.toml), wait, or lower \
                           census.required-share in fleet.toml";

/// What is asked before an anchor is taken from a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    /// When it is asked.
    pub now: UnixSeconds,
    /// What was seen longer ago than so many days does not count.
    pub days: u32,
    /// The share of the reporting devices that must have seen a service before anything is taken from it; `None` where their
    /// silence is told of and stops nothing.
    pub required_share: Option<Share>,
}

/// A service from which a candidate takes anchors.
#[derive(Debug, Default)]
struct Touched {
    /// Anchors that served it and serve it no more.
    gone: BTreeSet<AnchorMark>,
    /// Those of them that a distrust order names.
    ordered: BTreeSet<AnchorMark>,
    /// Anchors that serve it now.
    stay: BTreeSet<AnchorMark>,
    /// False where agents do not look at it, so that no device can say anything.
    is_probed: bool,
    /// Devices that saw it.
    devices: u32,
    /// Devices that would be cut off, by the anchors that they need.
    needed: BTreeMap<Vec<AnchorMark>, Needed>,
}

#[derive(Debug, Default)]
struct Needed {
    devices: u32,
    example: String,
    last_seen: i64,
}

impl Removal {
    /// What devices say of a step from the releases that they hold to the candidate; nothing where it takes no anchor from a
    /// service that stays. Without a database they say nothing.
    ///
    /// # Errors
    /// Exit code 5 where the database fails.
    pub fn findings(&self, database: Option<&Path>, sides: &Sides) -> Result<Findings, Error> {
        let mut touched = touched(sides, self.now);
        if touched.is_empty() {
            return Ok(Findings::default());
        }
        let since = since(self.now, self.days);
        let heard = match database {
            None => Heard::default(),
            Some(path) => each_census(path, ChannelId::of(&sides.channel), &mut |device| {
                touched.iter_mut().for_each(|(service, touched)| touched.ask(service, device, since));
            })?,
        };
        let names = Names { sides };
        let found = touched.iter().flat_map(|(service, touched)| {
            let needed = touched
                .needed
                .iter()
                .map(|(anchors, needed)| names.needed(service, touched, anchors, needed));
            needed.chain(self.unseen(service, touched, heard, &names))
        });
        Ok(Findings::new(found.collect()))
    }

    /// That too few devices, or none, say anything of a service.
    fn unseen(&self, service: &str, touched: &Touched, heard: Heard, names: &Names<'_>) -> Option<Finding> {
        if touched.gone.is_subset(&touched.ordered) {
            return None;
        }
        let share = share(touched.devices, heard.reporting);
        let severity = match self.required_share {
            // Waiting would not help: what nobody asks is never answered.
            Some(required) if share < required && touched.is_probed => Severity::Error,
            _ if touched.devices == 0 => Severity::Warning,
            _ => return None,
        };
        let gone: Vec<AnchorMark> = touched.gone.iter().copied().collect();
        let required = self.required_share.filter(|_| severity == Severity::Error);
        let required = required.map_or_else(String::new, |share| format!(", and {share} must"));
        let unasked =
            if touched.is_probed { "" } else { "; agents do not look at it, for it has probe = false" };
        let message = format!(
            "loses {}, and {} of {} reporting devices ({share}) said in the last {} days which anchors they need for it{required}{unasked}",
            names.of(&gone),
            touched.devices,
            heard.reporting,
            self.days,
        );
        Some(Finding::new("census-unseen", severity, service, message).hint(UNSEEN_HINT))
    }
}

/// Refuses what devices need by their own word.
///
/// # Errors
/// Exit code 3 with everything that stands in the way.
pub fn check(findings: &Findings) -> Result<(), Error> {
    findings.refuse(&[
        ("census-needed", "census_needed", NEEDED_HINT),
        ("census-unseen", "census_unseen", UNSEEN_HINT),
    ])
}

impl Touched {
    fn ask(&mut self, service: &str, device: &DeviceCensus, since: i64) {
        let seen = || device.seen.iter().filter(|seen| seen.service == service && seen.seen_at >= since);
        self.devices += u32::from(seen().next().is_some());
        let lost = seen().filter(|seen| {
            let is = |set: &BTreeSet<AnchorMark>| seen.anchors.iter().any(|anchor| set.contains(anchor));
            is(&self.gone) && !is(&self.stay)
        });
        let lost: Vec<(Vec<AnchorMark>, i64)> =
            lost.map(|seen| (seen.anchors.clone(), seen.seen_at)).collect();
        for (anchors, seen_at) in lost {
            let needed = self.needed.entry(anchors).or_default();
            needed.devices += 1;
            needed.last_seen = needed.last_seen.max(seen_at);
            if needed.example.is_empty() {
                needed.example.clone_from(&device.device);
            }
        }
    }
}

/// Services that stay and lose anchors.
fn touched(sides: &Sides, time: UnixSeconds) -> BTreeMap<String, Touched> {
    let candidate = &sides.candidate;
    let ordered: BTreeSet<AnchorMark> =
        candidate.content.distrust_orders.iter().map(|(sha256, _)| AnchorMark::of(sha256)).collect();
    let services = candidate.content.services.iter().map(|service| {
        let stay = serving(candidate, &service.name, time);
        let held = sides.held.iter().flat_map(|held| serving(held, &service.name, time));
        let gone: BTreeSet<AnchorMark> = held.filter(|mark| !stay.contains(mark)).collect();
        let ordered = gone.intersection(&ordered).copied().collect();
        let is_probed = service.probe;
        (service.name.clone(), Touched { gone, ordered, stay, is_probed, ..Touched::default() })
    });
    services.filter(|(_, touched)| !touched.gone.is_empty()).collect()
}

/// The anchors that serve a service under a bundle at a time.
fn serving(bundle: &JudgedBundle, service: &str, time: UnixSeconds) -> BTreeSet<AnchorMark> {
    let Some(judge) = bundle.set().service(service) else { return BTreeSet::new() };
    let usable = judge.usable_anchors(Purpose::ServerAuth, Time::Known(time));
    let anchors = usable.filter_map(|index| bundle.content.anchors.get(usize::from(index.0)));
    anchors.map(|anchor| AnchorMark::of(&anchor.sha256)).collect()
}

/// What anchors are called in findings.
struct Names<'a> {
    sides: &'a Sides,
}

impl Names<'_> {
    fn needed(&self, service: &str, touched: &Touched, anchors: &[AnchorMark], needed: &Needed) -> Finding {
        let taken: Vec<AnchorMark> =
            anchors.iter().copied().filter(|mark| touched.gone.contains(mark)).collect();
        let is_ordered = taken.iter().all(|mark| touched.ordered.contains(mark));
        let (rule, severity) = if is_ordered {
            ("census-needed-by-order", Severity::Warning)
        } else {
            ("census-needed", Severity::Error)
        };
        let Needed { devices, example, last_seen } = needed;
        let who = if *devices == 1 {
            format!("device {example}")
        } else {
            format!("{devices} devices, {example} among them,")
        };
        let last_seen = UnixSeconds(u64::try_from(*last_seen).unwrap_or_default());
        let order = if is_ordered { "; a distrust order wants it so" } else { "" };
        let message = format!(
            "loses {}, and {who} had nothing else that verified it, last on {}{order}",
            self.of(&taken),
            date::day(last_seen),
        );
        Finding::new(rule, severity, service, message).hint(NEEDED_HINT)
    }

    fn of(&self, marks: &[AnchorMark]) -> String {
        let names: Vec<String> = marks.iter().map(|mark| self.one(*mark)).collect();
        names.join(" and ")
    }

    fn one(&self, mark: AnchorMark) -> String {
        let bundles = self.sides.held.iter().chain([&self.sides.candidate]);
        let mut names = bundles.flat_map(|bundle| {
            let of_mark =
                bundle.content.anchors.iter().filter(move |anchor| AnchorMark::of(&anchor.sha256) == mark);
            of_mark.filter_map(move |anchor| short_name(bundle, anchor.sha256))
        });
        names.next().unwrap_or_else(|| format!("the anchor {mark}…"))
    }
}

fn short_name(bundle: &JudgedBundle, sha256: Sha256) -> Option<String> {
    bundle.names.short_name(sha256).map(str::to_owned)
}
