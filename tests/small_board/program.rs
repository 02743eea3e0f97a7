//! A program that carries the agent inside and knows nothing but the C interface.

use std::ffi::{CStr, CString, c_char};
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
use device_agent_c::code::{DEVICE_AGENT_AGAIN, DEVICE_AGENT_OK};
use device_agent_c::config::{DeviceAgentConfig, DeviceAgentOrder};
use device_agent_c::lifecycle::{
    DeviceAgentWait, device_agent_arena_size, device_agent_start, device_agent_step, device_agent_stop,
    device_agent_wait_for,
};
use device_agent_c::snapshot::{DeviceAgentSnapshot, device_agent_snapshot_read};

use crate::application::Application;
use crate::scene::{SIGNED, Scene};
use crate::wait::ready;

/// One agent in a program: its tests take turns.
static TURN: Mutex<()> = Mutex::new(());
/// Steps after which a cycle is taken for endless.
const STEPS_MAX: u32 = 20_000;
/// Milliseconds of one wait, after which a server is taken for dead.
const WAIT_MILLISECONDS_MAX: u64 = 20_000;

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
            callbacks: self.application.callbacks(),
            census: false,
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
    pub(crate) fn cycle_with(&self, answer: impl FnMut(&Self) -> bool) -> DeviceAgentSnapshot {
        let Some(ended) = self.steps(STEPS_MAX, answer) else {
            panic!("the cycle does not end: {:?}", self.application().lines.borrow());
        };
        ended
    }

    /// So many steps at most; the state where a cycle has ended.
    pub(crate) fn steps(
        &self,
        steps: u32,
        mut answer: impl FnMut(&Self) -> bool,
    ) -> Option<DeviceAgentSnapshot> {
        let before = snapshot().cycles;
        for _ in 0..steps {
            let code = self.step();
            let seen = snapshot();
            if seen.cycles > before {
                return Some(seen);
            }
            if code == DEVICE_AGENT_AGAIN || self.answer_names() || self.answer_reports() || answer(self) {
                continue;
            }
            assert_eq!(code, DEVICE_AGENT_OK);
            let wait = self.wait_for();
            let milliseconds = wait.timeout_milliseconds;
            assert!(wait.fd >= 0, "{milliseconds} ms to wait: {:?}", self.application().lines.borrow());
            let interest = (wait.readable, wait.writable);
            let is_ready = ready(wait.fd, interest, milliseconds.min(WAIT_MILLISECONDS_MAX));
            assert!(is_ready, "nobody answers: {:?}", self.application().lines.borrow());
        }
        None
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
        // What was asked last is answered to nobody.
        setup.application.names.borrow_mut().clear();
        setup.application.probes.borrow_mut().clear();
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
