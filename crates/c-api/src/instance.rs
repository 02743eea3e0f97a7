//! The one agent of a program, and who may touch it: one thread, one function at a time.

use core::ops::{Deref, DerefMut};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, Ordering};

use device_agent::mt3620::posix::SharedFile;
use device_agent::mt3620::{Driver, Pace};
use rustix::fd::BorrowedFd;

use crate::Code;
use crate::platform::CPlatform;

/// The agent. It lives in the arena; applications only hold its address.
pub struct DeviceAgent {
    pub(crate) driver: Driver<'static, CPlatform, SharedFile<BorrowedFd<'static>>>,
    pub(crate) pace: Pace,
}

/// The agent of this program.
struct Instance {
    /// True from the beginning of a start to the end of a stop.
    claimed: AtomicBool,
    /// The thread that started it.
    thread: AtomicI32,
    /// Where it is; NULL before it runs.
    agent: AtomicPtr<DeviceAgent>,
    /// True while a function runs on it.
    inside: AtomicBool,
}

static INSTANCE: Instance = Instance {
    claimed: AtomicBool::new(false),
    thread: AtomicI32::new(0),
    agent: AtomicPtr::new(ptr::null_mut()),
    inside: AtomicBool::new(false),
};

/// The right to start an agent; dropping it without [`Claim::keep`] gives the right back.
pub(crate) struct Claim;

/// The agent, for the time of one function.
pub(crate) struct Entered {
    agent: *mut DeviceAgent,
}

impl Claim {
    /// Takes the right to start an agent on this thread.
    pub(crate) fn take() -> Result<Self, Code> {
        if INSTANCE.claimed.swap(true, Ordering::AcqRel) {
            return Err(Code::AlreadyStarted);
        }
        INSTANCE.thread.store(this_thread(), Ordering::Release);
        INSTANCE.inside.store(true, Ordering::Release);
        Ok(Self)
    }

    /// The agent runs from now on.
    pub(crate) fn keep(self, agent: *mut DeviceAgent) {
        INSTANCE.agent.store(agent, Ordering::Release);
        INSTANCE.inside.store(false, Ordering::Release);
        core::mem::forget(self);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        INSTANCE.agent.store(ptr::null_mut(), Ordering::Release);
        INSTANCE.inside.store(false, Ordering::Release);
        INSTANCE.claimed.store(false, Ordering::Release);
    }
}

impl Entered {
    /// Enters the agent, from its own thread and from outside of it.
    pub(crate) fn new(agent: *const DeviceAgent) -> Result<Self, Code> {
        let running = INSTANCE.agent.load(Ordering::Acquire);
        if running.is_null() {
            // Inside of a start, which calls back for time and randomness, there is none yet either.
            return Err(Code::NotStarted);
        }
        if !ptr::eq(agent, running) {
            return Err(Code::BadArgument);
        }
        if INSTANCE.thread.load(Ordering::Acquire) != this_thread() {
            return Err(Code::WrongThread);
        }
        if INSTANCE.inside.swap(true, Ordering::AcqRel) {
            return Err(Code::Reentered);
        }
        Ok(Self { agent: running })
    }

    /// Ends the agent: it is dropped, and another one may be started.
    pub(crate) fn end(self, drop_agent: impl FnOnce(*mut DeviceAgent)) {
        let agent = self.agent;
        core::mem::forget(self);
        let _claim = Claim;
        INSTANCE.agent.store(ptr::null_mut(), Ordering::Release);
        drop_agent(agent);
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        INSTANCE.inside.store(false, Ordering::Release);
    }
}

impl Deref for Entered {
    type Target = DeviceAgent;

    fn deref(&self) -> &DeviceAgent {
        // SAFETY: the address is that of the running agent, which only `end` drops; `inside` keeps every other
        // function out for as long as this value lives.
        unsafe { &*self.agent }
    }
}

impl DerefMut for Entered {
    fn deref_mut(&mut self) -> &mut DeviceAgent {
        // SAFETY: as above.
        unsafe { &mut *self.agent }
    }
}

fn this_thread() -> i32 {
    rustix::thread::gettid().as_raw_pid()
}
