//! The commands of `fleet`.

use std::fs::File;
use std::path::{Path, PathBuf};

use bundle::ChannelId;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::enrol::{EnrolError, Enrolled, enrol, rehearse};
use super::enrolment::{self, Enrolment, Fault};
use super::error::{FleetError, FleetFault};
use super::list::Filter;
use super::table::counted;
use super::{database, list, show};
use crate::census::{self, CensusArgs};
use crate::{Context, Error, Exit};

/// Name of the database in the operator's repository; never in git.
pub const DATABASE_NAME: &str = "fleet.sqlite";

/// Names the database to every command.
const DATABASE_VARIABLE: &str = "CLOUD_UPDATER_DATABASE";

/// What can be done with the fleet's records.
#[derive(Clone, Debug, Subcommand)]
pub enum FleetCommand {
    /// Enrol devices from a CSV file: device_id, public_key (base64), and optionally class, site, groups
    Enrol(EnrolArgs),
    /// List the enrolled devices: release, phase, reason, last seen
    List(ListArgs),
    /// Show one device: history and probe results
    Show(ShowArgs),
    /// Count which anchors verified which services on devices, and what a removal would take from them
    Census(CensusArgs),
}

/// Where the records are.
#[derive(Clone, Debug, Default, Args)]
pub struct DatabaseArgs {
    /// The fleet's database [default: fleet.sqlite in the repository]
    #[arg(long, value_name = "FILE", env = DATABASE_VARIABLE)]
    pub database: Option<PathBuf>,
}

/// Options of `fleet enrol`.
#[derive(Clone, Debug, Args)]
pub struct EnrolArgs {
    /// The devices; groups are separated by ";", lines that start with "#" are passed over
    #[arg(value_name = "FILE.csv")]
    pub file: PathBuf,

    /// Give devices that are enrolled with another key the new one
    #[arg(long)]
    pub replace: bool,

    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Options of `fleet list`.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Only devices of this class
    #[arg(long, value_name = "NAME")]
    pub class: Option<String>,

    /// Only devices at this site
    #[arg(long, value_name = "NAME")]
    pub site: Option<String>,

    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Options of `fleet show`.
#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// The device's id
    #[arg(value_name = "ID")]
    pub device: String,

    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Runs a fleet command.
///
/// # Errors
/// Exit code 3 for a CSV file with faults, 2 where there is no database or no such device, 5 where the database
/// fails.
pub fn run(command: FleetCommand, context: &Context) -> Result<Exit, Error> {
    match command {
        FleetCommand::Enrol(args) => run_enrol(&args, context),
        FleetCommand::List(args) => run_list(args, context),
        FleetCommand::Show(args) => run_show(&args, context),
        FleetCommand::Census(args) => census::run(&args, context),
    }
}

/// The database that `given` or the repository names.
pub(crate) fn database_path(given: Option<PathBuf>, context: &Context) -> Result<PathBuf, Error> {
    match given {
        Some(path) => Ok(path),
        None => Ok(context.repository_folder()?.join(DATABASE_NAME)),
    }
}

/// The database for commands that have no option for it: the one that the environment names, which must be there, or the
/// repository's own where there is one.
pub(crate) fn known_database(context: &Context) -> Result<Option<PathBuf>, Error> {
    if let Some(named) = std::env::var_os(DATABASE_VARIABLE) {
        return Ok(Some(PathBuf::from(named)));
    }
    Ok(Some(database_path(None, context)?).filter(|path| path.exists()))
}

#[derive(Serialize)]
struct EnrolAnswer {
    added: u64,
    changed: u64,
    unchanged: u64,
    dry_run: bool,
}

fn run_enrol(args: &EnrolArgs, context: &Context) -> Result<Exit, Error> {
    let path = database_path(args.database.database.clone(), context)?;
    let now = i64::try_from(context.now().0).unwrap_or(i64::MAX);
    let enrolled = enrol_file(&args.file, &path, args.replace, context.dry_run(), now)?;
    let Enrolled { added, changed, unchanged } = enrolled;
    let answer = EnrolAnswer { added, changed, unchanged, dry_run: context.dry_run() };
    let would = if context.dry_run() { "would be " } else { "" };
    let added = usize::try_from(added).unwrap_or(usize::MAX);
    let text = format!(
        "{} {would}enrolled, {changed} {would}changed, {unchanged} as they were",
        counted(added, "device")
    );
    context.output().data("cloud-updater.fleet-enrol.1", &answer, text)?;
    Ok(Exit::Done)
}

/// Reads a file and enters its devices; a dry run keeps nothing, not even an empty database.
fn enrol_file(
    file: &Path,
    path: &Path,
    replace: bool,
    dry_run: bool,
    now: i64,
) -> Result<Enrolled, FleetError> {
    let opened = File::open(file).map_err(|source| FleetFault::Read(source).of(file))?;
    let Enrolment { devices, lines } =
        enrolment::read(opened).map_err(|faults| FleetFault::Faults(faults).of(file))?;
    let refused = |source| FleetFault::Database(source).of(path);
    let enrolled = if !dry_run {
        enrol(&mut database::open(path)?, &devices, replace, now)
    } else if path.exists() {
        rehearse(&mut database::open(path)?, &devices, replace, now)
    } else {
        rehearse(&mut database::in_memory().map_err(refused)?, &devices, replace, now)
    };
    enrolled.map_err(|error| match error {
        EnrolError::Database(source) => refused(source),
        EnrolError::Conflicts(conflicts) => {
            let fault = |(index, message): (usize, String)| Fault {
                line: lines.get(index).copied().unwrap_or_default(),
                column: Some("public_key".to_owned()),
                message,
            };
            FleetFault::Faults(conflicts.into_iter().map(fault).collect()).of(file)
        }
    })
}

#[derive(Serialize)]
struct ListAnswer<'a> {
    devices: &'a [list::Listed],
}

fn run_list(args: ListArgs, context: &Context) -> Result<Exit, Error> {
    let path = database_path(args.database.database, context)?;
    let connection = database::open_existing(&path)?;
    let filter = Filter { channel: context.channel().map(ChannelId::of), class: args.class, site: args.site };
    let devices = list::list(&connection, &filter, context.now())
        .map_err(|source| FleetFault::Database(source).of(&path))?;
    context.output().data(
        "cloud-updater.fleet-list.1",
        &ListAnswer { devices: &devices },
        list::table(&devices),
    )?;
    Ok(Exit::Done)
}

fn run_show(args: &ShowArgs, context: &Context) -> Result<Exit, Error> {
    let path = database_path(args.database.database.clone(), context)?;
    let connection = database::open_existing(&path)?;
    let shown = show::show(&connection, &args.device, context.now())
        .map_err(|source| FleetFault::Database(source).of(&path))?;
    let shown = shown.ok_or_else(|| FleetFault::UnknownDevice(args.device.clone()).of(&path))?;
    context.output().data("cloud-updater.fleet-show.1", &shown, show::text(&shown))?;
    Ok(Exit::Done)
}
