//! `channels/<channel>/rollout.toml`: which release goes to which share of the devices; the heads say it aloud.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use bundle::limits::SHARE_MAX;
use serde::{Deserialize, Serialize};

use super::settings;
use crate::durable::{self, PUBLIC_MODE};
use crate::{Error, date};

/// What stands in front of the settings, for whoever opens the file.
const HEADER: &str = "# Written by cloud-updater: change it with `cloud-updater rollout`.\n";

/// The rollout of one channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rollout {
    /// Number of the release being rolled out; `None` before the first one.
    pub release: Option<u32>,
    /// Share of all devices.
    #[serde(default)]
    pub share: Share,
    /// True where no further device installs it; what has it keeps it.
    #[serde(default)]
    pub paused: bool,
    /// The release that was complete before.
    pub previous: Option<u32>,
    /// Shares of groups; of a device's shares the largest counts.
    #[serde(default)]
    pub groups: BTreeMap<String, Share>,
    /// A head that was signed for this channel, so that a lost one can be numbered above it.
    pub head: Option<HeadMark>,
}

/// The number of a head, and when it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HeadMark {
    /// Its number.
    pub number: u32,
    /// When it was signed.
    pub signed: String,
}

/// A share of devices in 1/10,000, written as a percentage: `25%`, `0.5%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Share(u16);

impl Rollout {
    /// Reads the file; a channel without one has no rollout yet.
    ///
    /// # Errors
    /// Exit code 2 with the field at fault.
    pub fn read(path: &Path) -> Result<Self, Error> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let label = path.display().to_string();
        let rollout: Self = settings::read(path, &label)?;
        if let Some(mark) = &rollout.head {
            date::parse(&mark.signed)
                .map_err(|message| Error::usage("date", message).place(&label).field("head.signed"))?;
        }
        Ok(rollout)
    }

    /// Writes the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        durable::write_file(path, self.to_text()?.as_bytes(), PUBLIC_MODE)
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never for what this program builds.
    pub fn to_text(&self) -> Result<String, Error> {
        let body = toml::to_string(self)
            .map_err(|error| Error::bug("a rollout cannot be written").because(error))?;
        Ok(format!("{HEADER}{body}"))
    }

    /// The rollout after `number` was published: to `share` of the devices, before that whatever was complete.
    #[must_use]
    pub fn after_publishing(&self, number: u32, share: Share) -> Self {
        let was_complete = self.share == Share::ALL && !self.paused;
        let previous = if was_complete { self.release } else { self.previous };
        Self {
            release: Some(number),
            share,
            paused: false,
            previous,
            groups: BTreeMap::new(),
            head: self.head.clone(),
        }
    }
}

impl Share {
    /// Everybody.
    pub const ALL: Self = Self(SHARE_MAX);
    /// Nobody.
    pub const NONE: Self = Self(0);

    /// The share of so many 1/10,000.
    #[must_use]
    pub const fn of_parts(parts: u16) -> Self {
        Self(if parts > SHARE_MAX { SHARE_MAX } else { parts })
    }

    /// The share in 1/10,000.
    #[must_use]
    pub const fn parts(self) -> u16 {
        self.0
    }
}

impl Default for Share {
    fn default() -> Self {
        Self::ALL
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a share: write 0% to 100%, with at most two decimals");
        let number = text.strip_suffix('%').ok_or_else(wrong)?;
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(decimals) || whole.len() > 3 || decimals.len() > 2 {
            return Err(wrong());
        }
        let whole: u16 = whole.parse().map_err(|_| wrong())?;
        let hundredths: u16 = format!("{decimals:0<2}").parse().map_err(|_| wrong())?;
        let parts = whole.saturating_mul(100).saturating_add(hundredths);
        if parts > SHARE_MAX { Err(wrong()) } else { Ok(Self(parts)) }
    }
}

impl TryFrom<String> for Share {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Share> for String {
    fn from(share: Share) -> Self {
        share.to_string()
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}%"),
            (whole, hundredths) => write!(f, "{whole}.{hundredths:02}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percentages_of_two_decimals() {
        for (text, parts) in
            [("0%", 0), ("100%", 10_000), ("25%", 2_500), ("0.5%", 50), ("0.05%", 5), ("99.99%", 9_999)]
        {
            assert_eq!(text.parse::<Share>().unwrap().parts(), parts, "{text}");
        }
        for text in ["", "%", "25", "-1%", "100.01%", "101%", "1.234%", "1e1%", " 5%", "+5%", "٣%"] {
            assert!(text.parse::<Share>().is_err(), "{text:?}");
        }
        assert_eq!(Share(5).to_string(), "0.05%");
        assert_eq!(Share(2_500).to_string(), "25%");
    }

    #[test]
    fn a_rollout_reads_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rollout.toml");
        assert_eq!(Rollout::read(&path).unwrap(), Rollout::default());
        let rollout = Rollout {
            release: Some(5),
            share: Share(2_500),
            paused: true,
            previous: Some(3),
            groups: [("canary".to_owned(), Share::ALL)].into(),
            head: Some(HeadMark { number: 9, signed: "2026-01-01T00:00:00Z".to_owned() }),
        };
        rollout.write(&path).unwrap();
        assert_eq!(Rollout::read(&path).unwrap(), rollout);
    }

    #[test]
    fn only_a_complete_release_becomes_the_previous_one() {
        let complete = Rollout { release: Some(4), share: Share::ALL, ..Rollout::default() };
        assert_eq!(complete.after_publishing(5, Share(100)).previous, Some(4));
        let partial =
            Rollout { release: Some(4), share: Share(100), previous: Some(3), ..Rollout::default() };
        assert_eq!(partial.after_publishing(5, Share::ALL).previous, Some(3));
        let paused = Rollout { paused: true, ..complete };
        assert_eq!(paused.after_publishing(5, Share::ALL).previous, None);
    }
}
