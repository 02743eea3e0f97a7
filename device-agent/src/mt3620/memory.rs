//! Room on the heap, asked for before it is taken: what a server or a bundle decides the size of must not end the memory,
//! because a heap that is exhausted ends the application.

use alloc::vec::Vec;
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering};

/// Step in which the largest room is looked for.
const STEP_BYTES: usize = 512;

/// True while room is looked for: what is allocated meanwhile is given back unused.
static LOOKING: AtomicBool = AtomicBool::new(false);

/// True where so many bytes are free in one piece.
#[must_use]
pub fn has_room(bytes: usize) -> bool {
    let mut room: Vec<u8> = Vec::new();
    LOOKING.store(true, Ordering::Relaxed);
    let is_there = room.try_reserve_exact(bytes).is_ok();
    // A block that nobody looks at need not be allocated at all, says the optimiser.
    black_box(room.as_ptr());
    LOOKING.store(false, Ordering::Relaxed);
    is_there
}

/// The items in a list that is as long as they are; `None` where there is no room for it.
pub(crate) fn collected<T>(items: impl Iterator<Item = T> + Clone) -> Option<Vec<T>> {
    let mut list = Vec::new();
    list.try_reserve_exact(items.clone().count()).ok()?;
    list.extend(items);
    Some(list)
}

/// True while room is looked for, for allocators that count: such a block is never used.
#[must_use]
pub fn is_looking_for_room() -> bool {
    LOOKING.load(Ordering::Relaxed)
}

/// Bytes that are free in one piece, of `most` at most.
pub(crate) fn room(most: usize) -> usize {
    let steps = most.div_ceil(STEP_BYTES);
    let sizes = (0..=steps).rev().map(|step| step.saturating_mul(STEP_BYTES).min(most));
    sizes.into_iter().find(|bytes| has_room(*bytes)).unwrap_or(0)
}
