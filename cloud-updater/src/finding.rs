//! What a tool found: one form for the linter, the watcher and whoever else looks for trouble.

use std::fmt;

use bundle::UnixSeconds;
use serde::{Serialize, Serializer};

use crate::date;
use crate::printable::printable;
use crate::{Error, Exit, Output};

/// One thing that somebody should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// How much it matters; first, so that findings sort by it.
    pub severity: Severity,
    /// Day by which something must have been done, where there is one; the nearest sorts first.
    #[serde(serialize_with = "as_day")]
    pub due: Option<UnixSeconds>,
    /// What it is about: an anchor's name, a service, a host and port, a file.
    pub subject: String,
    /// The part of the subject that is at fault, where one is.
    pub field: Option<String>,
    /// The rule's stable name in kebab-case: people override by it, machines count by it.
    pub rule: &'static str,
    /// What was found: the rest of a sentence that starts with the subject.
    pub message: String,
    /// What to do, where it is known.
    pub hint: Option<String>,
}

/// How much a finding matters, the most serious first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Devices are cut off, or trust what nobody should: nothing goes on until somebody acts or overrides it.
    Error,
    /// It will come to that, or may.
    Warning,
    /// Good to know.
    Notice,
}

/// All that a tool found, the most serious and the nearest first, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    findings: Vec<Finding>,
}

impl Finding {
    /// A finding without day, field and hint.
    #[must_use]
    pub fn new(
        rule: &'static str,
        severity: Severity,
        subject: impl AsRef<str>,
        message: impl AsRef<str>,
    ) -> Self {
        let (subject, message) = (printable(subject.as_ref()), printable(message.as_ref()));
        Self { severity, due: None, subject, field: None, rule, message, hint: None }
    }

    /// Names the part at fault.
    #[must_use]
    pub fn field(mut self, field: impl AsRef<str>) -> Self {
        self.field = Some(printable(field.as_ref()));
        self
    }

    /// Says by which day something must have been done.
    #[must_use]
    pub fn due(mut self, due: UnixSeconds) -> Self {
        self.due = Some(due);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl AsRef<str>) -> Self {
        self.hint = Some(printable(hint.as_ref()));
        self
    }
}

impl Findings {
    /// Sorts what was found.
    #[must_use]
    pub fn new(mut findings: Vec<Finding>) -> Self {
        // What has no day comes after what has one.
        findings.sort_by(|one, other| {
            let key =
                |finding: &Finding| (finding.severity, finding.due.is_none(), finding.due.map(|due| due.0));
            key(one).cmp(&key(other)).then_with(|| one.cmp(other))
        });
        findings.dedup();
        Self { findings }
    }

    /// The findings, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter()
    }

    /// True where nothing was found.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many are this serious.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.iter().filter(|finding| finding.severity == severity).count()
    }

    /// How a command that found this ends: with a finding where an error is among them.
    pub fn exit(&self) -> Exit {
        if self.count(Severity::Error) > 0 { Exit::Finding } else { Exit::Done }
    }

    /// Refuses what has errors of these rules: rule, the refusal's stable code, what to do. The first of them that has any
    /// speaks for all.
    ///
    /// # Errors
    /// Exit code 3 with every error of that rule.
    pub fn refuse(&self, refusals: &[(&str, &'static str, &str)]) -> Result<(), Error> {
        for (rule, code, hint) in refusals {
            let errors = self.iter().filter(|it| it.severity == Severity::Error && it.rule == *rule);
            let reasons: Vec<String> = errors.map(|it| format!("{} {}", it.subject, it.message)).collect();
            if !reasons.is_empty() {
                return Err(Error::input(code, reasons.join("; ")).hint(*hint));
            }
        }
        Ok(())
    }

    /// Warns on standard error, for commands whose answer is something else; notices are for who asks.
    pub fn warn(&self, output: Output) {
        let serious = self.iter().filter(|finding| finding.severity < Severity::Notice);
        serious.for_each(|finding| output.warning(finding));
    }
}

impl Severity {
    /// The word in answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl fmt::Display for Finding {
    /// `subject: field: message, by 2026-04-15 [rule]`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.subject)?;
        if let Some(field) = &self.field {
            write!(f, ": {field}")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(due) = self.due {
            write!(f, ", by {}", date::day(due))?;
        }
        write!(f, " [{}]", self.rule)
    }
}

impl fmt::Display for Findings {
    /// One finding a line, what to do below it, and the counts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in self.iter() {
            writeln!(f, "{:<7}  {finding}", finding.severity)?;
            if let Some(hint) = &finding.hint {
                writeln!(f, "         hint: {hint}")?;
            }
        }
        let [errors, warnings, notices] =
            [Severity::Error, Severity::Warning, Severity::Notice].map(|severity| self.count(severity));
        writeln!(f, "errors: {errors}, warnings: {warnings}, notices: {notices}")
    }
}

fn as_day<S: Serializer>(due: &Option<UnixSeconds>, serializer: S) -> Result<S::Ok, S::Error> {
    due.map(date::day).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str) -> UnixSeconds {
        date::parse(day).unwrap()
    }

    #[test]
    fn the_most_serious_and_the_nearest_come_first_and_each_once() {
        let late = Finding::new("expiring", Severity::Warning, "a", "ends").due(at("2027-01-01"));
        let near = Finding::new("expiring", Severity::Warning, "b", "ends").due(at("2026-01-01"));
        let dateless = Finding::new("no-backup-pin", Severity::Warning, "a", "has one pin");
        let error = Finding::new("expired", Severity::Error, "z", "has ended");
        let all = [&dateless, &late, &error, &near, &late].map(Clone::clone);
        let findings = Findings::new(all.to_vec());
        assert_eq!(findings.iter().collect::<Vec<_>>(), [&error, &near, &late, &dateless]);
    }

    #[test]
    fn only_an_error_is_a_finding_for_the_caller() {
        let of = |severity| Findings::new(vec![Finding::new("rule", severity, "a", "b")]).exit();
        assert_eq!(of(Severity::Error), Exit::Finding);
        assert_eq!([of(Severity::Warning), of(Severity::Notice)], [Exit::Done, Exit::Done]);
        assert_eq!(Findings::default().exit(), Exit::Done);
    }

    #[test]
    fn a_finding_reads_as_a_line_and_as_json() {
        let finding = Finding::new("expiring", Severity::Warning, "old\nroot", "expires")
            .field("not-after")
            .due(at("2026-04-15"))
            .hint("ask its CA");
        let line = "old\u{fffd}root: not-after: expires, by 2026-04-15 [expiring]";
        assert_eq!(finding.to_string(), line);
        let json = serde_json::to_value(&finding).unwrap();
        assert_eq!((&json["severity"], &json["due"]), (&"warning".into(), &"2026-04-15".into()));
        let text = Findings::new(vec![finding]).to_string();
        let expect =
            format!("warning  {line}\n         hint: ask its CA\nerrors: 0, warnings: 1, notices: 0\n");
        assert_eq!(text, expect);
    }
}
