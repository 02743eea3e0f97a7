//! The release that applications read, and why it is this one.

use bundle::UnixSeconds;
use serde::Serialize;
use store::Record;
use trust_store::{Installed, Origin};

use super::Requirement;
use crate::linux::clock::instant;
use crate::{LocalHost, service_endpoints};

/// What is trusted on this device.
#[derive(Clone, Debug, Serialize)]
pub struct Trusted {
    /// The release.
    pub release: String,
    /// Its digest.
    pub digest: String,
    /// Why it is this one.
    pub standing: Standing,
    /// When it was made.
    pub issued_at: Option<String>,
    /// Since when it is installed; unknown for a seed, and where no clock was known.
    pub installed_at: Option<String>,
    /// Counts the changes of what applications read.
    pub generation: u64,
    /// Usable anchors.
    pub anchors: usize,
    /// The services.
    pub services: Vec<ServiceLine>,
    /// Anchors that cannot be used, by SHA-256.
    pub unusable_anchors: Vec<String>,
    #[serde(skip)]
    pub(super) installed_seconds: Option<u64>,
}

/// Why a release is the one that is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It proved itself.
    Confirmed,
    /// It is the image's, and the store has nothing newer.
    Seed,
    /// It is installed and not proven yet.
    Trial,
}

/// One service of the release.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceLine {
    /// Its name.
    pub name: String,
    /// Where it answers.
    pub hosts: Vec<String>,
    /// Usable anchors that serve it.
    pub anchors: usize,
    /// Whether this device probes it.
    pub is_probed: bool,
    /// At how many endpoints.
    pub probed_endpoints: usize,
    /// True where it is to be probed and cannot be: its hosts are wildcards, and the configuration names none.
    pub lacks_local_host: bool,
    /// Its pins, and the names that its certificate is expected to have.
    pub requirements: Vec<Requirement>,
}

impl Trusted {
    pub(super) fn of(
        installed: &Installed,
        record: &Record,
        local_hosts: &[LocalHost<'_>],
        now: Option<UnixSeconds>,
    ) -> Self {
        // As chains are judged: without a clock, nothing ends before the floor says so.
        let earliest = now.unwrap_or(record.floors.time);
        let manifest = installed.manifest().ok();
        let services = manifest.iter().flat_map(bundle::Manifest::services);
        let standing = match (installed.origin(), installed.is_trial()) {
            (Origin::Seed, _) => Standing::Seed,
            (_, true) => Standing::Trial,
            (_, false) => Standing::Confirmed,
        };
        let entry = record
            .active()
            .map(|(_, entry)| entry)
            .filter(|entry| entry.release.digest == installed.digest());
        let committed_at = entry.and_then(|entry| entry.committed_at).filter(|_| standing != Standing::Seed);
        Self {
            release: installed.order().to_string(),
            digest: installed.digest().to_string(),
            standing,
            issued_at: manifest.map(|manifest| instant(manifest.header().issued_at)),
            installed_at: committed_at.map(instant),
            generation: installed.generation(),
            anchors: installed.all_anchors().count(),
            services: services
                .map(|service| ServiceLine::of(installed, service, local_hosts, earliest))
                .collect(),
            unusable_anchors: installed
                .set()
                .unusable()
                .iter()
                .map(|anchor| anchor.sha256.to_string())
                .collect(),
            installed_seconds: committed_at.map(|time| time.0),
        }
    }
}

impl ServiceLine {
    fn of(
        installed: &Installed,
        service: bundle::Service<'_>,
        local_hosts: &[LocalHost<'_>],
        earliest: UnixSeconds,
    ) -> Self {
        let probed_endpoints =
            if service.probe { service_endpoints(service, local_hosts).count() } else { 0 };
        Self {
            name: service.name.to_owned(),
            hosts: service.hosts.iter().map(|host| host.0.to_owned()).collect(),
            anchors: installed.anchors(service.name).map_or(0, Iterator::count),
            is_probed: probed_endpoints > 0,
            probed_endpoints,
            lacks_local_host: service.probe && probed_endpoints == 0,
            requirements: Requirement::all(&service, earliest),
        }
    }
}

impl Trusted {
    /// Why it is this release, for people.
    #[must_use]
    pub fn standing_words(&self) -> &'static str {
        let is_probed = self.services.iter().any(|service| service.is_probed);
        match self.standing {
            Standing::Confirmed if !is_probed => {
                "confirmed without a probe: this device has no endpoint to probe"
            }
            standing => standing.words(),
        }
    }
}

impl Standing {
    /// The sentence for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed: it was installed and proved itself on this device",
            Self::Seed => "from the image: the store has no newer release",
            Self::Trial => "on trial: it is installed and has not proved itself yet",
        }
    }
}
