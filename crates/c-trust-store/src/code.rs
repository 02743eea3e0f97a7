//! The codes that functions return: stable numbers and their names, those of `device_agent.h` where both have them.

use std::ffi::{CStr, c_char};

use crate::reason;

/// The version of this interface, and the number of its soname. It grows when something in it changes its meaning.
pub const TRUST_STORE_ABI_VERSION: u32 = 1;

/// Done.
pub const TRUST_STORE_OK: i32 = 0;
/// Not now: trust_store_wait came to its deadline, or what was asked for is no longer the state of the handle.
pub const TRUST_STORE_AGAIN: i32 = 1;
/// An argument is NULL that must not be, or cannot be read.
pub const TRUST_STORE_BAD_ARGUMENT: i32 = -1;
/// A struct_size that this library does not know.
pub const TRUST_STORE_ABI_MISMATCH: i32 = -2;
/// The image's seed cannot be read, or does not verify.
pub const TRUST_STORE_SEED_REFUSED: i32 = -7;
/// The store cannot be read; what was read before stays in force.
pub const TRUST_STORE_STORE_FAILED: i32 = -10;
/// The region's offset is no multiple of 8,192, or it has fewer than 32,768 bytes.
pub const TRUST_STORE_REGION_REFUSED: i32 = -12;
/// The buffer is too small; how much is needed stands in *needed.
pub const TRUST_STORE_BUFFER_TOO_SMALL: i32 = -13;
/// The bundle has no such service.
pub const TRUST_STORE_UNKNOWN_SERVICE: i32 = -14;
/// Neither the store nor a seed has a bundle.
pub const TRUST_STORE_NO_BUNDLE: i32 = -15;
/// A newer agent wrote the store, and no seed is given: update this library.
pub const TRUST_STORE_NEWER_FORMAT: i32 = -20;
/// The handle was opened by another process: open one after fork.
pub const TRUST_STORE_FORKED: i32 = -21;
/// The system gave no thread or no descriptor.
pub const TRUST_STORE_SYSTEM_FAILED: i32 = -22;
/// A bug of this library. The handle stays usable.
pub const TRUST_STORE_BUG: i32 = -70;

/// What a function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A struct_size that this library does not know.
    AbiMismatch,
    /// Not now.
    Again,
    /// An argument is NULL that must not be, or cannot be read.
    BadArgument,
    /// The buffer is too small.
    BufferTooSmall,
    /// A bug of this library.
    Bug,
    /// The handle was opened by another process.
    Forked,
    /// A newer agent wrote the store, and no seed is given.
    NewerFormat,
    /// Neither the store nor a seed has a bundle.
    NoBundle,
    /// Done.
    Ok,
    /// The region cannot hold a store.
    RegionRefused,
    /// The image's seed cannot be read, or does not verify.
    SeedRefused,
    /// The store cannot be read.
    StoreFailed,
    /// The system gave no thread or no descriptor.
    SystemFailed,
    /// The bundle has no such service.
    UnknownService,
}

impl Code {
    /// Every code.
    pub const ALL: &'static [Self] = &[
        Self::AbiMismatch,
        Self::Again,
        Self::BadArgument,
        Self::BufferTooSmall,
        Self::Bug,
        Self::Forked,
        Self::NewerFormat,
        Self::NoBundle,
        Self::Ok,
        Self::RegionRefused,
        Self::SeedRefused,
        Self::StoreFailed,
        Self::SystemFailed,
        Self::UnknownService,
    ];

    /// The number: stable, never renumbered, never reused.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::AbiMismatch => TRUST_STORE_ABI_MISMATCH,
            Self::Again => TRUST_STORE_AGAIN,
            Self::BadArgument => TRUST_STORE_BAD_ARGUMENT,
            Self::BufferTooSmall => TRUST_STORE_BUFFER_TOO_SMALL,
            Self::Bug => TRUST_STORE_BUG,
            Self::Forked => TRUST_STORE_FORKED,
            Self::NewerFormat => TRUST_STORE_NEWER_FORMAT,
            Self::NoBundle => TRUST_STORE_NO_BUNDLE,
            Self::Ok => TRUST_STORE_OK,
            Self::RegionRefused => TRUST_STORE_REGION_REFUSED,
            Self::SeedRefused => TRUST_STORE_SEED_REFUSED,
            Self::StoreFailed => TRUST_STORE_STORE_FAILED,
            Self::SystemFailed => TRUST_STORE_SYSTEM_FAILED,
            Self::UnknownService => TRUST_STORE_UNKNOWN_SERVICE,
        }
    }

    /// The name for machines.
    #[must_use]
    pub const fn name(self) -> &'static CStr {
        match self {
            Self::AbiMismatch => c"abi_mismatch",
            Self::Again => c"again",
            Self::BadArgument => c"bad_argument",
            Self::BufferTooSmall => c"buffer_too_small",
            Self::Bug => c"bug",
            Self::Forked => c"forked",
            Self::NewerFormat => c"newer_format",
            Self::NoBundle => c"no_bundle",
            Self::Ok => c"ok",
            Self::RegionRefused => c"region_refused",
            Self::SeedRefused => c"seed_refused",
            Self::StoreFailed => c"store_failed",
            Self::SystemFailed => c"system_failed",
            Self::UnknownService => c"unknown_service",
        }
    }
}

/// The version of the interface that this library has: compare it with TRUST_STORE_ABI_VERSION.
#[unsafe(no_mangle)]
pub extern "C" fn trust_store_abi_version() -> u32 {
    TRUST_STORE_ABI_VERSION
}

/// The name of a code, such as "buffer_too_small"; "unknown" for one of a later version. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn trust_store_code_name(code: i32) -> *const c_char {
    Code::ALL.iter().find(|known| known.number() == code).map_or(c"unknown", |known| known.name()).as_ptr()
}

/// The name of a reason, such as "pin"; "unknown" for one of a later version. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn trust_store_reason_name(reason: u16) -> *const c_char {
    reason::name(reason).unwrap_or(c"unknown").as_ptr()
}
