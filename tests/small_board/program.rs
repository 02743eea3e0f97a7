//! A program that carries the agent inside and knows nothing but the C interface.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char, c_void};
use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use device_agent_c::DeviceAgent;
use device_agent_c::answers::{
    device_agent_probed, device_agent_probed_chain, device_agent_reported, device_agent_resolved,
    device_agent_service_result,
};
use device_agent_c::bundles::{device_agent_anchor, device_agent_anchors};
use device_agent_c::callbacks::{
    DEVICE_AGENT_PROBE_STARTED, DEVICE_AGENT_PROBE_YOURS, DeviceAgentCallbacks, DeviceAgentProbe,
};
use device_agent_c::code::{DEVICE_AGENT_AGAIN, DEVICE_AGENT_OK};
use device_agent_c::config::{DeviceAgentConfig, DeviceAgentOrder};
use device_agent_c::lifecycle::{
    DeviceAgentWait, device_agent_arena_size, device_agent_nudge, device_agent_start, device_agent_step,
    device_agent_stop, device_agent_wait_for,
};
use device_agent_c::snapshot::{DeviceAgentSnapshot, device_agent_snapshot_read};

use crate::scene::{SIGNED, Scene};
use crate::wait::ready;

/// One agent in a program: its tests take turns.
static TURN: Mutex<()> = Mutex::new(());
/// Steps after which a cycle is taken for endless.
const STEPS_MAX: u32 = 20_000;
/// Milliseconds of one wait, after which a server is taken for dead.
const WAIT_MILLISECONDS_MAX: u64 = 20_000;

/// What the callbacks see and keep.
#[derive(Default)]
pub(crate) struct Application {
    agent: Cell<*mut DeviceAgent>,
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

/// What a program says at the start; everything that the configuration points to lives here.
pub(crate) struct Setup {
    device: CString,
    channel: CString,
    seed: Vec<u8>,
    _urls: Vec<CString>,
    url_pointers: Vec<*const c_char>,
    pub(crate) file: File,
    pub(crate) application: Box<Application>,
    pub(crate) arena: Vec<u64>,
    _turn: MutexGuard<'static, ()>,
}

/// A running agent.
pub(crate) struct Program {
    pub(crate) agent: *mut DeviceAgent,
    /// `None` once the agent was stopped.
    pub(crate) setup: Option<Setup>,
}

/// The size that a struct says of itself.
pub(crate) fn size<T>() -> u32 {
    u32::try_from(size_of::<T>()).unwrap()
}

impl Setup {
    /// A program of the scene's fleet, with release 1 as its seed and an empty store.
    pub(crate) fn new(scene: &Scene) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let urls: Vec<CString> = scene.urls().into_iter().map(|url| CString::new(url).unwrap()).collect();
        Self {
            device: c"board-1".to_owned(),
            channel: c"prod".to_owned(),
            seed: scene.publisher.seed(1),
            url_pointers: urls.iter().map(|url| url.as_ptr()).collect(),
            _urls: urls,
            file: tempfile::tempfile().unwrap(),
            application: Box::default(),
            arena: vec![0; device_agent_arena_size().div_ceil(8)],
            _turn: turn,
        }
    }

    /// The configuration.
    pub(crate) fn config(&self) -> DeviceAgentConfig {
        DeviceAgentConfig {
            struct_size: size::<DeviceAgentConfig>(),
            device: self.device.as_ptr(),
            channel: self.channel.as_ptr(),
            groups: ptr::null(),
            group_count: 0,
            observe: false,
            seed: self.seed.as_ptr(),
            seed_bytes: self.seed.len(),
            keyring: ptr::null(),
            keyring_bytes: 0,
            keyring_floor: DeviceAgentOrder::default(),
            release_floor: DeviceAgentOrder::default(),
            build_time: SIGNED.0,
            store_fd: self.file.as_raw_fd(),
            store_offset: 0,
            store_bytes: 65_536,
            urls: self.url_pointers.as_ptr(),
            url_count: self.url_pointers.len(),
            allowed_hosts: ptr::null(),
            allowed_host_count: 0,
            local_hosts: ptr::null(),
            local_host_count: 0,
            callbacks: DeviceAgentCallbacks {
                struct_size: size::<DeviceAgentCallbacks>(),
                context: ptr::from_ref::<Application>(&self.application).cast_mut().cast(),
                unix_seconds: Some(unix_seconds),
                resolve: Some(resolve),
                probe: Some(probe),
                changed: Some(changed),
                report: Some(report),
                log: Some(log),
            },
        }
    }

    /// Calls device_agent_start with the arena; the agent stays NULL where it refuses.
    pub(crate) fn start(&mut self, config: &DeviceAgentConfig) -> (i32, *mut DeviceAgent) {
        let mut agent = ptr::null_mut();
        let bytes = self.arena.len() * 8;
        // SAFETY: the configuration points into this value, which outlives the agent.
        let code =
            unsafe { device_agent_start(config, self.arena.as_mut_ptr().cast(), bytes, &raw mut agent) };
        self.application.agent.set(agent);
        (code, agent)
    }

    /// Starts an agent that runs.
    pub(crate) fn run(mut self) -> Program {
        let config = self.config();
        let (code, agent) = self.start(&config);
        assert_eq!((code, agent.is_null()), (DEVICE_AGENT_OK, false));
        Program { agent, setup: Some(self) }
    }
}

impl Program {
    /// A program of the scene's fleet that has just started its agent.
    pub(crate) fn start(scene: &Scene) -> Self {
        Setup::new(scene).run()
    }

    pub(crate) fn application(&self) -> &Application {
        &self.setup.as_ref().unwrap().application
    }

    pub(crate) fn step(&self) -> i32 {
        // SAFETY: the agent of this program.
        unsafe { device_agent_step(self.agent) }
    }

    pub(crate) fn wait_for(&self) -> DeviceAgentWait {
        let mut wait = DeviceAgentWait {
            struct_size: size::<DeviceAgentWait>(),
            fd: -2,
            readable: false,
            writable: false,
            timeout_milliseconds: 0,
        };
        // SAFETY: the agent of this program, and a struct whose size is set.
        assert_eq!(unsafe { device_agent_wait_for(self.agent, &raw mut wait) }, DEVICE_AGENT_OK);
        wait
    }

    /// Runs the event loop until a cycle has ended.
    pub(crate) fn cycle(&self) -> DeviceAgentSnapshot {
        self.cycle_with(|_| false)
    }

    /// As [`Program::cycle`]; `answer` is asked where the agent waits for something else than names and reports.
    pub(crate) fn cycle_with(&self, mut answer: impl FnMut(&Self) -> bool) -> DeviceAgentSnapshot {
        let before = snapshot().cycles;
        for _ in 0..STEPS_MAX {
            let code = self.step();
            let seen = snapshot();
            if seen.cycles > before {
                return seen;
            }
            if code == DEVICE_AGENT_AGAIN || self.answer_names() || self.answer_reports() || answer(self) {
                continue;
            }
            assert_eq!(code, DEVICE_AGENT_OK);
            let wait = self.wait_for();
            let milliseconds = wait.timeout_milliseconds;
            assert!(wait.fd >= 0, "{milliseconds} ms to wait: {:?}", self.application().lines.borrow());
            let is_ready =
                ready(wait.fd, (wait.readable, wait.writable), milliseconds.min(WAIT_MILLISECONDS_MAX));
            assert!(is_ready, "nobody answers: {:?}", self.application().lines.borrow());
        }
        panic!("the cycle does not end: {:?}", self.application().lines.borrow());
    }

    fn answer_names(&self) -> bool {
        let names = std::mem::take(&mut *self.application().names.borrow_mut());
        for (ticket, _) in &names {
            assert_eq!(self.resolved(*ticket, &[127, 0, 0, 1]), DEVICE_AGENT_OK);
        }
        !names.is_empty()
    }

    fn answer_reports(&self) -> bool {
        let newest = self.application().reports.borrow().last().map(|(ticket, _)| *ticket);
        newest.is_some_and(|ticket| self.reported(ticket) == DEVICE_AGENT_OK)
    }

    pub(crate) fn resolved(&self, ticket: u32, address: &[u8]) -> i32 {
        // SAFETY: the agent of this program, and an address as long as it says.
        unsafe { device_agent_resolved(self.agent, ticket, address.as_ptr(), address.len()) }
    }

    pub(crate) fn reported(&self, ticket: u32) -> i32 {
        // SAFETY: the agent of this program.
        unsafe { device_agent_reported(self.agent, ticket, true) }
    }

    pub(crate) fn probed(&self, ticket: u32, present: i32, candidate: i32) -> i32 {
        // SAFETY: the agent of this program.
        unsafe { device_agent_probed(self.agent, ticket, present, candidate) }
    }

    pub(crate) fn probed_chain(&self, ticket: u32, chain: &[&[u8]]) -> i32 {
        let pointers: Vec<*const u8> = chain.iter().map(|der| der.as_ptr()).collect();
        let lengths: Vec<usize> = chain.iter().map(|der| der.len()).collect();
        let count = chain.len();
        // SAFETY: the agent of this program, and two arrays of the same length.
        unsafe { device_agent_probed_chain(self.agent, ticket, pointers.as_ptr(), lengths.as_ptr(), count) }
    }

    pub(crate) fn service_result(&self, service: &CStr, generation: u64, verdict: i32) -> i32 {
        // SAFETY: the agent of this program, and a string with its NUL.
        unsafe { device_agent_service_result(self.agent, service.as_ptr(), generation, verdict) }
    }

    /// Code, and how many bytes are needed.
    pub(crate) fn anchors(&self, held: i32, service: &CStr, form: i32, into: &mut [u8]) -> (i32, usize) {
        let (mut needed, pointer) =
            (usize::MAX, if into.is_empty() { ptr::null_mut() } else { into.as_mut_ptr() });
        let service = service.as_ptr();
        // SAFETY: the agent of this program, and a buffer as long as it says.
        let code = unsafe {
            device_agent_anchors(self.agent, held, service, form, pointer, into.len(), &raw mut needed)
        };
        (code, needed)
    }

    /// Code, and how many bytes are needed.
    pub(crate) fn anchor(&self, held: i32, service: &CStr, index: usize, into: &mut [u8]) -> (i32, usize) {
        let (mut needed, pointer) = (usize::MAX, into.as_mut_ptr());
        let service = service.as_ptr();
        // SAFETY: the agent of this program, and a buffer as long as it says.
        let code = unsafe {
            device_agent_anchor(self.agent, held, service, index, pointer, into.len(), &raw mut needed)
        };
        (code, needed)
    }

    /// Stops the agent and gives everything else back.
    pub(crate) fn stop(mut self) -> Setup {
        // SAFETY: the agent of this program, which nobody uses any more.
        assert_eq!(unsafe { device_agent_stop(self.agent) }, DEVICE_AGENT_OK);
        let setup = self.setup.take().unwrap();
        setup.application.agent.set(ptr::null_mut());
        setup
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.setup.is_some() {
            // SAFETY: the agent of this program. A test that fails in the middle leaves none behind for the next one.
            unsafe { device_agent_stop(self.agent) };
        }
    }
}

/// The state that any thread may read.
pub(crate) fn snapshot() -> DeviceAgentSnapshot {
    let mut snapshot =
        DeviceAgentSnapshot { struct_size: size::<DeviceAgentSnapshot>(), ..DeviceAgentSnapshot::default() };
    // SAFETY: a struct whose size is set.
    while unsafe { device_agent_snapshot_read(&raw mut snapshot) } != DEVICE_AGENT_OK {}
    snapshot
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
    application.names.borrow_mut().push((ticket, host.to_str().unwrap().to_owned()));
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
    unsafe { called(context, "changed") }.changes.borrow_mut().push(generation);
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
    application.reports.borrow_mut().push((ticket, bytes.to_vec()));
    0
}

unsafe extern "C" fn log(context: *mut c_void, level: i32, line: *const c_char) {
    // SAFETY: the context is that of the start, and the string lives until this returns.
    let (application, line) = unsafe { (called(context, "log"), CStr::from_ptr(line)) };
    application.lines.borrow_mut().push((level, line.to_str().unwrap().to_owned()));
}
