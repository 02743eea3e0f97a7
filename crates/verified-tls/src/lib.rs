//! A TLS 1.3 client whose connection cannot be used before the server is authenticated.
#![doc = ""]
#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::indexing_slicing,
        clippy::std_instead_of_core
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod buffers;
mod cipher;
mod connection;
mod entropy;
mod error;
mod fault;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod guard;
mod handshaken;
mod hello;
mod inner;
mod judge;
pub mod limits;
mod mark;
mod polled;
mod served;
mod signals;
mod suite;
mod verifier;
mod webpki_judge;

pub use buffers::Buffers;
pub use connection::{Authenticated, Connection, Unauthenticated};
pub use entropy::Entropy;
pub use error::Error;
pub use handshaken::{Handshaken, Judged, connect};
pub use judge::{ChainJudge, Ruling};
pub use polled::{NonBlocking, Polled};
pub use served::ServedChain;
pub use suite::Aes128;
#[cfg(feature = "aes256")]
pub use suite::Aes256;
pub use suite::Suite;
pub use webpki_judge::WebpkiJudge;
