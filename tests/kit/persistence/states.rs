//! Which states a medium may be found in after a power cut: all of them where they are few, else a choice by rule.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use super::{
    disk::{Disk, Unit},
    live::Live,
    operation::Operation,
    tree::Tree,
};

/// Up to so many combinations are all looked at.
const ALL_MAX: usize = 256;
/// Up to so many units every pair of them is looked at.
const PAIRS_MAX: usize = 24;
/// Where not all are looked at, so many more are chosen by luck.
const LUCKY: u64 = 24;

/// What is wrong with the way files are written, to see that the exploration finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// No `fsync` of any file was made.
    FilesNotSynced,
    /// No `fsync` of any folder was made.
    FoldersNotSynced,
    /// This one of all `fsync`s was not made.
    OneNotSynced(usize),
}

/// A state, and after how many operations the power failed.
#[derive(Clone, Debug)]
pub struct Found {
    /// What is on the medium.
    pub tree: Tree,
    /// Operations that were asked for before.
    pub after: usize,
    /// Whether those were all.
    pub is_end: bool,
}

/// Which states are chosen where not all can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// Prefixes and suffixes in time, each unit alone in each of its ways, each pair, some by luck.
    Full,
    /// Prefixes and suffixes in time, each unit alone; and only in front of a sync, where most may be lost.
    Narrow,
}

/// Collects states, each once, over one run or many.
#[derive(Debug)]
pub struct Collection {
    breadth: Breadth,
    flaw: Flaw,
    /// How names begin that are drawn by luck.
    luck: &'static str,
    seen: Mutex<BTreeSet<(u64, bool)>>,
}

impl Collection {
    /// Nothing was seen yet.
    #[must_use]
    pub const fn new(breadth: Breadth, flaw: Flaw, luck: &'static str) -> Self {
        Self { breadth, flaw, luck, seen: Mutex::new(BTreeSet::new()) }
    }

    /// Every new state that a power cut may leave after the first `from` operations of a run. Those of one at the very
    /// end are told apart, because what was promised by then must last.
    pub fn states(&self, start: &Live, operations: &[Operation], from: usize) -> Vec<Found> {
        let mut live = start.clone();
        let (mut found, mut syncs) = (Vec::new(), 0);
        for after in 0..=operations.len() {
            let is_sync = |operation: &Operation| matches!(operation, Operation::Sync { .. });
            let is_fullest = operations.get(after).is_none_or(is_sync);
            if after >= from && (is_fullest || self.breadth == Breadth::Full) {
                self.visit(live.disk(), after, after == operations.len(), &mut found);
            }
            let Some(operation) = operations.get(after) else { continue };
            if !is_missing(&live, operation, self.flaw, syncs) {
                live.apply(operation);
            }
            syncs += usize::from(is_sync(operation));
        }
        found
    }

    fn visit(&self, disk: &Disk, after: usize, is_end: bool, found: &mut Vec<Found>) {
        let units = disk.units();
        for ways in ways(&units, self.breadth) {
            let tree = disk.found(&units, &ways);
            let mark = (tree.fingerprint(self.luck), is_end);
            if self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(mark) {
                found.push(Found { tree, after, is_end });
            }
        }
    }
}

fn is_missing(live: &Live, operation: &Operation, flaw: Flaw, number: usize) -> bool {
    let Operation::Sync { inode } = operation else { return false };
    match flaw {
        Flaw::None => false,
        Flaw::FilesNotSynced => !live.disk().is_folder(*inode),
        Flaw::FoldersNotSynced => live.disk().is_folder(*inode),
        Flaw::OneNotSynced(missing) => number == missing,
    }
}

/// Combinations of ways, one number for each unit.
fn ways(units: &[Unit], breadth: Breadth) -> Vec<Vec<usize>> {
    let counts: Vec<usize> = units.iter().map(|unit| unit.changes.len() + 1 + unit.torn).collect();
    let product = counts.iter().try_fold(1_usize, |product, count| product.checked_mul(*count));
    if let Some(product) = product.filter(|product| *product <= ALL_MAX) {
        return (0..product).map(|number| digits(number, &counts)).collect();
    }
    let newest: Vec<usize> = units.iter().map(|unit| unit.changes.len()).collect();
    let oldest = vec![0; units.len()];
    let mut chosen = vec![newest.clone(), oldest.clone()];
    // All that was done until some moment, and all that was done after it.
    let moments: BTreeSet<usize> = units.iter().flat_map(|unit| unit.changes.iter().copied()).collect();
    for moment in moments {
        let before = |unit: &Unit| unit.changes.iter().filter(|at| **at <= moment).count();
        chosen.push(units.iter().map(before).collect());
        let is_later = |unit: &Unit| unit.changes.last().is_some_and(|at| *at > moment);
        chosen.push(units.iter().map(|unit| if is_later(unit) { unit.changes.len() } else { 0 }).collect());
    }
    // Each alone in every one of its ways, among the newest and among the oldest; then each pair.
    for (at, count) in counts.iter().enumerate() {
        for way in 0..*count {
            chosen.extend([&newest, &oldest].map(|others| with(others, &[(at, way)])));
        }
    }
    if breadth == Breadth::Narrow {
        return chosen;
    }
    if units.len() <= PAIRS_MAX {
        let pairs = (0..units.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
        for (one, other) in pairs {
            chosen.push(with(&newest, &[(one, 0), (other, 0)]));
            let both = [one, other].map(|at| (at, newest.get(at).copied().unwrap_or(0)));
            chosen.push(with(&oldest, &both));
        }
    }
    let luck =
        |seed: u64| counts.iter().zip(0_u64..).map(|(count, at)| dice(seed * 1_009 + at, *count)).collect();
    chosen.extend((0..LUCKY).map(luck));
    chosen
}

/// A number in the mixed base of `counts`.
fn digits(number: usize, counts: &[usize]) -> Vec<usize> {
    let mut rest = number;
    let digit = |count: &usize| {
        let digit = rest % count;
        rest /= count;
        digit
    };
    counts.iter().map(digit).collect()
}

fn with(others: &[usize], changes: &[(usize, usize)]) -> Vec<usize> {
    let mut ways = others.to_vec();
    for (at, way) in changes {
        ways.get_mut(*at).into_iter().for_each(|place| *place = *way);
    }
    ways
}

/// A number below `sides`, the same for the same seed (SplitMix64).
#[must_use]
pub fn dice(seed: u64, sides: usize) -> usize {
    let mut mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let sides = u64::try_from(sides.max(1)).unwrap_or(1);
    usize::try_from((mixed ^ (mixed >> 31)) % sides).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::persistence::{
        operation::{Kind, ROOT},
        tree::Entry,
    };

    fn old() -> Tree {
        Tree(BTreeMap::from([("file".to_owned(), Entry::of_bytes(0o644, b"old"))]))
    }

    fn at_the_end(start: &Tree, operations: &[Operation], flaw: Flaw) -> Vec<Found> {
        let collection = Collection::new(Breadth::Full, flaw, "..luck");
        collection.states(&Live::new("/x", start), operations, operations.len())
    }

    /// The contents under `file` that are possible after all of these operations.
    fn contents(operations: &[Operation], flaw: Flaw) -> BTreeSet<Option<Vec<u8>>> {
        at_the_end(&old(), operations, flaw).iter().map(|found| found.tree.file("file")).collect()
    }

    /// The classic: a temporary file, renamed over the one that is there.
    fn replacement() -> Vec<Operation> {
        let (from, to) = ("new".to_owned(), "file".to_owned());
        vec![
            Operation::Make { folder: ROOT, name: from.clone(), inode: 2, kind: Kind::File(0o644) },
            Operation::Write { inode: 2, offset: 0, bytes: b"new".to_vec() },
            Operation::Sync { inode: 2 },
            Operation::Rename { folder: ROOT, from, to, inode: 2 },
            Operation::Sync { inode: ROOT },
        ]
    }

    fn some(contents: &[&[u8]]) -> BTreeSet<Option<Vec<u8>>> {
        contents.iter().map(|content| Some(content.to_vec())).collect()
    }

    #[test]
    fn a_replacement_is_old_or_new_and_at_its_end_new() {
        let all_synced = replacement();
        assert_eq!(contents(&all_synced, Flaw::None), some(&[b"new"]));
        assert_eq!(contents(&all_synced[..4], Flaw::None), some(&[b"old", b"new"]));
        assert_eq!(contents(&all_synced, Flaw::FoldersNotSynced), some(&[b"old", b"new"]));
    }

    #[test]
    fn a_rename_over_a_file_that_was_not_synced_may_leave_nothing_or_zeros_of_it() {
        assert_eq!(contents(&replacement(), Flaw::FilesNotSynced), some(&[b"", b"\0\0\0", b"new"]));
        assert_eq!(contents(&replacement(), Flaw::OneNotSynced(0)), some(&[b"", b"\0\0\0", b"new"]));
    }

    #[test]
    fn pages_of_one_write_come_in_any_order_and_may_be_torn() {
        let start = Tree(BTreeMap::from([("file".to_owned(), Entry::of_bytes(0o644, &[1; 8_192]))]));
        let write = Operation::Write { inode: 1, offset: 0, bytes: vec![2; 8_192] };
        let end = at_the_end(&start, &[write], Flaw::None);
        // Old, new, and two ways to be torn, for each page.
        assert_eq!(end.len(), 16);
        assert!(end.iter().any(|found| {
            let bytes = found.tree.file("file").unwrap();
            bytes[..4_096] == [1; 4_096] && bytes[4_096..6_144] == [2; 2_048] && bytes[6_144..] == [1; 2_048]
        }));
    }

    #[test]
    fn pages_behind_a_sync_that_failed_may_be_lost_until_they_are_written_again() {
        let write = || Operation::Write { inode: 1, offset: 0, bytes: b"new".to_vec() };
        let (failed, synced) = (Operation::SyncFailed { inode: 1 }, Operation::Sync { inode: 1 });
        let once = [write(), failed.clone(), synced.clone()];
        assert!(contents(&once, Flaw::None).contains(&Some(b"old".to_vec())));
        let again = [write(), failed, write(), synced];
        assert_eq!(contents(&again, Flaw::None), some(&[b"new"]));
    }

    #[test]
    fn where_combinations_are_too_many_prefixes_suffixes_singles_and_pairs_are_among_them() {
        let make = |number: usize| Operation::Make {
            folder: ROOT,
            name: format!("n{number:02}"),
            inode: 2 + number,
            kind: Kind::Folder(0o755),
        };
        let operations: Vec<Operation> = (0..12).map(make).collect();
        let end = at_the_end(&old(), &operations, Flaw::None);
        let names = |found: &Found| found.tree.0.keys().filter(|key| key.starts_with('n')).cloned().collect();
        let sets: BTreeSet<BTreeSet<String>> = end.iter().map(names).collect();
        let set = |numbers: &[usize]| numbers.iter().map(|number| format!("n{number:02}")).collect();
        let every: Vec<usize> = (0..12).collect();
        for wanted in [&every[..0], &every[..5], &every[7..], &[3], &[3, 9]] {
            assert!(sets.contains(&set(wanted)), "{wanted:?}");
        }
        let without: Vec<usize> = every.iter().copied().filter(|number| ![2, 8].contains(number)).collect();
        assert!(sets.contains(&set(&without)));
    }
}
