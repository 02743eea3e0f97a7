//! Parsers that are private otherwise, for fuzz targets: everybody else has files and commands.

use crate::Error;
use crate::fleet::{Device, Fault};

/// The devices of a CSV file, each with its line.
///
/// # Errors
/// Every fault of every row, up to fifty.
pub fn enrolment(file: &[u8]) -> Result<Vec<(Device, u64)>, Vec<Fault>> {
    crate::fleet::enrolment_of(file)
}

/// What is known of a key file with this text before its passphrase is tried.
///
/// # Errors
/// Exit code 3.
pub fn key_file(text: &str) -> Result<(), Error> {
    crate::key::KeyFile::at("alice".into()).check_text(text)
}

/// What a report of the CCADB says.
///
/// # Errors
/// Exit code 3.
pub fn ccadb(report: &[u8]) -> Result<crate::source::Said, Error> {
    crate::source::parse_ccadb(report)
}
