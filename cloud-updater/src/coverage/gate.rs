//! What the matrix says to whoever publishes.

use super::{CellKind, EndpointRow, Matrix, ServiceRow, Sighting, State};
use crate::Error;
use crate::date;
use crate::finding::{Finding, Findings, Severity};

/// What to do about a service that would be lost.
const LOST_HINT: &str = "let it go on until the service has moved: keep the anchor, and publish without its removal; where it \
                         must go whatever is lost, cloud-updater anchor distrust NAME --order --reason WHY";
/// What to do about a service that nobody sees.
const UNKNOWN_HINT: &str = "cloud-updater watch --once, from a vantage that reaches it, or a file of observations from there; or take \
                            required out of services.toml";

/// What a matrix says: errors stand in the way of publishing.
#[must_use]
pub fn findings(matrix: &Matrix) -> Findings {
    let mut found = Vec::new();
    for (row, endpoint) in matrix.endpoints() {
        for sighting in &endpoint.sightings {
            found.extend(of_sighting(matrix, row, endpoint, sighting));
        }
        if endpoint.state == State::Unknown {
            found.push(unknown(row, endpoint));
        }
    }
    for row in matrix.services.iter().filter(|row| row.endpoints.is_empty()) {
        let message = "has no endpoint that anybody could ask: all its hosts are patterns";
        let finding = Finding::new("service-unknown", unknown_severity(row), &row.service, message);
        found.push(finding.hint("name one that stands for them: watch = [\"host:port\"] in services.toml"));
    }
    Findings::new(found)
}

/// Refuses what loses a service, and what is not known of a required one.
///
/// # Errors
/// Exit code 3 with everything that stands in the way.
pub fn check(matrix: &Matrix) -> Result<(), Error> {
    findings(matrix).refuse(&[
        ("service-lost", "coverage_lost", LOST_HINT),
        ("service-unknown", "coverage_unknown", UNKNOWN_HINT),
    ])
}

fn of_sighting(
    matrix: &Matrix,
    row: &ServiceRow,
    endpoint: &EndpointRow,
    seen: &Sighting,
) -> Option<Finding> {
    let subject = format!("{} of {}", endpoint.endpoint, row.service);
    let age = date::span(seen.age_seconds);
    let from = format!("as {} saw it {age} ago", seen.vantage);
    match (seen.candidate.verdict, &seen.excused) {
        (CellKind::Lost, None) => {
            let because = &seen.candidate.because;
            let message = format!(
                "is lost, {from}: what devices have ({}) verifies it {}, {} does not: {because}",
                matrix.now.join(", "),
                seen.now.because,
                matrix.candidate
            );
            let hint = if seen.candidate.code == "absent" {
                "devices refuse a release that drops a probed service: release it with probe = false first"
            } else {
                LOST_HINT
            };
            Some(Finding::new("service-lost", Severity::Error, subject, message).hint(hint))
        }
        (CellKind::Lost, Some(reason)) => {
            let message = format!("is lost, {from}, and a distrust order wants it so: {reason}");
            Some(Finding::new("service-lost-by-order", Severity::Warning, subject, message))
        }
        (CellKind::Refused, _) => {
            let so_far = if matrix.now.is_empty() {
                "there is no release yet"
            } else {
                "devices do not reach it now either"
            };
            let message = format!(
                "is not verified by {}, {from}: {}; {so_far}",
                matrix.candidate, seen.candidate.because
            );
            Some(Finding::new("service-refused", Severity::Warning, subject, message))
        }
        _ if seen.both.code == "no_shared_path" => {
            let message = format!(
                "is verified, {from}, but no one path is accepted by {} and by {}: whoever has the one depends on another \
                 anchor than whoever has the other",
                matrix.now.join(", "),
                matrix.candidate
            );
            let finding = Finding::new("no-shared-path", Severity::Warning, subject, message);
            Some(finding.hint(
                "let both anchors overlap for three to five refresh intervals, then remove the old one",
            ))
        }
        _ => None,
    }
}

fn unknown(row: &ServiceRow, endpoint: &EndpointRow) -> Finding {
    let subject = format!("{} of {}", endpoint.endpoint, row.service);
    let why = endpoint.failure.as_ref().map_or_else(String::new, |failure| format!(" ({failure})"));
    let age = match endpoint.age_seconds {
        Some(seconds) => format!("was last seen {} ago", date::span(seconds)),
        None => "was never seen".to_owned(),
    };
    let message = format!("is unknown: it {age}{why}");
    Finding::new("service-unknown", unknown_severity(row), subject, message).hint(UNKNOWN_HINT)
}

/// A required service must be seen before anything is published.
const fn unknown_severity(row: &ServiceRow) -> Severity {
    if row.required { Severity::Error } else { Severity::Notice }
}
