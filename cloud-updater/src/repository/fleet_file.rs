//! `fleet.toml`: the fleet's name, its channels, device classes and roles, and where it is published.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bundle::{ChannelId, limits};
use serde::Deserialize;

use super::census_settings::CensusSettings;
use super::role_settings::RoleSettings;
use super::settings;
use crate::word::is_word;
use crate::{Error, date::DAY_SECONDS};

/// Name of the file, in the repository's folder.
pub const FLEET_FILE: &str = "fleet.toml";
/// Updates made for each release when `updates-kept` is not set: a device that slept through eight releases.
const UPDATES_KEPT_DEFAULT: u32 = 8;
/// Most updates for each release: every one costs a patch at each publication.
const UPDATES_KEPT_MAX: u32 = 64;
/// Longest channel name, in bytes: it is a folder of the published tree.
const CHANNEL_NAME_BYTES_MAX: usize = 64;
/// Days from a head's issue to its expiry: two weeks of a broken signer before devices are `stale`.
const HEAD_LIFETIME_DAYS_DEFAULT: u32 = 14;
/// Hours between two signatures of an unchanged head.
const HEAD_RESIGN_HOURS_DEFAULT: u32 = 24;
/// Minutes between two checks of a device: six hours.
const HEAD_REFRESH_MINUTES_DEFAULT: u32 = 360;
/// Days for which what was seen counts: an endpoint that is down for a month is somebody's concern before that.
const OBSERVATION_DAYS_DEFAULT: u32 = 30;
/// Days without need before a removal is proposed: longer than any season in which a server may be off.
const UNNEEDED_DAYS_DEFAULT: u32 = 180;
/// Minutes between two rounds: a change is known within the hour.
const EVERY_MINUTES_DEFAULT: u32 = 60;

/// `fleet.toml`, read and checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FleetFile {
    /// The fleet's name; keyrings carry it.
    pub fleet: String,
    /// Where and how the tree is published.
    #[serde(default)]
    pub publish: PublishSettings,
    /// What heads say.
    #[serde(default)]
    pub head: HeadSettings,
    /// What the watcher looks at, and how long that counts.
    #[serde(default)]
    pub watch: WatchSettings,
    /// What devices must have said before an anchor goes.
    #[serde(default)]
    pub census: CensusSettings,
    /// What devices can hold.
    pub device_classes: BTreeMap<String, DeviceClass>,
    /// The channels.
    pub channels: BTreeMap<String, ChannelSettings>,
    /// Who signs what.
    #[serde(default)]
    pub roles: RoleSettings,
}

/// `[publish]`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PublishSettings {
    /// The published tree; a relative path starts at the repository.
    pub folder: Option<PathBuf>,
    /// For how many earlier releases an update to a release is made.
    pub updates_kept: u32,
    /// Further URLs of the published tree, carried in every manifest.
    pub urls: Vec<String>,
}

/// `[head]`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HeadSettings {
    /// Days from issue to expiry.
    pub lifetime_days: u32,
    /// Minutes between two checks of a device.
    pub refresh_minutes: u32,
    /// Hours after which `head run` signs an unchanged head again.
    pub resign_hours: u32,
}

/// `[watch]`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct WatchSettings {
    /// Days for which a chain that was seen stands for what an endpoint serves.
    pub observation_days: u32,
    /// Days after which an anchor that no endpoint has needed is a candidate for removal.
    pub unneeded_days: u32,
    /// Minutes between two rounds of the watcher.
    pub every_minutes: u32,
    /// URLs of the published tree, as devices reach it: the watcher looks at the heads there.
    pub trees: Vec<String>,
}

/// `[device-classes.<name>]`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DeviceClass {
    /// Bytes of manifest and certificates together that a slot of the smallest device of the class holds.
    pub max_bundle_bytes: u64,
}

/// `[channels.<name>]`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ChannelSettings {
    /// A key of `device-classes`.
    pub device_class: String,
}

impl Default for PublishSettings {
    fn default() -> Self {
        Self { folder: None, updates_kept: UPDATES_KEPT_DEFAULT, urls: Vec::new() }
    }
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            observation_days: OBSERVATION_DAYS_DEFAULT,
            unneeded_days: UNNEEDED_DAYS_DEFAULT,
            every_minutes: EVERY_MINUTES_DEFAULT,
            trees: Vec::new(),
        }
    }
}

impl Default for HeadSettings {
    fn default() -> Self {
        Self {
            lifetime_days: HEAD_LIFETIME_DAYS_DEFAULT,
            refresh_minutes: HEAD_REFRESH_MINUTES_DEFAULT,
            resign_hours: HEAD_RESIGN_HOURS_DEFAULT,
        }
    }
}

impl HeadSettings {
    /// Seconds from issue to expiry.
    #[must_use]
    pub fn lifetime_seconds(&self) -> u32 {
        self.lifetime_days.saturating_mul(u32::try_from(DAY_SECONDS).unwrap_or(u32::MAX))
    }

    /// Seconds between two checks of a device.
    #[must_use]
    pub const fn refresh_seconds(&self) -> u32 {
        self.refresh_minutes.saturating_mul(60)
    }

    /// Seconds after which an unchanged head is signed again.
    #[must_use]
    pub fn resign_seconds(&self) -> u64 {
        u64::from(self.resign_hours).saturating_mul(3_600)
    }
}

impl FleetFile {
    /// Reads and checks `fleet.toml` of a repository.
    ///
    /// # Errors
    /// Exit code 2 with the field at fault.
    pub fn read(repository: &Path) -> Result<Self, Error> {
        Self::parse(&settings::read_text(&repository.join(FLEET_FILE), FLEET_FILE)?)
    }

    /// Reads and checks the file's text.
    ///
    /// # Errors
    /// Exit code 2 with the field at fault.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fleet: Self = settings::parse(text, FLEET_FILE)?;
        fleet.check()?;
        Ok(fleet)
    }

    /// The channel called `name`.
    ///
    /// # Errors
    /// Exit code 2 where there is none.
    pub fn channel(&self, name: &str) -> Result<&ChannelSettings, Error> {
        self.channels.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.channels.keys().map(String::as_str).collect();
            Error::usage("no_channel", format!("there is no channel {name:?}"))
                .file(FLEET_FILE)
                .field("channels")
                .hint(format!("the channels are: {}", known.join(", ")))
        })
    }

    /// The name of the channel that was asked for, or of the only one.
    ///
    /// # Errors
    /// Exit code 2 where nobody asked and there are several.
    pub fn channel_or_only<'a>(&'a self, asked: Option<&'a str>) -> Result<&'a str, Error> {
        if let Some(name) = asked {
            return self.channel(name).map(|_| name);
        }
        let mut names = self.channels.keys();
        match (names.next(), names.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Error::usage(
                "which_channel",
                "there are several channels: say which with --channel NAME",
            )
            .hint(format!(
                "the channels are: {}",
                self.channels.keys().cloned().collect::<Vec<_>>().join(", ")
            ))),
        }
    }

    /// Most bytes of a bundle in `channel`.
    #[must_use]
    pub fn bundle_bytes_max(&self, channel: &str) -> u64 {
        let class =
            self.channels.get(channel).and_then(|channel| self.device_classes.get(&channel.device_class));
        class.map_or(0, |class| class.max_bundle_bytes)
    }

    fn check(&self) -> Result<(), Error> {
        if self.fleet.is_empty() || self.fleet.len() > limits::NAME_BYTES_MAX {
            let message = format!("must have 1 to {} bytes", limits::NAME_BYTES_MAX);
            return Err(wrong("fleet", message));
        }
        if self.fleet.chars().any(char::is_control) {
            return Err(wrong("fleet", "has control characters"));
        }
        self.check_publish()?;
        self.check_head()?;
        self.census.check()?;
        self.check_channels()?;
        self.roles.check()
    }

    fn check_publish(&self) -> Result<(), Error> {
        let publish = &self.publish;
        if !(1..=UPDATES_KEPT_MAX).contains(&publish.updates_kept) {
            return Err(wrong("publish.updates-kept", format!("must be from 1 to {UPDATES_KEPT_MAX}")));
        }
        if publish.urls.len() > limits::URLS_MAX {
            return Err(wrong("publish.urls", format!("at most {} can be carried", limits::URLS_MAX)));
        }
        check_urls("publish.urls", &publish.urls)?;
        check_urls("watch.trees", &self.watch.trees)
    }

    fn check_head(&self) -> Result<(), Error> {
        let head = &self.head;
        let days_max = u64::from(limits::HEAD_LIFETIME_SECONDS_MAX) / DAY_SECONDS;
        if head.lifetime_days == 0 || u64::from(head.lifetime_days) > days_max {
            return Err(wrong("head.lifetime-days", format!("must be from 1 to {days_max}")));
        }
        let refresh = limits::REFRESH_SECONDS_MIN / 60..=limits::REFRESH_SECONDS_MAX / 60;
        if !refresh.contains(&head.refresh_minutes) {
            let message = format!("must be from {} to {}", refresh.start(), refresh.end());
            return Err(wrong("head.refresh-minutes", message));
        }
        if head.resign_hours == 0
            || head.resign_seconds().saturating_mul(2) >= u64::from(head.lifetime_seconds())
        {
            let message = "must be above 0 and below half of the lifetime, so that one missed signature expires nothing";
            return Err(wrong("head.resign-hours", message));
        }
        Ok(())
    }

    fn check_channels(&self) -> Result<(), Error> {
        if self.channels.is_empty() {
            return Err(wrong("channels", "a fleet has at least one channel"));
        }
        let mut ids: BTreeMap<ChannelId, &str> = BTreeMap::new();
        for (name, channel) in &self.channels {
            let field = format!("channels.{name}");
            if !is_channel_name(name) {
                let message =
                    "a channel's name is lower-case letters, digits and hyphens, and not keyring or recovery";
                return Err(wrong(field, message));
            }
            if !self.device_classes.contains_key(&channel.device_class) {
                let message = format!("there is no device class {:?}", channel.device_class);
                return Err(wrong(format!("{field}.device-class"), message));
            }
            if let Some(twin) = ids.insert(ChannelId::of(name), name) {
                return Err(wrong(
                    field,
                    format!("has the same id as the channel {twin:?}: choose another name"),
                ));
            }
        }
        Ok(())
    }
}

/// True for names that can be a folder of the published tree.
#[must_use]
pub fn is_channel_name(name: &str) -> bool {
    is_word(name, CHANNEL_NAME_BYTES_MAX) && !matches!(name, "keyring" | "recovery")
}

fn check_urls(field: &str, urls: &[String]) -> Result<(), Error> {
    urls.iter().enumerate().try_for_each(|(index, text)| check_url(&format!("{field}[{index}]"), text))
}

fn check_url(field: &str, text: &str) -> Result<(), Error> {
    let parsed = url::Url::parse(text).map_err(|error| wrong(field, "is not a URL").because(error))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(wrong(field, "must start with https:// or http://"));
    }
    if text.len() > limits::URL_BYTES_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong(field, format!("must be at most {} printable ASCII bytes", limits::URL_BYTES_MAX)));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(wrong(field, "holds a user name or password: everybody can read a manifest"));
    }
    Ok(())
}

pub(super) fn wrong(field: impl std::fmt::Display, message: impl Into<String>) -> Error {
    Error::usage("fleet_file", message).file(FLEET_FILE).field(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        fleet = "example"
        [device-classes.gateway]
        max-bundle-bytes = 100000
        [channels.prod]
        device-class = "gateway"
    "#;

    fn check(extra: &str, expect: &str) {
        let text = format!("{GOOD}\n{extra}");
        let error = FleetFile::parse(&text).unwrap_err();
        assert!(error.to_string().starts_with(expect), "{error}");
        assert_eq!(error.exit().number(), 2);
    }

    #[test]
    fn defaults_are_those_of_the_design() {
        let fleet = FleetFile::parse(GOOD).unwrap();
        assert_eq!(fleet.head.lifetime_seconds(), 1_209_600);
        assert_eq!(fleet.head.refresh_seconds(), 21_600);
        assert_eq!(fleet.bundle_bytes_max("prod"), 100_000);
        assert_eq!(fleet.channel_or_only(None).unwrap(), "prod");
    }

    #[test]
    fn every_mistake_is_named_by_its_field() {
        check("[channels.keyring]\ndevice-class='gateway'", "fleet.toml: channels.keyring: ");
        check("[channels.x]\ndevice-class='big'", "fleet.toml: channels.x.device-class: ");
        check("[publish]\nupdates-kept=0", "fleet.toml: publish.updates-kept: ");
        check("[publish]\nurls=['ftp://a']", "fleet.toml: publish.urls[0]: ");
        check("[publish]\nurls=['https://a','b']", "fleet.toml: publish.urls[1]: ");
        check("[publish]\nurls=['https://me:secret@a']", "fleet.toml: publish.urls[0]: ");
        check("[watch]\ntrees=['https://a','b']", "fleet.toml: watch.trees[1]: ");
        check("[head]\nlifetime-days=91", "fleet.toml: head.lifetime-days: ");
        check("[head]\nlifetime-days=1", "fleet.toml: head.resign-hours: ");
        check("[head]\nrefresh-minutes=0", "fleet.toml: head.refresh-minutes: ");
        check("[roles.head]\nthreshold=2\nkeys=['a']", "fleet.toml: roles.head.threshold: ");
        check("[roles.head]\nthreshold=0\nkeys=['a']", "fleet.toml: roles.head.threshold: ");
        check("[roles.head]\nthreshold=1\nkeys=['a','a']", "fleet.toml: roles.head.keys[1]: ");
        check("[roles.heads]\nthreshold=1\nkeys=['a']", "fleet.toml: roles.heads: ");
    }

    #[test]
    fn several_channels_need_a_choice() {
        let text = format!("{GOOD}\n[channels.staging]\ndevice-class = 'gateway'");
        let fleet = FleetFile::parse(&text).unwrap();
        assert_eq!(fleet.channel_or_only(None).unwrap_err().code(), "which_channel");
        assert_eq!(fleet.channel_or_only(Some("staging")).unwrap(), "staging");
        assert_eq!(fleet.channel_or_only(Some("stage")).unwrap_err().code(), "no_channel");
    }
}
