//! The driver: it does what the engine asks for and tells it how that ended. No judgement is made here.

mod census;
mod census_record;
mod image;
mod machine;
mod nudges;
mod outcome;
mod probe_record;
mod record;
mod report_record;
mod session;
mod telling;

pub use census_record::{CensusRecord, SeenEndpoint};
pub use image::{Image, read as read_file};
pub use machine::Machine;
pub use probe_record::ProbeRecord;
pub use record::ActivityRecord;
pub use report_record::{ReportOutcome, ReportRecord};
pub use session::{Ended, Session};
