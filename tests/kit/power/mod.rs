//! Every power cut of whole update cycles, and again every power cut of the recovery: how many states there are, and
//! how many are lost.
//!
//! For every storage operation of every story the power fails before it ends; what was not synced is found old, new,
//! cut off, as zeros, as garbage, or each block by its own luck, in blocks of 4 and of 8 KiB. From each of these
//! states the device goes on, and the power fails again at every operation of that. Beside it every operation fails
//! without a power cut (EIO, and a short write as of EDQUOT): then the power goes, or the device goes on in the same
//! process, after that one failure or after all later operations failed too. A state is lost where
//! applications do not find one whole bundle that the story allows, where a floor is lower than before, or where the
//! device does not come to its end with the power back.

mod bench;
mod story;
mod walk;

use std::thread;

use store::fault::{Fault, Outcome};

use story::Story;
use walk::{Walk, updates_and_checks};

/// Bytes of the region: the smallest device class.
const REGION_BYTES: u32 = 65_536;
/// The blocks that a write may destroy as a whole.
const BLOCKS: [usize; 2] = [4_096, 8_192];
/// What is wrong with the store, to see that the exploration finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// It never syncs.
    NeverSynced,
    /// It writes its record over the one in force, not beside it.
    OneRecord,
}

/// What an exploration came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PowerFigures {
    /// States after power cuts and failures, each with a device that was started on it.
    pub states_explored: u64,
    /// States of them that were lost.
    pub states_lost: u64,
    /// Bytes written to the medium by a check without news.
    pub bytes_written_per_check: u64,
    /// Bytes written to the medium by one update, from its first byte to its confirmation.
    pub bytes_written_per_update: u64,
    /// Writes and syncs of that update.
    pub operations_per_update: u64,
}

/// Explores every story on every size of blocks; of the operations of the first cut every `stride`th.
#[must_use]
pub fn explore(flaw: Flaw, stride: usize) -> PowerFigures {
    let stories = story::all();
    let ways: Vec<(&Story, usize)> =
        stories.iter().flat_map(|story| BLOCKS.map(|block_bytes| (story, block_bytes))).collect();
    let counts: Vec<(u64, u64)> = thread::scope(|scope| {
        let halves: Vec<Vec<_>> =
            (0..2).map(|half| ways.iter().skip(half).step_by(2).copied().collect()).collect();
        let threads: Vec<_> = halves
            .into_iter()
            .map(|half| {
                scope.spawn(move || {
                    half.into_iter().map(|(story, block)| explore_way(story, block, flaw, stride)).collect()
                })
            })
            .collect();
        // A walk that panicked counts as one state, and that lost.
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|_| vec![(1, 1)])).collect()
    });
    let mut figures = updates_and_checks(&stories[0]);
    for (explored, lost) in counts {
        figures.states_explored += explored;
        figures.states_lost += lost;
    }
    figures
}

/// States explored and lost on one way.
fn explore_way(story: &Story, block_bytes: usize, flaw: Flaw, stride: usize) -> (u64, u64) {
    let mut walk = Walk::new(story, block_bytes, flaw);
    let Some(start) = walk.start() else { return (1, 1) };
    for operation in walk.operations(&start).step_by(stride) {
        for (luck, outcome) in (operation * 31..).zip(Outcome::ALL) {
            let Some(dead) = walk.cut(&start, operation, Fault::PowerCut) else { continue };
            let found = dead.restart(outcome, luck);
            let Some(floors) = walk.arrive(&found) else { continue };
            for second in walk.recovery_operations(&found) {
                let Some(dead) = walk.cut_recovery(&found, second) else { continue };
                let outcome = Outcome::ALL[usize::try_from(luck + second).unwrap_or(0) % Outcome::ALL.len()];
                walk.end(&dead.restart(outcome, luck * 31 + second), &floors);
            }
        }
        for fault in [Fault::InputOutput, Fault::Short] {
            let Some(alive) = walk.cut(&start, operation, fault) else { continue };
            let floors = walk.floors;
            for (luck, outcome) in (operation * 37..).zip(Outcome::ALL) {
                walk.end(&alive.restart(outcome, luck), &floors);
            }
            walk.outlive(start.failing(operation, fault));
            walk.outlive(start.failing_from(operation, fault));
        }
    }
    (walk.explored, walk.lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invariant_09_two_power_cuts_in_a_row_lose_nothing() {
        let figures = explore(Flaw::None, 1);
        println!("{figures:?}");
        assert!(figures.states_explored >= 10_000, "{figures:?}");
        assert_eq!(figures.states_lost, 0, "{figures:?}");
        assert_eq!(figures.bytes_written_per_check, 0, "{figures:?}");
    }

    #[test]
    fn a_store_with_a_flaw_loses_states() {
        for flaw in [Flaw::NeverSynced, Flaw::OneRecord] {
            let figures = explore(flaw, 8);
            assert!(figures.states_lost > 0, "{flaw:?}: {figures:?}");
        }
    }
}
