//! Everything that the status command shows.

use serde::Serialize;

use super::{Applications, Exports, Finding, Freshness, Journal, Standing, Trusted};
use crate::linux::clock::Clock;
use crate::linux::configuration::{BaseUrl, Settings, SignedOnlyTransport};
use crate::linux::driver::{ActivityRecord, Image};
use crate::linux::error::Error;
use crate::linux::journal_file;
use crate::linux::trust::Trust;
use crate::{Clock as CalendarTime, Mode};

/// The whole answer.
#[derive(Clone, Debug, Serialize)]
pub struct Overview {
    /// The device's id.
    pub device: String,
    /// The channel's name.
    pub channel: String,
    /// `install` or `observe`.
    pub mode: &'static str,
    /// `allow` or `refuse`.
    pub signed_only_transport: &'static str,
    /// What is trusted; nothing where neither store nor image has a release.
    pub trusted: Option<Trusted>,
    /// Whether somebody vouches that nothing newer exists.
    pub freshness: Freshness,
    /// The journal.
    pub journal: Journal,
    /// The newest cycle of the agent, as far as it is remembered.
    pub last_cycle: Option<ActivityRecord>,
    /// Where reports go, if anywhere.
    pub reports_to: Option<String>,
    /// The exported files, where there are to be any.
    pub exports: Option<Exports>,
    /// Who on this device is told of changes, and where they stand.
    pub applications: Applications,
    /// What a person should look at.
    pub findings: Vec<Finding>,
    /// True where some URL of the channel is one of TLS: else nobody can be surprised that none was spoken.
    #[serde(skip)]
    pub(super) expects_tls: bool,
    /// What is to be said of an activity file that another device wrote.
    #[serde(skip)]
    pub(super) foreign_activity: Option<String>,
    #[serde(skip)]
    pub(super) expected_fleet: Option<String>,
    #[serde(skip)]
    pub(super) now_seconds: Option<u64>,
}

impl Overview {
    /// Reads everything that is on this machine; asks nobody.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn gather(settings: &Settings, clock: &Clock) -> Result<Self, Error> {
        let image = Image::read(settings)?;
        let (condition, record) = journal_file::read(settings)?;
        // What no agent would start on is not shown as trusted.
        image.check(clock, &record)?;
        let installed = Trust::new(settings.location(), settings.seed_path.clone()).installed().ok();
        let journal = Journal::of(settings, condition, record, installed.as_deref());
        let (last_cycle, foreign_activity) = activity(settings);
        let noted = last_cycle.as_ref().and_then(|cycle| cycle.fresh_until.or(cycle.stale_since));
        let now = match clock.now().clock {
            CalendarTime::Known(time) => Some(time),
            CalendarTime::Unknown => None,
        };
        let exports = settings.export.as_ref().filter(|_| settings.mode == Mode::Install);
        let trusted =
            installed.as_deref().map(|installed| Trusted::of(installed, &journal.record, image.hosts(), now));
        let mut overview = Self {
            device: settings.device.clone(),
            channel: settings.channel.clone(),
            mode: match settings.mode {
                Mode::Install => "install",
                Mode::Observe => "observe",
            },
            signed_only_transport: match settings.signed_only_transport {
                SignedOnlyTransport::Allow => "allow",
                SignedOnlyTransport::Refuse => "refuse",
            },
            trusted,
            freshness: Freshness::of(journal.record.head, noted.map(|noted| noted.0), now),
            exports: exports.map(|export| Exports::of(export, installed.as_deref(), settings)),
            journal,
            last_cycle,
            reports_to: settings.report.as_ref().map(|target| target.url.to_string()),
            applications: Applications::of(settings, installed.as_deref()),
            foreign_activity,
            findings: Vec::new(),
            expects_tls: settings.urls.iter().any(BaseUrl::is_tls),
            expected_fleet: settings.fleet.clone(),
            now_seconds: now.map(|time| time.0),
        };
        overview.findings = Finding::all(&overview, overview.now_seconds);
        Ok(overview)
    }

    pub(super) fn release(&self) -> Option<&String> {
        self.trusted.as_ref().map(|trusted| &trusted.release)
    }

    pub(super) fn is_trial(&self) -> bool {
        self.trusted.as_ref().is_some_and(|trusted| trusted.standing == Standing::Trial)
    }
}

/// The newest cycle, or what is to be said where the file is of another device or channel.
fn activity(settings: &Settings) -> (Option<ActivityRecord>, Option<String>) {
    let path = ActivityRecord::path(settings);
    let Some(record) = ActivityRecord::read(&path) else { return (None, None) };
    if record.device == settings.device && record.channel == settings.channel {
        return (Some(record), None);
    }
    let ActivityRecord { device, channel, .. } = record;
    let told = format!(
        "{} was written by device {device} on channel {channel}: give every agent a device.runtime of its own",
        path.display()
    );
    (None, Some(told))
}
