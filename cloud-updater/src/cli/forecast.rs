//! `forecast`: the days on which anchors will be lost, as far as they are known today.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::certificate::{Certificate, source};
use crate::forecast::replay::{page, replay};
use crate::forecast::{Event, Knowledge, of_anchor};
use crate::repository::Repository;
use crate::{Context, Error, Exit, date};

/// Options of `forecast`.
#[derive(Clone, Debug, Args)]
pub(super) struct ForecastArgs {
    /// Files with certificates [default: the anchors of the repository]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Count Mozilla's schedule for roots too: these are roots of its program
    #[arg(long)]
    mozilla: bool,

    /// Replay the history of a store, and print what could have been known, as a page in Markdown
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["files", "mozilla"])]
    history: Option<PathBuf>,
}

#[derive(Serialize)]
struct Answer {
    events: Vec<EventAnswer>,
}

#[derive(Serialize)]
struct EventAnswer {
    day: String,
    anchor: String,
    name: String,
    kind: &'static str,
    basis: String,
    known_since: String,
}

pub(super) fn run(args: &ForecastArgs, context: &Context) -> Result<Exit, Error> {
    if let Some(folder) = &args.history {
        context.output().line(page(&replay(folder)?))?;
        return Ok(Exit::Done);
    }
    let mut events =
        if args.files.is_empty() { of_repository(args, context)? } else { of_files(args, context)? };
    events.sort();
    events.dedup();
    let text: String = events.iter().map(|event| format!("{event}\n")).collect();
    let answer = Answer { events: events.iter().map(EventAnswer::of).collect() };
    context.output().data("cloud-updater.forecast.1", &answer, text)?;
    Ok(Exit::Done)
}

fn of_files(args: &ForecastArgs, context: &Context) -> Result<Vec<Event>, Error> {
    let mut events = Vec::new();
    for file in &args.files {
        let certificates: Vec<Certificate> = source::read(file)?;
        let knowledge = Knowledge { is_in_mozillas_program: args.mozilla, ..Knowledge::default() };
        events.extend(certificates.iter().flat_map(|it| of_anchor(it, &knowledge, context.now())));
    }
    Ok(events)
}

/// The anchors of the repository, and with them the days on which they are planned to leave.
fn of_repository(args: &ForecastArgs, context: &Context) -> Result<Vec<Event>, Error> {
    let mut events = Vec::new();
    for entry in Repository::open(context)?.anchors()? {
        if entry.record.state.trusted().is_none() {
            continue;
        }
        let added = date::day_start(entry.record.added_day());
        let retire = entry.record.retire_day().ok().flatten().map(|day| (date::day_start(day), added));
        let knowledge = Knowledge { is_in_mozillas_program: args.mozilla, retire, ..Knowledge::default() };
        events.extend(of_anchor(&entry.certificate, &knowledge, context.now()));
    }
    Ok(events)
}

impl EventAnswer {
    fn of(event: &Event) -> Self {
        Self {
            day: date::day(event.day),
            anchor: event.anchor.to_string(),
            name: event.name.clone(),
            kind: event.kind.id(),
            basis: event.kind.basis().to_owned(),
            known_since: date::day(event.known_since),
        }
    }
}
