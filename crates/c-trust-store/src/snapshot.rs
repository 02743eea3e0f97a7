//! The state of a handle, in numbers.

use bundle::Order;
use trust_store::Origin;

use crate::argument::{Sized32, write};
use crate::entry::{guarded, handle};
use crate::{Code, Handle};

/// A place in the order of releases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct TrustStoreOrder {
    /// The recovery epoch.
    pub epoch: u16,
    /// The number in it.
    pub number: u32,
}

/// What is in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct TrustStoreSnapshot {
    /// sizeof(trust_store_snapshot).
    pub struct_size: u32,
    /// Counts the changes of what is trusted since the store was made, as the agent's status and exports have it.
    pub generation: u64,
    /// Counts the states of this handle, from 1: another number, another trust. It tells a store apart that was
    /// replaced by another one, too.
    pub changes: u64,
    /// The release in use.
    pub release: TrustStoreOrder,
    /// 0 the image's seed, 1 a confirmed release, 2 a release on trial.
    pub phase: u8,
    /// What is to be said of the store, as a stable reason; 0 for nothing. Whatever it is, what was read before stays in
    /// force.
    pub reason: u16,
    /// A time that has passed for certain, in seconds since 1970: a clock that shows an earlier one was never set.
    pub time_floor: u64,
    /// SHA-256 of the release's header: what heads, reports and exports call it.
    pub release_sha256: [u8; 32],
}

// SAFETY: repr(C), and begins with its size.
unsafe impl Sized32 for TrustStoreSnapshot {}

/// Looks at the store now, at the cost of 64 bytes read, and reads it where it has changed. Every call of this interface
/// that begins afterwards answers for what was found.
///
/// TRUST_STORE_STORE_FAILED where it cannot be read: what was read before stays in force.
///
/// # Safety
/// `store` came from trust_store_open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trust_store_refresh(store: *mut Handle) -> i32 {
    guarded(|| {
        // SAFETY: the caller's handle.
        unsafe { handle(store)? }.refresh()?;
        Ok(Code::Ok.number())
    })
}

/// Fills *snapshot with what is in force, without a look at the store.
///
/// # Safety
/// `store` came from trust_store_open; `snapshot` points to a trust_store_snapshot whose struct_size is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trust_store_snapshot_read(
    store: *mut Handle,
    snapshot: *mut TrustStoreSnapshot,
) -> i32 {
    guarded(|| {
        // SAFETY: the caller's handle and struct.
        let (handle, snapshot) = unsafe { (handle(store)?, write(snapshot)?) };
        let state = handle.state();
        let installed = &state.installed;
        let Order { epoch, number } = installed.order();
        *snapshot = TrustStoreSnapshot {
            struct_size: snapshot.struct_size,
            generation: installed.generation(),
            changes: state.changes,
            release: TrustStoreOrder { epoch, number },
            phase: match installed.origin() {
                Origin::Seed => 0,
                _ if installed.is_trial() => 2,
                _ => 1,
            },
            reason: state.reason,
            time_floor: installed.time_floor().0,
            release_sha256: installed.digest().0,
        };
        Ok(Code::Ok.number())
    })
}
