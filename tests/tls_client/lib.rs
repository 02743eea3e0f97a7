//! The client that the table of TLS servers is asked with: what a device has of TLS, sockets and judgement, and no more.
//!
//! It is the same code in two places: a library of the tests on this machine, and, with the feature `standalone`, a
//! program for the device's instruction set, built as the agent is. As the driver for small boards does, it polls
//! `verified-tls` by hand over that driver's non-blocking socket, and has `chain` judge what was served under a release
//! that is read certificate by certificate, one signature a step.
//!
//! | part | what it is |
//! |---|---|
//! | [`ask`], [`Question`], [`Outcome`] | one question, and its one answer |
//! | `attempt` | the poll loop around one connection, with its end |
//! | `line` | the driver's socket, and what it waits for |
//! | `judge` | the judge in steps |
//! | `program` | `main`, heap and panics of the program for the device |

#![no_std]
#![warn(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    clippy::undocumented_unsafe_blocks
)]

extern crate alloc;

mod attempt;
mod judge;
mod line;
#[cfg(all(feature = "standalone", not(panic = "unwind")))]
mod program;
mod question;

pub use judge::Unreadable;
pub use question::{Fault, Outcome, Question, ask};
