//! The fleet's records: which devices are enrolled, and what they last reported.

mod census;
mod command;
mod database;
mod device;
mod directory;
mod enrol;
mod enrolment;
mod error;
#[cfg(test)]
pub(crate) mod kit;
mod ledger;
mod list;
mod received;
mod show;
mod spread;
mod table;
mod words;
mod writer;

pub use census::{DeviceCensus, Heard, SeenService, each_census};
pub use command::{DATABASE_NAME, DatabaseArgs, FleetCommand, run};
pub(crate) use command::{database_path, known_database};
pub use device::Device;
pub use directory::{Directory, Holder};
pub use enrol::{EnrolError, Enrolled, enrol};
pub use enrolment::Fault;
pub use error::{FleetError, FleetFault};
pub use ledger::Standing;
pub use received::{Behind, Probed, Received, ReportedApplications, ReportedCensus, ReportedService};
pub use spread::Spread;
pub(crate) use table::Table;
pub use writer::{NotStored, Writer};

/// The devices of a CSV file, for fuzz targets.
#[cfg(feature = "fuzzing")]
pub(crate) fn enrolment_of(file: &[u8]) -> Result<Vec<(Device, u64)>, Vec<Fault>> {
    let read = enrolment::read(file)?;
    Ok(read.devices.into_iter().zip(read.lines).collect())
}
