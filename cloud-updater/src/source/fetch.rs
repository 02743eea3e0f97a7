//! Where a source's bytes come from: a file, or a URL.

use std::path::Path;

use crate::acceptance::fetch;
use crate::{Error, Exit, input};

/// Bytes of one report: all records of the CCADB are about a tenth of it.
pub(super) const REPORT_BYTES_MAX: u64 = 64 << 20;

/// True for what is fetched, not opened.
pub(super) fn is_url(location: &str) -> bool {
    location.starts_with("http://") || location.starts_with("https://")
}

/// The bytes at `location`, a URL or a path that counts from `folder` on.
///
/// # Errors
/// Exit code 2, 3 or 5, with the place.
pub(super) fn read(location: &str, folder: &Path) -> Result<Vec<u8>, Error> {
    if !is_url(location) {
        return input::read(&folder.join(location), REPORT_BYTES_MAX, "a report");
    }
    let failed = |message: String| {
        let error = Error::new(Exit::Io, "source_unreachable", message).place(location);
        error.hint("what it said last stays; try again later")
    };
    match fetch::get(location, REPORT_BYTES_MAX)? {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(failed("the server has no such file".to_owned())),
        Err(error) => Err(failed(error.to_string())),
    }
}
