//! The whole path with the real programs: an operator, a server, a service and a device.

#![expect(clippy::unwrap_used, reason = "a test whose own scene cannot be set stops there")]

mod census;
mod drill;
mod ending;
mod recovery;
mod reports;
mod scene;
mod usb;
