//! Certificates as operators import them: read out of many kinds of file, and described. What they are held to is in
//! [`crate::lint`].

mod description;
mod pkcs7;
pub mod source;

pub use description::{Certificate, PublicKeyKind};
pub(crate) use pkcs7::items as der_items;
