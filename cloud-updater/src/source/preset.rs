//! Presets: what a vendor's services chain to, as data that comes along or lies in a file.

use std::collections::{BTreeMap, BTreeSet};

use bundle::Sha256;
use serde::Deserialize;

use super::said::{Said, Statement};
use crate::repository::settings;
use crate::{Error, date, hexadecimal};

/// Presets that come along, by name.
pub const PRESETS: [(&str, &str); 1] = [("azure", include_str!("../../presets/azure.toml"))];

/// A vendor's services, the roots that they chain to, and what to heed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Preset {
    /// What it is about.
    pub title: String,
    /// What to heed, in sentences.
    pub guidance: Vec<String>,
    roots: Vec<Root>,
    /// Services by their names in `services.toml`.
    pub services: BTreeMap<String, PresetService>,
}

/// One service of a preset.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresetService {
    /// Its hosts, as `services.toml` has them.
    pub hosts: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Root {
    sha256: String,
    subject: String,
    valid_from: Option<String>,
    valid_to: Option<String>,
    services: BTreeSet<String>,
    note: Option<String>,
}

impl Preset {
    /// Reads a preset; `label` is what errors call it.
    ///
    /// # Errors
    /// Exit code 2 with the field at fault.
    pub fn parse(text: &str, label: &str) -> Result<Self, Error> {
        let preset: Self = settings::parse(text, label)?;
        for (index, root) in preset.roots.iter().enumerate() {
            let wrong = |field: &str, message: String| {
                Error::usage("preset", message).place(label).field(format!("roots[{index}].{field}"))
            };
            if hexadecimal::parse_sha256(&root.sha256).is_none() {
                return Err(wrong("sha256", format!("{:?} is not 64 hexadecimal digits", root.sha256)));
            }
            for (field, day) in [("valid-from", &root.valid_from), ("valid-to", &root.valid_to)] {
                if let Some(Err(message)) = day.as_deref().map(date::parse) {
                    return Err(wrong(field, message));
                }
            }
            if let Some(service) = root.services.iter().find(|name| !preset.services.contains_key(*name)) {
                return Err(wrong("services", format!("there is no service {service:?} in it")));
            }
        }
        Ok(preset)
    }

    /// What it says.
    #[must_use]
    pub fn said(&self) -> Said {
        let mut said = Said::default();
        for root in &self.roots {
            let Some(sha256) = hexadecimal::parse_sha256(&root.sha256) else { continue };
            let statement = Statement {
                subject: root.subject.clone(),
                valid_from: root.valid_from.clone(),
                valid_to: root.valid_to.clone(),
                services: root.services.clone(),
                note: root.note.clone(),
                ..Statement::default()
            };
            said.statements.insert(Sha256(sha256), statement);
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_that_come_along_are_sound() {
        for (name, text) in PRESETS {
            let preset = Preset::parse(text, name).unwrap();
            assert_eq!(
                preset.said().statements.len(),
                preset.roots.len(),
                "{name}: a root stands there twice"
            );
            assert!(!preset.guidance.is_empty() && !preset.services.is_empty());
        }
    }

    #[test]
    fn a_preset_that_contradicts_itself_is_refused() {
        let (_, azure) = PRESETS[0];
        for (from, to, field) in [
            ("services = [\"iot-hub\"]", "services = [\"mail\"]", "roots[2].services"),
            ("valid-to = \"2042-07-18\"", "valid-to = \"soon\"", "roots[1].valid-to"),
            ("sha256 = \"cb3c", "sha256 = \"zz3c", "roots[0].sha256"),
        ] {
            let error = Preset::parse(&azure.replacen(from, to, 1), "azure").unwrap_err();
            assert!(error.to_string().contains(field), "{error}");
        }
    }
}
