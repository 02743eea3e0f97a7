//! The certificates of a file, each held to the rules by itself; what is unreadable is named, and the others count.

use std::path::Path;

use bundle::UnixSeconds;

use super::certificate::{Role, examine};
use super::rules::encoding::MALFORMED;
use super::set::{self, Member};
use crate::Error;
use crate::certificate::source;
use crate::finding::Finding;

/// What was found in some files.
#[derive(Clone, Debug, Default)]
pub struct Linted {
    /// How many certificates were looked at, unreadable ones included.
    pub certificates: usize,
    /// What is wrong with them.
    pub findings: Vec<Finding>,
    members: Vec<Member>,
}

impl Linted {
    /// Looks at a file of certificates.
    ///
    /// # Errors
    /// Exit code 5 where it cannot be read, 2 where there is none.
    pub fn add_file(&mut self, path: &Path, role: Option<Role>, now: UnixSeconds) -> Result<(), Error> {
        self.add_bytes(&path.display().to_string(), &source::bytes(path)?, role, now);
        Ok(())
    }

    /// Looks at a file's bytes; `label` is what it is called.
    pub fn add_bytes(&mut self, label: &str, bytes: &[u8], role: Option<Role>, now: UnixSeconds) {
        match source::ders(bytes) {
            Ok(found) => found.into_iter().for_each(|(place, der)| self.add(label, &place, der, role, now)),
            Err(error) => {
                let problem = MALFORMED.broken(error.to_string());
                self.findings.push(problem.finding(label));
            }
        }
    }

    fn add(&mut self, label: &str, place: &str, der: Vec<u8>, role: Option<Role>, now: UnixSeconds) {
        self.certificates = self.certificates.saturating_add(1);
        let name = set::name(&der).map_or_else(String::new, |name| format!(" ({name})"));
        let subject = format!("{label}: {place}{name}");
        self.findings.extend(examine(&der, role, now).iter().map(|problem| problem.finding(&subject)));
        self.members.push(Member { label: subject, der });
    }

    /// What is wrong with certificates beside each other, once all files are in.
    pub fn compare(&mut self) {
        self.findings.extend(set::compare(&self.members));
    }
}
