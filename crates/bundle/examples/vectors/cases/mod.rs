//! The cases: each shows one success or one fault.

mod envelopes;
mod files;
mod keyrings;
mod manifests;

use crate::{fixture, vector::Vector};

/// Name and vector of every case, not judged yet.
pub(crate) fn all() -> Vec<(String, Vector)> {
    let groups = [envelopes::cases(), manifests::cases(), keyrings::cases(), files::cases()];
    groups.into_iter().flatten().map(|(name, vector)| (name.to_owned(), vector)).collect()
}

/// A case of `kind` under the first keyring.
fn case(kind: &str, comment: &str, input: Vec<u8>) -> Vector {
    Vector {
        comment: comment.into(),
        kind: kind.into(),
        channel: "prod".into(),
        keyring: fixture::first_keyring(),
        input,
        ..Vector::default()
    }
}
