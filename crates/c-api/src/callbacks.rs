//! What the agent calls: always inside device_agent_step, on its thread.

use core::ffi::{c_char, c_void};

use crate::argument::Sized32;

/// An endpoint to be probed.
#[derive(Debug)]
#[repr(C)]
pub struct DeviceAgentProbe {
    /// sizeof(device_agent_probe).
    pub struct_size: u32,
    /// Answer with it.
    pub ticket: u32,
    /// The service's name.
    pub service: *const c_char,
    /// Host name or address.
    pub host: *const c_char,
    /// TCP port.
    pub port: u16,
    /// Judge under the present bundle (DEVICE_AGENT_PRESENT).
    pub under_present: bool,
    /// Judge under the candidate (DEVICE_AGENT_CANDIDATE).
    pub under_candidate: bool,
}

/// What the agent calls. Each may be NULL. None of them may block, or call a function of this interface but
/// device_agent_snapshot_read, device_agent_code_name and device_agent_reason_name. Strings that are handed over are
/// valid until the callback returns.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct DeviceAgentCallbacks {
    /// sizeof(device_agent_callbacks).
    pub struct_size: u32,
    /// Handed to every callback.
    pub context: *mut c_void,
    /// The time in seconds since 1970; 0 where nobody knows. NULL: the system's clock. A time before the image was
    /// made (the build time, or the seed's date) counts as unknown.
    pub unix_seconds: Option<unsafe extern "C" fn(context: *mut c_void) -> u64>,
    /// Starts to resolve a name: 0 where device_agent_resolved follows. NULL: only numeric addresses are reached.
    pub resolve: Option<unsafe extern "C" fn(context: *mut c_void, ticket: u32, host: *const c_char) -> i32>,
    /// Asks for a probe by the application's own TLS stack, for services that speak no TLS 1.3:
    /// DEVICE_AGENT_PROBE_STARTED where device_agent_probed_chain or device_agent_probed follows,
    /// DEVICE_AGENT_PROBE_YOURS where the agent is to make the handshake itself.
    pub probe: Option<unsafe extern "C" fn(context: *mut c_void, probe: *const DeviceAgentProbe) -> i32>,
    /// What is trusted has changed: make new TLS contexts, at once or when a connection is made next.
    pub changed: Option<unsafe extern "C" fn(context: *mut c_void, generation: u64)>,
    /// A report is due: 0 where it is on its way and device_agent_reported follows, another number where it cannot be
    /// sent now; a later cycle asks again. The bytes are those that an enrolled key signs; send them over a connection
    /// that proves which device it is.
    pub report: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            ticket: u32,
            report: *const u8,
            report_bytes: usize,
        ) -> i32,
    >,
    /// One line for people, without a line end. Level 0 error, 1 warning, 2 information.
    pub log: Option<unsafe extern "C" fn(context: *mut c_void, level: i32, line: *const c_char)>,
}

/// The answer of a probe callback: the agent is to make the handshake itself.
pub const DEVICE_AGENT_PROBE_YOURS: i32 = 0;
/// The answer of a probe callback: the application is at it.
pub const DEVICE_AGENT_PROBE_STARTED: i32 = 1;

// SAFETY: both are repr(C) and begin with their size.
unsafe impl Sized32 for DeviceAgentProbe {}

// SAFETY: as above.
unsafe impl Sized32 for DeviceAgentCallbacks {}
