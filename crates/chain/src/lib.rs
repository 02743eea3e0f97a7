//! Judges a served certificate chain under a trust bundle: paths, dates, purposes, constraints, pins, expected names, denials.
//!
//! Paths are built by rustls-webpki with ring; what webpki does not know is judged here, on every path it finds:
//! anchors have dates, purposes and constraints, services have anchors, pins and expectations, and the deny list reaches every
//! certificate of a path. A refused path never hides another one. `DESIGN.md` beside this crate has the reasons.
//!
//! ```
//! use bundle::UnixSeconds;
//! use chain::{AnchorSet, Purpose, Served, Time, Verdict};
//! use rustls_pki_types::{CertificateDer, ServerName};
//!
//! # fn example(manifest: &bundle::Manifest<'_>, blobs: &[u8], leaf: CertificateDer<'_>) -> Option<()> {
//! let set = AnchorSet::from_manifest(manifest, blobs).ok()?;
//! let name = ServerName::try_from("fleet.azure-devices.net").ok()?;
//! let served =
//!     Served { end_entity: &leaf, intermediates: &[], server_name: Some(&name), purpose: Purpose::ServerAuth };
//! match set.service("iot-hub")?.verdict(&served, Time::Known(UnixSeconds(1_790_000_000))) {
//!     Verdict::Verified(path) => println!("verified under {}", path.anchor_sha256()),
//!     Verdict::Refused(refusal) => println!("{}: {refusal}", refusal.code()),
//!     Verdict::Inconclusive(why) => println!("{}: {why}", why.code()),
//! }
//! # Some(()) }
//! ```
//!
//! | feature | adds |
//! |---|---|
//! | `pki` | the module `pki`: certificate authorities and bundles made up for tests |

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

mod algorithm;
mod anchor_set;
mod certificate;
mod comparison;
mod date;
mod der;
mod extension;
mod footprint;
mod judge;
mod link;
mod name;
mod paths;
#[cfg(feature = "pki")]
pub mod pki;
mod pool;
mod profile;
mod refusal;
mod selection;
mod served;
mod steps;
mod text;
mod twin;
mod unsaid;
mod verdict;

pub use algorithm::{KeyAlgorithm, RSA_BITS_MIN, SignatureAlgorithm};
pub use anchor_set::{AnchorSet, UnusableAnchor};
pub use certificate::Certificate;
pub use comparison::Comparison;
pub use date::DateText;
pub use der::{DerError, DerErrorKind};
pub use judge::Judge;
pub use name::{AttributeType, DistinguishedName, NameAttribute, NameText};
pub use pool::{INTERMEDIATES_MAX, MOMENTS_MAX};
pub use profile::Profile;
pub use refusal::{CertificateLabel, ChainFault, Refusal};
pub use selection::{Selection, SelectionError};
pub use served::{Purpose, Served, Time};
pub use steps::{STEPS_MAX, Steps};
pub use unsaid::Unsaid;
pub use verdict::{Acceptance, Inconclusive, Path, Verdict};
