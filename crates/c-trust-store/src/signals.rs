//! Signals kept away from a thread that is about to be started.

use std::mem::MaybeUninit;

/// All signals blocked on this thread; they are as before when this is dropped.
#[must_use = "the mask is restored when this is dropped"]
pub(crate) struct Blocked {
    /// The mask of before; `None` where it could not be changed.
    before: Option<libc::sigset_t>,
}

impl Blocked {
    /// Blocks all signals on this thread.
    pub(crate) fn all() -> Self {
        let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: both places hold a set of signals; the first is filled before it is read, the second is filled where
        // the call succeeds, which is when it is read.
        let before = unsafe {
            libc::sigfillset(all.as_mut_ptr());
            let code = libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            (code == 0).then(|| before.assume_init())
        };
        Self { before }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // SAFETY: a whole set, as the system gave it; the old mask is not asked for.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
        }
    }
}
