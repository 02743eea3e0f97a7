//! What was checked and how it came out, and what the whole comes to.

use bundle::{ParseError, VerifyError};
use serde::Serialize;

use crate::Exit;
use crate::fleet::Table;

/// How one check came out, or all of them together. Later ones outweigh earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As it must be.
    Good,
    /// Accepted by devices, and something to look at.
    Finding,
    /// Nothing vouches for it.
    NotVerified,
    /// It could not be read or reached.
    Unreachable,
    /// Malformed, damaged or missing.
    BadInput,
    /// Signatures are wrong or too few.
    BadSignature,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What: a path inside the tree, or a part of a file.
    pub subject: String,
    /// How it came out.
    pub grade: Grade,
    /// Stable name of what is wrong.
    pub code: Option<&'static str>,
    /// In words.
    pub detail: String,
}

/// Everything that was checked, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub(super) checks: Vec<Check>,
    /// What documents mean, for people who asked.
    pub(super) explanation: Vec<String>,
}

impl Grade {
    /// The exit code that the worst grade gives.
    pub(super) const fn exit(self) -> Exit {
        match self {
            Self::Good => Exit::Done,
            Self::Finding => Exit::Finding,
            Self::NotVerified | Self::BadSignature => Exit::Signatures,
            Self::Unreachable => Exit::Io,
            Self::BadInput => Exit::BadInput,
        }
    }

    /// Whether a device would accept.
    pub(super) const fn is_verified(self) -> bool {
        matches!(self, Self::Good | Self::Finding)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Finding => "FINDING",
            Self::NotVerified => "NOT VERIFIED",
            Self::Unreachable => "UNREACHABLE",
            Self::BadInput => "BAD INPUT",
            Self::BadSignature => "BAD SIGNATURE",
        }
    }

    /// The last line of the answer.
    pub(super) const fn verdict(self) -> &'static str {
        match self {
            Self::Good => "VERIFIED",
            Self::Finding => "VERIFIED, with findings",
            Self::NotVerified => "NOT VERIFIED",
            Self::Unreachable => "NOT VERIFIED: not everything could be read",
            Self::BadInput | Self::BadSignature => "REFUSED",
        }
    }
}

impl Record {
    /// It is as it must be.
    pub(super) fn good(&mut self, subject: impl Into<String>, detail: impl Into<String>) {
        self.note(Grade::Good, subject, None, detail);
    }

    /// It is accepted, and something to look at.
    pub(super) fn finding(
        &mut self,
        subject: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) {
        self.note(Grade::Finding, subject, Some(code), detail);
    }

    /// It is not what it must be.
    pub(super) fn bad(&mut self, subject: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.note(Grade::BadInput, subject, Some(code), detail);
    }

    /// Nothing vouches for it.
    pub(super) fn not_verified(
        &mut self,
        subject: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) {
        self.note(Grade::NotVerified, subject, Some(code), detail);
    }

    /// It could not be read.
    pub(super) fn unreachable(&mut self, subject: impl Into<String>, detail: impl Into<String>) {
        self.note(Grade::Unreachable, subject, Some("unreachable"), detail);
    }

    /// A document that the keyring does not vouch for, or that is not well-formed.
    pub(super) fn refused(&mut self, subject: impl Into<String>, error: &VerifyError) {
        let grade = match error {
            VerifyError::Threshold { .. }
            | VerifyError::CommitmentChanged
            | VerifyError::FloorKept(_)
            | VerifyError::RecoveryCommitment
            | VerifyError::RecoveryMissing => Grade::BadSignature,
            VerifyError::Epoch { .. } | VerifyError::KeyringTooOld { .. } => Grade::NotVerified,
            _ => Grade::BadInput,
        };
        let detail = match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        self.note(grade, subject, Some(error.code()), detail);
    }

    /// Bytes that are not of the form they must have.
    pub(super) fn malformed(&mut self, subject: impl Into<String>, error: &ParseError) {
        self.bad(subject, "parse", error.to_string());
    }

    /// The worst of all checks; nothing checked is nothing verified.
    pub(super) fn grade(&self) -> Grade {
        self.checks.iter().map(|check| check.grade).max().unwrap_or(Grade::NotVerified)
    }

    /// The checks for people.
    pub(super) fn table(&self) -> String {
        let mut table = Table::new(["RESULT", "WHAT", "DETAIL"]);
        for check in &self.checks {
            table.push([check.grade.word().to_owned(), check.subject.clone(), check.detail.clone()]);
        }
        table.to_string()
    }

    fn note(
        &mut self,
        grade: Grade,
        subject: impl Into<String>,
        code: Option<&'static str>,
        detail: impl Into<String>,
    ) {
        self.checks.push(Check { subject: subject.into(), grade, code, detail: detail.into() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_check_decides() {
        let mut record = Record::default();
        assert_eq!(record.grade(), Grade::NotVerified, "nothing checked is nothing verified");
        record.good("a", "");
        assert_eq!(record.grade().exit(), Exit::Done);
        record.finding("b", "stale", "");
        assert_eq!(record.grade().exit(), Exit::Finding);
        record.unreachable("c", "");
        assert_eq!(record.grade().exit(), Exit::Io);
        record.bad("d", "parse", "");
        assert_eq!(record.grade().exit(), Exit::BadInput);
        record.refused("e", &VerifyError::Threshold { role: None, valid: 1, needed: 2 });
        assert_eq!(record.grade().exit(), Exit::Signatures);
    }

    #[test]
    fn a_keyring_that_is_too_old_verifies_nothing_but_accuses_nobody() {
        let mut record = Record::default();
        record.refused("head", &VerifyError::KeyringTooOld { current: 1, needed: 2 });
        assert_eq!(record.grade(), Grade::NotVerified);
        assert_eq!(record.checks[0].code, Some("keyring_too_old"));
    }
}
