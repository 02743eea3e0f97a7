//! Seeds and USB files: splitting is exact, and nothing in them is believed without its signatures.

use bundle::{Envelope, Seed, Usb, write};

use crate::{fleet, input::cuts};

/// A seed or a USB file.
///
/// # Panics
/// Where the split is not exact, a file that is cut off within its documents is taken for a whole one, or a seed opens
/// that was not signed.
pub fn container(input: &[u8]) {
    if let Ok(seed) = Seed::parse(input) {
        let Seed { keyring_document, manifest_document, blobs } = seed;
        assert_eq!(write::seed(keyring_document, manifest_document, blobs), input, "a seed has one form");
        for cut in cuts(input.len() - blobs.len()) {
            let part = Seed::parse(input.split_at(cut).0);
            assert!(part.is_err_and(|error| error.is_truncated()), "cut at {cut}");
        }
        if let Ok((keyring, manifest)) = seed.open(fleet::channel()) {
            let envelope = Envelope::parse_whole(manifest_document).expect("it was opened");
            let verified = envelope.verify(&keyring, fleet::channel());
            assert_eq!(verified.map(|authentic| authentic.body()), Ok(manifest.body_bytes()));
            assert_eq!(manifest.verify_blobs(blobs), Ok(()));
        }
    }
    if let Ok(usb) = Usb::parse(input) {
        let Usb { keyrings, head_document, manifest_document, blobs } = usb;
        let written = write::usb(keyrings, head_document, manifest_document, blobs);
        assert_eq!(written.as_deref(), Ok(input), "a USB file has one form");
        assert!(Seed::parse(input).is_err(), "a file is of one kind");
        for cut in cuts(input.len() - blobs.len()) {
            let part = Usb::parse(input.split_at(cut).0);
            assert!(part.is_err_and(|error| error.is_truncated()), "cut at {cut}");
        }
    }
}
