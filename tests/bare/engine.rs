//! The engine and its store over a medium that is somewhere else: every entry point is kept, and all that it reaches.

#![expect(improper_ctypes_definitions, reason = "nobody calls these functions, and C least of all")]

use device_agent::{Action, Agent, Configuration, Event, Memory, Now};
use store::{Region, Storage, StorageRead, Store};

/// A medium whose functions are C's.
pub struct Medium;

/// The medium failed.
pub struct Failed;

unsafe extern "C" {
    fn bare_medium_read(offset: u64, into: *mut u8, length: usize) -> bool;
    fn bare_medium_write(offset: u64, bytes: *const u8, length: usize) -> bool;
    fn bare_medium_sync() -> bool;
}

fn outcome(done: bool) -> Result<(), Failed> {
    if done { Ok(()) } else { Err(Failed) }
}

impl StorageRead for Medium {
    type Error = Failed;

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Failed> {
        // SAFETY: the slice is valid for writes of its length.
        outcome(unsafe { bare_medium_read(offset, into.as_mut_ptr(), into.len()) })
    }

    fn len(&mut self) -> Result<u64, Failed> {
        Ok(65_536)
    }
}

impl Storage for Medium {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Failed> {
        // SAFETY: the slice is valid for reads of its length.
        outcome(unsafe { bare_medium_write(offset, bytes.as_ptr(), bytes.len()) })
    }

    fn sync(&mut self) -> Result<(), Failed> {
        // SAFETY: it takes nothing.
        outcome(unsafe { bare_medium_sync() })
    }
}

/// Opens store and engine.
#[unsafe(no_mangle)]
pub extern "C" fn bare_open(
    configuration: &Configuration<'static>,
    region: &Region,
    buffer: &'static mut [u8],
    agent: &mut Option<Agent<'static, Medium>>,
) -> bool {
    let Ok(store) = Store::open(Medium, *region) else { return false };
    *agent = Agent::new(*configuration, store, Memory::new(buffer)).ok();
    agent.is_some()
}

/// Hands the engine any event.
#[unsafe(no_mangle)]
pub extern "C" fn bare_on(agent: &mut Agent<'static, Medium>, now: &Now, event: &Event<'_>) -> bool {
    matches!(agent.on(*now, *event), Action::Wait { .. })
}

/// Asks the engine what it has.
#[unsafe(no_mangle)]
pub extern "C" fn bare_status(agent: &mut Agent<'static, Medium>, now: &Now) -> bool {
    agent.status(*now).installed.is_some() && agent.present_manifest().is_some()
}
