//! What all devices together were seen to need, counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bundle::{AnchorMark, ChannelId, Sha256, UnixSeconds};
use serde::Serialize;

use super::{share, since};
use crate::Error;
use crate::coverage::JudgedBundle;
use crate::date;
use crate::fleet::{DeviceCensus, SeenService, each_census};
use crate::repository::Share;

/// The census of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Census {
    /// The channel.
    pub channel: String,
    /// What was seen longer ago than so many days does not count.
    pub days: u32,
    /// Devices whose last report is of the channel.
    pub devices_reporting: u32,
    /// Devices of those that sent a census: their owners asked for it.
    pub devices_counted: u32,
    /// Services of the release, or that devices tell of.
    pub services: Vec<ServiceUse>,
    /// How many of them at least one device saw.
    pub services_observed: usize,
    /// Anchors of the release, or that devices tell of.
    pub anchors: Vec<AnchorUse>,
}

/// One service in a census.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceUse {
    /// Its name.
    pub service: String,
    /// False where the release has no such service.
    pub in_release: bool,
    /// Devices that saw it verify.
    pub devices: u32,
    /// Those devices among all that report from the channel.
    pub share: Share,
}

/// One anchor in a census.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnchorUse {
    /// What it is called; nothing where neither release nor repository has it.
    pub name: Option<String>,
    /// The first eight bytes of its certificate's SHA-256.
    pub mark: String,
    /// False where the release has no such anchor.
    pub in_release: bool,
    /// Services that it verified somewhere.
    pub services: BTreeSet<String>,
    /// Devices on which it verified a service.
    pub devices: u32,
    /// Devices on which nothing else verified one of them.
    pub devices_by_it_alone: u32,
    /// When it last verified one, by the reports.
    pub last_seen: Option<String>,
}

#[derive(Default)]
struct Count {
    services: BTreeSet<String>,
    devices: u32,
    alone: u32,
    last_seen: i64,
}

/// Counts device by device.
#[derive(Default)]
struct Counting {
    services: BTreeMap<String, u32>,
    anchors: BTreeMap<AnchorMark, Count>,
}

impl Census {
    /// Counts what the devices of `channel` saw in the last `days` days before `now`, of `release` and whatever else they name;
    /// `known` are further anchors that have names.
    ///
    /// # Errors
    /// Exit code 2 where there is no database, 5 where it fails.
    pub fn of_channel(
        database: &Path,
        channel: &str,
        release: Option<&JudgedBundle>,
        known: &BTreeMap<AnchorMark, String>,
        (now, days): (UnixSeconds, u32),
    ) -> Result<Self, Error> {
        let since = since(now, days);
        let mut counting = Counting::default();
        let heard = each_census(database, ChannelId::of(channel), &mut |device| counting.add(device, since))?;
        let of_release = release.map(names_of).unwrap_or_default();
        let names =
            release.into_iter().flat_map(|release| &release.content.services).map(|it| it.name.clone());
        let in_release: BTreeSet<String> = names.collect();
        let all: BTreeSet<String> = in_release.iter().chain(counting.services.keys()).cloned().collect();
        let services: Vec<ServiceUse> = all
            .into_iter()
            .map(|service| {
                let devices = counting.services.get(&service).copied().unwrap_or_default();
                let share = share(devices, heard.reporting);
                ServiceUse { in_release: in_release.contains(&service), devices, share, service }
            })
            .collect();
        let services_observed = services.iter().filter(|service| service.devices > 0).count();
        Ok(Self {
            channel: channel.to_owned(),
            days,
            devices_reporting: heard.reporting,
            devices_counted: heard.counted,
            services,
            services_observed,
            anchors: counting.anchors(&of_release, known),
        })
    }
}

impl Counting {
    fn add(&mut self, device: &DeviceCensus, since: i64) {
        let fresh: Vec<&SeenService> = device.seen.iter().filter(|seen| seen.seen_at >= since).collect();
        let services: BTreeSet<&str> = fresh.iter().map(|seen| seen.service.as_str()).collect();
        for service in services {
            *self.services.entry(service.to_owned()).or_default() += 1;
        }
        let used: BTreeSet<AnchorMark> = fresh.iter().flat_map(|seen| seen.anchors.iter().copied()).collect();
        for mark in used {
            let by_it = || fresh.iter().filter(|seen| seen.anchors.contains(&mark));
            let count = self.anchors.entry(mark).or_default();
            count.devices += 1;
            count.alone += u32::from(by_it().any(|seen| seen.anchors == [mark]));
            count.services.extend(by_it().map(|seen| seen.service.clone()));
            count.last_seen = by_it().map(|seen| seen.seen_at).fold(count.last_seen, i64::max);
        }
    }

    /// Every anchor of the release and every one that was seen, the most needed first.
    fn anchors(
        &self,
        of_release: &BTreeMap<AnchorMark, String>,
        known: &BTreeMap<AnchorMark, String>,
    ) -> Vec<AnchorUse> {
        let all: BTreeSet<AnchorMark> = of_release.keys().chain(self.anchors.keys()).copied().collect();
        let none = Count::default();
        let of_mark = |mark: AnchorMark| {
            let count = self.anchors.get(&mark).unwrap_or(&none);
            let seconds = u64::try_from(count.last_seen).unwrap_or_default();
            AnchorUse {
                name: of_release.get(&mark).or_else(|| known.get(&mark)).cloned(),
                mark: mark.to_string(),
                in_release: of_release.contains_key(&mark),
                services: count.services.clone(),
                devices: count.devices,
                devices_by_it_alone: count.alone,
                last_seen: (count.devices > 0).then(|| date::instant(UnixSeconds(seconds))),
            }
        };
        let mut anchors: Vec<AnchorUse> = all.into_iter().map(of_mark).collect();
        anchors.sort_by_key(|anchor| std::cmp::Reverse((anchor.devices_by_it_alone, anchor.devices)));
        anchors
    }
}

/// The anchors of a release by their marks.
fn names_of(release: &JudgedBundle) -> BTreeMap<AnchorMark, String> {
    let name = |sha256: Sha256| release.names.short_name(sha256).unwrap_or_default().to_owned();
    release.content.anchors.iter().map(|it| (AnchorMark::of(&it.sha256), name(it.sha256))).collect()
}
