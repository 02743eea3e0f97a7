//! A scenario as its file has it: what took place, who depended on it, what an operator does, and what must come of it.

use std::{collections::BTreeMap, error::Error, fs, path::PathBuf};

use serde::{Deserialize, Serialize};
use system_tests::pki;

use super::{day::Day, guard::Over};

/// A scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Scenario {
    /// What it is about.
    pub(crate) title: String,
    /// Its first day.
    pub(crate) from: Day,
    /// Its last.
    pub(crate) to: Day,
    /// Days after which the watcher looks again at the latest.
    pub(crate) round_days: i32,
    /// What was announced, by whom and when.
    pub(crate) said: Vec<Said>,
    /// The certificates by name; issuers come before what they issue.
    pub(crate) certificates: BTreeMap<String, Source>,
    /// The services by name.
    pub(crate) services: BTreeMap<String, Service>,
    /// The customers by name, which is also their channel's.
    pub(crate) customers: BTreeMap<String, Customer>,
    /// What the operator does, by day.
    pub(crate) acts: Vec<Act>,
    /// What the programs must have said, and by when.
    pub(crate) expected: Vec<Expected>,
}

/// Something that was announced.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Said {
    /// When.
    pub(crate) day: Day,
    /// By whom.
    pub(crate) who: String,
    /// What.
    pub(crate) what: String,
    /// Where it can be read.
    pub(crate) source: String,
}

/// A certificate: a real one in a file, or the description of one that nobody keeps.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Source {
    /// The real one, below `tests/data`.
    pub(crate) file: Option<String>,
    /// Its SHA-256.
    pub(crate) sha256: Option<String>,
    /// The name of its issuer here; a root has none.
    pub(crate) issuer: Option<String>,
    /// Where it is from.
    pub(crate) origin: String,
    /// Attributes of the subject, where there is no real one.
    pub(crate) subject: Option<Vec<(String, String)>>,
    /// First and last day of its validity, where there is no real one.
    pub(crate) valid: Option<[Day; 2]>,
    /// Bits of its RSA key, where there is no real one.
    pub(crate) rsa_bits: Option<u32>,
}

/// A service on loopback.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Service {
    /// `host:port`.
    pub(crate) host: String,
    /// Who issues its certificates from which day on.
    pub(crate) chains: Vec<Chain>,
}

/// A change of a service's issuer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Chain {
    /// From this day on.
    pub(crate) day: Day,
    /// The intermediate.
    pub(crate) issuer: String,
}

/// Somebody whose devices depend on the services.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Customer {
    /// What kind of customer this is.
    pub(crate) who: String,
    /// The services.
    pub(crate) uses: Vec<String>,
    /// What its devices go by without the product.
    pub(crate) without: Frozen,
    /// The day on which it was cut off without the product; none where it never was.
    pub(crate) cut_off: Option<Day>,
}

/// What devices go by that nobody updates.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Frozen {
    /// What they trust, from which day on.
    pub(crate) trust: Vec<Trusted>,
    /// Intermediates of which the chain must have one.
    #[serde(default)]
    pub(crate) pins: Vec<String>,
    /// What the names in the server's certificate must be.
    pub(crate) names: Option<Names>,
}

/// What is trusted from a day on: an image, or the platform's own store.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Trusted {
    /// From this day on.
    pub(crate) day: Day,
    /// These roots.
    #[serde(default)]
    pub(crate) roots: Vec<String>,
    /// Those of the scenario's roots that Mozilla's store had on the day: the platform brings it along.
    #[serde(default)]
    pub(crate) platform: bool,
}

/// Names that the code compares.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Names {
    /// The issuer is one of these intermediates, by its whole name.
    pub(crate) issuers: Vec<String>,
    /// The subject, as it is written.
    pub(crate) subject: String,
}

/// What the operator does on a day, for every customer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Act {
    /// When.
    pub(crate) day: Day,
    /// Why.
    pub(crate) reason: String,
    /// Certificates that come: roots as anchors, all others as intermediates.
    #[serde(default)]
    pub(crate) add: Vec<String>,
    /// Certificates that leave.
    #[serde(default)]
    pub(crate) remove: Vec<String>,
    /// What services of these customers ask of chains from now on.
    #[serde(default)]
    pub(crate) asks: BTreeMap<String, Asks>,
    /// Rules of the linter that what comes breaks, and the operator takes it all the same.
    #[serde(default)]
    pub(crate) allow: Vec<String>,
    /// The same for the drafts.
    #[serde(default)]
    pub(crate) allow_in_draft: Vec<String>,
    /// Whether publishing it must be refused, for devices would be cut off; it is then tried in a copy, and dropped.
    #[serde(default)]
    pub(crate) refused: bool,
}

/// Lines of `services.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Asks {
    /// `pins`.
    #[serde(default)]
    pub(crate) pins: Vec<toml::Value>,
    /// `expect`.
    #[serde(default)]
    pub(crate) expect: Vec<toml::Value>,
}

/// Something that the watcher or the linter must have said.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Expected {
    /// `watch`, `lint`, `draft` or `forecast`.
    pub(crate) by: String,
    /// Of the real certificates alone, or of twins alone; of either where nothing is said.
    pub(crate) over: Option<Over>,
    /// `error`, `warning` or `notice`; any where nothing is said.
    pub(crate) severity: Option<String>,
    /// The rule.
    pub(crate) rule: String,
    /// A part of the subject.
    pub(crate) about: String,
    /// On this day at the latest.
    pub(crate) until: Day,
}

impl Scenario {
    /// Reads the scenario of this name.
    pub(crate) fn read(name: &str) -> Result<Self, Box<dyn Error>> {
        let known = names()?;
        if !known.iter().any(|it| it == name) {
            return Err(format!("there is no scenario {name:?}; there are: {}", known.join(", ")).into());
        }
        let path = folder().join(format!("{name}.toml"));
        let text = fs::read_to_string(&path)?;
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()).into())
    }
}

/// Names of all scenarios, in order.
pub(crate) fn names() -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder())? {
        let path = entry?.path();
        let is_scenario = path.extension().is_some_and(|ending| ending == "toml");
        names
            .extend(path.file_stem().filter(|_| is_scenario).map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn folder() -> PathBuf {
    pki::data().with_file_name("scenarios")
}
