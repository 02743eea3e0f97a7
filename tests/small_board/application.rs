//! What an application hears of the agent: callbacks that keep what they see, and call back where the test wants it.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use device_agent_c::DeviceAgent;
use device_agent_c::answers::{
    device_agent_probed, device_agent_reported, device_agent_resolved, device_agent_service_result,
};
use device_agent_c::bundles::device_agent_anchors;
use device_agent_c::callbacks::{
    DEVICE_AGENT_PROBE_STARTED, DEVICE_AGENT_PROBE_YOURS, DeviceAgentCallbacks, DeviceAgentProbe,
};
use device_agent_c::lifecycle::{
    DeviceAgentWait, device_agent_nudge, device_agent_step, device_agent_stop, device_agent_wait_for,
};

use crate::heap::beside;
use crate::program::{size, snapshot};
use crate::scene::SIGNED;

/// What the callbacks see and keep.
#[derive(Default)]
pub(crate) struct Application {
    pub(crate) agent: Cell<*mut DeviceAgent>,
    /// True where every callback calls back into the interface.
    pub(crate) reenters: Cell<bool>,
    /// Name of the callback and code, for every call that it made.
    pub(crate) reentries: RefCell<Vec<(&'static str, i32)>>,
    pub(crate) names: RefCell<Vec<(u32, String)>>,
    pub(crate) probes: RefCell<Vec<(u32, String)>>,
    pub(crate) probes_itself: Cell<bool>,
    pub(crate) changes: RefCell<Vec<u64>>,
    pub(crate) reports: RefCell<Vec<(u32, Vec<u8>)>>,
    pub(crate) lines: RefCell<Vec<(i32, String)>>,
}

impl Application {
    /// The callbacks, with this as their context.
    pub(crate) fn callbacks(&self) -> DeviceAgentCallbacks {
        DeviceAgentCallbacks {
            struct_size: size::<DeviceAgentCallbacks>(),
            context: ptr::from_ref(self).cast_mut().cast(),
            unix_seconds: Some(unix_seconds),
            resolve: Some(resolve),
            probe: Some(probe),
            changed: Some(changed),
            report: Some(report),
            log: Some(log),
        }
    }
}

/// # Safety
/// `context` is the application that was handed over at the start.
unsafe fn called<'a>(context: *mut c_void, callback: &'static str) -> &'a Application {
    // SAFETY: as above; it lives longer than the agent, and nobody has it mutably.
    let application = unsafe { &*context.cast_const().cast::<Application>() };
    if application.reenters.get() {
        let agent = application.agent.get();
        // SAFETY: the running agent, or NULL; each of these must refuse.
        let codes = unsafe {
            let mut needed = 0;
            let mut wait = DeviceAgentWait {
                struct_size: size::<DeviceAgentWait>(),
                fd: 0,
                readable: false,
                writable: false,
                timeout_milliseconds: 0,
            };
            [
                device_agent_step(agent),
                device_agent_wait_for(agent, &raw mut wait),
                device_agent_nudge(agent),
                device_agent_stop(agent),
                device_agent_resolved(agent, 1, ptr::null(), 0),
                device_agent_probed(agent, 1, 0, 0),
                device_agent_reported(agent, 1, true),
                device_agent_service_result(agent, c"iot-hub".as_ptr(), 1, 0),
                device_agent_anchors(agent, 0, c"iot-hub".as_ptr(), 0, ptr::null_mut(), 0, &raw mut needed),
            ]
        };
        application.reentries.borrow_mut().extend(codes.map(|code| (callback, code)));
        // This one may be called from anywhere.
        snapshot();
    }
    application
}

unsafe extern "C" fn unix_seconds(context: *mut c_void) -> u64 {
    // SAFETY: the context is that of the start.
    let _application = unsafe { called(context, "unix_seconds") };
    SIGNED.0 + 10
}

unsafe extern "C" fn resolve(context: *mut c_void, ticket: u32, host: *const c_char) -> i32 {
    // SAFETY: the context is that of the start, and the string lives until this returns.
    let (application, host) = unsafe { (called(context, "resolve"), CStr::from_ptr(host)) };
    beside(|| application.names.borrow_mut().push((ticket, host.to_str().unwrap().to_owned())));
    0
}

unsafe extern "C" fn probe(context: *mut c_void, probe: *const DeviceAgentProbe) -> i32 {
    // SAFETY: the context is that of the start; the struct and its strings live until this returns.
    let (application, ticket, port, service, host) = unsafe {
        let probe = &*probe;
        assert_eq!(probe.struct_size, size::<DeviceAgentProbe>());
        let (service, host) = (CStr::from_ptr(probe.service), CStr::from_ptr(probe.host));
        (called(context, "probe"), probe.ticket, probe.port, service, host)
    };
    if !application.probes_itself.get() {
        return DEVICE_AGENT_PROBE_YOURS;
    }
    let endpoint = format!("{} {}:{port}", service.to_str().unwrap(), host.to_str().unwrap());
    application.probes.borrow_mut().push((ticket, endpoint));
    DEVICE_AGENT_PROBE_STARTED
}

unsafe extern "C" fn changed(context: *mut c_void, generation: u64) {
    // SAFETY: the context is that of the start.
    let application = unsafe { called(context, "changed") };
    beside(|| application.changes.borrow_mut().push(generation));
}

unsafe extern "C" fn report(
    context: *mut c_void,
    ticket: u32,
    report: *const u8,
    report_bytes: usize,
) -> i32 {
    // SAFETY: the context is that of the start, and the bytes live until this returns.
    let (application, bytes) =
        unsafe { (called(context, "report"), std::slice::from_raw_parts(report, report_bytes)) };
    beside(|| application.reports.borrow_mut().push((ticket, bytes.to_vec())));
    0
}

unsafe extern "C" fn log(context: *mut c_void, level: i32, line: *const c_char) {
    // SAFETY: the context is that of the start, and the string lives until this returns.
    let (application, line) = unsafe { (called(context, "log"), CStr::from_ptr(line)) };
    beside(|| application.lines.borrow_mut().push((level, line.to_str().unwrap().to_owned())));
}
