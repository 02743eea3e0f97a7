//! A field of several KiB: where it stands, or on the heap of whoever has one.
//!
//! Small boards have heaps and short stacks. With the feature `boxed` such a field is zeros on the heap from the
//! start, and never moves over the stack; without it the store needs no heap. Nothing else depends on the feature.

use core::fmt;
use core::ops::{Deref, DerefMut};

/// `N` bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Bytes<const N: usize> {
    #[cfg(not(feature = "boxed"))]
    bytes: [u8; N],
    #[cfg(feature = "boxed")]
    bytes: alloc::boxed::Box<[u8]>,
}

impl<const N: usize> Bytes<N> {
    /// Zeros.
    pub(crate) fn new() -> Self {
        #[cfg(not(feature = "boxed"))]
        let bytes = [0; N];
        #[cfg(feature = "boxed")]
        let bytes = alloc::vec![0; N].into_boxed_slice();
        Self { bytes }
    }

    /// Room for one more; `None` where the heap has none. It is held until it is dropped.
    pub(crate) fn room() -> Option<Room> {
        #[cfg(not(feature = "boxed"))]
        let room = Room;
        #[cfg(feature = "boxed")]
        let room = {
            let mut bytes = alloc::vec::Vec::new();
            bytes.try_reserve_exact(N).ok()?;
            // A block that nobody looks at need not be allocated at all, says the optimiser.
            core::hint::black_box(bytes.as_ptr());
            Room(bytes)
        };
        Some(room)
    }
}

/// Room on the heap, where a field stands there.
#[cfg(not(feature = "boxed"))]
pub(crate) struct Room;
/// Room on the heap, where a field stands there.
#[cfg(feature = "boxed")]
pub(crate) struct Room(#[expect(dead_code, reason = "it is held")] alloc::vec::Vec<u8>);

impl<const N: usize> Deref for Bytes<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<const N: usize> DerefMut for Bytes<N> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl<const N: usize> fmt::Debug for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({N})")
    }
}
