//! `fleet census`: which anchors devices need, and what a candidate would take from them.

use std::collections::BTreeMap;

use bundle::{AnchorMark, Sha256};
use clap::Args;
use serde::Serialize;

use super::{Census, Removal, table};
use crate::coverage::{JudgedBundle, Sides};
use crate::finding::Findings;
use crate::fleet::{DatabaseArgs, database_path, known_database};
use crate::publish::Archive;
use crate::repository::Repository;
use crate::{Context, Error, Exit};

/// Options of `fleet census`.
#[derive(Clone, Debug, Args)]
pub struct CensusArgs {
    /// Count what devices saw in so many days [default: census.days of fleet.toml]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=730))]
    pub days: Option<u32>,

    /// Where the records are.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    census: &'a Census,
    candidate: Option<&'a str>,
    #[serde(flatten)]
    findings: &'a Findings,
}

/// Counts, and holds the draft that waits, else what the repository has now, against it.
///
/// # Errors
/// Exit code 2 where there is no database, no such channel or a bundle cannot be read, 5 where the database fails.
pub fn run(args: &CensusArgs, context: &Context) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    let channel = repository.fleet().channel_or_only(context.channel())?;
    let path = database_path(args.database.database.clone(), context)?;
    let archive = Archive::read(&repository)?;
    let days = args.days.unwrap_or_else(|| repository.fleet().census.days);
    let held = Sides::held(&archive, channel, &repository.rollout(channel)?)?;
    let release: Option<&JudgedBundle> = held.first();
    let time = (context.now(), days);
    let census = Census::of_channel(&path, channel, release, &known(&repository)?, time)?;
    let mut text = table(&census);
    // What devices say is worth knowing where there is no bundle to be made yet.
    let sides = Sides::of_word(&repository, &archive, channel, None, context).inspect_err(|error| {
        context.output().warning(format_args!("no candidate is held against it: {error}"));
    });
    let candidate = sides.as_ref().ok().map(|sides| sides.candidate.label.as_str());
    let asked = removal(&repository, context, days);
    let findings =
        sides.as_ref().ok().map(|sides| asked.findings(Some(&path), sides)).transpose()?.unwrap_or_default();
    if let Some(candidate) = candidate.filter(|_| !findings.is_empty()) {
        text.push_str(&format!("\n{candidate}, against what devices have:\n{findings}"));
    }
    let answer = Answer { census: &census, candidate, findings: &findings };
    context.output().data("cloud-updater.fleet-census.1", &answer, text)?;
    Ok(findings.exit())
}

/// What devices say of a step of `sides`, by the repository's settings and the records that are at hand; services of `lose`
/// are lost on purpose.
///
/// # Errors
/// Exit code 5 where the database fails.
pub fn of_step(
    repository: &Repository,
    sides: &Sides,
    lose: &[String],
    context: &Context,
) -> Result<Findings, Error> {
    let path = known_database(context)?;
    let asked = removal(repository, context, repository.fleet().census.days);
    let found = asked.findings(path.as_deref(), sides)?;
    Ok(Findings::new(found.iter().filter(|finding| !lose.contains(&finding.subject)).cloned().collect()))
}

fn removal(repository: &Repository, context: &Context, days: u32) -> Removal {
    Removal { now: context.now(), days, required_share: repository.fleet().census.required_share }
}

/// What the repository calls its anchors.
fn known(repository: &Repository) -> Result<BTreeMap<AnchorMark, String>, Error> {
    let of = |der: &[u8]| AnchorMark::of(&Sha256::of(&[der]));
    let entries = repository.anchors()?;
    Ok(entries.into_iter().map(|entry| (of(entry.certificate.der()), entry.name)).collect())
}
