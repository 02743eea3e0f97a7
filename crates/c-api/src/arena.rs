//! The arena: all memory of the agent, given once by the application, and the only heap there is.
//!
//! With the feature `standalone` it is the program's global allocator; without it the host's allocator is used, and
//! the arena is only measured against its size.

/// What is in use, and the most that ever was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Bytes in use.
    pub(crate) used: usize,
    /// The most bytes that were ever in use.
    pub(crate) peak: usize,
}

#[cfg(all(feature = "standalone", not(panic = "unwind")))]
pub(crate) use standalone::{give, take_back, usage};

#[cfg(not(all(feature = "standalone", not(panic = "unwind"))))]
mod hosted {
    use super::Usage;

    /// Gives the arena to the agent; the host's allocator is used instead.
    pub(crate) const fn give(_: *mut u8, _: usize) {}

    /// Takes it back.
    pub(crate) const fn take_back() {}

    /// Nothing is known of the host's allocator.
    pub(crate) const fn usage() -> Usage {
        Usage { used: 0, peak: 0 }
    }
}

#[cfg(not(all(feature = "standalone", not(panic = "unwind"))))]
pub(crate) use hosted::{give, take_back, usage};

#[cfg(all(feature = "standalone", not(panic = "unwind")))]
mod standalone {
    use core::alloc::{GlobalAlloc, Layout};
    use core::cell::UnsafeCell;
    use core::ptr::{self, NonNull};

    use device_agent::mt3620::is_looking_for_room;
    use linked_list_allocator::Heap;

    use super::Usage;

    /// The heap in the arena.
    struct Arena {
        heap: UnsafeCell<Heap>,
        peak: UnsafeCell<usize>,
    }

    #[global_allocator]
    static ARENA: Arena = Arena { heap: UnsafeCell::new(Heap::empty()), peak: UnsafeCell::new(0) };

    // SAFETY: the library allocates only inside functions of the interface, and each of them first checks that it
    // runs on the one thread that started the agent and that no other one is running (`instance.rs`). So the cells
    // are never reached from two threads, and never while a borrow of them lives: no method here calls out.
    unsafe impl Sync for Arena {}

    impl Arena {
        /// The heap; the borrow must end before the method that took it returns.
        #[expect(clippy::mut_from_ref, reason = "one thread, no re-entry: see the argument at Sync")]
        fn heap(&self) -> &mut Heap {
            // SAFETY: see the argument at `Sync`.
            unsafe { &mut *self.heap.get() }
        }

        fn note_peak(&self) {
            if is_looking_for_room() {
                return;
            }
            let used = self.heap().used();
            // SAFETY: see the argument at `Sync`.
            let peak = unsafe { &mut *self.peak.get() };
            *peak = (*peak).max(used);
        }
    }

    // SAFETY: blocks come from a linked list of free holes in memory that the application gave for good; they are
    // aligned as asked, and never overlap. There is no unwinding.
    unsafe impl GlobalAlloc for Arena {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            let block = self.heap().allocate_first_fit(layout);
            self.note_peak();
            block.map_or(ptr::null_mut(), NonNull::as_ptr)
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            if let Some(block) = NonNull::new(block) {
                // SAFETY: the caller returns a block of this allocator with its own layout.
                unsafe { self.heap().deallocate(block, layout) };
            }
        }
    }

    /// Gives the arena to the agent.
    pub(crate) fn give(arena: *mut u8, bytes: usize) {
        *ARENA.heap() = Heap::empty();
        // SAFETY: see the argument at `Sync`.
        unsafe { *ARENA.peak.get() = 0 };
        // SAFETY: the application gives these bytes to the agent alone until `device_agent_stop`; the length was
        // checked, and nothing of a former arena is in use any more.
        unsafe { ARENA.heap().init(arena, bytes) };
    }

    /// Takes it back: nothing in it is in use any more.
    pub(crate) fn take_back() {
        *ARENA.heap() = Heap::empty();
    }

    /// What is in use.
    pub(crate) fn usage() -> Usage {
        // SAFETY: see the argument at `Sync`.
        Usage { used: ARENA.heap().used(), peak: unsafe { *ARENA.peak.get() } }
    }
}
