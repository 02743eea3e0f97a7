//! The codes that functions return: stable numbers and their names.

use core::ffi::{CStr, c_char};

/// The version of this interface. It grows when something in it changes its meaning.
pub const DEVICE_AGENT_ABI_VERSION: u32 = 1;

/// Done.
pub const DEVICE_AGENT_OK: i32 = 0;
/// device_agent_step: there is more to do now, call it again soon.
pub const DEVICE_AGENT_AGAIN: i32 = 1;
/// An argument is NULL that must not be, or cannot be read.
pub const DEVICE_AGENT_BAD_ARGUMENT: i32 = -1;
/// A struct_size that this library does not know.
pub const DEVICE_AGENT_ABI_MISMATCH: i32 = -2;
/// Called on another thread than device_agent_start.
pub const DEVICE_AGENT_WRONG_THREAD: i32 = -3;
/// Called from inside a callback.
pub const DEVICE_AGENT_REENTERED: i32 = -4;
/// The arena is smaller than device_agent_arena_size says, or the configuration has more text than fits into it.
pub const DEVICE_AGENT_ARENA_TOO_SMALL: i32 = -5;
/// There is an agent already; device_agent_stop it first.
pub const DEVICE_AGENT_ALREADY_STARTED: i32 = -6;
/// The image's seed does not verify.
pub const DEVICE_AGENT_SEED_REFUSED: i32 = -7;
/// The image's keyring is not a keyring.
pub const DEVICE_AGENT_KEYRING_REFUSED: i32 = -8;
/// Neither image nor store has a keyring.
pub const DEVICE_AGENT_KEYRING_MISSING: i32 = -9;
/// The store cannot be read or written.
pub const DEVICE_AGENT_STORE_FAILED: i32 = -10;
/// The region's offset is no multiple of 8,192, or it has fewer than 32,768 bytes.
pub const DEVICE_AGENT_REGION_REFUSED: i32 = -12;
/// The buffer is too small; how much is needed stands in *needed.
pub const DEVICE_AGENT_BUFFER_TOO_SMALL: i32 = -13;
/// The bundle has no such service.
pub const DEVICE_AGENT_UNKNOWN_SERVICE: i32 = -14;
/// There is no such bundle.
pub const DEVICE_AGENT_NO_BUNDLE: i32 = -15;
/// An answer that nobody waits for: too late, or never asked for.
pub const DEVICE_AGENT_UNKNOWN_TICKET: i32 = -16;
/// The system has no random bytes.
pub const DEVICE_AGENT_ENTROPY_FAILED: i32 = -17;
/// A base URL cannot be read, or there are none or more than eight.
pub const DEVICE_AGENT_URL_REFUSED: i32 = -18;
/// No agent was started, or it was stopped.
pub const DEVICE_AGENT_NOT_STARTED: i32 = -19;

/// What a function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Done.
    Ok,
    /// device_agent_step: there is more to do now, call it again soon.
    Again,
    /// An argument is NULL that must not be, or cannot be read.
    BadArgument,
    /// A struct_size that this library does not know.
    AbiMismatch,
    /// Called on another thread than device_agent_start.
    WrongThread,
    /// Called from inside a callback.
    Reentered,
    /// The arena is smaller than device_agent_arena_size says, or the configuration has more text than fits into it.
    ArenaTooSmall,
    /// There is an agent already; device_agent_stop it first.
    AlreadyStarted,
    /// The image's seed does not verify.
    SeedRefused,
    /// The image's keyring is not a keyring.
    KeyringRefused,
    /// Neither image nor store has a keyring.
    KeyringMissing,
    /// The store cannot be read or written.
    StoreFailed,
    /// The region's offset is no multiple of 8,192, or it has fewer than 32,768 bytes.
    RegionRefused,
    /// The buffer is too small; how much is needed stands in *needed.
    BufferTooSmall,
    /// The bundle has no such service.
    UnknownService,
    /// There is no such bundle.
    NoBundle,
    /// An answer that nobody waits for: too late, or never asked for.
    UnknownTicket,
    /// The system has no random bytes.
    EntropyFailed,
    /// A base URL cannot be read, or there are none or more than eight.
    UrlRefused,
    /// No agent was started, or it was stopped.
    NotStarted,
}

impl Code {
    /// Every code.
    pub const ALL: &'static [Self] = &[
        Self::Ok,
        Self::Again,
        Self::BadArgument,
        Self::AbiMismatch,
        Self::WrongThread,
        Self::Reentered,
        Self::ArenaTooSmall,
        Self::AlreadyStarted,
        Self::SeedRefused,
        Self::KeyringRefused,
        Self::KeyringMissing,
        Self::StoreFailed,
        Self::RegionRefused,
        Self::BufferTooSmall,
        Self::UnknownService,
        Self::NoBundle,
        Self::UnknownTicket,
        Self::EntropyFailed,
        Self::UrlRefused,
        Self::NotStarted,
    ];

    /// The number: stable, never renumbered, never reused.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Ok => DEVICE_AGENT_OK,
            Self::Again => DEVICE_AGENT_AGAIN,
            Self::BadArgument => DEVICE_AGENT_BAD_ARGUMENT,
            Self::AbiMismatch => DEVICE_AGENT_ABI_MISMATCH,
            Self::WrongThread => DEVICE_AGENT_WRONG_THREAD,
            Self::Reentered => DEVICE_AGENT_REENTERED,
            Self::ArenaTooSmall => DEVICE_AGENT_ARENA_TOO_SMALL,
            Self::AlreadyStarted => DEVICE_AGENT_ALREADY_STARTED,
            Self::SeedRefused => DEVICE_AGENT_SEED_REFUSED,
            Self::KeyringRefused => DEVICE_AGENT_KEYRING_REFUSED,
            Self::KeyringMissing => DEVICE_AGENT_KEYRING_MISSING,
            Self::StoreFailed => DEVICE_AGENT_STORE_FAILED,
            Self::RegionRefused => DEVICE_AGENT_REGION_REFUSED,
            Self::BufferTooSmall => DEVICE_AGENT_BUFFER_TOO_SMALL,
            Self::UnknownService => DEVICE_AGENT_UNKNOWN_SERVICE,
            Self::NoBundle => DEVICE_AGENT_NO_BUNDLE,
            Self::UnknownTicket => DEVICE_AGENT_UNKNOWN_TICKET,
            Self::EntropyFailed => DEVICE_AGENT_ENTROPY_FAILED,
            Self::UrlRefused => DEVICE_AGENT_URL_REFUSED,
            Self::NotStarted => DEVICE_AGENT_NOT_STARTED,
        }
    }

    /// The name for machines.
    #[must_use]
    pub const fn name(self) -> &'static CStr {
        match self {
            Self::Ok => c"ok",
            Self::Again => c"again",
            Self::BadArgument => c"bad_argument",
            Self::AbiMismatch => c"abi_mismatch",
            Self::WrongThread => c"wrong_thread",
            Self::Reentered => c"reentered",
            Self::ArenaTooSmall => c"arena_too_small",
            Self::AlreadyStarted => c"already_started",
            Self::SeedRefused => c"seed_refused",
            Self::KeyringRefused => c"keyring_refused",
            Self::KeyringMissing => c"keyring_missing",
            Self::StoreFailed => c"store_failed",
            Self::RegionRefused => c"region_refused",
            Self::BufferTooSmall => c"buffer_too_small",
            Self::UnknownService => c"unknown_service",
            Self::NoBundle => c"no_bundle",
            Self::UnknownTicket => c"unknown_ticket",
            Self::EntropyFailed => c"entropy_failed",
            Self::UrlRefused => c"url_refused",
            Self::NotStarted => c"not_started",
        }
    }
}

/// The version of the interface that this library has: compare it with DEVICE_AGENT_ABI_VERSION.
#[unsafe(no_mangle)]
pub extern "C" fn device_agent_abi_version() -> u32 {
    DEVICE_AGENT_ABI_VERSION
}

/// The name of a code, such as "buffer_too_small"; "unknown" for one of a later version. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn device_agent_code_name(code: i32) -> *const c_char {
    Code::ALL.iter().find(|known| known.number() == code).map_or(c"unknown", |known| known.name()).as_ptr()
}

/// The name of a reason, such as "probe_regression"; "unknown" for one of a later version. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn device_agent_reason_name(reason: u16) -> *const c_char {
    device_agent::Reason::from_number(reason).map_or(c"unknown", device_agent::Reason::c_name).as_ptr()
}
