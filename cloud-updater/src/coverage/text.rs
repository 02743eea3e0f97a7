//! The matrix as text.

use super::{EndpointRow, Matrix, State};
use crate::date;

/// The matrix, one line a service and one an endpoint.
#[must_use]
pub fn table(matrix: &Matrix) -> String {
    let now = if matrix.now.is_empty() { "nothing".to_owned() } else { matrix.now.join(" and ") };
    let mut text = format!("now:       {now}\ncandidate: {}\n\n", matrix.candidate);
    let mut rows = vec![[
        "service".to_owned(),
        "now".to_owned(),
        "candidate".to_owned(),
        "both".to_owned(),
        String::new(),
    ]];
    for service in &matrix.services {
        let mark = if service.required { "required" } else { "" };
        rows.push([
            service.service.clone(),
            service.now.verdict.word().to_owned(),
            service.candidate.verdict.word().to_owned(),
            service.both.verdict.word().to_owned(),
            mark.to_owned(),
        ]);
        for endpoint in &service.endpoints {
            rows.push([
                format!("  {}", endpoint.endpoint),
                endpoint.now.verdict.word().to_owned(),
                endpoint.candidate.verdict.word().to_owned(),
                endpoint.both.verdict.word().to_owned(),
                note(endpoint),
            ]);
        }
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    for [service, now, candidate, both, note] in &rows {
        let [first, second, third, fourth] = widths;
        let line = format!("{service:first$}  {now:second$}  {candidate:third$}  {both:fourth$}  {note}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// What stands beside an endpoint's verdicts: who saw it when, and why it is what it is.
pub(super) fn note(endpoint: &EndpointRow) -> String {
    if endpoint.state == State::Unknown {
        let seen = endpoint.age_seconds.map_or_else(
            || "never seen".to_owned(),
            |seconds| format!("last seen {} ago", date::span(seconds)),
        );
        let why = endpoint.failure.as_ref().map_or_else(String::new, |failure| format!("; {failure}"));
        return format!("{seen}{why}");
    }
    let worst = endpoint.sightings.iter().filter(|it| it.is_current).min_by_key(|it| it.candidate.verdict);
    worst.map_or_else(String::new, |seen| {
        let age = date::span(seen.age_seconds);
        let excused =
            seen.excused.as_ref().map_or_else(String::new, |reason| format!("; by order: {reason}"));
        format!("{}, seen {age} ago from {}{excused}", seen.candidate.because, seen.vantage)
    })
}
