//! Memory, as the platform counts it: what is held against the 256 KiB of an application.

use crate::{Error, symbols};

/// Memory that is counted, by `applibs/applications.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attribute {
    Total = 0,
    UserMode = 1,
    PeakUserMode = 2,
}

fn kib(attribute: Attribute) -> Result<usize, Error> {
    let mut kib = 0_usize;
    let buffer = (&raw mut kib).cast();
    #[expect(
        unsafe_code,
        reason = "the address is that of a live usize, which is C's size_t, and the capacity is its size"
    )]
    let result =
        unsafe { symbols::z__Applications_GetMemoryInfo(attribute as u32, buffer, size_of::<usize>()) };
    Error::check("z__Applications_GetMemoryInfo", result)?;
    Ok(kib)
}

/// All applications' memory with the kernel's share, such as socket buffers, in KiB (`Applications_GetTotalMemoryUsageInKB`).
///
/// # Errors
/// `EAGAIN` where it cannot be told at the moment.
pub fn total_kib() -> Result<usize, Error> {
    kib(Attribute::Total)
}

/// This application's memory, in KiB (`Applications_GetUserModeMemoryUsageInKB`).
///
/// # Errors
/// `EAGAIN` where it cannot be told at the moment.
pub fn user_mode_kib() -> Result<usize, Error> {
    kib(Attribute::UserMode)
}

/// The most that this application's memory has been, in KiB (`Applications_GetPeakUserModeMemoryUsageInKB`).
///
/// # Errors
/// `EAGAIN` where it cannot be told at the moment.
pub fn peak_user_mode_kib() -> Result<usize, Error> {
    kib(Attribute::PeakUserMode)
}
