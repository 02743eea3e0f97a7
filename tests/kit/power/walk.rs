//! One device on its way through a story, started on one medium after the other.

use std::ops::RangeInclusive;

use bundle::Manifest;
use device_agent::{Agent, Clock, Configuration, Event, Memory, Mode, Now, limits};
use store::{Floors, Region, Store, fault::Fault};

use super::{
    Flaw, PowerFigures, REGION_BYTES,
    bench::Bench,
    story::{Act, START, Story},
};
use crate::drive::drive;

const CHANNEL: &str = "prod";

/// What is counted on the way.
pub(super) struct Walk<'s> {
    story: &'s Story,
    block_bytes: usize,
    flaw: Flaw,
    /// The floors at the beginning of the story.
    pub(super) floors: Floors,
    pub(super) explored: u64,
    pub(super) lost: u64,
}

impl<'s> Walk<'s> {
    pub(super) fn new(story: &'s Story, block_bytes: usize, flaw: Flaw) -> Self {
        Self { story, block_bytes, flaw, floors: Floors::default(), explored: 0, lost: 0 }
    }

    /// The medium at the beginning of the story, durable as a whole.
    pub(super) fn start(&mut self) -> Option<Bench> {
        let blank = Bench::new(self.block_bytes, self.flaw);
        let (floors, bench) =
            boot(self.story, blank, |agent| act(agent, &self.story.before).then(|| agent.record().floors))?;
        self.floors = floors?;
        Some(bench.restart(store::fault::Outcome::New, 1))
    }

    /// The operations of the story on this medium.
    pub(super) fn operations(&self, start: &Bench) -> RangeInclusive<u64> {
        let end = boot(self.story, start.clone(), |agent| self.act_all(agent));
        start.operations() + 1..=end.map_or(0, |(_, end)| end.operations())
    }

    /// The operations of a recovery from this medium.
    pub(super) fn recovery_operations(&self, found: &Bench) -> RangeInclusive<u64> {
        let end = boot(self.story, found.clone(), |agent| act(agent, &self.story.after));
        found.operations() + 1..=end.map_or(0, |(_, end)| end.operations())
    }

    /// The story, with a failure at one operation; the medium that it leaves.
    pub(super) fn cut(&mut self, start: &Bench, operation: u64, fault: Fault) -> Option<Bench> {
        let failed = boot(self.story, start.failing(operation, fault), |agent| self.act_all(agent));
        self.or_lost(failed.map(|(_, bench)| bench))
    }

    /// The recovery, with a power cut at one operation.
    pub(super) fn cut_recovery(&mut self, found: &Bench, operation: u64) -> Option<Bench> {
        let failing = found.failing(operation, Fault::PowerCut);
        let failed = boot(self.story, failing, |agent| act(agent, &self.story.after));
        self.or_lost(failed.map(|(_, bench)| bench))
    }

    /// A state after the first cut: its floors, where it is not lost.
    pub(super) fn arrive(&mut self, found: &Bench) -> Option<Floors> {
        let story = self.story;
        let floors = boot(story, found.clone(), |agent| {
            let floors = agent.record().floors;
            (is_whole(agent, &story.allowed, &self.floors) && comes_to_its_end(agent, story))
                .then_some(floors)
        });
        self.explored += 1;
        self.or_lost(floors.and_then(|(floors, _)| floors))
    }

    /// A state after which nothing fails any more.
    pub(super) fn end(&mut self, found: &Bench, floors: &Floors) {
        let story = self.story;
        let allowed: Vec<u32> = story.allowed.iter().copied().chain([story.last.number]).collect();
        let held = boot(story, found.clone(), |agent| {
            is_whole(agent, &allowed, floors) && comes_to_its_end(agent, story)
        });
        self.explored += 1;
        self.or_lost(held.filter(|(held, _)| *held));
    }

    /// The story on a medium that fails, and then no more: in the same process the bundle stays whole and the device
    /// comes to its end.
    pub(super) fn outlive(&mut self, failing: Bench) {
        let (story, floors) = (self.story, self.floors);
        let held = boot(story, failing, |agent| {
            self.act_all(agent);
            let is_kept = is_whole(agent, &story.allowed, &floors);
            agent.store_mut().storage_mut().heal();
            is_kept && comes_to_its_end(agent, story)
        });
        self.explored += 1;
        self.or_lost(held.filter(|(held, _)| *held));
    }

    fn or_lost<T>(&mut self, result: Option<T>) -> Option<T> {
        self.lost += u64::from(result.is_none());
        result
    }

    fn act_all(&self, agent: &mut Agent<'_, Bench>) {
        for next in &self.story.acts {
            act(agent, next);
        }
    }
}

/// Bytes that one update and one check without news write.
pub(super) fn updates_and_checks(story: &Story) -> PowerFigures {
    let mut walk = Walk::new(story, super::BLOCKS[0], Flaw::None);
    let Some(start) = walk.start() else { return PowerFigures::default() };
    let before = (start.written_bytes, start.operations());
    let measured = boot(story, start, |agent| {
        walk.act_all(agent);
        let storage = agent.store_mut().storage_mut();
        let update = (storage.written_bytes - before.0, storage.operations() - before.1);
        walk.act_all(agent);
        (update, agent.store_mut().storage_mut().written_bytes - before.0 - update.0)
    });
    let Some(((update, check), _)) = measured else { return PowerFigures::default() };
    PowerFigures {
        bytes_written_per_check: check,
        bytes_written_per_update: update.0,
        operations_per_update: update.1,
        ..PowerFigures::default()
    }
}

/// Starts the device on a medium; `None` where it does not start.
fn boot<R>(story: &Story, bench: Bench, run: impl FnOnce(&mut Agent<'_, Bench>) -> R) -> Option<(R, Bench)> {
    let store = Store::open(bench, Region::new(0, REGION_BYTES).ok()?).ok()?;
    let configuration = Configuration {
        device: "device-1",
        channel: CHANNEL,
        groups: &[],
        mode: Mode::Install,
        seed: Some(&story.seed),
        keyring: None,
        floors: Floors::default(),
        build_time: START,
        local_hosts: &[],
        entropy: 7,
    };
    let mut memory = vec![0; limits::MEMORY_BYTES_MIN];
    let mut agent = Agent::new(configuration, store, Memory::new(&mut memory)).ok()?;
    let result = run(&mut agent);
    Some((result, agent.into_store().into_storage()))
}

const fn now() -> Now {
    Now { uptime_seconds: 0, clock: Clock::Known(START) }
}

/// One cycle; true where the device came to rest.
fn act(agent: &mut Agent<'_, Bench>, act: &Act) -> bool {
    let mut serve = |path: &str| act.tree.get(path).cloned();
    drive(agent, now(), CHANNEL, Event::Nudge, Some(&mut serve), &mut |endpoint| (act.probe)(endpoint))
}

/// Applications find one whole bundle, one of the allowed ones, and no floor is lower than before.
fn is_whole(agent: &mut Agent<'_, Bench>, allowed: &[u32], floors: &Floors) -> bool {
    let Some(content) = agent.installed() else { return false };
    let length = |bytes: u32| usize::try_from(bytes).unwrap_or(0);
    let mut bytes = vec![0; length(content.total_bytes)];
    if agent.read(&content, 0, &mut bytes).is_err() {
        return false;
    }
    let Some((document, blobs)) = bytes.split_at_checked(length(content.document_bytes)) else {
        return false;
    };
    let manifest = Manifest::restored(document, content.digest);
    allowed.contains(&content.order.number)
        && manifest.is_ok_and(|manifest| manifest.verify_blobs(blobs).is_ok())
        && agent.record().floors.holds(floors)
}

/// With the power back the device ends at what was published last, proven.
fn comes_to_its_end(agent: &mut Agent<'_, Bench>, story: &Story) -> bool {
    let rests = act(agent, &story.after);
    let status = agent.status(now());
    // It may have come to its end before the power failed for the second time.
    let ended = status.floors.release == story.last;
    let floors = agent.record().floors;
    rests && ended && is_whole(agent, &[story.last.number], &floors)
}
