//! The verifying core of a small real-time core, and the messages through which it is fed.
//!
//! A real-time core has no network, no clock and no storage of its own: a neighbour that runs an operating system
//! hands it the keyrings and the release, in messages of at most [`limits::MESSAGE_BYTES_MAX`] bytes. The neighbour
//! is **not trusted**: the [`Receiver`] believes nothing but signatures, under the keyring of its own image, and
//! keeps the anchors of one service. The [`Sender`] is the neighbour's side. `SPEC.md` beside this crate has every
//! byte, and says what a neighbour that an attacker owns can still do.
//!
//! Neither side knows `std` or a heap, does I/O or asks a clock.
//!
//! ```
//! use bundle::{ChannelId, Order, UnixSeconds};
//! use intercore::{Image, Memory, Receiver};
//!
//! # fn run(keyring: &[u8], message: &[u8]) -> Result<(), intercore::Reason> {
//! let image = Image {
//!     keyring,
//!     channel: ChannelId::of("prod-mcu"),
//!     service: "iot-hub",
//!     release_floor: Order::new(0, 7),
//!     time_floor: UnixSeconds(1_790_000_000),
//! };
//! let (mut keyring, mut document, mut one, mut other) = ([0; 1_536], [0; 2_048], [0; 3_072], [0; 3_072]);
//! let memory = Memory { keyring: &mut keyring, document: &mut document, sets: [&mut one, &mut other] };
//! let mut receiver = Receiver::new(&image, memory)?;
//! let mut answer = receiver.receive(message);
//! while answer.is_none() {
//!     // One signature is checked in each call: what the core is there for has its turn in between.
//!     answer = receiver.proceed();
//! }
//! for anchor in receiver.trust().iter().flat_map(|trust| trust.anchors()) {
//!     let _der = anchor.der; // what the core's own TLS or update check trusts from now on
//! }
//! let answer = answer.map(|answer| answer.to_bytes()); // goes back to the neighbour
//! # let _ = answer;
//! # Ok(()) }
//! ```

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

#[cfg(test)]
extern crate std;

mod answer;
mod bytes;
pub mod limits;
mod message;
mod reason;
mod receiver;
mod sender;
#[cfg(test)]
mod tests;
mod trust;

pub use answer::{Answer, AnswerKind};
pub use message::{Message, Part};
pub use reason::Reason;
pub use receiver::{Image, Memory, Receiver};
pub use sender::{Progress, Sender, Unsent, copy};
pub use trust::{KeptAnchor, KeptAnchors, Trust};
