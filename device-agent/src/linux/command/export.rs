//! `device-agent export`: the exported files, made anew from what is installed.

use serde::Serialize;

use crate::Mode;
use crate::linux::cli::Context;
use crate::linux::driver::Image;
use crate::linux::error::{Error, Exit};
use crate::linux::export::{Application, Loss, Made, Omission, make, medium, other_writers};
use crate::linux::trust::Trust;

#[derive(Debug, Serialize)]
struct Answer<'a> {
    directory: String,
    release: String,
    digest: String,
    generation: u64,
    is_changed: bool,
    files: usize,
    omitted: &'a [Omission],
    losses: &'a [Loss],
    applications: &'a [Application],
    occupied: &'a [String],
}

pub(in crate::linux) fn run(context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let fail = |code, message| Err(Error::usage(code, message).file(&settings.path));
    let Some(export) = &settings.export else {
        return fail("no_export", "names no folder for exports: write export.directory");
    };
    if settings.mode == Mode::Observe {
        return fail("observe", "channel.mode is \"observe\": nothing is exported");
    }
    let trust = Trust::new(settings.location(), settings.seed_path.clone());
    let installed = trust.lasting()?;
    Image::check_in_use(&settings, &context.clock(), &installed)?;
    let Made { set, published, system_store } = make(&installed, &settings, export)?;
    let answer = Answer {
        directory: export.folder.display().to_string(),
        release: set.version.order.to_string(),
        digest: set.version.digest.to_string(),
        generation: set.version.generation,
        is_changed: published.is_changed,
        files: set.files.len(),
        omitted: &set.omissions,
        losses: &set.losses,
        applications: &set.applications,
        occupied: &published.occupied,
    };
    let state = if published.is_changed { "now shows" } else { "shows already" };
    let text = format!("{} {state} release {}: {} files", answer.directory, answer.release, answer.files);
    context.output.data("device-agent.export-done.1", &answer, text)?;
    for omission in &set.omissions {
        let Omission { subject, reason, .. } = omission;
        context.output.warning(format_args!("{subject} is left out: {}", reason.words()));
    }
    for loss in set.losses.iter().filter(|loss| loss.is_warning()) {
        context.output.warning(loss);
    }
    for fault in set.applications.iter().filter_map(|application| application.fault.as_ref()) {
        context.output.warning(format_args!("the system's anchors cannot be read: {fault}"));
    }
    for name in &published.occupied {
        context
            .output
            .warning(format_args!("{}/{name} belongs to somebody else and stays", answer.directory));
    }
    if let Some(warning) = medium(&export.folder).warning() {
        context.output.warning(format_args!("{} {warning}", answer.directory));
    }
    if let Some(error) = system_store {
        return Err(error);
    }
    let writers = other_writers(&export.folder, &settings.store.path);
    if let Some(warning) = &writers {
        context.output.warning(format_args!("{} {warning}", answer.directory));
    }
    Ok(if published.occupied.is_empty() && writers.is_none() { Exit::Done } else { Exit::Finding })
}
