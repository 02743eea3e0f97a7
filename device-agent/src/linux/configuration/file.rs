//! `agent.toml` as it is written: names and types, no meaning yet.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::{Follows, SignedOnlyTransport, TrustChoice, UnitAction};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct AgentFile {
    pub(super) device: DeviceSection,
    pub(super) channel: ChannelSection,
    #[serde(default)]
    pub(super) image: ImageSection,
    #[serde(default)]
    pub(super) store: StoreSection,
    pub(super) export: Option<ExportSection>,
    pub(super) report: Option<ReportSection>,
    #[serde(default)]
    pub(super) probe: ProbeSection,
    #[serde(default)]
    pub(super) poll: PollSection,
    #[serde(default)]
    pub(super) services: BTreeMap<String, ServiceSection>,
    #[serde(default)]
    pub(super) applications: BTreeMap<String, ApplicationSection>,
    #[serde(default)]
    pub(super) resolve: BTreeMap<String, String>,
}

/// `[device]`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DeviceSection {
    pub(super) id: Option<String>,
    pub(super) key: Option<PathBuf>,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    pub(super) runtime: Option<PathBuf>,
}

/// `[channel]`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ChannelSection {
    pub(super) name: String,
    pub(super) fleet: Option<String>,
    pub(super) urls: Vec<String>,
    #[serde(default)]
    pub(super) mode: ModeName,
    #[serde(default)]
    pub(super) signed_only_transport: SignedOnlyTransport,
}

/// Whether the agent installs.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ModeName {
    #[default]
    Install,
    Observe,
}

/// `[image]`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ImageSection {
    pub(super) seed: Option<PathBuf>,
    pub(super) keyring: Option<PathBuf>,
}

/// `[store]`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct StoreSection {
    pub(super) path: Option<PathBuf>,
    #[serde(default)]
    pub(super) offset: u64,
    pub(super) length: Option<u32>,
}

/// `[export]`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ExportSection {
    pub(super) directory: PathBuf,
    pub(super) file_mode: Option<String>,
    pub(super) system_anchors: Option<PathBuf>,
    #[serde(default)]
    pub(super) system_store: SystemStoreName,
}

/// How the system's own store is fed.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SystemStoreName {
    #[default]
    None,
    /// By Debian's program.
    UpdateCaCertificates,
}

/// `[report]`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ReportSection {
    pub(super) url: String,
    #[serde(default)]
    pub(super) plain_on_loopback: bool,
    #[serde(default)]
    pub(super) census: bool,
}

/// `[probe]`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ProbeSection {
    pub(super) timeout_seconds: Option<u64>,
}

/// `[poll]`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct PollSection {
    pub(super) seconds_min: Option<u64>,
    pub(super) seconds_max: Option<u64>,
    pub(super) timeout_seconds: Option<u64>,
}

/// `[services.<name>]`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ServiceSection {
    pub(super) hosts: Vec<String>,
}

/// `[applications.<name>]`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ApplicationSection {
    pub(super) services: Option<Vec<String>>,
    pub(super) reload: Option<HookSection>,
    pub(super) on_removal: Option<HookSection>,
    pub(super) timeout_seconds: Option<u64>,
    #[serde(default)]
    pub(super) follows: Follows,
    #[serde(default)]
    pub(super) trust: TrustChoice,
}

/// A hook: one of `exec`, `signal` and `systemd`, and what belongs to it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct HookSection {
    pub(super) exec: Option<Vec<String>>,
    pub(super) signal: Option<String>,
    pub(super) unit: Option<String>,
    pub(super) pid_file: Option<PathBuf>,
    pub(super) process: Option<String>,
    pub(super) systemd: Option<String>,
    pub(super) action: Option<UnitAction>,
}
