//! What can go wrong with the fleet's records.

use std::io;
use std::path::{Path, PathBuf};

use super::enrolment::Fault;
use crate::{Error, Exit};

/// Why a fleet command stopped.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct FleetError {
    /// The database, or the file handed in.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: FleetFault,
}

/// What is wrong with the fleet's records, or with what was to go into them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FleetFault {
    /// The database cannot be made.
    #[error("cannot be made: {0}")]
    Create(io::Error),
    /// SQLite refused.
    #[error("the database refuses: {0}")]
    Database(#[from] rusqlite::Error),
    /// A CSV file with faults; nothing of it was enrolled.
    #[error("nothing was enrolled{}", listed(.0))]
    Faults(Vec<Fault>),
    /// Made by a newer version.
    #[error("has layout {layout}, this version knows {known}")]
    Layout {
        /// Its layout.
        layout: i64,
        /// Ours.
        known: i64,
    },
    /// Nothing was enrolled or reported yet.
    #[error("there is no fleet database")]
    NoDatabase,
    /// An SQLite file of somebody else's.
    #[error("is a database of another program")]
    OtherDatabase,
    /// A file cannot be read.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// A thread cannot be started.
    #[error("the report writer cannot be started: {0}")]
    Thread(io::Error),
    /// Not enrolled.
    #[error("no device of the id {0:?} is enrolled")]
    UnknownDevice(String),
}

impl FleetFault {
    /// The fault, of this file.
    pub(super) fn of(self, path: &Path) -> FleetError {
        FleetError { path: path.to_owned(), fault: self }
    }

    const fn verdict(&self) -> (Exit, &'static str, &'static str) {
        match self {
            Self::Create(_) => {
                (Exit::Io, "database_not_made", "check that the folder exists and may be written")
            }
            Self::Database(_) => {
                (Exit::Io, "database", "check the disk; a backup may be needed where it persists")
            }
            Self::Faults(_) => (Exit::BadInput, "bad_rows", "correct the rows and give the whole file again"),
            Self::Layout { .. } => {
                (Exit::Usage, "database_layout", "use the version that made it, or a newer one")
            }
            Self::NoDatabase => {
                (Exit::Usage, "no_database", "enrol devices first: cloud-updater fleet enrol FILE.csv")
            }
            Self::OtherDatabase => (Exit::Usage, "other_database", "give --database another path"),
            Self::Read(_) => (Exit::Io, "file_unreadable", "check the path, and who may read the file"),
            Self::Thread(_) => (Exit::Io, "set_up", "the machine is out of threads or memory"),
            Self::UnknownDevice(_) => {
                (Exit::Usage, "unknown_device", "cloud-updater fleet list shows the enrolled ones")
            }
        }
    }
}

impl From<FleetError> for Error {
    fn from(error: FleetError) -> Self {
        let (exit, code, hint) = error.fault.verdict();
        let field = match &error.fault {
            FleetFault::Faults(faults) => faults.first().map(Fault::place),
            _ => None,
        };
        let report = Self::new(exit, code, error.fault.to_string()).file(error.path).hint(hint);
        match field {
            Some(field) => report.field(field),
            None => report,
        }
    }
}

fn listed(faults: &[Fault]) -> String {
    match faults {
        [fault] => format!(": {}", fault.message),
        faults => faults.iter().map(|fault| format!("\n  {fault}")).collect(),
    }
}
