//! `coverage`: which service is verified by what devices have, by what is to come, and by both; and the gate of `publish`.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::census;
use crate::coverage::{self, JudgedBundle, Matrix, Sides};
use crate::document::DraftFile;
use crate::durable::{self, PUBLIC_MODE};
use crate::finding::{Findings, Severity};
use crate::publish::Archive;
use crate::repository::{Repository, Rollout};
use crate::{Context, Error, Exit};

/// Options of `coverage`.
#[derive(Clone, Debug, Args)]
pub(super) struct CoverageArgs {
    /// A release's number, a draft file, or "now" for what the repository holds [default: the draft that waits, else now]
    #[arg(value_name = "CANDIDATE")]
    candidate: Option<String>,

    /// Write the matrix as a page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write the matrix as a drawing
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    matrix: &'a Matrix,
    #[serde(flatten)]
    findings: &'a Findings,
}

pub(super) fn run(args: &CoverageArgs, context: &Context) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    let channel = repository.fleet().channel_or_only(context.channel())?;
    let archive = Archive::read(&repository)?;
    let sides = Sides::of_word(&repository, &archive, channel, args.candidate.as_deref(), context)?;
    let matrix = coverage::of_repository(&repository, &sides, context.now())?;
    let findings = coverage::findings(&matrix);
    if !context.dry_run() {
        for (path, text) in [(&args.html, coverage::page(&matrix)), (&args.svg, coverage::drawing(&matrix))] {
            if let Some(path) = path {
                durable::write_file(path, text.as_bytes(), PUBLIC_MODE)?;
            }
        }
    }
    let text = format!("{}\n{findings}", coverage::table(&matrix));
    context.output().data(
        "cloud-updater.coverage.1",
        &Answer { matrix: &matrix, findings: &findings },
        text,
    )?;
    Ok(findings.exit())
}

/// The coverage of a draft, as other commands show it.
#[derive(Serialize)]
pub(super) struct Coverage {
    #[serde(flatten)]
    matrix: Matrix,
    #[serde(flatten)]
    findings: Findings,
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", coverage::table(&self.matrix), self.findings)
    }
}

/// What a draft covers, by the observations of the repository; `None` for a keyring and where it takes everything away.
pub(super) fn of_draft(
    repository: &Repository,
    archive: &Archive,
    draft: &DraftFile,
    context: &Context,
) -> Result<Option<Coverage>, Error> {
    let Some(channel) = draft.channel.as_deref() else { return Ok(None) };
    let candidate = JudgedBundle::of_draft(draft)?;
    if candidate.is_revoke_all {
        return Ok(None);
    }
    let sides = Sides::new(repository, archive, channel, &repository.rollout(channel)?, candidate)?;
    let matrix = coverage::of_repository(repository, &sides, context.now())?;
    let findings = coverage::findings(&matrix);
    Ok(Some(Coverage { matrix, findings }))
}

/// What a signer with a clone at hand sees of a draft's coverage, and the verdicts in it, without the days and ages that
/// differ from one hour to the next; nothing where there is no clone, or nothing to cover.
pub(super) fn shown(
    repository: Option<&Repository>,
    draft: &DraftFile,
    context: &Context,
) -> (String, Option<String>) {
    let Some(repository) = repository else { return (String::new(), None) };
    let look = || -> Result<(String, Option<String>), Error> {
        let archive = Archive::read(repository)?;
        let Some(covered) = of_draft(repository, &archive, draft, context)? else {
            return Ok((String::new(), None));
        };
        let text = format!("coverage by the observations of your repository:\n{covered}");
        Ok((text, Some(verdicts(&covered.matrix)?)))
    };
    // A signer may hold a clone that is old: that is said, and is no reason to refuse the signature.
    look().unwrap_or_else(|error| (format!("coverage is not known: {error}\n"), None))
}

/// Service and endpoint by name, with the three verdicts.
fn verdicts(matrix: &Matrix) -> Result<String, Error> {
    let services = matrix.services.iter().map(|row| (&row.service, [&row.now, &row.candidate, &row.both]));
    let endpoints = matrix.services.iter().flat_map(|row| &row.endpoints);
    let endpoints = endpoints.map(|row| (&row.endpoint, [&row.now, &row.candidate, &row.both]));
    let rows: Vec<_> = services
        .chain(endpoints)
        .map(|(name, cells)| (name, cells.map(|cell| (cell.verdict, &cell.code))))
        .collect();
    serde_json::to_string(&rows).map_err(|error| Error::bug("verdicts are no JSON").because(error))
}

/// Refuses a candidate that loses a service which devices reach under what `rollout` leaves on them, unless a distrust
/// order wants it so, one about whose required services nothing is known, and one that takes an anchor which devices need by
/// their own word. Services of `lose` are lost on purpose, and of those of `despite` the devices' word is overridden.
pub(super) fn gate(
    repository: &Repository,
    archive: &Archive,
    (channel, rollout): (&str, &Rollout),
    candidate: JudgedBundle,
    (lose, despite): (&[String], &[String]),
    context: &Context,
) -> Result<(), Error> {
    if candidate.is_revoke_all {
        // It loses every service, and the keyring's threshold signed that.
        return Ok(());
    }
    let sides = Sides::new(repository, archive, channel, rollout, candidate)?;
    let mut matrix = coverage::of_repository(repository, &sides, context.now())?;
    if let Some(name) = lose.iter().find(|name| matrix.services.iter().all(|row| row.service != **name)) {
        let error = Error::usage("no_service", format!("{name:?} is no service of {channel}"));
        return Err(error.field("--lose"));
    }
    matrix.services.retain(|row| !lose.contains(&row.service));
    let findings = coverage::findings(&matrix);
    let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning);
    warnings.for_each(|finding| context.output().warning(finding));
    coverage::check(&matrix)?;
    let said = census::of_step(repository, &sides, &[lose, despite].concat(), context)?;
    let warnings = said.iter().filter(|finding| finding.severity == Severity::Warning);
    warnings.for_each(|finding| context.output().warning(finding));
    census::check(&said)
}
