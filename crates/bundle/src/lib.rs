//! The signed trust-bundle format: what operators publish and devices verify.
//!
//! A **manifest** lists the certificates of one release by SHA-256, a **head** says which release is current,
//! a **keyring** says which keys may sign what. All three travel in one **envelope**: a fixed-layout header, a
//! bounded signature table, a body. `SPEC.md` beside this crate has every byte; `DESIGN.md` has the reasons.
//!
//! The crate needs neither `std` nor a heap to verify, does no I/O and asks for no clock. Nothing is decoded
//! before it is authenticated: every document's `decode` takes an [`Authentic`], which only the functions that
//! check signatures, the recovery commitment or a local provisioning can build.
//!
//! ```
//! use bundle::{Authentic, ChannelId, Document, Envelope, Keyring, Manifest, VerifyError};
//!
//! fn open<'a>(keyring: &Keyring<'_>, bytes: &'a [u8]) -> Result<Manifest<'a>, VerifyError> {
//!     let envelope = Envelope::parse_whole(bytes)?;
//!     let authentic: Authentic<'a> = envelope.verify(keyring, ChannelId::of("prod"))?;
//!     Ok(Manifest::decode(authentic)?)
//! }
//! ```
//!
//! The same lines without the check do not compile, and neither does making the proof by hand:
//!
//! ```compile_fail,E0308
//! use bundle::{ChannelId, Document, Envelope, Keyring, Manifest, VerifyError};
//!
//! fn open<'a>(keyring: &Keyring<'_>, bytes: &'a [u8]) -> Result<Manifest<'a>, VerifyError> {
//!     let envelope = Envelope::parse_whole(bytes)?;
//!     Ok(Manifest::decode(envelope)?) // an envelope is not authentic
//! }
//! ```
//!
//! ```compile_fail,E0308
//! use bundle::{ChannelId, Document, Envelope, Keyring, Manifest, VerifyError};
//!
//! fn open<'a>(keyring: &Keyring<'_>, bytes: &'a [u8]) -> Result<Manifest<'a>, VerifyError> {
//!     Ok(Manifest::decode(bytes)?) // neither are bytes
//! }
//! ```
//!
//! ```compile_fail,E0451
//! fn forge(header: bundle::Header) -> bundle::AuthenticHeader<'static> {
//!     bundle::AuthenticHeader { header, header_bytes: &[], authority: bundle::Authority::Provisioned }
//! }
//! ```
//!
//! | feature | adds |
//! |---|---|
//! | `alloc` | the writing half: contents to bodies, signatures to envelopes, patches, updates, seeds, USB files |

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

#[cfg(any(feature = "alloc", test))]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod applications;
mod authentic;
mod canonical;
mod census;
mod channel;
mod container;
mod digest;
mod echo;
mod envelope;
mod error;
mod export_policy;
mod exportable;
mod extension;
mod head;
mod header;
mod host;
mod join;
mod key;
mod keyring;
pub mod limits;
mod log;
mod manifest;
mod memo;
mod order;
mod patch;
mod public_key;
mod report;
mod rollout;
mod section;
mod signature;
mod threshold;
mod time;
mod update;
mod varint;
mod wire;
#[cfg(feature = "alloc")]
pub mod write;

pub use applications::{Applications, BehindApplication};
pub use authentic::{Authentic, AuthenticHeader, Authority, Document};
pub use census::{AnchorMark, Census, ObservedService};
pub use channel::ChannelId;
pub use container::{Seed, Usb};
pub use digest::Sha256;
pub use echo::{Echo, Nonce};
pub use envelope::Envelope;
pub use error::{DecodeError, DecodeErrorKind, ParseError, ParseErrorKind, VerifyError};
pub use export_policy::{ExportChoice, ExportPolicy, Unexportable};
pub use exportable::{ExportLimit, check_exportable};
pub use extension::{Extension, Extensions, extension_id};
pub use head::{Group, Head, Previous, group_tag};
pub use header::{Header, Kind};
pub use host::{HostPattern, split_host_port};
pub use join::join;
pub use key::{Algorithm, Key, KeyDefect, KeyId};
pub use keyring::{Accepted, Floor, KeyIndex, Keyring, RecoverySet, Role, RoleKeys};
pub use log::SignatureLog;
pub use manifest::{
    Anchor, AnchorIndex, AnchorState, Anchors, ConstraintSet, Denial, DenialKind, DistrustOrder, Expectation,
    ExpectedAttribute, ExpectedName, Intermediate, Manifest, Pin, PinKind, Purposes, Service, Subtree, Url,
};
pub use memo::SignatureMemo;
pub use order::Order;
pub use patch::Patch;
pub use public_key::spki_sha256;
pub use report::{PROBE_RESULTS_MAX, ProbeResult, Report, ReportFrame};
pub use rollout::in_share;
pub use section::{Item, Section, SectionIter};
pub use signature::{SignatureTable, TableSignature};
pub use time::UnixSeconds;
pub use update::UpdatePrefix;
