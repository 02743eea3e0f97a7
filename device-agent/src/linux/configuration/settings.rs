//! `agent.toml` as it is meant: every value checked, every default filled in.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bundle::limits::{DEVICE_ID_BYTES_MAX, NAME_BYTES_MAX, REFRESH_SECONDS_MAX, SERVICE_NAME_BYTES_MAX};
use serde::Deserialize;
use store::Region;
use trust_store::{DEFAULT_REGION_BYTES, Location};
use url::Url;

use super::application::{Application, TrustChoice, applications};
use super::base_url::{BaseUrl, base_urls, http_url};
use super::endpoint::{Override, ResolveTable, split_endpoint};
use super::export::{Export, export_target};
use super::file::{AgentFile, ModeName, PollSection, ReportSection, ServiceSection, StoreSection};
use super::own_folders::{OwnFolders, STATE_FOLDER};
use super::toml_text;
use crate::linux::error::Error;
use crate::{LocalHost, Mode};

/// The path of reports at a server of ours: what a URL without a path means.
const REPORT_PATH: &str = "/report";
/// Longest handshake that a probe waits for unless told otherwise, in seconds: slow radio links need several.
const PROBE_SECONDS: u64 = 15;
/// Longest handshake that may be asked for, in seconds.
const PROBE_SECONDS_MAX: u64 = 120;
/// Longest wait for the next bytes of an answer unless told otherwise, in seconds.
const ANSWER_SECONDS: u64 = 30;
/// Longest wait for the next bytes that may be asked for, in seconds.
const ANSWER_SECONDS_MAX: u64 = 600;

/// The configuration of this device.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file it was read from.
    pub path: PathBuf,
    /// The device's id, as enrolled.
    pub device: String,
    /// Where the agent keeps what must outlive a reboot, beside the store.
    pub state_folder: PathBuf,
    /// Where the device's key is.
    pub key_path: PathBuf,
    /// The groups that the device belongs to.
    pub groups: Vec<String>,
    /// Where the agent says what it is doing; need not outlive a reboot.
    pub runtime_folder: PathBuf,
    /// The channel's name.
    pub channel: String,
    /// The fleet's name, where it must be a certain one.
    pub fleet: Option<String>,
    /// Where the published tree stands, in the order of preference.
    pub urls: Vec<BaseUrl>,
    /// Whether the agent installs.
    pub mode: Mode,
    /// Whether signed files may be fetched without authenticated TLS.
    pub signed_only_transport: SignedOnlyTransport,
    /// The image's seed.
    pub seed_path: Option<PathBuf>,
    /// A keyring document of its own, for images without a seed.
    pub keyring_path: Option<PathBuf>,
    /// Where the store is.
    pub store: StoreLocation,
    /// Where exports go, if anywhere.
    pub export: Option<Export>,
    /// Where reports go, if anywhere.
    pub report: Option<ReportTarget>,
    /// How probes are made.
    pub probe: Probe,
    /// How often the tree is asked.
    pub poll: Poll,
    /// This device's own hosts of services.
    pub services: Vec<LocalService>,
    /// Who on this device is told of changes.
    pub applications: Vec<Application>,
    /// Local answers in place of DNS.
    pub resolve: ResolveTable,
}

/// Whether signed files may be fetched without authenticated TLS: plain HTTP, or TLS that proves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignedOnlyTransport {
    /// They may: they are signed, and a device whose TLS roots are dead finds its way back.
    #[default]
    Allow,
    /// They may not: a device whose TLS roots are dead needs a file.
    Refuse,
}

/// A region of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreLocation {
    /// The file.
    pub path: PathBuf,
    /// Where in the file, in bytes.
    pub offset: u64,
    /// Bytes of the region.
    pub length: u32,
    /// The same, checked.
    pub region: Region,
}

/// Where reports go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportTarget {
    /// The whole URL.
    pub url: Url,
    /// Whether reports say which anchors the services of this device were seen to need.
    pub census: bool,
}

/// How probes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Longest time for name resolution, connection and handshake together.
    pub timeout: Duration,
}

/// How often the tree is asked, whatever the head says; and how long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// Shortest wait between two cycles, in seconds.
    pub seconds_min: u64,
    /// Longest wait between two cycles, in seconds.
    pub seconds_max: u64,
    /// Longest wait for the next bytes of an answer.
    pub timeout: Duration,
}

/// This device's own host of a service whose pattern has a wildcard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalService {
    /// The service.
    pub service: String,
    /// `host` or `host:port`.
    pub host: String,
}

impl Settings {
    /// Reads the file at `path`; `device` stands in for the id in it.
    ///
    /// # Errors
    /// Exit code 2 with file and field.
    pub fn read(path: &Path, device: Option<String>) -> Result<Self, Error> {
        Self::of(toml_text::read(path)?, path, device)
    }

    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        Self::of(toml_text::parse(text, path)?, path, None)
    }

    fn of(file: AgentFile, path: &Path, device: Option<String>) -> Result<Self, Error> {
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let meant = Meaning { folder };
        Self::checked(file, path, device, &meant).map_err(|error| error.file(path))
    }

    fn checked(
        file: AgentFile,
        path: &Path,
        device: Option<String>,
        meant: &Meaning<'_>,
    ) -> Result<Self, Error> {
        let own = OwnFolders::of(file.store.path.as_deref(), meant);
        let device = device.or(file.device.id).ok_or_else(|| {
            Error::usage("missing", "the device has no id")
                .field("device.id")
                .hint("write it, or give it with --device or DEVICE_AGENT_DEVICE")
        })?;
        check_name(&device, DEVICE_ID_BYTES_MAX, "device.id")?;
        check_channel(&file.channel.name)?;
        for (index, group) in file.device.groups.iter().enumerate() {
            check_name(group, NAME_BYTES_MAX, &format!("device.groups[{index}]"))?;
        }
        Ok(Self {
            path: path.into(),
            device,
            key_path: meant.path(file.device.key, || own.state.join("device.key")),
            state_folder: own.state,
            groups: file.device.groups,
            runtime_folder: meant.path(file.device.runtime, || own.runtime),
            channel: file.channel.name,
            fleet: file.channel.fleet,
            urls: base_urls(&file.channel.urls)?,
            mode: match file.channel.mode {
                ModeName::Install => Mode::Install,
                ModeName::Observe => Mode::Observe,
            },
            signed_only_transport: file.channel.signed_only_transport,
            seed_path: file.image.seed.map(|path| meant.relative(path)),
            keyring_path: file.image.keyring.map(|path| meant.relative(path)),
            store: store_location(file.store, meant)?,
            export: file.export.map(|export| export_target(export, meant)).transpose()?,
            report: file.report.map(|report| report_target(&report)).transpose()?,
            probe: Probe {
                timeout: seconds(
                    file.probe.timeout_seconds,
                    PROBE_SECONDS,
                    PROBE_SECONDS_MAX,
                    "probe.timeout-seconds",
                )?,
            },
            poll: poll(&file.poll)?,
            services: local_services(file.services)?,
            applications: applications(file.applications)?,
            resolve: resolve_table(file.resolve)?,
        })
    }

    /// True where the exports also depend on what is in the system's store.
    #[must_use]
    pub fn looks_at_the_system(&self) -> bool {
        let adds = |application: &Application| application.trust == TrustChoice::Add;
        let feeds = self.export.as_ref().is_some_and(|export| export.system_store.is_some());
        self.mode == Mode::Install && (feeds || self.applications.iter().any(adds))
    }

    /// The hosts that wildcards of services stand for on this device.
    pub(in crate::linux) fn local_hosts(&self) -> impl Iterator<Item = LocalHost<'_>> {
        self.services.iter().map(|local| LocalHost { service: &local.service, host: &local.host })
    }

    /// Where applications find the store.
    #[must_use]
    pub fn location(&self) -> Location {
        Location { path: self.store.path.clone(), offset: self.store.offset, length: self.store.length }
    }
}

/// What a relative path is relative to.
pub(super) struct Meaning<'a> {
    folder: &'a Path,
}

impl Meaning<'_> {
    pub(super) fn relative(&self, path: PathBuf) -> PathBuf {
        if path.is_absolute() { path } else { self.folder.join(path) }
    }

    pub(super) fn path(&self, written: Option<PathBuf>, default: impl FnOnce() -> PathBuf) -> PathBuf {
        written.map_or_else(default, |path| self.relative(path))
    }
}

impl ReportTarget {
    /// True where TLS is spoken; else it is a loopback address that the configuration allows by name.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }
}

pub(super) fn check_name(name: &str, bytes_max: usize, field: &str) -> Result<(), Error> {
    if !(1..=bytes_max).contains(&name.len()) || name.chars().any(char::is_control) {
        let message = format!("{name:?} must have 1 to {bytes_max} bytes and no control characters");
        return Err(Error::usage("bad_name", message).field(field));
    }
    Ok(())
}

/// A channel's name is a folder of the published tree.
fn check_channel(name: &str) -> Result<(), Error> {
    let fine = (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if fine {
        return Ok(());
    }
    let message =
        format!("{name:?} is not a channel: 1 to {NAME_BYTES_MAX} lower-case letters, digits, hyphens");
    Err(Error::usage("bad_channel", message).field("channel.name"))
}

fn store_location(section: StoreSection, meant: &Meaning<'_>) -> Result<StoreLocation, Error> {
    let length = section.length.unwrap_or(DEFAULT_REGION_BYTES);
    let region = Region::new(section.offset, length)
        .map_err(|error| Error::usage("bad_region", "cannot hold a store").field("store").because(error))?;
    let path = meant.path(section.path, || Path::new(STATE_FOLDER).join("store"));
    Ok(StoreLocation { path, offset: section.offset, length, region })
}

/// Reports name the device: they go over authenticated TLS, or to this very machine where that is said.
fn report_target(section: &ReportSection) -> Result<ReportTarget, Error> {
    let (field, census) = ("report.url", section.census);
    let mut url = http_url(&section.url, field)?;
    if matches!(url.path(), "" | "/") {
        url.set_path(REPORT_PATH);
    }
    if url.scheme() == "https" {
        return Ok(ReportTarget { url, census });
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_loopback && section.plain_on_loopback {
        return Ok(ReportTarget { url, census });
    }
    let error = Error::usage("plain_report", "reports name the device: they are not sent over plain HTTP");
    Err(error
        .field(field)
        .hint("write an https URL; a loopback address is allowed with report.plain-on-loopback = true"))
}

fn poll(section: &PollSection) -> Result<Poll, Error> {
    let (seconds_min, seconds_max) = (
        section.seconds_min.unwrap_or(0),
        section.seconds_max.unwrap_or_else(|| u64::from(REFRESH_SECONDS_MAX)),
    );
    if seconds_max == 0 || seconds_min > seconds_max {
        let message = format!("must be at least 1 and not below poll.seconds-min, {seconds_min}");
        return Err(Error::usage("bad_interval", message).field("poll.seconds-max"));
    }
    let timeout =
        seconds(section.timeout_seconds, ANSWER_SECONDS, ANSWER_SECONDS_MAX, "poll.timeout-seconds")?;
    Ok(Poll { seconds_min, seconds_max, timeout })
}

pub(super) fn seconds(written: Option<u64>, default: u64, max: u64, field: &str) -> Result<Duration, Error> {
    match written.unwrap_or(default) {
        seconds if (1..=max).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        seconds => {
            Err(Error::usage("bad_timeout", format!("{seconds} is not between 1 and {max}")).field(field))
        }
    }
}

fn local_services(
    sections: std::collections::BTreeMap<String, ServiceSection>,
) -> Result<Vec<LocalService>, Error> {
    let mut services = Vec::new();
    for (service, section) in sections {
        check_name(&service, SERVICE_NAME_BYTES_MAX, &format!("services.{service}"))?;
        for (index, host) in section.hosts.into_iter().enumerate() {
            if split_endpoint(&host).is_none() {
                let message =
                    format!("{host:?} is not a host of this device: write host or host:port, no wildcard");
                return Err(
                    Error::usage("bad_host", message).field(format!("services.{service}.hosts[{index}]"))
                );
            }
            services.push(LocalService { service: service.clone(), host });
        }
    }
    Ok(services)
}

fn resolve_table(entries: std::collections::BTreeMap<String, String>) -> Result<ResolveTable, Error> {
    let entry = |(from, to): (String, String)| {
        let field = format!("resolve.{from:?}");
        let (host, port) = split_endpoint(&from)
            .ok_or_else(|| Error::usage("bad_host", format!("{from:?} is not host:port")).field("resolve"))?;
        let address: SocketAddr = to
            .parse()
            .map_err(|_| Error::usage("bad_address", format!("{to:?} is not address:port")).field(field))?;
        Ok(Override { host: host.to_ascii_lowercase(), port, address })
    };
    entries.into_iter().map(entry).collect::<Result<_, Error>>().map(ResolveTable::new)
}
