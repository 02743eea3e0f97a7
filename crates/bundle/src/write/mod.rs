//! The writing half: contents to bodies, signatures to envelopes, and the files around them.
//!
//! Everything here needs a heap and runs where bundles are made. The functions return exactly what the reading
//! half accepts; they do not judge policy, which is the publisher's.

mod content;
mod expectation;
mod files;
mod manifest;
mod patch;
mod report;
mod unsigned;

use alloc::vec::Vec;

pub use content::{
    GroupContent, HeadContent, KeyContent, KeyringContent, RecoveryContent, RoleContent, echo_body,
};
pub use expectation::ExpectationContent;
pub use files::{keyring_file, seed, update, usb};
pub use manifest::{
    AnchorContent, ConstraintContent, ExtensionContent, IntermediateContent, ManifestContent, PinContent,
    ServiceAnchors, ServiceContent,
};
pub use patch::build as patch;
pub use report::{report_extensions, report_frame, report_message};
use serde::Serialize;
pub use unsigned::{Signature, Unsigned, with_signatures};

/// One value as postcard; the types of this crate hold nothing that postcard cannot write.
pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_extend(value, Vec::new()).unwrap_or_default()
}

/// Items back to back, as a section holds them.
#[must_use]
pub fn section<T: Serialize>(items: impl IntoIterator<Item = T>) -> Vec<u8> {
    items.into_iter().fold(Vec::new(), |mut out, item| {
        out.extend_from_slice(&encode(&item));
        out
    })
}
