//! Who else answers a device's questions, and with what.

use serde::{Deserialize, Serialize};

/// An attacker on a part of the fleet, for a time.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Attacker {
    /// Its name, for reports.
    pub name: String,
    /// When it begins.
    pub from_hours: f64,
    /// When it ends.
    pub until_hours: f64,
    /// The part of the fleet whose answers it controls, in percent.
    pub percent: f64,
    /// Where it sits.
    pub place: Place,
    /// What it does.
    pub trick: Trick,
}

/// Where an attacker sits.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// On the path: what it answers comes over no authenticated TLS.
    Path,
    /// In the server that devices ask: what it answers comes over authenticated TLS.
    Mirror,
}

/// What an attacker does with the answers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Trick {
    /// Flips a bit of every answer.
    Corrupt,
    /// Never ends an answer.
    Endless,
    /// Answers with documents that it signed with stolen keys.
    Forge(Forged),
    /// Shows its own chain at the services' endpoints.
    Impersonate,
    /// Answers with another channel's documents.
    OtherChannel,
    /// Answers as the tree was at that hour: a freeze, or a rollback.
    Replay {
        /// The hour.
        as_of_hours: f64,
    },
    /// Flips a bit of every answer whose path begins with one of these.
    Spoil {
        /// Beginnings of paths, below the tree.
        paths: Vec<String>,
    },
    /// Answers with another file of the same tree, by luck.
    Swap,
    /// Cuts every answer off.
    Truncate,
    /// Has nothing whose path begins with this: a 404.
    Withhold {
        /// Beginnings of paths, below the tree.
        paths: Vec<String>,
    },
}

/// Documents of a thief.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Forged {
    /// What they are to bring about.
    pub what: Aim,
    /// Whose keys were stolen.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// What a thief's documents are to bring about.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aim {
    /// A head far ahead that names the oldest release: no check finds anything newer.
    Freeze,
    /// A head that never expires and asks for a check once a second.
    Hurry,
    /// The next keyring, with the thief's keys in every role.
    Keyring,
    /// The next epoch, opened with the recovery keys that were stolen, or with some of the thief's own.
    Recovery,
    /// A release with the thief's root, and a head that names it.
    Release,
    /// A release with the number of the operator's newest and other content.
    Twin,
}
