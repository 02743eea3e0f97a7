//! Power cuts in a recorded run: every state that may be found, judged, and started on.

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use system_tests::persistence::{
    recorder::Recording,
    states::{Breadth, Collection, Flaw, Found},
};

use crate::{
    judge,
    story::{Story, moment},
    work::{Bench, Tally, each, named, text},
};

/// From one state of so many, the real agent runs to its end.
const RESTART_STRIDE: usize = 16;
/// How the names of temporary files begin; the rest of them is luck.
pub(crate) const LUCK: &str = "..temporary-";
/// One operation of so many at which a run is killed and another one is recorded.
const KILL_STRIDE: usize = 4;

/// What came of a run's power cuts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cuts {
    /// States, and those lost.
    pub(crate) states: Tally,
    /// States from which the real agent ran to its end.
    pub(crate) restarts: u64,
}

/// Looks at every state of a story, and lets the agent go on from some.
pub(crate) fn all(story: &Story) -> io::Result<Cuts> {
    let collection = Collection::new(Breadth::Full, Flaw::None, LUCK);
    let found = of_run(&collection, &story.recording, 0, "");
    let mut states = each(&found, None, |case, bench| case.judge(story, bench))?;
    let some: Vec<&Case> = found.iter().step_by(RESTART_STRIDE).collect();
    let restarts = each(&some, None, |case, bench| case.run_again(story, bench))?;
    let cuts = restarts.cases;
    states.add(Tally { cases: 0, ..restarts });
    Ok(Cuts { states, restarts: cuts })
}

/// Looks at states without some of the syncs, until one is lost; `false` where none is.
pub(crate) fn notices(story: &Story, flaw: Flaw) -> io::Result<bool> {
    let collection = Collection::new(Breadth::Narrow, flaw, LUCK);
    let found = of_run(&collection, &story.recording, 0, "");
    Ok(each(&found, Some(1), |case, bench| case.judge(story, bench))?.lost > 0)
}

/// The agent is killed after some operation and started again, and the power fails after that: what the first run left
/// in the cache only must not be taken for durable.
pub(crate) fn after_kills(story: &Story) -> io::Result<Cuts> {
    let killed: Vec<usize> = (0..story.recording.operations.len()).step_by(KILL_STRIDE).collect();
    let collection = Collection::new(Breadth::Narrow, Flaw::None, LUCK);
    let states = Mutex::new(Tally::default());
    let mut restarts = each(&killed, None, |after, bench| {
        let folder = bench.cleared();
        let live = story.recording.after(*after);
        live.tree().write(&folder).map_err(text)?;
        let command = story.command(&folder).map_err(text)?;
        let recording = Recording::resumed(&live, &folder, &command, None).map_err(text)?;
        let place = moment(&story.recording, *after);
        let result = recording.ended.clone().success().map(drop).map_err(text);
        let result = result.and_then(|()| story.at_the_end.judge(&folder));
        named(format!("{}, killed {place}", story.name), result)?;
        let mut tally = Tally::default();
        for case in of_run(&collection, &recording, 1, &format!("killed {place}, started again, ")) {
            tally.count(case.judge(story, bench));
        }
        states.lock().unwrap_or_else(PoisonError::into_inner).add(tally);
        Ok(())
    })?;
    let count = std::mem::take(&mut restarts.cases);
    let mut states = states.into_inner().unwrap_or_else(PoisonError::into_inner);
    states.add(restarts);
    Ok(Cuts { states, restarts: count })
}

/// A state to be judged, and how it came about.
struct Case {
    state: Found,
    place: String,
}

fn of_run(collection: &Collection, run: &Recording, from: usize, before: &str) -> Vec<Case> {
    let states = collection.states(&run.start, &run.operations, from);
    let case = |state: Found| {
        let place = format!("{before}power cut {}", moment(run, state.after));
        Case { state, place }
    };
    states.into_iter().map(case).collect()
}

impl Case {
    /// What applications find, and what they find once the exports were made again.
    fn judge(&self, story: &Story, bench: &Bench) -> Result<(), String> {
        let folder = bench.cleared();
        self.state.tree.write(&folder).map_err(text)?;
        let rule = if self.state.is_end { &story.at_the_end } else { &story.on_the_way };
        let result = rule.judge(&folder).and_then(|()| judge::export_again(&folder));
        named(format!("{}, {}", story.name, self.place), result)
    }

    /// What the real agent makes of it.
    fn run_again(&self, story: &Story, bench: &Bench) -> Result<(), String> {
        let folder = bench.cleared();
        self.state.tree.write(&folder).map_err(text)?;
        named(
            format!("{}, {}", story.name, self.place),
            judge::run_again(&folder, story.command(&folder).map_err(text)?, &story.at_the_end),
        )
    }
}
