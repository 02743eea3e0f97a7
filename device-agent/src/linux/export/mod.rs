//! Exports: the installed bundle as files that unmodified applications read.
//!
//! ```text
//! <folder>/..data -> ..release-7-0123456789abcdef      replaced by rename, never removed and made anew
//! <folder>/..release-7-0123456789abcdef/               one generation, complete before it has this name
//! <folder>/whole.pem -> ..data/whole.pem               and so on: the names that applications are given
//! ```
//!
//! | name | what it is |
//! |---|---|
//! | `whole.pem` | every anchor for TLS servers |
//! | `services/<name>.pem`, `.der`, `.p12` | the anchors of one service, in three forms |
//! | `hashed/<hash>.<n>` | the same as `whole.pem`, as OpenSSL's `-CApath` wants it |
//! | `anchors.der` | the same, DER certificates back to back |
//! | `der/<sha256>.der` | one certificate each |
//! | `truststore.p12` | the same as `whole.pem`, as a trust store of the JVM, without a password |
//! | `applications/<name>.pem`, `.p12` | what one application of this device trusts: its services' anchors, and the system's where it adds those |
//! | `environment` | variables that make unmodified programs read these files |
//! | `version.json` | which release this is, the SHA-256 of every other file, and what of the bundle the files do not say |
//!
//! Every PEM file, and `environment`, says its release, digest and generation in its first and last line; DER and
//! PKCS#12 have no room for that, so those files are compared with `version.json`. A reader that opens twice can so tell that it straddled a change.

mod artefact;
mod entry;
mod environment;
mod folder;
mod local;
mod loss;
mod making;
mod omission;
pub mod pem;
mod pkcs12;
mod selection;
mod set;
mod subject_hash;
mod system;
mod system_store;
mod version;
mod volatile;
mod writers;

pub use artefact::Artefact;
pub use folder::{Published, publish};
pub use local::Local;
pub use loss::{Constraint, Done, Loss};
pub use making::{Made, make};
pub use omission::{Omission, OmissionReason};
pub use set::ExportSet;
pub use system_store::{integrate, is_pending, withdraw};
pub use version::Application;
pub use volatile::{Medium, medium};
pub use writers::other_writers;
