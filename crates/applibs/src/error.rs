//! The one error of applibs: an errno.

use core::{error, ffi::c_int, fmt};

use crate::symbols;

/// Why a call failed: the `errno` that it left, and which function it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error {
    /// The C function that failed.
    pub function: &'static str,
    /// The platform's `errno`.
    pub errno: i32,
}

impl Error {
    /// What the newest failed call of this thread left behind.
    pub(crate) fn last(function: &'static str) -> Self {
        #[expect(
            unsafe_code,
            reason = "the C library gives each thread a valid address, for as long as it runs"
        )]
        let errno = unsafe { *symbols::__errno_location() };
        Self { function, errno }
    }

    /// The result of a call that answers 0, or -1 with an errno.
    pub(crate) fn check(function: &'static str, result: c_int) -> Result<(), Self> {
        if result == 0 { Ok(()) } else { Err(Self::last(function)) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} failed with errno {}", self.function, self.errno)
    }
}

impl error::Error for Error {}
