//! What an application links: the installed anchors of a service, and a rustls verifier that follows them.
//!
//! The device agent keeps the store; applications read it. No lock, no rebuild, no restart: a poll reads at most
//! 64 bytes, a changed bundle is read whole, hashed and swapped in at once, and no handshake sees half of it.
//!
//! With rustls, everything is in [`client_config`](rustls::client_config):
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! use trust_store::{Location, TrustStore};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Once, at start.
//! let store = TrustStore::open(
//!     Location::of(Path::new("/var/lib/device-agent/store")),
//!     Some(Path::new("/usr/share/device-agent/seed")),
//! )?;
//! let config = Arc::new(trust_store::rustls::client_config(&store, "iot-hub")?);
//!
//! // For as long as the process lives: every new connection trusts what is installed at that moment.
//! let name = "fleet.azure-devices.net".try_into()?;
//! let mut tls = rustls::ClientConnection::new(Arc::clone(&config), name)?;
//! let mut tcp = std::net::TcpStream::connect("fleet.azure-devices.net:443")?;
//! let stream = rustls::Stream::new(&mut tls, &mut tcp);
//! # let _ = stream; Ok(()) }
//! ```
//!
//! Other TLS stacks take the certificates themselves, and a new context when they change. A callback is told of each
//! change on a thread of its own:
//!
//! ```no_run
//! use std::path::Path;
//! use std::time::Duration;
//!
//! use trust_store::{Location, TrustStore};
//!
//! # fn build_context(der: impl Iterator<Item = Vec<u8>>) {}
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = TrustStore::open(Location::of(Path::new("/var/lib/device-agent/store")), None)?;
//! let follower = store.follow(Duration::from_secs(5), |installed| {
//!     if let Some(anchors) = installed.anchors("iot-hub") {
//!         build_context(anchors.map(|anchor| anchor.der.to_vec()));
//!     }
//! });
//! # drop(follower); Ok(()) }
//! ```
//!
//! A program with a loop of its own waits with a deadline ([`Changes`]), a task awaits (`ChangeStream`). All three
//! begin with the present state, wake at once when any clone of the store was refreshed, never miss the last change, and
//! end when they are dropped.
//!
//! | feature | adds |
//! |---|---|
//! | `ring` (default) | the verifier of [`rustls`] with ring |
//! | `aws-lc-rs` | the same with aws-lc-rs; with both features, `client_config` takes ring |
//! | `rustls` | the verifier for another provider; certificates are judged with ring or aws-lc-rs all the same |
//! | `tokio` | `ChangeStream`: changes for tasks, under any runtime |

#![forbid(unsafe_code)]

#[cfg(feature = "tokio")]
mod change_stream;
mod changes;
mod current;
mod error;
mod exportable;
mod follower;
mod installed;
mod location;
mod lookup;
#[cfg(feature = "rustls")]
pub mod rustls;
mod seed;
mod source;
mod sync;
mod trust_store;

#[cfg(feature = "tokio")]
pub use change_stream::ChangeStream;
pub use changes::Changes;
pub use error::{OpenError, RefreshError, SeedError};
pub use follower::Follower;
pub use installed::{Installed, InstalledAnchor, Origin};
pub use location::{DEFAULT_REGION_BYTES, Location};
pub use lookup::Lookup;
pub use store::Condition;
pub use trust_store::{Refreshed, TrustStore};
