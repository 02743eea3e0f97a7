//! Patches: what is built yields its target, and what somebody else built stays within its bounds.

use bundle::{Patch, write};

use crate::input::halves;

/// Longest thing that a patch is built for here: building one is no work of a device's.
const BUILT_BYTES_MAX: usize = 1_024;

/// Two byte strings: base and target, and then base and patch.
///
/// # Panics
/// Where a built patch does not yield its target, or is longer than it need be.
pub fn patch(input: &[u8]) {
    let (base, other) = halves(input);
    if base.len() <= BUILT_BYTES_MAX && other.len() <= BUILT_BYTES_MAX {
        let built = write::patch(base, other);
        let mut output = vec![0; other.len()];
        Patch::from_bytes(&built).apply(base, &mut output).expect("a built patch runs");
        assert_eq!(output, other);
        // At worst it is one literal behind its length.
        assert!(built.len() <= other.len() + 3, "{} bytes for {}", built.len(), other.len());
        let mut longer = vec![0; other.len() + 1];
        assert!(Patch::from_bytes(&built).apply(base, &mut longer).is_err(), "the output is filled exactly");
    }
    for length in [0, 1, 16, 300, 4_096] {
        let (mut one, mut two) = (vec![0; length], vec![0xff; length]);
        let ran = Patch::from_bytes(other).apply(base, &mut one);
        assert_eq!(Patch::from_bytes(other).apply(base, &mut two), ran);
        assert!(ran.is_err() || one == two, "every byte of the output is written");
    }
}
