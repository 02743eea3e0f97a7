//! What strikes a device from inside: restarts, power cuts, and a medium that fails or lies.

use store::fault::{Fault, Outcome};

use super::End;
use crate::{device::Device, flash::Flash, luck::Luck, world::World};

/// Milliseconds after which a power cut that no write met comes all the same.
const CUT_WITHIN: u64 = 1_800_000;
/// Operations of an update at most, among which a cut strikes one.
const OPERATIONS: u64 = 12;

/// Bytes of one of the two journal blocks at the region's end (`crates/store/SPEC.md`).
const JOURNAL_BLOCK_BYTES: u64 = 8_192;

/// When what comes next.
#[derive(Debug)]
pub(super) struct Power {
    restarts: Recurring,
    cuts: Recurring,
    failures: Recurring,
    corruptions: Recurring,
    luck: Luck,
    /// Where the journal begins.
    journal: u64,
    /// When the power goes, if no write meets the cut before.
    cut_at: Option<u64>,
}

/// Something that comes again and again.
#[derive(Debug)]
struct Recurring {
    per_day: f64,
    next: Option<u64>,
    luck: Luck,
}

impl Recurring {
    fn new(world: &World, device: &Device<'_>, purpose: &str, per_day: f64) -> Self {
        let mut luck = device.luck(world, purpose);
        let next = luck.until_next(per_day).map(|wait| device.first_start.saturating_add(wait));
        Self { per_day, next, luck }
    }

    /// True where it is due; the next one is then drawn.
    fn is_due(&mut self, now: u64) -> bool {
        let is_due = self.next.is_some_and(|next| next <= now);
        if is_due {
            self.next = self.luck.until_next(self.per_day).map(|wait| now.saturating_add(wait));
        }
        is_due
    }
}

impl Power {
    pub(super) fn new(world: &World, device: &Device<'_>) -> Self {
        let class = device.class;
        Self {
            restarts: Recurring::new(world, device, "restarts", class.restarts_a_day),
            cuts: Recurring::new(world, device, "power cuts", class.power_cuts_a_day),
            failures: Recurring::new(world, device, "failed writes", class.failed_writes_a_day),
            corruptions: Recurring::new(world, device, "corruptions", class.silent_corruptions_a_day),
            luck: device.luck(world, "power"),
            journal: u64::from(class.region_bytes) - 2 * JOURNAL_BLOCK_BYTES,
            cut_at: None,
        }
    }

    /// Random bits of a start.
    pub(super) fn entropy(&mut self) -> u64 {
        self.luck.bits()
    }

    /// When something comes next: no wait may go on beyond it.
    pub(super) fn next(&self) -> Option<u64> {
        [self.restarts.next, self.cuts.next, self.failures.next, self.corruptions.next, self.cut_at]
            .into_iter()
            .flatten()
            .min()
    }

    /// What is due by now; the end of the process, where it is one.
    pub(super) fn strike(&mut self, now: u64, flash: &mut Flash) -> Option<End> {
        if self.failures.is_due(now) {
            let fault = if self.luck.below(2) == 0 { Fault::InputOutput } else { Fault::Short };
            flash.fail(self.luck.below(OPERATIONS), fault);
        }
        if self.corruptions.is_due(now) {
            flash.corrupt(self.luck.bits(), self.journal);
        }
        if self.cuts.is_due(now) {
            flash.fail(self.luck.below(OPERATIONS), Fault::PowerCut);
            self.cut_at = Some(now.saturating_add(self.luck.below(CUT_WITHIN)));
        }
        if self.cut_at.is_some_and(|at| at <= now) {
            return Some(End::PowerCut);
        }
        self.restarts.is_due(now).then_some(End::Restart)
    }

    /// What the medium keeps of a power cut.
    pub(super) fn outcome(&mut self) -> (Outcome, u64) {
        self.cut_at = None;
        let index = usize::try_from(self.luck.below(Outcome::ALL.len() as u64)).unwrap_or(0);
        (Outcome::ALL.get(index).copied().unwrap_or(Outcome::Mixed), self.luck.bits())
    }
}
