//! What came of all cases.

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    case::{Case, Expected, Limbo},
    error::Error,
    exception::{Difference, Exception, Exceptions},
    verifier::{Outcome, Verifier, outcome},
};

/// What came of all cases, against what should.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    passed: bool,
    /// That of the strict verifier.
    summary: Summary,
    verifiers: Vec<Run>,
    /// Cases with an exception that the collection does not have.
    unknown_exceptions: Vec<String>,
}

/// All cases under one verifier.
#[derive(Debug, Serialize)]
struct Run {
    verifier: Verifier,
    summary: Summary,
    cases: Vec<Row>,
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Summary {
    cases: usize,
    agree: usize,
    too_lenient: usize,
    too_strict: usize,
    skipped: usize,
    /// Differences with a reason.
    excepted: usize,
    /// Differences without one, and exceptions that are none any more.
    unexpected: usize,
}

/// What came of one case.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    expected: &'static str,
    actual: &'static str,
    /// Why it failed or was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    /// The reason of an exception.
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<String>,
    /// Whether it is as it should be, or as the exception has it.
    passed: bool,
}

impl Report {
    /// Runs every case.
    ///
    /// # Errors
    /// A certificate that is no PEM.
    pub(crate) fn new(limbo: &Limbo, exceptions: &Exceptions) -> Result<Self, Error> {
        let strict = Run::new(Verifier::Strict, limbo, exceptions)?;
        let private = Run::new(Verifier::Private, limbo, exceptions)?;
        let has = |id: &str| limbo.testcases.iter().any(|case| case.id == id);
        let unknown_exceptions: Vec<String> = exceptions.without_case(has).map(str::to_owned).collect();
        let (summary, verifiers) = (strict.summary, vec![strict, private]);
        let unexpected: usize = verifiers.iter().map(|run| run.summary.unexpected).sum();
        let passed = unexpected == 0 && unknown_exceptions.is_empty();
        Ok(Self { schema: "conformance/1", passed, summary, verifiers, unknown_exceptions })
    }

    /// True where everything came as it should, or as an exception has it.
    pub(crate) const fn passed(&self) -> bool {
        self.passed
    }

    /// One JSON object.
    ///
    /// # Errors
    /// The output is gone.
    pub(crate) fn json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }

    /// The differences, line by line, and the summary.
    ///
    /// # Errors
    /// The output is gone.
    pub(crate) fn table(&self, out: &mut impl Write) -> io::Result<()> {
        for Run { verifier, summary, cases } in &self.verifiers {
            for row in cases.iter().filter(|row| !row.passed || row.exception.is_some()) {
                let word = if row.passed { "excepted" } else { "UNEXPECTED" };
                let why = row.exception.as_deref().or(row.context.as_deref()).unwrap_or_default();
                writeln!(
                    out,
                    "{word:<11} {}: {}, and {} was expected: {why}",
                    row.id, row.actual, row.expected
                )?;
            }
            let Summary { cases, agree, too_lenient, too_strict, skipped, excepted, unexpected } = summary;
            writeln!(
                out,
                "{verifier:?}: {cases} cases: {agree} agree, {too_lenient} too lenient, {too_strict} too strict, \
                 {skipped} skipped; {excepted} excepted, {unexpected} unexpected"
            )?;
        }
        for case in &self.unknown_exceptions {
            writeln!(out, "UNEXPECTED  an exception for {case}, which is no case")?;
        }
        Ok(())
    }
}

impl Run {
    fn new(verifier: Verifier, limbo: &Limbo, exceptions: &Exceptions) -> Result<Self, Error> {
        let mut summary = Summary { cases: limbo.testcases.len(), ..Summary::default() };
        let row = |case: &Case| {
            let exception = exceptions.find(verifier, &case.id);
            outcome(case, verifier).map(|outcome| summary.row(case, outcome, exception))
        };
        let cases = limbo.testcases.iter().map(row).collect::<Result<Vec<_>, Error>>()?;
        Ok(Self { verifier, summary, cases })
    }
}

impl Summary {
    fn row(&mut self, case: &Case, outcome: Outcome, exception: Option<&Exception>) -> Row {
        let expected = case.expected_result;
        let difference = match (&outcome, expected) {
            (Outcome::Success, Expected::Failure) => Some(Difference::TooLenient),
            (Outcome::Failure(_), Expected::Success) => Some(Difference::TooStrict),
            _ => None,
        };
        match (&outcome, difference) {
            (Outcome::Skipped(_), _) => self.skipped += 1,
            (_, Some(Difference::TooLenient)) => self.too_lenient += 1,
            (_, Some(Difference::TooStrict)) => self.too_strict += 1,
            _ => self.agree += 1,
        }
        let passed = difference == exception.map(|exception| exception.difference);
        self.excepted += usize::from(passed && exception.is_some());
        self.unexpected += usize::from(!passed);
        let (actual, context) = match outcome {
            Outcome::Success => ("SUCCESS", None),
            Outcome::Failure(why) => ("FAILURE", Some(why)),
            Outcome::Skipped(why) => ("SKIPPED", Some(why.to_owned())),
        };
        Row {
            id: case.id.clone(),
            expected: match expected {
                Expected::Success => "SUCCESS",
                Expected::Failure => "FAILURE",
            },
            actual,
            context,
            exception: exception.map(|exception| exception.reason.clone()),
            passed,
        }
    }
}
