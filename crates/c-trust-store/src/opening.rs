//! Opening and closing.

use std::ffi::{CStr, OsStr, c_char, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use trust_store::{DEFAULT_REGION_BYTES, Location, OpenError, RefreshError, TrustStore};

use crate::argument::{Sized32, read};
use crate::entry::{self, guarded};
use crate::log::{Level, Log};
use crate::{Code, Handle};

/// Where the agent keeps its store unless it is told otherwise.
const DEFAULT_STORE: &str = "/var/lib/device-agent/store";
/// How often the store is looked at for those who wait, unless they say it: 64 bytes each time.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
/// The shortest interval: below it, looking is all a small processor does.
const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// Where the store is, and how it is followed. Zeros and NULL are the defaults: of a struct that is cleared, only
/// struct_size must be set. Strings are copied.
#[derive(Debug)]
#[repr(C)]
pub struct TrustStoreConfig {
    /// sizeof(trust_store_config).
    pub struct_size: u32,
    /// The store's file; NULL: /var/lib/device-agent/store.
    pub store_path: *const c_char,
    /// Where the region starts in it: a multiple of 8,192.
    pub store_offset: u64,
    /// Its length in bytes, as the agent was told; 0: the agent's own, 1,048,576.
    pub store_bytes: u32,
    /// The image's seed, such as /usr/share/device-agent/seed: what holds before the first check and after a loss of
    /// the store; NULL for none.
    pub seed_path: *const c_char,
    /// How often the store is looked at for trust_store_wait and trust_store_descriptor; 0: every 5,000.
    pub interval_milliseconds: u32,
    /// The application asks trust_store_judge about every chain that it accepts. All anchors for TLS servers are then handed
    /// out; otherwise the service's policy decides about those that a bare certificate says too little of.
    pub judges: bool,
    /// Handed to log.
    pub context: *mut c_void,
    /// One line for people, without a line end: why trust_store_open failed, what a look at the store found. Level 0
    /// error, 1 warning, 2 information. Called on any thread that calls a function of this interface, and on the one
    /// that trust_store_wait and trust_store_descriptor start; NULL for none.
    pub log: Option<unsafe extern "C" fn(context: *mut c_void, level: i32, line: *const c_char)>,
}

// SAFETY: repr(C), and begins with its size.
unsafe impl Sized32 for TrustStoreConfig {}

/// Opens the store that the device agent keeps, and verifies nothing but digests: what stands there was verified by the
/// agent, which alone may write it. In force is the store's release, or the seed's where that is newer.
///
/// TRUST_STORE_NO_BUNDLE where neither has one, TRUST_STORE_NEWER_FORMAT, TRUST_STORE_SEED_REFUSED,
/// TRUST_STORE_REGION_REFUSED; TRUST_STORE_STORE_FAILED where the file may not be read, or no seed can stand in.
///
/// # Safety
/// `config` and everything in it are as their comments say; `store` points to a place for the result, which is NULL
/// after a failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trust_store_open(config: *const TrustStoreConfig, store: *mut *mut Handle) -> i32 {
    guarded(|| {
        // SAFETY: the caller's place.
        let place = unsafe { entry::place(store)? };
        *place = std::ptr::null_mut();
        // SAFETY: the caller's struct.
        let config = unsafe { read(config)? };
        // SAFETY: the caller's strings.
        let (path, seed) = unsafe { (path(config.store_path), path(config.seed_path)) };
        let location = Location {
            path: path.unwrap_or_else(|| PathBuf::from(DEFAULT_STORE)),
            offset: config.store_offset,
            length: if config.store_bytes == 0 { DEFAULT_REGION_BYTES } else { config.store_bytes },
        };
        let interval = match config.interval_milliseconds {
            0 => DEFAULT_INTERVAL,
            milliseconds => Duration::from_millis(milliseconds.into()).max(INTERVAL_MIN),
        };
        let log = Log::new(config.log, config.context);
        let opened = TrustStore::open(location, seed.as_deref()).map_err(|error| {
            log.error(Level::Error, &error);
            code(&error)
        })?;
        *place = Box::into_raw(Box::new(Handle::new(opened, log, interval, config.judges)));
        Ok(Code::Ok.number())
    })
}

/// Closes a handle: its thread ends, and its descriptor is closed. NULL is none.
///
/// # Safety
/// `store` came from trust_store_open and is used no more; no other thread is inside a function with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trust_store_close(store: *mut Handle) -> i32 {
    guarded(|| {
        if store.is_null() {
            return Ok(Code::Ok.number());
        }
        // SAFETY: the caller's handle. In a child of the process that opened it, it is left where it is: its thread is
        // not there to be waited for.
        unsafe { entry::handle(store)? };
        // SAFETY: it was boxed by trust_store_open, and the caller gives it back.
        drop(unsafe { Box::from_raw(store) });
        Ok(Code::Ok.number())
    })
}

/// # Safety
/// `pointer` is NULL or points to a NUL-terminated string.
unsafe fn path(pointer: *const c_char) -> Option<PathBuf> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: the caller's string ends in a NUL.
    let bytes = unsafe { CStr::from_ptr(pointer) }.to_bytes();
    Some(Path::new(OsStr::from_bytes(bytes)).to_path_buf())
}

const fn code(error: &OpenError) -> Code {
    match error {
        OpenError::Empty { .. } => Code::NoBundle,
        OpenError::NewerFormat { .. } => Code::NewerFormat,
        OpenError::Region { .. } => Code::RegionRefused,
        OpenError::Read(RefreshError::Seed { .. }) => Code::SeedRefused,
        _ => Code::StoreFailed,
    }
}
