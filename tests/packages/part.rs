//! The parts of the run: each is one fact about what was made, and ends with a figure or a complaint.

use std::{io, time::Instant};

use serde::Serialize;

use crate::{Arguments, clock, cycle, install, made::Made, output, root};

/// What came of everything.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    /// True where all was asked for, and all of it passed.
    pub(crate) passed: bool,
    /// One entry for each part.
    pub(crate) parts: Vec<Outcome>,
    /// Parts that this machine cannot run, and why.
    pub(crate) not_run: Vec<String>,
}

/// What came of one part.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcome {
    name: String,
    passed: bool,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    complaint: Option<String>,
}

/// What a part found wrong, in words.
pub(crate) type Found = io::Result<()>;

/// A part of the run: its name, and what it does.
type Part<'m> = (String, Box<dyn Fn() -> Found + 'm>);

/// Runs every part that is asked for; true where those are all, and nothing is wrong.
///
/// # Errors
/// There is nothing to look at.
pub(crate) fn all(arguments: &Arguments) -> io::Result<bool> {
    let made = Made::read(&arguments.folder)?;
    let wanted = |name: &str| arguments.only.as_deref().is_none_or(|text| name.contains(text));
    let mut report = Report::default();
    let mut all = parts(&made);
    match root::obstacle() {
        None => all.extend(installations(&made)),
        Some(why) => {
            output::say(format_args!("not run here: packages on a machine of their own ({why})"));
            report.not_run.push(format!("packages on a machine of their own ({why})"));
        }
    }
    for (name, act) in all.into_iter().filter(|(name, _)| wanted(name)) {
        report.parts.push(outcome(name, act.as_ref()));
    }
    let all_passed = !report.parts.is_empty() && report.parts.iter().all(|part| part.passed);
    report.passed = arguments.only.is_none() && all_passed;
    output::object(&report)?;
    Ok(report.passed)
}

fn outcome(name: String, act: &dyn Fn() -> Found) -> Outcome {
    let started = Instant::now();
    let complaint = act().err().map(|error| error.to_string());
    let seconds = started.elapsed().as_secs_f64();
    let word = if complaint.is_none() { "ok" } else { "FAILED" };
    output::say(format_args!("{name}: {word} in {seconds:.1} s"));
    complaint.iter().for_each(|text| output::say(format_args!("WRONG: {text}")));
    Outcome { name, passed: complaint.is_none(), seconds, complaint }
}

fn parts(made: &Made) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for agent in made.programs_named("device-agent") {
        let target = &agent.target;
        parts.push((format!("{target}: installs, exports, says so"), Box::new(move || cycle::whole(agent))));
        // A static program of this machine's own kind asks the kernel, whose time has 64 bits.
        if let Some(emulator) = &agent.emulator {
            let name = format!("{target}: lives on after 2038");
            parts.push((name, Box::new(move || clock::after_2038(agent, emulator))));
        }
    }
    parts
}

/// Facts about the agent's package, wherever one is.
fn installations(made: &Made) -> Vec<Part<'_>> {
    type Act = fn(&crate::made::Package, &crate::made::Program) -> Found;
    const ACTS: [(&str, Act); 3] = [
        ("package leaves alone what is not its own", install::leaves_alone),
        ("package in a folder that others write", install::says_who_writes),
        ("package on a read-only root", install::works_on_a_frozen_root),
    ];
    let agents = made.programs_named("device-agent");
    let packaged = agents.filter_map(|agent| made.package_of(agent).map(|package| (agent, package)));
    packaged
        .flat_map(|(agent, package)| {
            ACTS.map(|(name, act)| -> Part<'_> {
                (format!("{}: {name}", agent.target), Box::new(move || act(package, agent)))
            })
        })
        .collect()
}

/// Something that must be so.
pub(crate) fn expect(is_so: bool, complaint: impl FnOnce() -> String) -> Found {
    if is_so { Ok(()) } else { Err(io::Error::other(complaint())) }
}
