//! Updates: a prefix that asks for more until it is whole, and an output that is the signed body or nothing.

use bundle::{Document as _, Manifest, UpdatePrefix};

use crate::{
    fleet::{self, CERTIFICATES},
    input::cuts,
};

/// An update from release 1.
///
/// # Panics
/// Where a part of a prefix is taken for a whole one, or the patch yields a body that was not signed.
pub fn update(input: &[u8]) {
    let Ok(prefix) = UpdatePrefix::parse(input) else { return };
    let (own, _) = input.split_at(prefix.wire_bytes());
    for cut in cuts(own.len()) {
        let part = UpdatePrefix::parse(own.split_at(cut).0);
        assert!(part.is_err_and(|error| error.is_truncated()), "cut at {cut}");
    }
    let alone = UpdatePrefix::parse(own).expect("blobs are no part of the prefix");
    assert_eq!((alone.from(), alone.wire_bytes()), (prefix.from(), prefix.wire_bytes()));
    assert_eq!(alone.manifest().header_bytes(), prefix.manifest().header_bytes());
    let base = fleet::manifest_content(&CERTIFICATES[..2]).encode();
    let length = usize::try_from(prefix.manifest().header().body_length).expect("a body fits memory");
    let mut output = vec![0; length];
    // One that fails may have written everything, and fail behind its end: it is refused all the same.
    if prefix.patch().apply(&base, &mut output).is_err() {
        return;
    }
    let Ok(header) = prefix.verify_header(&fleet::keyring(), fleet::channel()) else { return };
    let Ok(authentic) = header.attach(&output) else { return };
    // Whoever signed it may have signed nonsense, but then it is refused by name.
    if let Ok(manifest) = Manifest::decode(authentic) {
        assert_eq!(manifest.body_bytes(), output);
    }
}
