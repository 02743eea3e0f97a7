//! Every call that writes fails once, with each of three errors: what the real agent makes of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use system_tests::{
    persistence::{
        live::Live,
        recorder::{Fault, Recording},
        states::{Breadth, Collection, Flaw},
    },
    process::Ended,
};

use crate::{
    cuts::LUCK,
    judge,
    story::Story,
    work::{Bench, Tally, each, named, text},
};

/// A full disk, a broken one, and one that went read-only.
const ERRORS: [&str; 3] = ["ENOSPC", "EIO", "EROFS"];
/// The error after which the next run is recorded too.
const RECORDED: &str = "EIO";
/// How often a call is looked for: its number can move by one where the system interrupts something.
const TRIES: usize = 3;

/// What came of all failures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failures {
    /// Failures, and those that were not borne.
    pub(crate) tally: Tally,
    /// States after a power cut behind a failure.
    pub(crate) states: u64,
    /// How the runs ended: exit code, name, and how many did.
    pub(crate) endings: BTreeMap<String, u64>,
}

/// Makes each call of a story fail.
pub(crate) fn all(story: &Story) -> io::Result<Failures> {
    let calls = story.recording.calls.iter();
    let points: BTreeSet<Fault> = calls.flat_map(|(call, number)| of_call(&call.name, *number)).collect();
    let points: Vec<Fault> = points.into_iter().collect();
    let collection = || Collection::new(Breadth::Narrow, Flaw::None, LUCK);
    let (on_the_way, at_the_end) = (collection(), collection());
    let trial = Trial { story, on_the_way, at_the_end, states: AtomicU64::new(0) };
    let endings = Mutex::new(BTreeMap::new());
    let tally = each(&points, None, |fault, bench| {
        let Fault { call, number, error } = fault;
        let case = format!("{}, {error} at call {number} of {call}", story.name);
        let ending = trial.of(fault, bench).map_err(|complaint| format!("{case}: {complaint}"))?;
        *endings.lock().unwrap_or_else(PoisonError::into_inner).entry(ending).or_default() += 1;
        Ok(())
    })?;
    let endings = endings.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Failures { tally, states: trial.states.into_inner(), endings })
}

fn of_call(name: &str, number: usize) -> [Fault; 3] {
    ERRORS.map(|error| Fault { call: name.to_owned(), number, error })
}

/// One story in which calls fail, and the states after power cuts that were judged already.
struct Trial<'s> {
    story: &'s Story,
    on_the_way: Collection,
    at_the_end: Collection,
    states: AtomicU64,
}

impl Trial<'_> {
    /// How the run ended, where everything was as it must be.
    fn of(&self, fault: &Fault, bench: &Bench) -> Result<String, String> {
        let (recording, folder) = struck(self.story, fault, bench)?;
        let ending = Ending::of(&recording.ended)?;
        let heard = |complaint: String| {
            format!("{complaint}; the agent said {}\n{}", ending.name, said(&recording.ended))
        };
        // Whoever was told that it is done finds it done; everybody finds something whole.
        let rule = if ending.is_done { &self.story.at_the_end } else { &self.story.on_the_way };
        rule.judge(&folder).map_err(heard)?;
        self.power_cut(&recording, ending.is_done, bench).map_err(heard)?;
        // The fault is gone: the next run installs. What it says lasts, whichever error came before: one is enough.
        let live = recording.after(recording.operations.len()).believed();
        if fault.error == RECORDED {
            let next = again(self.story, &live, bench).map_err(heard)?;
            let told = |complaint| heard(format!("the next run, {complaint}"));
            self.power_cut(&next, true, bench).map_err(told)?;
        } else {
            let folder = bench.cleared();
            live.tree().write(&folder).map_err(text)?;
            let command = self.story.command(&folder).map_err(text)?;
            judge::run_again(&folder, command, &self.story.at_the_end).map_err(heard)?;
        }
        Ok(ending.name)
    }

    /// The power fails after the run has ended.
    fn power_cut(&self, recording: &Recording, is_done: bool, bench: &Bench) -> Result<(), String> {
        let (collection, rule) = if is_done {
            (&self.at_the_end, &self.story.at_the_end)
        } else {
            (&self.on_the_way, &self.story.on_the_way)
        };
        let operations = &recording.operations;
        for found in collection.states(&recording.start, operations, operations.len()) {
            self.states.fetch_add(1, Ordering::Relaxed);
            let folder = bench.cleared();
            found.tree.write(&folder).map_err(text)?;
            named("after a power cut", rule.judge(&folder))?;
        }
        Ok(())
    }
}

/// A run in which the call really failed.
fn struck(story: &Story, fault: &Fault, bench: &Bench) -> Result<(Recording, PathBuf), String> {
    for _ in 0..TRIES {
        let folder = bench.cleared();
        story.recording.start.tree().write(&folder).map_err(text)?;
        let command = story.command(&folder).map_err(text)?;
        let recording = Recording::of(&folder, &command, Some(fault)).map_err(text)?;
        let injected: Vec<_> = recording.calls.iter().filter(|(call, _)| call.is_injected).collect();
        let inside = folder.to_string_lossy();
        if injected.len() == 1 && injected.iter().all(|(call, _)| call.names(&inside)) {
            return Ok((recording, folder));
        }
    }
    Err("the call was not met".to_owned())
}

fn again(story: &Story, live: &Live, bench: &Bench) -> Result<Recording, String> {
    let folder = bench.cleared();
    live.tree().write(&folder).map_err(text)?;
    let command = story.command(&folder).map_err(text)?;
    let recording = Recording::resumed(live, &folder, &command, None).map_err(text)?;
    let ended = &recording.ended;
    if !ended.status.success() {
        return Err(format!("the next run failed: {}", said(ended)));
    }
    named("after the next run", story.at_the_end.judge(&folder))?;
    Ok(recording)
}

/// How a run ended, as its caller sees it.
struct Ending {
    name: String,
    is_done: bool,
}

impl Ending {
    /// Exit code and stable name: of the reason where there was a cycle, else of the error.
    fn of(ended: &Ended) -> Result<Self, String> {
        let code = ended.status.code().ok_or_else(|| format!("the agent crashed: {}", said(ended)))?;
        if ![0, 5].contains(&code) {
            return Err(format!("the agent ended with exit code {code}: {}", said(ended)));
        }
        let answer: serde_json::Value = serde_json::from_str(&ended.output).unwrap_or_default();
        let named = |text: &str| {
            let object: serde_json::Value = serde_json::from_str(text).ok()?;
            object["code"].as_str().map(str::to_owned)
        };
        let reason = answer["reason"].as_str().or_else(|| answer["release"].as_str().map(|_| "exported"));
        let reason = reason.map(str::to_owned).or_else(|| ended.errors.lines().find_map(named));
        let name = reason.ok_or_else(|| format!("the agent gave no reason: {}", said(ended)))?;
        let is_pending = answer["export_pending"].as_bool() == Some(true);
        let pending = if is_pending { ", exports pending" } else { "" };
        Ok(Self { name: format!("exit code {code}, {name}{pending}"), is_done: code == 0 })
    }
}

/// What a run said, without the long command of its recording.
fn said(ended: &Ended) -> String {
    format!("{}\n{}{}", ended.status, ended.output, ended.errors)
}
