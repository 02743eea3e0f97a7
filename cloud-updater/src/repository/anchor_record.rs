//! `anchors/<name>-<sha8>.toml`: what is recorded about a certificate, and why it is there.

use std::fmt;

use bundle::write::{ConstraintContent, ExtensionContent};
use bundle::{AnchorState, Purposes, UnixSeconds, extension_id, limits};
use serde::Deserialize;

use crate::{Error, date};

/// The record of one anchor or intermediate.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AnchorRecord {
    /// SHA-256 of the certificate in the `.pem` file beside it.
    pub sha256: String,
    /// Where it stands in its life.
    #[serde(default = "active")]
    pub state: AnchorStanding,
    /// What it may vouch for.
    #[serde(default = "server_auth")]
    pub purposes: Vec<String>,
    /// Day on which it joined.
    pub added: String,
    /// Day on which it is planned to leave.
    pub retire: Option<String>,
    /// Why it is there; manifests carry it as the note.
    pub reason: String,
    /// The channels that carry it; all where nothing is said.
    pub channels: Option<Vec<String>>,
    /// Any one of these sets must hold.
    #[serde(default)]
    pub constraints: Vec<ConstraintRecord>,
    /// Export forms that may carry it although they lose its constraints.
    #[serde(default)]
    pub export_without_constraints: Vec<String>,
    /// Rules that it breaks, and why that was accepted.
    #[serde(default)]
    pub allowed: Vec<OverriddenRule>,
    /// How it is denied, where its state is `distrusted`.
    pub distrust: Option<Distrust>,
}

/// Where an anchor stands in its life; the first three are trusted alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum AnchorStanding {
    /// Trusted ahead of use
    Next,
    /// In use
    Active,
    /// Trusted, on its way out
    Retiring,
    /// On the deny list
    #[value(skip)]
    Distrusted,
}

/// One constraint set of a record.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ConstraintRecord {
    /// Earliest notBefore of end-entity certificates.
    pub issued_from: Option<String>,
    /// Latest notBefore of end-entity certificates.
    pub distrust_after: Option<String>,
    /// When the set stops holding.
    pub expires_at: Option<String>,
    /// DNS subtrees, one of which must hold the name.
    #[serde(default)]
    pub subtrees: Vec<String>,
}

/// A rule that was overridden on import.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OverriddenRule {
    /// The rule's name.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// When.
    pub day: String,
}

/// How a distrusted anchor is denied.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Distrust {
    /// What the deny list names.
    pub deny: Denied,
    /// True where it is refused at once, whatever service is lost by it.
    #[serde(default)]
    pub order: bool,
    /// Why.
    pub reason: String,
    /// When.
    pub day: String,
}

/// What the deny list names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Denied {
    /// This certificate
    #[default]
    Certificate,
    /// Every certificate with its public key
    Key,
    /// Both
    Both,
}

impl AnchorStanding {
    /// The state that manifests carry; `None` for what they deny.
    #[must_use]
    pub const fn trusted(self) -> Option<AnchorState> {
        match self {
            Self::Next => Some(AnchorState::Next),
            Self::Active => Some(AnchorState::Active),
            Self::Retiring => Some(AnchorState::Retiring),
            Self::Distrusted => None,
        }
    }
}

impl Denied {
    /// The word in files and flags.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Key => "key",
            Self::Both => "both",
        }
    }
}

impl fmt::Display for AnchorStanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Distrusted => "distrusted",
        })
    }
}

impl AnchorRecord {
    /// Checks what the types cannot say; `label` is the file.
    pub(super) fn check(&self, label: &str) -> Result<(), Error> {
        let wrong =
            |field: &str, message: String| Error::usage("anchor_record", message).place(label).field(field);
        check_reason(&self.reason).map_err(|message| wrong("reason", message))?;
        date::parse(&self.added).map_err(|message| wrong("added", message))?;
        self.retire_day().map_err(|message| wrong("retire", message))?;
        parse_purposes(&self.purposes)
            .map_err(|(index, message)| wrong(&format!("purposes[{index}]"), message))?;
        self.constraint_contents().map_err(|(field, message)| wrong(&field, message))?;
        for (index, form) in self.export_without_constraints.iter().enumerate() {
            if form.is_empty() || form.len() > limits::NAME_BYTES_MAX {
                return Err(wrong(
                    &format!("export-without-constraints[{index}]"),
                    "is not an export form".to_owned(),
                ));
            }
        }
        match (&self.distrust, self.state) {
            (None, AnchorStanding::Distrusted) => {
                Err(wrong("distrust", "is missing: say what the deny list names".to_owned()))
            }
            (Some(_), AnchorStanding::Next | AnchorStanding::Active | AnchorStanding::Retiring) => {
                Err(wrong("state", "must be \"distrusted\" where distrust is given".to_owned()))
            }
            (Some(distrust), AnchorStanding::Distrusted) => {
                let order_can_stand = !distrust.order || distrust.deny != Denied::Key;
                if !order_can_stand {
                    let message =
                        "a distrust order names a certificate: deny it by certificate or both".to_owned();
                    return Err(wrong("distrust.order", message));
                }
                check_reason(&distrust.reason).map_err(|message| wrong("distrust.reason", message))
            }
            (None, _) => Ok(()),
        }
    }

    /// The purposes, as the format has them.
    #[must_use]
    pub fn purpose_bits(&self) -> Purposes {
        parse_purposes(&self.purposes).unwrap_or(Purposes(0))
    }

    /// Day on which it joined, since 1970-01-01.
    #[must_use]
    pub fn added_day(&self) -> u32 {
        date::parse(&self.added).map_or(0, date::day_number)
    }

    /// Day on which it is planned to leave.
    ///
    /// # Errors
    /// The date is none.
    pub fn retire_day(&self) -> Result<Option<u32>, String> {
        self.retire.as_deref().map(|text| date::parse(text).map(date::day_number)).transpose()
    }

    /// True where bundles of `channel` carry it.
    #[must_use]
    pub fn is_in(&self, channel: &str) -> bool {
        self.channels.as_ref().is_none_or(|channels| channels.iter().any(|name| name == channel))
    }

    /// Its constraint sets, as the format has them.
    ///
    /// # Errors
    /// The field at fault, and why.
    pub fn constraint_contents(&self) -> Result<Vec<ConstraintContent>, (String, String)> {
        if self.constraints.len() > limits::CONSTRAINT_SETS_MAX {
            return Err((
                "constraints".to_owned(),
                format!("at most {} fit an anchor", limits::CONSTRAINT_SETS_MAX),
            ));
        }
        self.constraints.iter().enumerate().map(|(index, set)| set.content(index)).collect()
    }

    /// Its extensions, as the format has them.
    #[must_use]
    pub fn extension_contents(&self) -> Vec<ExtensionContent> {
        let forms = self.export_without_constraints.iter();
        forms
            .map(|form| ExtensionContent {
                id: extension_id::EXPORT_WITHOUT_CONSTRAINTS,
                critical: false,
                content: form.as_bytes().to_vec(),
            })
            .collect()
    }
}

impl ConstraintRecord {
    fn content(&self, index: usize) -> Result<ConstraintContent, (String, String)> {
        let time = |field: &str, text: &Option<String>| -> Result<Option<UnixSeconds>, (String, String)> {
            let parsed = text.as_deref().map(date::parse).transpose();
            parsed.map_err(|message| (format!("constraints[{index}].{field}"), message))
        };
        for (place, subtree) in self.subtrees.iter().enumerate() {
            let is_name = bundle::HostPattern(subtree).is_well_formed() && !subtree.contains(['*', ':', '[']);
            if !is_name {
                return Err((
                    format!("constraints[{index}].subtrees[{place}]"),
                    format!("{subtree:?} is not a DNS name"),
                ));
            }
        }
        if self.subtrees.len() > limits::SUBTREES_MAX {
            return Err((
                format!("constraints[{index}].subtrees"),
                format!("at most {} fit a set", limits::SUBTREES_MAX),
            ));
        }
        Ok(ConstraintContent {
            issued_from: time("issued-from", &self.issued_from)?,
            distrust_after: time("distrust-after", &self.distrust_after)?,
            expires_at: time("expires-at", &self.expires_at)?,
            subtrees: self.subtrees.clone(),
        })
    }
}

/// The purposes with these names; the index of the first that is none, and why.
///
/// # Errors
/// See above.
pub fn parse_purposes(names: &[String]) -> Result<Purposes, (usize, String)> {
    let mut bits = Purposes(0);
    for (index, name) in names.iter().enumerate() {
        let purpose = match name.as_str() {
            "server-auth" => Purposes::SERVER_AUTH,
            "client-auth" => Purposes::CLIENT_AUTH,
            "code-signing" => Purposes::CODE_SIGNING,
            "email" => Purposes::EMAIL,
            other => {
                let message =
                    format!("{other:?} is not a purpose: server-auth, client-auth, code-signing or email");
                return Err((index, message));
            }
        };
        bits = bits.and(purpose);
    }
    if names.is_empty() {
        Err((0, "an anchor without a purpose vouches for nothing".to_owned()))
    } else {
        Ok(bits)
    }
}

/// A reason is one sentence for a person: not empty, and short enough for a manifest.
///
/// # Errors
/// The rest of a sentence that starts with the reason.
pub fn check_reason(reason: &str) -> Result<(), String> {
    if reason.trim().is_empty() {
        return Err("is empty: say why, in one sentence".to_owned());
    }
    if reason.len() > limits::NOTE_BYTES_MAX || reason.chars().any(char::is_control) {
        return Err(format!("must be one line of at most {} bytes", limits::NOTE_BYTES_MAX));
    }
    Ok(())
}

fn active() -> AnchorStanding {
    AnchorStanding::Active
}

fn server_auth() -> Vec<String> {
    vec!["server-auth".to_owned()]
}
