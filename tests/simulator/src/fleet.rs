//! A whole fleet, on every processor of this machine.

use std::{
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::{
    invariant::Invariant,
    life::{Bench, live},
    tally::{LOAD_COLUMN, Tally},
    world::World,
};

/// Devices that a processor takes at a time.
const BATCH: u64 = 64;
/// Devices below which the load says nothing: chance alone makes peaks.
const LOAD_DEVICES_MIN: u64 = 1_000;

/// Lives every device of a fleet; `progress` hears how many are done.
#[must_use]
pub fn run(world: &World, devices: u64, progress: &(dyn Fn(u64) + Sync)) -> Tally {
    let next = AtomicU64::new(0);
    let sum = Mutex::new(Tally::new(world));
    let work = || {
        let (mut bench, mut tally) = (Bench::default(), Tally::new(world));
        loop {
            let first = next.fetch_add(BATCH, Ordering::Relaxed);
            if first >= devices {
                break;
            }
            let end = devices.min(first + BATCH);
            for number in first..end {
                live(world, number, &mut bench, &mut tally, None);
            }
            progress(end - first);
        }
        sum.lock().unwrap_or_else(PoisonError::into_inner).add(&tally);
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..processors {
            scope.spawn(work);
        }
    });
    let mut tally = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    look_at_load(world, &mut tally);
    tally
}

/// The peak and the mean of the requests in ten minutes, from the hour on that the scenario names.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "requests are counted, not measured")]
pub fn load(world: &World, tally: &Tally) -> (f64, f64) {
    let from = crate::scenario::milliseconds(world.scenario.load.from_hours) / LOAD_COLUMN;
    let columns = tally.requests.iter().skip(usize::try_from(from).unwrap_or(0));
    // The last column is cut off by the end.
    let counted: Vec<u64> = columns.copied().collect();
    let counted = counted.split_last().map_or(&[][..], |(_, rest)| rest);
    let peak = counted.iter().copied().max().unwrap_or(0);
    let sum: u64 = counted.iter().sum();
    (peak as f64, sum as f64 / counted.len().max(1) as f64)
}

#[expect(clippy::cast_precision_loss, reason = "devices are counted, not measured")]
fn look_at_load(world: &World, tally: &mut Tally) {
    if tally.devices < LOAD_DEVICES_MIN {
        return;
    }
    let (limit, (peak, mean)) = (world.scenario.load, load(world, tally));
    let end = world.scenario.end();
    tally.checks.look(Invariant::LoadSpread, peak <= mean * limit.peak_to_mean, || {
        (None, end, format!("the busiest ten minutes have {peak} requests, the average {mean:.0}"))
    });
    let an_hour = mean * 6.0 / tally.devices as f64;
    tally.checks.look(Invariant::LoadSpread, an_hour <= limit.requests_an_hour, || {
        (None, end, format!("a device asks {an_hour:.1} times an hour on average"))
    });
}
