//! A run of the real agent that is recorded, and what must be true on its way and at its end.

use std::{fs, io, path::Path, process::Command};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
use store::Floors;
use system_tests::persistence::{
    operation::Operation,
    recorder::Recording,
    tree::{Entry, Tree},
};

use crate::{
    judge::{self, Rule},
    scene,
};

/// Where the exports in force are, from the device's folder.
const CURRENT: &str = "var/trust/..data";

/// One run, from the files before it to those after it.
pub(crate) struct Story {
    /// What happens in it.
    pub(crate) name: &'static str,
    /// The words of the agent's command.
    pub(crate) words: &'static [&'static str],
    /// What was recorded.
    pub(crate) recording: Recording,
    /// What must be true of every state on the way.
    pub(crate) on_the_way: Rule,
    /// What must be true once the run has said that it is done.
    pub(crate) at_the_end: Rule,
}

impl Story {
    /// Runs the agent on the device in `folder`, which ends with `newest`.
    pub(crate) fn record(
        name: &'static str,
        words: &'static [&'static str],
        folder: &Path,
        newest: u32,
    ) -> io::Result<Self> {
        let other = |complaint: String| io::Error::other(format!("{name}: {complaint}"));
        let before = judge::journal(folder).map_err(other)?;
        let (present, floors) = match judge::installed(folder) {
            Ok(installed) => (installed.order().number, before.as_ref().map(|(_, record)| record.floors)),
            Err(complaint) => return Err(other(complaint)),
        };
        let had_exports = judge::shown(folder).map_err(other)?.is_some();
        freshen(&scene::exports(folder))?;
        let command = scene::agent(folder, words)?;
        let recording = Recording::of(folder, &command, None)?;
        recording.ended.clone().success()?;
        let shown = generations(&recording);
        shown.iter().try_for_each(judge::whole).map_err(other)?;
        let last = judge::shown(folder).map_err(other)?.ok_or_else(|| other("nothing is exported".into()))?;
        let after =
            judge::journal(folder).map_err(other)?.map_or_else(Floors::default, |(_, record)| record.floors);
        let on_the_way = Rule {
            releases: (present..=newest).collect(),
            floors: floors.unwrap_or_default(),
            has_store: before.is_some(),
            has_exports: had_exports,
            shown: shown.iter().map(judge::placeless).collect(),
        };
        let at_the_end = Rule {
            releases: vec![newest],
            floors: after,
            has_store: true,
            has_exports: true,
            shown: vec![judge::placeless(&last)],
        };
        at_the_end.judge(folder).map_err(other)?;
        Ok(Self { name, words, recording, on_the_way, at_the_end })
    }

    /// The command of this story on a device in another folder.
    pub(crate) fn command(&self, folder: &Path) -> io::Result<Command> {
        scene::agent(folder, self.words)
    }
}

/// Where a run was after so many operations, for a complaint.
pub(crate) fn moment(run: &Recording, after: usize) -> String {
    let last = after.checked_sub(1).and_then(|at| run.operations.get(at));
    format!("after {after} operations, the last of them {}", last.map_or("none", word))
}

/// What was exported at each moment of a run, each once.
fn generations(recording: &Recording) -> Vec<Tree> {
    let mut live = recording.start.clone();
    let mut found: Vec<Tree> = Vec::new();
    let mut look = |tree: &Tree| {
        if let Some(Entry::Link(target)) = tree.0.get(CURRENT) {
            let exports = tree.below(&format!("var/trust/{target}"));
            if !found.contains(&exports) {
                found.push(exports);
            }
        }
    };
    look(&live.tree());
    for operation in &recording.operations {
        live.apply(operation);
        if matches!(operation, Operation::Rename { .. } | Operation::Make { .. }) {
            look(&live.tree());
        }
    }
    found
}

const fn word(operation: &Operation) -> &'static str {
    match operation {
        Operation::Make { .. } => "a new file, folder or link",
        Operation::Name { .. } => "a second name",
        Operation::Rename { .. } => "a rename",
        Operation::Remove { .. } => "a removal",
        Operation::Write { .. } => "a write",
        Operation::Resize { .. } => "a new length",
        Operation::Mode { .. } => "new permission bits",
        Operation::Sync { .. } => "a sync",
        Operation::SyncFailed { .. } => "a sync that failed",
    }
}

/// Marks everything in a folder as changed now. The agent removes a generation that was replaced a minute ago, and states
/// are made anew each time: what is recorded must not depend on how long this machine took to come here.
fn freshen(folder: &Path) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    for entry in fs::read_dir(folder)? {
        utimensat(CWD, entry?.path(), &times, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}
