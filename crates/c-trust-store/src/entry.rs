//! The way into the library: arguments are looked at, and no panic leaves.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Code, Handle};

/// Runs the body of a function of the interface.
///
/// There is no panic that is known of; one that is not ends here, as a code, and not in the caller's frames, which
/// cannot unwind. What it leaves behind is as valid as before: states are swapped in whole, and locks ignore poison.
pub(crate) fn guarded(body: impl FnOnce() -> Result<i32, Code>) -> i32 {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(number)) => number,
        Ok(Err(code)) => code.number(),
        Err(_) => Code::Bug.number(),
    }
}

/// The caller's handle.
///
/// # Safety
/// `pointer` is NULL, or came from trust_store_open and is not closed during `'a`.
pub(crate) unsafe fn handle<'a>(pointer: *const Handle) -> Result<&'a Handle, Code> {
    if !pointer.is_aligned() {
        return Err(Code::BadArgument);
    }
    // SAFETY: NULL, or a handle that lives; all of it is behind locks, so any number of threads may hold it.
    let handle = unsafe { pointer.as_ref() }.ok_or(Code::BadArgument)?;
    handle.check_process()?;
    Ok(handle)
}

/// The caller's place for a result.
///
/// # Safety
/// `pointer` is NULL or points to a place that nobody else uses during `'a`.
pub(crate) unsafe fn place<'a, T>(pointer: *mut T) -> Result<&'a mut T, Code> {
    if !pointer.is_aligned() {
        return Err(Code::BadArgument);
    }
    // SAFETY: NULL, or the caller's place; only numbers and pointers are asked for, of which every bit pattern is one.
    unsafe { pointer.as_mut() }.ok_or(Code::BadArgument)
}
