//! `device-agent install FILE`: a release brought by hand, verified like any other.

use std::path::PathBuf;

use clap::Args;

use super::run::{answer, block_on};
use crate::limits;
use crate::linux::cli::Context;
use crate::linux::driver::{Session, read_file};
use crate::linux::error::{Error, Exit};

/// The file.
#[derive(Debug, Args)]
pub(in crate::linux) struct InstallArgs {
    /// A file made with: cloud-updater export usb
    file: PathBuf,
}

pub(in crate::linux) fn run(args: &InstallArgs, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let file = read_file(&args.file, u64::from(limits::FILE_BYTES_MAX))?;
    // What is no USB file at all is named with its field, before anything is opened.
    bundle::Usb::parse(&file).map_err(|error| {
        Error::input("file_malformed", "is not a USB file").file(&args.file).because(error)
    })?;
    let session = Session::new(&settings, context.clock(), context.output);
    let ended = block_on(session.install(&file))?;
    answer(&ended, context)
}
