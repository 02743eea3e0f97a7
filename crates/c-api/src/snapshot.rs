//! What any thread may read at any time: a copy of the state, published after every step.

use core::sync::atomic::{AtomicU32, Ordering, fence};

use device_agent::{Freshness, Origin, Transport};
use store::Phase;

use crate::argument::{Sized32, write};
use crate::config::DeviceAgentOrder;
use crate::{Code, DeviceAgent, arena};

/// The agent's state after its last step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct DeviceAgentSnapshot {
    /// sizeof(device_agent_snapshot).
    pub struct_size: u32,
    /// Counts the changes of what is trusted.
    pub generation: u64,
    /// Counts the cycles that have ended since the start.
    pub cycles: u32,
    /// The release in use.
    pub release: DeviceAgentOrder,
    /// The keyring in force.
    pub keyring: DeviceAgentOrder,
    /// 0 the image's seed, 1 a confirmed release, 2 a release on trial.
    pub phase: u8,
    /// What is to be said first, as a stable reason; 0 for nothing.
    pub reason: u16,
    /// The newest head has expired: what is in use stays, its freshness is unknown.
    pub stale: bool,
    /// Nobody knows the time.
    pub clock_unknown: bool,
    /// The last check went without authenticated TLS.
    pub unauthenticated: bool,
    /// Bytes of the arena in use.
    pub arena_bytes_used: u32,
    /// The most that ever were.
    pub arena_bytes_peak: u32,
}

// SAFETY: repr(C), and begins with its size.
unsafe impl Sized32 for DeviceAgentSnapshot {}

/// 32-bit words of a published state.
const WORDS: usize = 10;

/// A state behind a counter that is odd while it is written: readers read again when it has moved.
struct Published {
    counter: AtomicU32,
    words: [AtomicU32; WORDS],
}

static PUBLISHED: Published =
    Published { counter: AtomicU32::new(0), words: [const { AtomicU32::new(0) }; WORDS] };

/// Publishes the state; only the agent's own thread does.
pub(crate) fn publish(agent: &mut DeviceAgent) {
    let now = agent.driver.moment();
    let status = agent.driver.agent().status(now);
    let record = agent.driver.agent().record();
    let phase = match (status.installed.map(|installed| installed.origin), record.phase) {
        (Some(Origin::Slot), Phase::Trial { .. }) => 2,
        (Some(Origin::Slot), _) => 1,
        _ => 0,
    };
    let release = status.installed.map(|installed| installed.order).unwrap_or_default();
    let transport = status.last_check.and_then(|check| check.transport);
    let flags = u32::from(matches!(status.freshness, Freshness::Stale { .. }))
        | u32::from(status.clock_unknown) << 1
        | u32::from(transport == Some(Transport::Unauthenticated)) << 2;
    let usage = arena::usage();
    let reason = status.reason.map_or(0, device_agent::Reason::number);
    let [low, high] = halves(status.generation);
    let small = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    put([
        low,
        high,
        u32::from(release.epoch) | u32::from(status.keyring.epoch) << 16,
        release.number,
        status.keyring.number,
        u32::from(reason) | phase << 16,
        flags,
        small(usage.used),
        small(usage.peak),
        agent.driver.cycles(),
    ]);
}

fn put(words: [u32; WORDS]) {
    let counter = PUBLISHED.counter.load(Ordering::Relaxed);
    PUBLISHED.counter.store(counter.wrapping_add(1), Ordering::Relaxed);
    fence(Ordering::Release);
    for (to, from) in PUBLISHED.words.iter().zip(words) {
        to.store(from, Ordering::Relaxed);
    }
    PUBLISHED.counter.store(counter.wrapping_add(2), Ordering::Release);
}

/// The published words, all of one moment; `None` where the writer was faster each time.
fn take() -> Option<[u32; WORDS]> {
    /// A step takes far longer than a copy of ten words.
    const ATTEMPTS: u8 = 100;
    for _ in 0..ATTEMPTS {
        let before = PUBLISHED.counter.load(Ordering::Acquire);
        let mut words = [0; WORDS];
        for (to, from) in words.iter_mut().zip(&PUBLISHED.words) {
            *to = from.load(Ordering::Relaxed);
        }
        fence(Ordering::Acquire);
        let after = PUBLISHED.counter.load(Ordering::Relaxed);
        if before == after && before.is_multiple_of(2) {
            return Some(words);
        }
        core::hint::spin_loop();
    }
    None
}

/// Fills *snapshot with the state after the last step, on any thread and at any time.
///
/// DEVICE_AGENT_AGAIN where the agent's thread was writing it all the time: call again.
///
/// # Safety
/// `snapshot` points to a device_agent_snapshot whose struct_size is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn device_agent_snapshot_read(snapshot: *mut DeviceAgentSnapshot) -> i32 {
    // SAFETY: the caller's struct.
    let snapshot = match unsafe { write(snapshot) } {
        Ok(snapshot) => snapshot,
        Err(code) => return code.number(),
    };
    let Some([low, high, epochs, release, keyring, state, flags, used, peak, cycles]) = take() else {
        return Code::Again.number();
    };
    let ([release_epoch, keyring_epoch], [reason, phase]) = (quarters(epochs), quarters(state));
    *snapshot = DeviceAgentSnapshot {
        struct_size: snapshot.struct_size,
        generation: u64::from(low) | u64::from(high) << 32,
        cycles,
        release: DeviceAgentOrder { epoch: release_epoch, number: release },
        keyring: DeviceAgentOrder { epoch: keyring_epoch, number: keyring },
        phase: u8::try_from(phase).unwrap_or(0),
        reason,
        stale: flags & 1 != 0,
        clock_unknown: flags & 2 != 0,
        unauthenticated: flags & 4 != 0,
        arena_bytes_used: used,
        arena_bytes_peak: peak,
    };
    Code::Ok.number()
}

/// The low and the high half.
fn halves(value: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
}

/// The low and the high half.
fn quarters(value: u32) -> [u16; 2] {
    let [a, b, c, d] = value.to_le_bytes();
    [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
}
