//! A report whose signature was checked, as it goes into the records.

use bundle::{Applications, Census, ChannelId, Report, Sha256};

const HOUR_SECONDS: i64 = 3_600;

/// What one verified report says, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The device's id, as enrolled.
    pub device: String,
    /// The channel it was signed for.
    pub channel: ChannelId,
    /// SHA-256 of the whole frame: the same frame again is a retry, not news.
    pub frame_sha256: Sha256,
    /// When it arrived, in seconds since 1970 by this machine's clock.
    pub received_at: i64,
    /// The device's own time, where it knows it.
    pub device_time: Option<i64>,
    /// Random per start of the agent.
    pub boot_id: [u8; 16],
    /// Releases committed by the device.
    pub commit_count: u32,
    /// Counts the reports of one boot.
    pub counter: u32,
    /// Recovery epoch of the release in use.
    pub release_epoch: u16,
    /// Number of the release in use.
    pub release_number: u32,
    /// Digest of the release in use.
    pub release_digest: Sha256,
    /// The release that the reason is about.
    pub subject_number: u32,
    /// Phase, by the agent's number.
    pub phase: u8,
    /// Reason, by the agent's number.
    pub reason: u16,
    /// Recovery epoch of the keyring in force.
    pub keyring_epoch: u16,
    /// Version of the keyring in force.
    pub keyring_version: u32,
    /// Number of the newest accepted head.
    pub head_number: u32,
    /// `Report::FLAG_…` bits.
    pub flags: u16,
    /// The agent's version.
    pub agent_version: String,
    /// What the probes said, in their order.
    pub probes: Vec<Probed>,
    /// What is said of the device's applications; nothing where it names none.
    pub applications: Option<ReportedApplications>,
    /// What is said of the anchors that services need; nothing where the device's owner did not ask for it.
    pub census: Option<ReportedCensus>,
}

/// Which anchors the services of a device were seen to need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedCensus {
    /// Services of the device's release.
    pub services: u8,
    /// Those that were seen, as far as the report had room for them.
    pub observed: Vec<ReportedService>,
}

/// A service whose chain verified on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedService {
    /// Its name.
    pub service: String,
    /// [`bundle::AnchorMark`]s, ascending, back to back.
    pub anchors: Vec<u8>,
    /// When, in seconds since 1970 by this machine's clock.
    pub seen_at: i64,
}

/// What a report says of the applications of its device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedApplications {
    /// How many there are.
    pub declared: u8,
    /// How many use what is installed.
    pub well: u8,
    /// Those that do not, as far as the report had room for them.
    pub behind: Vec<Behind>,
}

/// An application that does not use what is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// Its name on the device.
    pub name: String,
    /// How telling it ended, by the agent's number; zero where it was not tried.
    pub outcome: u16,
    /// Number of the release that it was last told of.
    pub release_number: u32,
    /// Tries since it was last told with success.
    pub attempts: u16,
    /// Anchors that it may still trust and must not.
    pub still_trusts: u16,
}

/// What one probe said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// `host:port`.
    pub endpoint: String,
    /// Under the present bundle: 0 verified, 1 refused, 2 inconclusive.
    pub present: u8,
    /// Under the candidate.
    pub candidate: u8,
    /// Reason code of the worse of the two.
    pub reason: u16,
}

impl Received {
    /// The report out of `frame`, which was signed for `channel` and arrived at `received_at`.
    #[must_use]
    pub fn new(report: &Report<'_>, channel: ChannelId, frame: &[u8], received_at: i64) -> Self {
        let probes = report.probes.iter().map(|probe| Probed {
            endpoint: probe.endpoint.to_owned(),
            present: probe.present,
            candidate: probe.candidate,
            reason: probe.reason,
        });
        Self {
            device: report.device.to_owned(),
            channel,
            frame_sha256: Sha256::of(&[frame]),
            received_at,
            device_time: report.time.map(|time| i64::try_from(time.0).unwrap_or(i64::MAX)),
            boot_id: report.boot_id,
            commit_count: report.commit_count,
            counter: report.counter,
            release_epoch: report.release_epoch,
            release_number: report.release_number,
            release_digest: report.release_digest,
            subject_number: report.subject_number,
            phase: report.phase,
            reason: report.reason,
            keyring_epoch: report.keyring_epoch,
            keyring_version: report.keyring_version,
            head_number: report.head_number,
            flags: report.flags,
            agent_version: report.agent_version.to_owned(),
            probes: probes.collect(),
            // In a verified report it decodes.
            applications: report.applications().ok().flatten().map(ReportedApplications::of),
            census: report.census().ok().flatten().map(|census| ReportedCensus::of(census, received_at)),
        }
    }
}

impl ReportedApplications {
    fn of(applications: Applications<'_>) -> Self {
        let behind = applications.behind.iter().map(|behind| Behind {
            name: behind.name.to_owned(),
            outcome: behind.outcome,
            release_number: behind.release_number,
            attempts: behind.attempts,
            still_trusts: behind.still_trusts,
        });
        Self { declared: applications.declared, well: applications.well, behind: behind.collect() }
    }
}

impl ReportedCensus {
    fn of(census: Census<'_>, received_at: i64) -> Self {
        let observed = census.observed.iter().map(|observed| ReportedService {
            service: observed.service.to_owned(),
            anchors: observed.anchors.to_vec(),
            // The device tells an age: its own clock may be wrong, and the time between the two is not.
            seen_at: received_at.saturating_sub(i64::from(observed.hours).saturating_mul(HOUR_SECONDS)),
        });
        Self { services: census.services, observed: observed.collect() }
    }
}
