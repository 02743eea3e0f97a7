//! Alerts that wait: each is a file before anybody tries to send it, and is there until somebody took it.
//!
//! What was told is remembered, so that a finding is told when it comes and when it goes, and not each hour between. Both
//! are below `.state/`, a disposable cache: where that is lost, what is found is told again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bundle::{Sha256, UnixSeconds};
use serde::{Deserialize, Serialize};

use crate::durable::{self, SECRET_MODE};
use crate::finding::{Finding, Findings, Severity};
use crate::repository::{Layout, files_with};
use crate::{Error, date, input};

/// Bytes of one alert, and of what is remembered.
const FILE_BYTES_MAX: u64 = 64 * 1_024 * 1_024;
/// Findings of one alert; where there are more, the most serious are told, and how many there are.
const FINDINGS_MAX: usize = 200;

/// Alerts on their way, and what was told.
#[derive(Clone, Debug)]
pub struct Outbox {
    folder: PathBuf,
    told: PathBuf,
}

/// One alert that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its file.
    pub path: PathBuf,
    /// Its body, as it is sent and signed.
    pub body: Vec<u8>,
}

/// The body of an alert.
#[derive(Debug, Serialize)]
struct Alert<'a> {
    schema: &'static str,
    at: String,
    vantage: &'a str,
    fleet: &'a str,
    findings: Vec<&'a Finding>,
    findings_in_all: usize,
    over: Vec<String>,
}

/// What was told, by key.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Told {
    keys: BTreeSet<String>,
}

impl Outbox {
    /// The outbox of a vantage.
    #[must_use]
    pub fn of(layout: &Layout, vantage: &str) -> Self {
        let folder = layout.state().join("alerts").join(vantage);
        Self { told: folder.join("told"), folder }
    }

    /// Puts an alert into the outbox where something serious has come or gone; returns whether it did.
    ///
    /// # Errors
    /// It cannot be written, or what was told cannot be read.
    pub fn put(
        &self,
        findings: &Findings,
        fleet: &str,
        vantage: &str,
        now: UnixSeconds,
    ) -> Result<bool, Error> {
        let told = self.told()?;
        let serious: Vec<&Finding> =
            findings.iter().filter(|finding| finding.severity != Severity::Notice).collect();
        let keys: BTreeSet<String> = serious.iter().map(|finding| key(finding)).collect();
        let new: Vec<&Finding> = serious.into_iter().filter(|it| !told.keys.contains(&key(it))).collect();
        let over: Vec<String> = told.keys.difference(&keys).cloned().collect();
        if new.is_empty() && over.is_empty() {
            return Ok(false);
        }
        let findings_in_all = new.len();
        let findings = new.into_iter().take(FINDINGS_MAX).collect();
        let at = date::instant(now);
        let alert =
            Alert { schema: "cloud-updater.alert.1", at, vantage, fleet, findings, findings_in_all, over };
        let body = serde_json::to_vec_pretty(&alert)
            .map_err(|error| Error::bug("an alert cannot be written").because(error))?;
        // The alert first: a kill between the two tells twice, and never not at all.
        let name = format!("{:012}-{}.json", now.0, Sha256::of(&[&body]).to_string().split_at(16).0);
        durable::write_file(&self.folder.join(name), &body, SECRET_MODE)?;
        let text = serde_json::to_vec(&Told { keys })
            .map_err(|error| Error::bug("what was told cannot be written").because(error))?;
        durable::write_file(&self.told, &text, SECRET_MODE)?;
        Ok(true)
    }

    /// The alerts that wait, the oldest first.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn waiting(&self) -> Result<Vec<Waiting>, Error> {
        let paths = files_with(&self.folder, "json")?;
        let read =
            |path: PathBuf| Ok(Waiting { body: input::read(&path, FILE_BYTES_MAX, "an alert")?, path });
        paths.into_iter().map(read).collect()
    }

    /// Takes out an alert that was taken.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(&self, alert: &Path) -> Result<(), Error> {
        durable::remove_file(alert)
    }

    /// What was told; nothing where it is damaged: then it is told again.
    fn told(&self) -> Result<Told, Error> {
        if !self.told.exists() {
            return Ok(Told::default());
        }
        let bytes = input::read(&self.told, FILE_BYTES_MAX, "what was told")?;
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

/// What makes two findings the same: not their words, which hold ages.
fn key(finding: &Finding) -> String {
    let field = finding.field.as_deref().unwrap_or("-");
    format!("{} {} | {} | {field}", finding.severity, finding.rule, finding.subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &'static str, severity: Severity, words: &str) -> Finding {
        Finding::new(rule, severity, "hub", words)
    }

    fn put(outbox: &Outbox, now: u64, findings: Vec<Finding>) -> bool {
        outbox.put(&Findings::new(findings), "example", "office", UnixSeconds(now)).unwrap()
    }

    #[test]
    fn what_is_found_is_told_when_it_comes_and_when_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::of(&Layout::new(folder.path().to_owned()), "office");
        assert!(!put(
            &outbox,
            1,
            vec![finding("service-on-one-anchor", Severity::Notice, "a notice is no alert")]
        ));
        assert!(put(&outbox, 2, vec![finding("chain-refused", Severity::Error, "seen 1 h ago")]));
        assert!(
            !put(&outbox, 3, vec![finding("chain-refused", Severity::Error, "seen 2 h ago")]),
            "said once"
        );
        assert!(put(&outbox, 4, vec![]));
        assert!(!put(&outbox, 5, vec![]));
        let waiting = outbox.waiting().unwrap();
        let bodies: Vec<serde_json::Value> =
            waiting.iter().map(|it| serde_json::from_slice(&it.body).unwrap()).collect();
        assert_eq!(bodies.len(), 2);
        assert_eq!(bodies[0]["findings"][0]["rule"], "chain-refused");
        assert_eq!(bodies[1]["over"][0], "error chain-refused | hub | -");
        outbox.remove(&waiting[0].path).unwrap();
        assert_eq!(outbox.waiting().unwrap(), waiting[1..]);
    }

    #[test]
    fn a_flood_is_cut_and_counted_and_damage_tells_again() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::of(&Layout::new(folder.path().to_owned()), "office");
        let many = |_| {
            let many =
                (0..500).map(|number| Finding::new("x", Severity::Error, format!("host {number}"), ""));
            many.collect::<Vec<_>>()
        };
        assert!(put(&outbox, 1, many(())));
        let body: serde_json::Value = serde_json::from_slice(&outbox.waiting().unwrap()[0].body).unwrap();
        assert_eq!(body["findings"].as_array().unwrap().len(), FINDINGS_MAX);
        assert_eq!(body["findings_in_all"], 500);
        assert!(!put(&outbox, 2, many(())));
        durable::write_file(&outbox.told, b"{\"keys\": 7", SECRET_MODE).unwrap();
        assert!(put(&outbox, 3, many(())));
    }
}
