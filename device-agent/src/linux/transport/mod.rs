//! The transport port: files of the published tree over HTTP, on TLS that the installed release vouches for.
//!
//! TLS comes first in every cycle. Where it reaches nobody and the configuration allows it, the same files are
//! fetched over plain HTTP or unauthenticated TLS: they are signed. Only GETs are made then; nothing that names the
//! device is sent, and a redirect is a failure.

mod channel_judge;
mod client;
mod tls;
mod tree;

pub use channel_judge::ChannelJudge;
pub use client::{Clients, Target};
pub use tls::{Anything, Judge, Verifier, client_config};
pub use tree::{Answer, Tree};
