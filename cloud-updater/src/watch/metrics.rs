//! A text file for Prometheus' node exporter: what was seen, what was found, and when.

use std::fmt::Write as _;

use bundle::UnixSeconds;

use crate::coverage::{CellKind, Matrix, State};
use crate::finding::{Findings, Severity};

/// What one round says in numbers.
#[derive(Clone, Copy, Debug)]
pub struct Metrics<'a> {
    /// From where.
    pub vantage: &'a str,
    /// The matrix of each channel.
    pub matrices: &'a [Matrix],
    /// What was found.
    pub findings: &'a Findings,
    /// Alerts that wait for a webhook.
    pub alerts_waiting: usize,
    /// When.
    pub now: UnixSeconds,
}

impl Metrics<'_> {
    /// The file's text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        gauge(&mut text, "findings", "Findings by severity.");
        for severity in [Severity::Error, Severity::Warning, Severity::Notice] {
            self.line(&mut text, "findings", &[("severity", severity.word())], self.findings.count(severity));
        }
        gauge(
            &mut text,
            "finding_due_seconds",
            "The nearest day by which something must be done, since 1970, by rule.",
        );
        let mut rules: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
        for finding in self.findings.iter() {
            if let Some(due) = finding.due {
                let nearest = rules.entry(finding.rule).or_insert(due.0);
                *nearest = (*nearest).min(due.0);
            }
        }
        for (rule, due) in rules {
            self.line(&mut text, "finding_due_seconds", &[("rule", rule)], due);
        }
        gauge(&mut text, "endpoints", "Endpoints by channel, and by whether somebody sees them.");
        for matrix in self.matrices {
            for (state, word) in [(State::Seen, "seen"), (State::Unknown, "unknown")] {
                let count = matrix.endpoints().filter(|(_, endpoint)| endpoint.state == state).count();
                self.line(&mut text, "endpoints", &[("channel", &matrix.channel), ("state", word)], count);
            }
        }
        gauge(
            &mut text,
            "service_verified",
            "1 where a service is verified, 0 where not; unknown ones are left out.",
        );
        for matrix in self.matrices {
            for row in &matrix.services {
                for (side, cell) in [("now", &row.now), ("candidate", &row.candidate), ("both", &row.both)] {
                    let value = match cell.verdict {
                        CellKind::Verified => 1,
                        CellKind::Lost | CellKind::Refused => 0,
                        CellKind::Absent | CellKind::Unknown => continue,
                    };
                    let labels =
                        [("channel", matrix.channel.as_str()), ("service", &row.service), ("side", side)];
                    self.line(&mut text, "service_verified", &labels, value);
                }
            }
        }
        gauge(&mut text, "alerts_waiting", "Alerts that nobody took yet.");
        self.line(&mut text, "alerts_waiting", &[], self.alerts_waiting);
        gauge(&mut text, "last_round_seconds", "When the watcher looked last, in seconds since 1970.");
        self.line(&mut text, "last_round_seconds", &[], self.now.0);
        text
    }

    fn line(&self, text: &mut String, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels = [("vantage", self.vantage)].into_iter().chain(labels.iter().copied());
        let labels: Vec<String> =
            labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        // Writing into a string cannot fail.
        let _ = writeln!(text, "cloud_updater_watch_{name}{{{}}} {value}", labels.join(","));
    }
}

fn gauge(text: &mut String, name: &str, help: &str) {
    let _ =
        writeln!(text, "# HELP cloud_updater_watch_{name} {help}\n# TYPE cloud_updater_watch_{name} gauge");
}

/// A label's value (the text format's three escapes).
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
