//! The device's storage: two slots for bundles and a journal of two records, in one region of one file.
//!
//! A bundle is written into the slot that nobody reads, made durable, read back and hashed; then one journal
//! record says that this slot is the one to read. Whatever byte the power fails on, applications find exactly
//! one whole verified bundle. `SPEC.md` beside this crate has every byte on disk; `DESIGN.md` has the reasons.
//!
//! | part | what it is |
//! |---|---|
//! | [`Storage`], [`StorageRead`] | the port to the medium, and its half for those who only read |
//! | [`Region`] | where in the file the slots and the journal are |
//! | [`Record`] | what a journal record says |
//! | [`Store`] | the only writer: [`Staging`] → [`Sealed`] → [`Change::commit_trial`] → confirm or revert |
//! | [`Reader`] | what applications use: a poll of at most 64 bytes, and a read that retries |
//!
//! | feature | adds |
//! |---|---|
//! | `boxed` | nothing to see: keyring and deny list stand on the heap, for boards whose stacks are short |
//! | `std` | [`file::StoreFile`] and [`file::ReadOnlyFile`]: the port over a file |
//! | `fault` | [`fault`]: a medium in memory that loses power, tears, reorders and fails on demand; [`rehearsal`]: changes of a record without a medium |
//! | `fuzzing` | [`fuzzing`]: the journal's codec by itself |

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(any(test, feature = "fault")),
    warn(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::indexing_slicing,
        clippy::std_instead_of_core
    )
)]

#[cfg(feature = "boxed")]
extern crate alloc;
#[cfg(any(test, feature = "std", feature = "fault"))]
extern crate std;

mod block;
mod bytes;
mod change;
mod codec;
mod denials;
mod error;
#[cfg(any(test, feature = "fault"))]
pub mod fault;
#[cfg(feature = "std")]
pub mod file;
mod floors;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod journal;
mod keyring;
pub mod limits;
mod reader;
mod record;
mod region;
#[cfg(any(test, feature = "fault"))]
pub mod rehearsal;
mod slot;
mod storage;
mod store;
mod wire;

#[cfg(test)]
mod tests;

pub use change::{Change, TransitionError};
pub use denials::Denials;
pub use error::{Error, Operation};
pub use floors::{Floors, Restated};
pub use journal::Condition;
pub use keyring::KeyringBytes;
pub use reader::{Poll, ReadError, Reader, Snapshot};
pub use record::{CheckNote, HeadNote, Phase, Record, Refusal, Refusals, Release, SlotEntry};
pub use region::{Region, RegionError, SlotIndex};
pub use slot::{Sealed, Staging};
pub use storage::{Storage, StorageRead};
pub use store::Store;
