//! The names that may stand in a published tree; nothing else is ever loaded.

use std::fmt;

use crate::hexadecimal;
use crate::repository::fleet_file::is_channel_name;

/// What one file of a published tree is, read from its path inside the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishedName {
    /// `<channel>/blob/<sha256>`: one certificate, by its SHA-256.
    Blob {
        /// The channel's folder.
        channel: String,
        /// What the bytes must hash to.
        sha256: [u8; 32],
    },
    /// `<channel>/head`: the only file that changes.
    Head {
        /// The channel's folder.
        channel: String,
    },
    /// `keyring/<number>`.
    Keyring {
        /// The generation.
        number: u32,
    },
    /// `keyring/<from>-<to>`: generations `from + 1` to `to`, one after the other.
    KeyringPack {
        /// What the device has.
        from: u32,
        /// What it will have.
        to: u32,
    },
    /// `recovery/<epoch>`: what opens that epoch.
    Recovery {
        /// The epoch.
        epoch: u32,
    },
    /// `<channel>/release/<number>`.
    Release {
        /// The channel's folder.
        channel: String,
        /// The release.
        number: u32,
    },
    /// `<channel>/update/<from>-<to>`.
    Update {
        /// The channel's folder.
        channel: String,
        /// What the device has; 0 is nothing.
        from: u32,
        /// What it will have.
        to: u32,
    },
}

impl PublishedName {
    /// The name that a path inside the tree (`/`-separated, without a leading `/`) stands for, if any.
    ///
    /// There is one spelling for each file: no leading zeros, lower-case hexadecimal.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        match *parts.as_slice() {
            ["keyring", name] => match name.split_once('-') {
                Some((from, to)) => {
                    let (from, to) = span(from, to)?;
                    Some(Self::KeyringPack { from, to })
                }
                None => Some(Self::Keyring { number: number(name).filter(|number| *number > 0)? }),
            },
            ["recovery", name] => Some(Self::Recovery { epoch: number(name)? }),
            [channel, "head"] => Some(Self::Head { channel: channel_name(channel)? }),
            [channel, "release", name] => Some(Self::Release {
                channel: channel_name(channel)?,
                number: number(name).filter(|number| *number > 0)?,
            }),
            [channel, "update", name] => {
                let (from, to) = name.split_once('-')?;
                let (from, to) = span(from, to)?;
                Some(Self::Update { channel: channel_name(channel)?, from, to })
            }
            [channel, "blob", name] => {
                Some(Self::Blob { channel: channel_name(channel)?, sha256: sha256(name)? })
            }
            _ => None,
        }
    }

    /// Whether the file may change: only a head may.
    #[must_use]
    pub fn changes(&self) -> bool {
        matches!(self, Self::Head { .. })
    }
}

impl fmt::Display for PublishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blob { channel, sha256 } => {
                write!(f, "{channel}/blob/")?;
                sha256.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Head { channel } => write!(f, "{channel}/head"),
            Self::Keyring { number } => write!(f, "keyring/{number}"),
            Self::KeyringPack { from, to } => write!(f, "keyring/{from}-{to}"),
            Self::Recovery { epoch } => write!(f, "recovery/{epoch}"),
            Self::Release { channel, number } => write!(f, "{channel}/release/{number}"),
            Self::Update { channel, from, to } => write!(f, "{channel}/update/{from}-{to}"),
        }
    }
}

/// A decimal number in its only spelling.
fn number(text: &str) -> Option<u32> {
    let plain = text == "0" || !text.starts_with('0');
    (plain && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// A rising pair of numbers.
fn span(from: &str, to: &str) -> Option<(u32, u32)> {
    let (from, to) = (number(from)?, number(to)?);
    (from < to).then_some((from, to))
}

/// A SHA-256 in lower-case hexadecimal.
fn sha256(text: &str) -> Option<[u8; 32]> {
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    is_lower.then(|| hexadecimal::parse(text)).flatten()
}

/// A channel's folder name.
fn channel_name(text: &str) -> Option<String> {
    is_channel_name(text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_name_reads_back_as_itself() {
        let sha256 = "ab".repeat(32);
        let paths = [
            "keyring/1",
            "keyring/3-67",
            "recovery/2",
            "prod-mcu/head",
            "prod/release/51",
            "prod/update/0-51",
            &format!("prod/blob/{sha256}"),
        ];
        for path in paths {
            assert_eq!(PublishedName::parse(path).map(|name| name.to_string()).as_deref(), Some(path));
        }
    }

    #[test]
    fn other_spellings_are_not_names() {
        let upper = format!("prod/blob/{}", "AB".repeat(32));
        let paths = [
            "",
            "/",
            "head",
            "prod",
            "prod/",
            "prod//head",
            "/prod/head",
            "prod/head/",
            "prod/./head",
            "prod/../prod/head",
            "../head",
            ".git/head",
            "keyring/head",
            "keyring/0",
            "keyring/01",
            "keyring/+1",
            "keyring/2-1",
            "keyring/1-1",
            "keyring/4294967296",
            "prod/release/0",
            "prod/release/1.tmp",
            "prod/.head.tmp",
            "prod/update/1",
            "prod/update/1-02",
            "prod/blob/abcd",
            "pröd/head",
            "Prod/head",
            "prod%2fhead",
            &upper,
        ];
        for path in paths {
            assert_eq!(PublishedName::parse(path), None, "{path:?}");
        }
    }

    #[test]
    fn only_a_head_changes() {
        assert!(PublishedName::parse("prod/head").unwrap().changes());
        assert!(!PublishedName::parse("prod/release/1").unwrap().changes());
        assert!(!PublishedName::parse("recovery/1").unwrap().changes());
    }
}
