//! The report that build servers read: JUnit's XML.

use std::{fs::File, io, io::Write as _, path::Path};

use crate::{
    run::Results,
    test::{Outcome, Report},
};

/// Writes the report.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write(path: &Path, results: &Results) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    File::create(path).and_then(|mut file| file.write_all(text(results).as_bytes())).map_err(named)
}

fn text(results: &Results) -> String {
    let count = |outcome| results.tests.iter().filter(|report| report.outcome == outcome).count();
    let seconds: f64 = results.tests.iter().map(|report| report.seconds).sum();
    let cases: String = results.tests.iter().map(case).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"devkit, {}\" tests=\"{}\" failures=\"{}\" \
         skipped=\"{}\" time=\"{seconds:.3}\">\n{cases}</testsuite>\n",
        escaped(results.kit),
        results.tests.len(),
        count(Outcome::Failed),
        count(Outcome::Skipped),
    )
}

fn case(report: &Report) -> String {
    let detail = escaped(&report.detail);
    let inside = match report.outcome {
        Outcome::Passed => format!("<system-out>{detail}</system-out>"),
        Outcome::Failed => format!("<failure message=\"not observed\">{detail}</failure>"),
        Outcome::Skipped => format!("<skipped message=\"{detail}\"/>"),
    };
    let tier = format!("{:?}", report.tier).to_lowercase();
    format!(
        "  <testcase classname=\"{tier}\" name=\"{}\" time=\"{:.3}\">{inside}</testcase>\n",
        escaped(report.name),
        report.seconds
    )
}

/// Text as XML has it; control characters, which XML 1.0 cannot hold, are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            _ if character.is_control() => {}
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{figures::Figures, test::Tier};

    #[test]
    fn a_report_says_what_failed_and_holds_no_markup_of_a_log() {
        let report = |outcome, detail: &str| Report {
            name: "a fact",
            tier: Tier::Fast,
            outcome,
            seconds: 0.5,
            detail: detail.to_owned(),
        };
        let tests = vec![report(Outcome::Passed, "ok"), report(Outcome::Failed, "<a> & \u{1}b")];
        let results = Results {
            passed: false,
            kit: "emulated",
            is_hardware: false,
            tests,
            figures: Figures::default(),
        };
        let text = text(&results);
        assert!(text.contains("tests=\"2\" failures=\"1\" skipped=\"0\" time=\"1.000\""), "{text}");
        assert!(text.contains("&lt;a&gt; &amp; b</failure>"), "{text}");
    }
}
