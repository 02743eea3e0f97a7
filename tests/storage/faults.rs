//! Every call that writes fails once, with each of three errors: what the real agent makes of it.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
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
    process::{self, Ended},
};

use crate::{
    cuts::LUCK,
    judge, scene,
    story::Story,
    work::{Bench, Tally, each, named, text},
};

/// A full disk, a broken one, and one that went read-only.
const ERRORS: [&str; 3] = ["ENOSPC", "EIO", "EROFS"];
/// The error after which the next run is recorded too.
const RECORDED: &str = "EIO";
/// How often a call is looked for. `strace` counts all calls of a name, those that wake another thread too, and how many
/// of these there are hangs on the machine's pace.
const TRIES: usize = 8;

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
    let points = points(&story.recording);
    let collection = || Collection::new(Breadth::Narrow, Flaw::None, LUCK);
    let (on_the_way, at_the_end) = (collection(), collection());
    let trial = Trial { story, on_the_way, at_the_end, states: AtomicU64::new(0) };
    let endings = Mutex::new(BTreeMap::new());
    let tally = each(&points, None, |point, bench| {
        let Fault { call, number, error } = &point.fault;
        let case = format!("{}, {error} at call {number} of {call}", story.name);
        let ending = trial.of(point, bench).map_err(|complaint| format!("{case}: {complaint}"))?;
        *endings.lock().unwrap_or_else(PoisonError::into_inner).entry(ending).or_default() += 1;
        Ok(())
    })?;
    let endings = endings.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Failures { tally, states: trial.states.into_inner(), endings })
}

/// One call of a story that is made to fail.
struct Point {
    /// Where it was met in the story, and the error.
    fault: Fault,
    /// How many calls of its name had changed the files before it: what it is known by in another run.
    before: usize,
}

/// Every call behind the operations of a story, with each error.
fn points(recording: &Recording) -> Vec<Point> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut points = Vec::new();
    for (call, number) in &recording.calls {
        let count = seen.entry(&call.name).or_default();
        let before = *count;
        *count += 1;
        let fault = |error| Fault { call: call.name.clone(), number: *number, error };
        points.extend(ERRORS.map(|error| Point { fault: fault(error), before }));
    }
    points
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
    fn of(&self, point: &Point, bench: &Bench) -> Result<String, String> {
        let (recording, folder) = struck(self.story, point, bench)?;
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
        if point.fault.error == RECORDED {
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
fn struck(story: &Story, point: &Point, bench: &Bench) -> Result<(Recording, PathBuf), String> {
    let mut fault = point.fault.clone();
    let mut met = Vec::new();
    for _ in 0..TRIES {
        let folder = bench.cleared();
        at_home(story, &folder)?;
        let command = story.command(&folder).map_err(text)?;
        let recording = Recording::of(&folder, &command, Some(&fault)).map_err(text)?;
        let place = place(&recording, &folder);
        if place == Some(Place { before: point.before, is_of_files: true }) {
            return Ok((recording, folder));
        }
        met.push(format!("{} of {}: {place:?}", fault.number, fault.call));
        // A call before the one that is meant: that one has a higher number in this run, or the run had fewer calls.
        let is_early = place.is_some_and(|place| place.before <= point.before);
        fault.number = if is_early { fault.number + 1 } else { fault.number.saturating_sub(1).max(1) };
    }
    Err(format!("the call was not met: {}", met.join(", ")))
}

/// Writes the files before the story. Exports name the place where they stand, and an agent that finds another one there
/// makes them anew before anything else: here that is done before, as on a device that was never moved.
fn at_home(story: &Story, folder: &Path) -> Result<(), String> {
    story.recording.start.tree().write(folder).map_err(text)?;
    if judge::shown(folder)?.is_some() {
        let ended = process::run(&mut scene::agent(folder, &["export"]).map_err(text)?, "").map_err(text)?;
        ended.success().map_err(text)?;
    }
    Ok(())
}

/// Which call failed in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// Calls of its name that had changed the files before.
    before: usize,
    /// Whether it was meant for the files: others wake threads, and write to sockets.
    is_of_files: bool,
}

/// The first call that failed; `None` where none did.
fn place(recording: &Recording, folder: &Path) -> Option<Place> {
    let calls = &recording.calls;
    let at = calls.iter().position(|(call, _)| call.is_injected)?;
    let (call, _) = calls.get(at)?;
    let before = calls.iter().take(at).filter(|(earlier, _)| earlier.name == call.name).count();
    Some(Place { before, is_of_files: call.names(&folder.to_string_lossy()) })
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
