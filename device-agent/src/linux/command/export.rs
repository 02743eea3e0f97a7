//! `device-agent export`: the exported files, made anew from what is installed.

use serde::Serialize;

use crate::Mode;
use crate::linux::cli::Context;
use crate::linux::driver::Image;
use crate::linux::error::{Error, Exit};
use crate::linux::export::{ExportSet, Omission, medium, publish};
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
    let set = ExportSet::of(&installed, &settings.channel, &export.folder)?;
    let published = publish(&export.folder, &set, export.file_mode)?;
    let answer = Answer {
        directory: export.folder.display().to_string(),
        release: set.version.order.to_string(),
        digest: set.version.digest.to_string(),
        generation: set.version.generation,
        is_changed: published.is_changed,
        files: set.files.len(),
        omitted: &set.omissions,
        occupied: &published.occupied,
    };
    let state = if published.is_changed { "now shows" } else { "shows already" };
    let text = format!("{} {state} release {}: {} files", answer.directory, answer.release, answer.files);
    context.output.data("device-agent.export-done.1", &answer, text)?;
    for omission in &set.omissions {
        let Omission { subject, reason, .. } = omission;
        context.output.warning(format_args!("{subject} is left out: {}", reason.words()));
    }
    for name in &published.occupied {
        context
            .output
            .warning(format_args!("{}/{name} belongs to somebody else and stays", answer.directory));
    }
    if let Some(warning) = medium(&export.folder).warning() {
        context.output.warning(format_args!("{} {warning}", answer.directory));
    }
    Ok(if published.occupied.is_empty() { Exit::Done } else { Exit::Finding })
}
