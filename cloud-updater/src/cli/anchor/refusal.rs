//! Why an import is refused: every bad file and every bad certificate, each by its name, in one error.

use crate::certificate::Certificate;
use crate::lint::{Problem, Rule};
use crate::{Error, Exit};

/// A certificate that breaks a rule, and where it was read.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) place: String,
    pub(super) certificate: Certificate,
    pub(super) problem: Problem,
}

/// The one error for files that cannot be read as certificates; the first one's code and exit code.
pub(super) fn of_files(mut errors: Vec<Error>) -> Result<(), Error> {
    if errors.len() < 2 {
        return errors.pop().map_or(Ok(()), Err);
    }
    let (code, exit) =
        errors.first().map_or(("no_certificate", Exit::BadInput), |error| (error.code(), error.exit()));
    let whole =
        |error: &Error| error.causes().fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
    let faults: Vec<String> = errors.iter().map(whole).collect();
    let error = Error::new(exit, code, faults.join("; ")).place(format!("{} files", errors.len()));
    Err(error.hint("leave these files out, or correct them: nothing was imported"))
}

/// The one error for certificates that break rules.
pub(super) fn of_certificates(refused: &[Refused]) -> Result<(), Error> {
    let Some(first) = refused.first() else { return Ok(()) };
    let is_one_place = refused.iter().all(|other| other.place == first.place);
    let fault = |Refused { place, certificate, problem }: &Refused| {
        let place = if is_one_place { String::new() } else { format!("{place}: ") };
        format!("{place}{} {}", certificate.short_name, problem.message)
    };
    let faults: Vec<String> = refused.iter().map(fault).collect();
    let error = Error::input(first.problem.rule.code, faults.join("; "));
    let error = if is_one_place {
        error.place(&first.place).field(format!("certificate {}", first.certificate.sha256))
    } else {
        let mut places: Vec<&str> = refused.iter().map(|refused| refused.place.as_str()).collect();
        places.dedup();
        error.place(format!("{} files", places.len()))
    };
    let mut broken: Vec<&Rule> = Vec::new();
    for Refused { problem, .. } in refused {
        if !broken.contains(&problem.rule) {
            broken.push(problem.rule);
        }
    }
    broken.sort_by_key(|rule| rule.id);
    let advice: Vec<String> = broken.iter().map(|rule| format!("{rule}: {}", rule.advice)).collect();
    let flags: Vec<String> = broken.iter().map(|rule| format!("--allow {rule}")).collect();
    Err(error.hint(format!(
        "{}; or import it all the same: {} --reason \"…\"",
        advice.join("; "),
        flags.join(" ")
    )))
}
