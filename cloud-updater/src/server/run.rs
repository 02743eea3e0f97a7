//! The `serve` command: options in, a running server, until a signal stops it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use tokio::runtime;

use super::args::{Options, Place, ServeArgs};
use super::error::ServeError;
use super::instance::{Address, Instance, Notices};
use super::log::LogWriter;
use super::report::Intake;
use super::signals;
use crate::fleet::DATABASE_NAME;
use crate::repository::fleet_file::FleetFile;
use crate::{Context, Error, Exit, Output};

/// What is printed once every address is bound.
#[derive(Serialize)]
struct Started {
    addresses: Vec<Address>,
}

/// Runs `serve` until SIGTERM or SIGINT.
///
/// The addresses go to standard output as soon as they are bound, so that `--listen 127.0.0.1:0` can be used. A
/// dry run loads, binds, says so and ends.
///
/// # Errors
/// Exit code 2 for options that do not go together and for an unusable certificate or key, 3 for a damaged
/// folder, 5 where an address cannot be bound or a file not be read.
pub fn run(args: ServeArgs, context: &Context) -> Result<Exit, Error> {
    let repository = context.find_repository()?;
    let folder = folder(&args, repository.as_deref())?;
    let options = Options::new(args, folder, repository.map(|folder| folder.join(DATABASE_NAME)))?;
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(ServeError::SetUp)?;
    warn(&options, context.output());
    runtime.block_on(serve(options, context))?;
    Ok(Exit::Done)
}

/// What is allowed, and worth a second thought.
fn warn(options: &Options, output: Output) {
    let exposed = |place: &&Place| place.reports && !place.tls && !place.address.ip().is_loopback();
    if let Some(place) = options.places.iter().find(exposed) {
        output.warning(format!(
            "{}: reports cross the network unencrypted: device ids and endpoints can be read on the way",
            place.address
        ));
    }
}

/// The folder that was named, else the one that the repository publishes to.
fn folder(args: &ServeArgs, repository: Option<&Path>) -> Result<PathBuf, Error> {
    if let Some(folder) = &args.folder {
        return Ok(folder.clone());
    }
    let published = match repository {
        Some(repository) => FleetFile::read(repository)?.publish.folder.map(|folder| repository.join(folder)),
        None => None,
    };
    let missing = || {
        Error::usage("no_folder", "which folder is to be served?")
            .hint("cloud-updater serve DIR, or set publish.folder in fleet.toml")
    };
    published.ok_or_else(missing)
}

async fn serve(options: Options, context: &Context) -> Result<(), Error> {
    let output = context.output();
    let (stop, reload) = signals::listen().map_err(ServeError::SetUp)?;
    let intake = options.database.as_deref().map(Intake::open).transpose().map_err(Error::from)?;
    let log = options.log.then(|| LogWriter::start(io::stderr())).transpose().map_err(ServeError::SetUp)?;
    let instance = Instance::start(options, intake, log).await?;
    announce(&instance, output)?;
    if context.dry_run() {
        return Ok(());
    }
    instance.run(stop, reload, Arc::new(output)).await;
    output.progress("stopped");
    Ok(())
}

fn announce(instance: &Instance, output: Output) -> Result<(), Error> {
    let addresses = instance.addresses();
    let line = |address: &Address| {
        let what = match (address.tree, address.reports) {
            (true, true) => "the tree and reports",
            (true, false) => "the tree",
            (false, _) => "reports",
        };
        format!("serving {what} at {}\n", address.url)
    };
    let text: String = addresses.iter().map(line).collect();
    output.progress(instance.content());
    output.data("cloud-updater.serve.1", &Started { addresses }, text)
}

impl Notices for Output {
    fn notice(&self, line: &str) {
        self.progress(line);
    }

    fn trouble(&self, line: &str) {
        self.warning(line);
    }
}
