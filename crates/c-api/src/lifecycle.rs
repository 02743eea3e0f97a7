//! Starting, stepping and stopping.

use alloc::boxed::Box;
use alloc::vec;
use core::ffi::c_void;

use device_agent::mt3620::posix::{self, SharedFile};
use device_agent::mt3620::{Driver, Options, Pace};
use device_agent::{Agent, Configuration, Memory, StartError};
use rustix::fd::BorrowedFd;
use store::{Region, Store};

use bundle::UnixSeconds;

use crate::argument::{Sized32, read, write};
use crate::config::{self, DeviceAgentConfig, Parsed};
use crate::instance::{Claim, Entered};
use crate::platform::CPlatform;
use crate::{Code, DeviceAgent, arena, snapshot};

/// Bytes of the engine's working memory: three keyring files of ordinary size, and manifests of up to 8 KiB, which
/// is fifty anchors.
const WORKING_BYTES: usize = device_agent::limits::MEMORY_BYTES_MIN;
/// Bytes of the arena: working memory, engine, one TLS connection, and one chain under judgement. `cargo xtask devkit`
/// measures what a whole update takes of it.
pub const DEVICE_AGENT_ARENA_BYTES: usize = 73_728;

/// What to wait for before the next step.
#[derive(Debug)]
#[repr(C)]
pub struct DeviceAgentWait {
    /// sizeof(device_agent_wait).
    pub struct_size: u32,
    /// The descriptor; -1 for none. It changes from step to step: ask again after each.
    pub fd: i32,
    /// Wait until it can be read.
    pub readable: bool,
    /// Wait until it can be written.
    pub writable: bool,
    /// Step again after so many milliseconds at the latest; 0: at once.
    pub timeout_milliseconds: u64,
}

// SAFETY: repr(C), and begins with its size.
unsafe impl Sized32 for DeviceAgentWait {}

/// Bytes that the arena must have.
#[unsafe(no_mangle)]
pub extern "C" fn device_agent_arena_size() -> usize {
    DEVICE_AGENT_ARENA_BYTES
}

/// Starts the agent in an arena, which belongs to it until device_agent_stop; there is one agent in a program.
///
/// Opens the store and verifies the image's seed, which takes a few signature checks; nothing is written unless the
/// image's keyring is newer than the store's. A store of another channel or fleet is left as it is: the agent then lives
/// on the seed, installs nothing, and says store_of_other_channel in snapshot, log and reports. All functions but device_agent_snapshot_read must then be called on
/// this thread.
///
/// # Safety
/// `config` and everything in it are as their comments say; `arena` points to `arena_bytes` bytes that nobody else
/// uses; `agent` points to a place for the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_agent_start(
    config: *const DeviceAgentConfig,
    arena: *mut c_void,
    arena_bytes: usize,
    agent: *mut *mut DeviceAgent,
) -> i32 {
    if arena.is_null() || agent.is_null() || !agent.is_aligned() {
        return Code::BadArgument.number();
    }
    if arena_bytes < DEVICE_AGENT_ARENA_BYTES {
        return Code::ArenaTooSmall.number();
    }
    // SAFETY: the caller's struct.
    let config = match unsafe { read(config) } {
        Ok(config) => config,
        Err(code) => return code.number(),
    };
    let claim = match Claim::take() {
        Ok(claim) => claim,
        Err(code) => return code.number(),
    };
    arena::give(arena.cast(), arena_bytes);
    // SAFETY: the caller's configuration.
    match unsafe { start(config) } {
        Ok(started) => {
            let started = Box::into_raw(started);
            // SAFETY: the caller's place for the result.
            unsafe { agent.write(started) };
            claim.keep(started);
            Code::Ok.number()
        }
        Err(code) => {
            arena::take_back();
            code.number()
        }
    }
}

/// # Safety
/// As [`device_agent_start`] says of the configuration.
unsafe fn start(given: &DeviceAgentConfig) -> Result<Box<DeviceAgent>, Code> {
    let mut random = [0; 24];
    posix::entropy(&mut random).map_err(|_| Code::EntropyFailed)?;
    let (entropy, boot_id) = random.split_first_chunk::<8>().ok_or(Code::EntropyFailed)?;
    let boot_id = boot_id.try_into().map_err(|_| Code::EntropyFailed)?;
    // SAFETY: the caller's configuration.
    let parsed = unsafe { config::parse(given, u64::from_le_bytes(*entropy))? };
    // SAFETY: a reference to a member of the caller's struct, whose size is checked like that of every other.
    let callbacks = *unsafe { read(&raw const given.callbacks)? };
    let region = Region::new(given.store_offset, given.store_bytes).map_err(|_| Code::RegionRefused)?;
    if given.store_fd < 0 {
        return Err(Code::BadArgument);
    }
    // SAFETY: the caller's open file, which it keeps open until the agent is stopped.
    let file = unsafe { BorrowedFd::borrow_raw(given.store_fd) };
    let Parsed { configuration, urls, allowed_hosts, census } = parsed;
    let agent = engine(configuration, file, region)?;
    let platform = CPlatform::new(callbacks, UnixSeconds(given.build_time));
    let options = Options { urls, allowed_hosts, boot_id, census };
    let mut started = assembled(agent, platform, options);
    snapshot::publish(&mut started);
    Ok(started)
}

type File = SharedFile<BorrowedFd<'static>>;

#[inline(never)]
fn engine(
    configuration: Configuration<'static>,
    file: BorrowedFd<'static>,
    region: Region,
) -> Result<Box<Agent<'static, File>>, Code> {
    let store = Store::open(SharedFile::new(file), region).map_err(|_| Code::StoreFailed)?;
    let memory = Memory::new(vec![0; WORKING_BYTES].leak());
    Agent::boxed(configuration, store, memory).map_err(refused)
}

#[inline(never)]
fn assembled(
    agent: Box<Agent<'static, File>>,
    platform: CPlatform,
    options: Options<'static>,
) -> Box<DeviceAgent> {
    Box::new(DeviceAgent { driver: Driver::new(agent, platform, options), pace: Pace::Again })
}

fn refused(error: StartError) -> Code {
    match error {
        StartError::Keyring(_) => Code::KeyringRefused,
        StartError::KeyringMissing | StartError::StoreOfOtherChannel => Code::KeyringMissing,
        StartError::Memory { .. } => Code::ArenaTooSmall,
        StartError::Seed(_) => Code::SeedRefused,
        _ => Code::BadArgument,
    }
}

/// Does one bounded piece of work and returns: DEVICE_AGENT_AGAIN where there is more to do now, DEVICE_AGENT_OK where
/// device_agent_wait_for says what to wait for.
///
/// It never blocks but for writing and syncing the store. At most one signature is verified in a call.
///
/// # Safety
/// `agent` came from device_agent_start.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_agent_step(agent: *mut DeviceAgent) -> i32 {
    let mut agent = match Entered::new(agent) {
        Ok(agent) => agent,
        Err(code) => return code.number(),
    };
    agent.pace = agent.driver.step();
    snapshot::publish(&mut agent);
    match agent.pace {
        Pace::Again => Code::Again.number(),
        Pace::Wait { .. } => Code::Ok.number(),
    }
}

/// Fills *wait with what to wait for before the next step. Answers of the application, such as device_agent_resolved,
/// are a reason to step at once.
///
/// # Safety
/// `agent` came from device_agent_start; `wait` points to a device_agent_wait whose struct_size is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_agent_wait_for(agent: *const DeviceAgent, wait: *mut DeviceAgentWait) -> i32 {
    let mut agent = match Entered::new(agent) {
        Ok(agent) => agent,
        Err(code) => return code.number(),
    };
    // SAFETY: the caller's struct.
    let wait = match unsafe { write(wait) } {
        Ok(wait) => wait,
        Err(code) => return code.number(),
    };
    let (descriptor, timeout) = match agent.driver.pace() {
        Pace::Again => (None, 0),
        Pace::Wait { descriptor, milliseconds } => (descriptor, milliseconds),
    };
    wait.fd = descriptor.map_or(-1, |(fd, _)| fd);
    wait.readable = descriptor.is_some_and(|(_, interest)| interest.readable);
    wait.writable = descriptor.is_some_and(|(_, interest)| interest.writable);
    wait.timeout_milliseconds = timeout;
    Code::Ok.number()
}

/// Asks for a check now: a message from the hub, the network coming up. It is granted once a minute.
///
/// # Safety
/// `agent` came from device_agent_start.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_agent_nudge(agent: *mut DeviceAgent) -> i32 {
    match Entered::new(agent) {
        Ok(mut agent) => {
            agent.driver.nudge();
            Code::Ok.number()
        }
        Err(code) => code.number(),
    }
}

/// Stops the agent at whatever moment: the store is whole. Connections are closed, and the arena is the application's
/// again; the store's file stays open.
///
/// # Safety
/// `agent` came from device_agent_start, and is used no more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_agent_stop(agent: *mut DeviceAgent) -> i32 {
    match Entered::new(agent) {
        Ok(entered) => {
            entered.end(|agent| {
                // SAFETY: it came out of a box at the start, and `end` lets nobody in any more.
                drop(unsafe { Box::from_raw(agent) });
                arena::take_back();
            });
            Code::Ok.number()
        }
        Err(code) => code.number(),
    }
}
