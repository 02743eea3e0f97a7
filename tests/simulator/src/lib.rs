//! A fleet in virtual time: the production engine, format, store and publisher, and nothing of them made again.
//!
//! What the operator does is done by the real `cloud-updater`, once, and gives a [`history::History`]: every published
//! file from the moment on at which it was there. Devices never talk to each other, so each lives its whole life alone,
//! from its first power-on to the end of the scenario, against that history; a fleet of any size takes the memory of one
//! device for each processor. Every decision that chance makes is drawn from (seed, device, purpose), so one seed is one
//! history, and a life can be lived again by itself, in words.
//!
//! | part | what it is |
//! |---|---|
//! | [`scenario`] | the file that describes fleet, services, operator, faults and attackers |
//! | [`operator`], [`history`] | what was published when, by the real publisher |
//! | [`pki`] | the vendor's roots and servers, the same in every run |
//! | [`world`] | everything that is the same for every device |
//! | [`network`], [`attack`] | what a device gets for a question, and who answers it |
//! | [`device`], [`flash`] | one device's traits and luck, and its medium |
//! | [`life`] | the driver: it does what the engine asks for, until the end |
//! | [`oracle`], [`invariant`] | what must hold after every event |
//! | [`tally`], [`fleet`] | what a fleet came to, and how it is run on every processor |
//! | [`shrink`], [`story`] | a failure made small, and one device's life in words |
//! | [`page`], [`swarm`] | the report for people, and many seeds of random scenarios |

#![forbid(unsafe_code)]

pub mod attack;
pub mod device;
mod error;
pub mod flash;
pub mod fleet;
pub mod history;
pub mod invariant;
mod judge;
pub mod life;
mod luck;
pub mod network;
pub mod operator;
pub mod oracle;
pub mod page;
pub mod pki;
pub mod scenario;
pub mod shrink;
pub mod story;
pub mod swarm;
pub mod tally;
pub mod world;

pub use error::Error;
