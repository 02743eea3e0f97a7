//! Everything, one part after the other.

use std::{fs, io, time::Instant};

use system_tests::persistence::states::Flaw;

use crate::{
    Arguments, cuts, faults,
    figures::Figures,
    output, real,
    scene::{Scene, exports},
    story::Story,
    work::{Bench, Tally},
};

/// The words of one cycle.
const RUN: &[&str] = &["run", "--once"];

/// Complaints that the end of the run repeats.
const COMPLAINTS_REPEATED: usize = 8;

/// A part of the run: which story, and what is done to it.
type Part = (&'static str, fn(&Story, &mut Figures) -> io::Result<Tally>);

/// What is done to each story.
const PARTS: [Part; 4] = [
    ("power cuts", power_cuts),
    ("kills, then power cuts", kills),
    ("without syncs", without_syncs),
    ("failing calls", failing_calls),
];

/// Runs every part that is asked for; true where those are all, and nothing was lost.
///
/// # Errors
/// A part cannot run at all.
pub(crate) fn all(arguments: &Arguments) -> io::Result<bool> {
    let wanted = |name: &str| arguments.only.as_deref().is_none_or(|text| name.contains(text));
    let mut figures = Figures::default();
    let mut look = |story: &Story| -> io::Result<()> {
        figures.operations_recorded += u64::try_from(story.recording.operations.len()).unwrap_or(0);
        for (part, act) in PARTS {
            let name = format!("{}: {part}", story.name);
            if wanted(&name) {
                let started = Instant::now();
                let tally = act(story, &mut figures)?;
                told(&name, &tally, started);
                figures.complaints.extend(tally.complaints);
            }
        }
        Ok(())
    };
    let mut scene = Scene::new()?;
    let bench = Bench::new()?;
    let folder = bench.cleared();
    fs::create_dir_all(&folder)?;
    scene.provision(&folder)?;
    let newest = scene.publish(&[0, 1, 2], &[]);
    look(&Story::record("first installation", RUN, &folder, newest)?)?;
    let newest = scene.publish(&[0, 1], &[2]);
    look(&Story::record("update", RUN, &folder, newest)?)?;
    fs::remove_dir_all(exports(&folder))?;
    look(&Story::record("exports made anew", &["export"], &folder, newest)?)?;
    let name = "real file system";
    if wanted(name) {
        let started = Instant::now();
        let real = real::apart()?;
        let (cases, lost) = (real.kills + real.ext4_cuts, real.kills_lost + real.ext4_cuts_lost);
        told(name, &Tally { cases, lost, complaints: real.complaints.clone() }, started);
        figures.absorb_real(real);
    }
    if arguments.json {
        output::object(&figures)?;
    } else {
        output::table(&figures)?;
    }
    // Once more, where whoever reads only the end finds them.
    let complaints = figures.complaints.iter().take(COMPLAINTS_REPEATED);
    complaints.for_each(|complaint| output::say(format_args!("LOST: {complaint}")));
    Ok(arguments.only.is_none() && figures.passed())
}

fn told(name: &str, tally: &Tally, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    output::say(format_args!("{name}: {} looked at, {} lost, in {seconds:.1} s", tally.cases, tally.lost));
    tally.complaints.iter().for_each(|complaint| output::say(format_args!("LOST: {complaint}")));
}

fn power_cuts(story: &Story, figures: &mut Figures) -> io::Result<Tally> {
    Ok(states(cuts::all(story)?, figures))
}

fn kills(story: &Story, figures: &mut Figures) -> io::Result<Tally> {
    Ok(states(cuts::after_kills(story)?, figures))
}

fn states(found: cuts::Cuts, figures: &mut Figures) -> Tally {
    figures.states_explored += found.states.cases;
    figures.states_lost += found.states.lost;
    figures.restarts += found.restarts;
    found.states
}

/// Without syncs something is lost, or the judgement sees nothing.
fn without_syncs(story: &Story, _: &mut Figures) -> io::Result<Tally> {
    let mut tally = Tally::default();
    for flaw in [Flaw::FilesNotSynced, Flaw::FoldersNotSynced] {
        let is_noticed = cuts::notices(story, flaw)?;
        tally.count(if is_noticed {
            Ok(())
        } else {
            Err(format!("{}: nobody notices {flaw:?}", story.name))
        });
    }
    Ok(tally)
}

fn failing_calls(story: &Story, figures: &mut Figures) -> io::Result<Tally> {
    let failures = faults::all(story)?;
    figures.calls_failed += failures.tally.cases;
    figures.failures_lost += failures.tally.lost;
    figures.states_explored += failures.states;
    for (ending, count) in failures.endings {
        *figures.endings.entry(ending).or_default() += count;
    }
    Ok(failures.tally)
}
