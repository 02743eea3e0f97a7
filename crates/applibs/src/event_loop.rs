//! The platform's event loop: descriptors are watched, and whoever is responsible for one is told.
//!
//! A timer is the duration of [`EventLoop::run`]: an agent has one deadline at a time, and needs no descriptor for it.

use core::{
    ffi::{c_int, c_void},
    fmt,
    marker::PhantomData,
    ptr::NonNull,
};

use crate::{
    Error,
    symbols::{self, RawEventLoop, RawRegistration},
};

/// Something that owns an open descriptor.
///
/// # Safety
/// The descriptor that [`Descriptor::fd`] names must be open, and stay so and the same, for as long as the value lives.
#[expect(unsafe_code, reason = "that a descriptor stays open cannot be seen by the compiler")]
pub unsafe trait Descriptor {
    /// The descriptor's number.
    fn fd(&self) -> i32;
}

#[cfg(feature = "std")]
macro_rules! owns_its_descriptor {
    ($($kind:ty),*) => {$(
        #[expect(unsafe_code, reason = "the standard library's owner closes its descriptor when it is dropped, not before")]
        unsafe impl Descriptor for $kind {
            fn fd(&self) -> i32 {
                std::os::fd::AsRawFd::as_raw_fd(self)
            }
        }
    )*};
}

#[cfg(feature = "std")]
owns_its_descriptor!(
    std::net::TcpListener,
    std::net::TcpStream,
    std::net::UdpSocket,
    std::os::fd::OwnedFd,
    std::os::unix::net::UnixStream
);

/// What to wait for, or what has happened: the bits of `EventLoop_IoEvents`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events {
    /// There is something to read.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
    /// Something is wrong with the descriptor; always reported, whether waited for or not.
    pub failed: bool,
}

impl Events {
    const INPUT: u32 = 0x01;
    const OUTPUT: u32 = 0x04;
    const ERROR: u32 = 0x08;

    /// To wait until there is something to read.
    pub const READABLE: Self = Self { readable: true, writable: false, failed: false };
    /// To wait until there is room to write.
    pub const WRITABLE: Self = Self { readable: false, writable: true, failed: false };

    fn bits(self) -> u32 {
        let input = if self.readable { Self::INPUT } else { 0 };
        input | if self.writable { Self::OUTPUT } else { 0 }
    }

    const fn from_bits(bits: u32) -> Self {
        Self {
            readable: bits & Self::INPUT != 0,
            writable: bits & Self::OUTPUT != 0,
            failed: bits & Self::ERROR != 0,
        }
    }
}

/// Who is told that a descriptor is ready. It must not panic: there is no unwinding through the platform's loop.
pub trait Handler {
    /// The descriptor is ready for these events.
    fn ready(&self, events: Events);
}

/// An event loop. Everything that it watches and tells lives longer than it does (`'h`).
pub struct EventLoop<'h> {
    raw: NonNull<RawEventLoop>,
    /// The raw pointer keeps the loop on its thread; handlers are borrowed until it is closed.
    handlers: PhantomData<&'h ()>,
}

impl fmt::Debug for EventLoop<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EventLoop").finish_non_exhaustive()
    }
}

impl<'h> EventLoop<'h> {
    /// Makes a loop that watches nothing.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn new() -> Result<Self, Error> {
        #[expect(unsafe_code, reason = "a call without arguments")]
        let raw = unsafe { symbols::EventLoop_Create() };
        let raw = NonNull::new(raw).ok_or_else(|| Error::last("EventLoop_Create"))?;
        Ok(Self { raw, handlers: PhantomData })
    }

    /// Watches a descriptor until the registration is dropped.
    ///
    /// # Errors
    /// `EEXIST` where this loop watches the descriptor already, `ENOMEM`.
    pub fn watch<D: Descriptor, H: Handler>(
        &self,
        descriptor: &'h D,
        events: Events,
        handler: &'h H,
    ) -> Result<Registration<'_, 'h>, Error> {
        let context = core::ptr::from_ref(handler).cast_mut().cast();
        #[expect(
            unsafe_code,
            reason = "the loop is open; descriptor and handler are borrowed for longer than it can run, even where the \
                      registration is forgotten; the callback is made for this type of handler"
        )]
        let raw = unsafe {
            symbols::EventLoop_RegisterIo(
                self.raw.as_ptr(),
                descriptor.fd(),
                events.bits(),
                call::<H>,
                context,
            )
        };
        let raw = NonNull::new(raw).ok_or_else(|| Error::last("EventLoop_RegisterIo"))?;
        Ok(Registration { raw, event_loop: self })
    }

    /// Runs handlers of what is ready: for so many milliseconds, or without end where there are none; `one_event` ends it after
    /// the first. `true` where a handler ran.
    ///
    /// # Errors
    /// `EBUSY` where a handler calls it, `EINTR` after a signal.
    pub fn run(&self, milliseconds: Option<u32>, one_event: bool) -> Result<bool, Error> {
        let milliseconds = milliseconds.map_or(-1, |limit| c_int::try_from(limit).unwrap_or(c_int::MAX));
        #[expect(unsafe_code, reason = "the loop is open, and on its thread: it is neither Send nor Sync")]
        let result = unsafe { symbols::EventLoop_Run(self.raw.as_ptr(), milliseconds, one_event) };
        if result < 0 { Err(Error::last("EventLoop_Run")) } else { Ok(result > 0) }
    }

    /// Ends the run that is under way, from inside a handler.
    ///
    /// # Errors
    /// What the platform says.
    pub fn stop(&self) -> Result<(), Error> {
        #[expect(unsafe_code, reason = "the loop is open")]
        let result = unsafe { symbols::EventLoop_Stop(self.raw.as_ptr()) };
        Error::check("EventLoop_Stop", result)
    }
}

impl Drop for EventLoop<'_> {
    fn drop(&mut self) {
        #[expect(
            unsafe_code,
            reason = "the loop is open, and registrations borrow it: none is left to use it"
        )]
        unsafe {
            symbols::EventLoop_Close(self.raw.as_ptr());
        }
    }
}

/// A descriptor that is watched, until this is dropped.
pub struct Registration<'l, 'h> {
    raw: NonNull<RawRegistration>,
    event_loop: &'l EventLoop<'h>,
}

impl fmt::Debug for Registration<'_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Registration").finish_non_exhaustive()
    }
}

impl Registration<'_, '_> {
    /// Waits for other events from now on.
    ///
    /// # Errors
    /// What the platform says.
    pub fn wait_for(&self, events: Events) -> Result<(), Error> {
        #[expect(unsafe_code, reason = "loop and registration are alive, and belong together")]
        let result = unsafe {
            symbols::EventLoop_ModifyIoEvents(self.event_loop.raw.as_ptr(), self.raw.as_ptr(), events.bits())
        };
        Error::check("EventLoop_ModifyIoEvents", result)
    }
}

impl Drop for Registration<'_, '_> {
    fn drop(&mut self) {
        #[expect(
            unsafe_code,
            reason = "loop and registration are alive, belong together, and this is the only end"
        )]
        let _unregistered =
            unsafe { symbols::EventLoop_UnregisterIo(self.event_loop.raw.as_ptr(), self.raw.as_ptr()) };
    }
}

#[expect(
    unsafe_code,
    reason = "called by the platform with the context that `watch` registered for this type"
)]
unsafe extern "C" fn call<H: Handler>(_: *mut RawEventLoop, _: c_int, events: u32, context: *mut c_void) {
    // The handler is shared, borrowed for longer than the loop runs, and of this type: `watch` made the pair.
    let handler = unsafe { &*context.cast::<H>().cast_const() };
    handler.ready(Events::from_bits(events));
}
