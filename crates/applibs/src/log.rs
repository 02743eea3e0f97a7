//! The debug log.

use core::ffi::CStr;

use crate::{Error, symbols};

/// Writes one text to the debug log as it is. A line ends with a line feed of its own.
///
/// # Errors
/// What the platform says.
pub fn debug(text: &CStr) -> Result<(), Error> {
    #[expect(
        unsafe_code,
        reason = "the format has one %s and gets one string, ended with NUL; percent signs in it are text"
    )]
    let result = unsafe { symbols::Log_Debug(c"%s".as_ptr(), text.as_ptr()) };
    Error::check("Log_Debug", result)
}
