//! A scenario's report for people: a timeline, and a table of who was cut off.

use std::collections::BTreeMap;

use super::{
    day::Day,
    guard::{First, Over},
    report::{Outcome, Report, Stretch},
};

/// The report as text.
pub(crate) fn text(report: &Report) -> String {
    let mut lines = vec![String::new(), format!("{}, {} to {}", report.title, report.from, report.to)];
    lines.push(String::new());
    lines.extend(timeline(report));
    lines.push(String::new());
    lines.push("CUSTOMER         WITHOUT AND WITH THE PRODUCT".to_owned());
    lines.extend(report.customers.iter().flat_map(outcome));
    lines.push(String::new());
    lines.push("MUST BE SAID                                                 BY          CAME".to_owned());
    for met in &report.expected {
        let what = format!("{}: {} ({})", met.expected.by, met.expected.rule, met.expected.about);
        let came = met.came.map_or_else(|| "never".to_owned(), |day| day.to_string());
        lines.push(format!("{what:<60} {:<11} {came}", met.expected.until));
    }
    lines.push(String::new());
    lines.extend(report.faults.iter().map(|fault| format!("FAILED: {fault}")));
    if report.passed {
        lines.push(format!(
            "passed in {:.1} s: {} days looked at; servers showed twins of the real certificates",
            report.seconds,
            report.days.len()
        ));
    }
    lines.join("\n")
}

/// Everything that has a day, in order.
fn timeline(report: &Report) -> Vec<String> {
    let mut entries: Vec<(Day, u8, &str, String)> = Vec::new();
    for it in &report.said {
        entries.push((it.day, 0, "said", format!("{}: {} ({})", it.who, it.what, it.source)));
    }
    for it in &report.moves {
        entries.push((
            it.day,
            1,
            "service",
            format!("{} is issued by {} under {}", it.service, it.issuer, it.root),
        ));
    }
    for it in &report.customers {
        for stretch in &it.without {
            entries.push((
                stretch.from,
                2,
                "cut off",
                format!("{}, without the product: {}", it.customer, stretch.because),
            ));
        }
    }
    let mut findings: BTreeMap<_, Vec<&First>> = BTreeMap::new();
    for it in &report.findings {
        findings.entry((it.day, it.by, &it.severity, &it.rule)).or_default().push(it);
    }
    for ((day, by, severity, rule), all) in findings {
        entries.push((day, 3, by, format!("{severity} {rule}: {}", together(&all))));
    }
    for it in &report.heard {
        entries.push((it.day, 1, "source", format!("{} {} {}", it.source, it.what, it.certificate)));
    }
    for it in &report.acts {
        let refused = it.refused.as_ref().map(|why| format!("; refused: {why}")).unwrap_or_default();
        let nothing = match it.need_do_nothing.as_slice() {
            [] => String::new(),
            some => format!("; need do nothing, says the notice: {}", some.join(", ")),
        };
        entries.push((it.day, 4, "operator", format!("{}{nothing}{refused}", it.reason)));
    }
    entries.sort();
    entries.into_iter().map(|(day, _, who, what)| format!("{day}  {who:<8}  {what}")).collect()
}

/// Findings of one rule and one day: the first in words, and how many more there are.
fn together(findings: &[&First]) -> String {
    let is_real = |it: &&&First| it.over == Over::Real;
    let real = findings.iter().filter(is_real).count();
    let more = findings.len() - 1;
    let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    let over = match (real, findings.len()) {
        (0, _) => "",
        (real, all) if real == all => " [real certificates]",
        _ => " [real certificates and twins]",
    };
    findings.first().map(|it| format!("{} {}{more}{over}", it.subject, it.message)).unwrap_or_default()
}

fn outcome(outcome: &Outcome) -> Vec<String> {
    let words = |stretches: &[Stretch]| {
        let word = |it: &Stretch| {
            let until = it.until.map(|day| format!(" until {day}")).unwrap_or_default();
            format!("cut off from {} on {}{until}", it.service, it.from)
        };
        match stretches {
            [] => "never cut off".to_owned(),
            some => some.iter().map(word).collect::<Vec<_>>().join("; "),
        }
    };
    vec![
        format!("{:<16} {}", outcome.customer, outcome.who),
        format!("    without      {}", words(&outcome.without)),
        format!(
            "    with         {}, in {} handshakes; release {}",
            words(&outcome.with),
            outcome.handshakes,
            outcome.release
        ),
    ]
}
