//! Room on the heap, asked for before it is taken: what a server or a bundle decides the size of must not end the memory,
//! because a heap that is exhausted ends the application.

use alloc::vec::Vec;
use core::hint::black_box;

/// Step in which the largest room is looked for.
const STEP_BYTES: usize = 512;

/// True where so many bytes are free in one piece.
#[must_use]
pub fn has_room(bytes: usize) -> bool {
    let mut room: Vec<u8> = Vec::new();
    let is_there = room.try_reserve_exact(bytes).is_ok();
    // A block that nobody looks at need not be allocated at all, says the optimiser.
    black_box(room.as_ptr());
    is_there
}

/// Bytes that are free in one piece, of `most` at most.
pub(crate) fn room(most: usize) -> usize {
    let steps = most.div_ceil(STEP_BYTES);
    let sizes = (0..=steps).rev().map(|step| step.saturating_mul(STEP_BYTES).min(most));
    sizes.into_iter().find(|bytes| has_room(*bytes)).unwrap_or(0)
}
