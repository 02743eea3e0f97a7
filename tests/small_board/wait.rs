//! Waiting for a descriptor, as an application's event loop does.

use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// True once the descriptor is ready, within so many milliseconds.
pub(crate) fn ready(descriptor: i32, (readable, writable): (bool, bool), milliseconds: u64) -> bool {
    assert!(readable || writable, "a wait for nothing at a descriptor would never end");
    // SAFETY: the driver's own socket, which stays open until its next step.
    let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, readable);
    flags.set(PollFlags::OUT, writable);
    let time = Timespec {
        tv_sec: (milliseconds / 1_000).try_into().unwrap(),
        tv_nsec: (milliseconds % 1_000 * 1_000_000).try_into().unwrap(),
    };
    poll(&mut [PollFd::from_borrowed_fd(descriptor, flags)], Some(&time)).unwrap() > 0
}
