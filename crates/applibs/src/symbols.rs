//! The C functions that are called, as Azure Sphere's public headers declare them.

use core::ffi::{c_char, c_int, c_void};

/// `EventLoop` of `applibs/eventloop.h`: known by its address only.
#[repr(C)]
pub(crate) struct RawEventLoop {
    opaque: [u8; 0],
}

/// `EventRegistration` of `applibs/eventloop.h`: known by its address only.
#[repr(C)]
pub(crate) struct RawRegistration {
    opaque: [u8; 0],
}

/// `EventLoopIoCallback` of `applibs/eventloop.h`.
pub(crate) type IoCallback = unsafe extern "C" fn(*mut RawEventLoop, c_int, u32, *mut c_void);

#[expect(unsafe_code, reason = "the declarations match applibs' public headers and POSIX")]
unsafe extern "C" {
    pub(crate) fn Storage_OpenMutableFile() -> c_int;
    pub(crate) fn Storage_OpenFileInImagePackage(relative_path: *const c_char) -> c_int;
    pub(crate) fn Networking_IsNetworkingReady(is_ready: *mut bool) -> c_int;
    pub(crate) fn Networking_GetInterfaceConnectionStatus(
        interface: *const c_char,
        status: *mut u32,
    ) -> c_int;
    pub(crate) fn Log_Debug(format: *const c_char, ...) -> c_int;
    // The three functions of `applibs/applications.h` are inline there; this is the symbol behind them.
    pub(crate) fn z__Applications_GetMemoryInfo(
        attribute: u32,
        buffer: *mut c_void,
        capacity: usize,
    ) -> c_int;
    pub(crate) fn Application_IsDeviceAuthReady(is_ready: *mut bool) -> c_int;
    pub(crate) fn EventLoop_Create() -> *mut RawEventLoop;
    pub(crate) fn EventLoop_Close(event_loop: *mut RawEventLoop);
    pub(crate) fn EventLoop_Run(event_loop: *mut RawEventLoop, milliseconds: c_int, one_event: bool)
    -> c_int;
    pub(crate) fn EventLoop_Stop(event_loop: *mut RawEventLoop) -> c_int;
    pub(crate) fn EventLoop_RegisterIo(
        event_loop: *mut RawEventLoop,
        fd: c_int,
        events: u32,
        callback: IoCallback,
        context: *mut c_void,
    ) -> *mut RawRegistration;
    pub(crate) fn EventLoop_ModifyIoEvents(
        event_loop: *mut RawEventLoop,
        registration: *mut RawRegistration,
        events: u32,
    ) -> c_int;
    pub(crate) fn EventLoop_UnregisterIo(
        event_loop: *mut RawEventLoop,
        registration: *mut RawRegistration,
    ) -> c_int;
    pub(crate) fn close(fd: c_int) -> c_int;
    // musl and glibc alike.
    pub(crate) fn __errno_location() -> *mut c_int;
}
