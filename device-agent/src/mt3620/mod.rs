//! The driver for boards without an operating system's comforts: no threads, no tokio, nothing that blocks.
//!
//! [`Driver::step`] does one bounded piece of work and returns what to wait for; the application calls it from its
//! own event loop. Sockets are non-blocking, TLS is polled by hand, at most one signature is verified in a call, and
//! everything that is allocated comes from the application's global allocator, which on the MT3620 is one arena.
//! What the platform has of its own comes in through [`Platform`]; [`posix`] has the parts that every POSIX system
//! offers. `DESIGN.md` beside this crate has the picture.

mod anchors;
mod answer;
mod base_url;
mod connection;
mod driver;
mod fetch;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod http;
mod judging;
pub mod limits;
mod mailbox;
mod memory;
mod pending;
mod platform;
pub mod posix;
mod probe;
mod report;
mod routes;
mod stream;

pub use anchors::{AnchorsError, Form, anchor, anchors};
pub use base_url::{BaseUrl, BaseUrlError};
pub use driver::{Answered, Driver, Options, Pace};
pub use judging::{AppVerdict, Judgement, Shown};
pub use memory::{has_room, is_looking_for_room};
pub use platform::{AppProbe, Asked, Blocked, Interest, Level, NetworkError, Platform, Resolution, Socket};
