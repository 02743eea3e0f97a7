//! The app's own bytes of the mutable file, before the agent's region and behind it: nothing but the app writes there.

use std::{error::Error, ops::Range};

use crate::{app::REGION, test::require};

/// Bytes of the whole file.
const FILE_BYTES: usize = 65_536;
/// What the app itself writes: its mark, and its counter of changes.
const WRITTEN: [Range<usize>; 2] = [0..17, REGION.end..REGION.end + 8];
/// Bytes that a power cut destroys together.
const BLOCK_BYTES: usize = 4_096;

/// The bytes at one moment; where the file is shorter they are zeros.
#[derive(Clone, Debug)]
pub(crate) struct OwnBytes(Vec<u8>);

impl OwnBytes {
    /// Those of a file.
    pub(crate) fn of(file: &[u8]) -> Self {
        let mut bytes = file.to_vec();
        bytes.resize(FILE_BYTES, 0);
        Self(bytes)
    }

    /// The file with something in every one of them, so that a stray write is seen.
    pub(crate) fn filled(file: &[u8]) -> Vec<u8> {
        let mut bytes = Self::of(file).0;
        for (at, byte) in bytes.iter_mut().enumerate() {
            if !REGION.contains(&at) && !WRITTEN.iter().any(|part| part.contains(&at)) {
                *byte = u8::try_from(at % 251 + 1).unwrap_or(1);
            }
        }
        bytes
    }

    /// Ends the test where a file has others. `spoilt` is where the app itself was writing when the power failed: the
    /// block around it is lost, and that is nobody's fault but the app's.
    pub(crate) fn require_kept(&self, file: &[u8], spoilt: Option<usize>) -> Result<(), Box<dyn Error>> {
        let is_free = |at: usize| {
            REGION.contains(&at)
                || WRITTEN.iter().any(|part| part.contains(&at))
                || spoilt.is_some_and(|spoilt| spoilt / BLOCK_BYTES == at / BLOCK_BYTES)
        };
        let now = Self::of(file);
        let pairs = self.0.iter().zip(&now.0).enumerate();
        let changed: Vec<usize> =
            pairs.filter(|(at, (was, is))| was != is && !is_free(*at)).map(|(at, _)| at).collect();
        let longer = file.len() > FILE_BYTES;
        require(changed.is_empty() && !longer, || {
            format!(
                "{} of the app's own bytes changed, from byte {:?}; the file has {} bytes",
                changed.len(),
                changed.first(),
                file.len()
            )
        })
    }
}
