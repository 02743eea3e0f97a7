//! Ways to wait for a change.

use std::time::Duration;

use crate::entry::{guarded, handle, place};
use crate::{Code, Handle};

/// A timeout that never comes.
pub const TRUST_STORE_FOREVER: u64 = u64::MAX;

/// Writes into *descriptor an eventfd(2) that can be read once the state has changed since it was read last: for poll,
/// epoll and event loops. Read its eight bytes, then the snapshot. It does not block, is closed by trust_store_close, and
/// is the same one at every call: one loop reads it, further threads use trust_store_wait.
///
/// The first call of this function or of trust_store_wait starts a thread that looks at the store in the interval of the
/// configuration. It takes no signals. The store is polled, and not watched: a watch ends where the file is replaced, and
/// file systems that are shared over a network or in layers tell nothing.
///
/// # Safety
/// `store` came from trust_store_open; `descriptor` points to a place for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trust_store_descriptor(store: *mut Handle, descriptor: *mut i32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's handle and place.
        let (handle, place) = unsafe { (handle(store)?, place(descriptor)?) };
        *place = handle.descriptor()?;
        Ok(Code::Ok.number())
    })
}

/// Waits until the state is another one than number `changes` of a snapshot: TRUST_STORE_OK, also where it was already;
/// TRUST_STORE_AGAIN where it is not after so many milliseconds. Any number of threads may wait.
///
/// # Safety
/// `store` came from trust_store_open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trust_store_wait(
    store: *mut Handle,
    changes: u64,
    timeout_milliseconds: u64,
) -> i32 {
    guarded(|| {
        // SAFETY: the caller's handle.
        unsafe { handle(store)? }.wait(changes, Duration::from_millis(timeout_milliseconds))?;
        Ok(Code::Ok.number())
    })
}
