//! The whole matrix: three releases, and every application through all of them at once.

use std::{
    fs, io,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use crate::{
    Arguments,
    build::{self, Places},
    lab::Lab,
    output, page,
    results::{Measured, Results},
    row::{self, Row},
    stack::{Means, Peers, Stack},
    stacks,
};

/// Runs everything and prints what was measured; true where it passed.
pub(crate) fn all(arguments: &Arguments) -> io::Result<bool> {
    let places = Places {
        root: fs::canonicalize(&arguments.root)?,
        built: arguments.built.clone(),
        prefix: arguments.prefix.clone(),
    };
    let wanted = arguments.only.as_deref().unwrap_or_default();
    let stacks: Vec<Stack> =
        stacks::all(&places).into_iter().filter(|stack| stack.name.contains(wanted)).collect();
    let measured = measure(&stacks, &places, arguments)?;
    let results = Results::new(measured, arguments.patience_seconds, arguments.only.is_none());
    output::results(&results, arguments.json)?;
    let readme = places.root.join("README.md");
    if arguments.write_readme {
        page::write(&readme, &results)?;
        return Ok(results.passed);
    }
    let differences = page::differences(&readme, &results)?;
    differences.iter().for_each(output::complain);
    if !differences.is_empty() {
        output::say("write it anew with: cargo xtask apps --write-readme");
    }
    Ok(results.passed && differences.is_empty())
}

fn measure(stacks: &[Stack], places: &Places, arguments: &Arguments) -> io::Result<Vec<Measured>> {
    let standings: Vec<Standing<'_>> = stacks.iter().map(|stack| Standing::of(stack, places)).collect();
    let folder = tempfile::tempdir()?;
    let usable = || standings.iter().filter(|standing| standing.fault.is_none());
    let hooks: Vec<(String, PathBuf)> = usable()
        .flat_map(|standing| {
            standing.stack.rows.iter().filter_map(|plan| plan.hook_name(standing.stack.name))
        })
        .map(|name| (name.clone(), row::pid_file(folder.path(), &name)))
        .collect();
    let with_brokers = usable().any(|standing| standing.stack.peers == Peers::Brokers);
    output::say("lab: an operator with three releases, a device, and servers under both roots");
    let mut lab = Lab::new(&hooks, with_brokers)?;
    let patience = Duration::from_secs(arguments.patience_seconds);
    let mut rows = Vec::new();
    for standing in usable() {
        let Some(pair) = lab.pair(standing.stack.peers) else { continue };
        for (number, plan) in standing.stack.rows.iter().enumerate() {
            let own = folder.path().join(format!("{}-{number}", plain(standing.stack.name)));
            let folders = (own, folder.path().to_path_buf());
            rows.push(Row::new(standing.stack.name, plan, pair.clone(), lab.device(), folders, patience));
        }
    }
    through(&mut lab, &mut rows)?;
    let mut measured: Vec<Measured> = rows.iter().map(Measured::of).collect();
    require_told(&lab, &rows, &mut measured)?;
    drop(rows);
    for standing in standings {
        measured.extend(standing.rows());
    }
    Ok(measured)
}

/// Everybody through the three releases, at the same time.
fn through(lab: &mut Lab, rows: &mut [Row<'_>]) -> io::Result<()> {
    output::say(format_args!("release 1: {} applications start", rows.len()));
    each(rows, Row::begin);
    lab.follow()?;
    output::say("release 2: the new root is added");
    let since = lab.add()?;
    each(rows, |row| row.add(since));
    output::say("release 3: the old root is removed");
    let since: Instant = lab.remove()?;
    each(rows, |row| row.remove(since));
    Ok(())
}

fn each<'a>(rows: &mut [Row<'a>], part: impl Fn(&mut Row<'a>) + Sync) {
    thread::scope(|scope| {
        for row in rows {
            let part = &part;
            scope.spawn(move || part(row));
        }
    });
}

/// A row that is said to have been told must have been: the device's own status says so.
fn require_told(lab: &Lab, rows: &[Row<'_>], measured: &mut [Measured]) -> io::Result<()> {
    let told = rows.iter().zip(measured).filter(|(row, _)| row.plan.means == Means::Hook);
    for (row, measured) in told {
        let Some(name) = row.plan.hook_name(row.stack) else { continue };
        let status = lab.status()?;
        if !is_told(&status, &name) {
            measured.passed = false;
            measured.reason = Some(format!("the agent's status does not say that {name} was told: {status}"));
        }
    }
    Ok(())
}

/// Whether status says that the application of this name was told of the newest release.
fn is_told(status: &serde_json::Value, name: &str) -> bool {
    let mut subjects = status["applications"]["subjects"].as_array().into_iter().flatten();
    subjects.any(|subject| {
        subject["application"] == name && subject["outcome"] == "told" && subject["is_well"] == true
    })
}

/// A stack's name as part of a file's.
pub(crate) fn plain(name: &str) -> String {
    let letter =
        |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let text: String = name.chars().map(letter).collect();
    text.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// A stack on this machine.
struct Standing<'a> {
    stack: &'a Stack,
    /// What is missing, and true where something failed that should work.
    fault: Option<(String, bool)>,
}

impl<'a> Standing<'a> {
    fn of(stack: &'a Stack, places: &Places) -> Self {
        output::say(format_args!("build: {}", stack.name));
        let fault = match build::missing(stack) {
            Some(missing) => Some((missing, false)),
            None => build::client(stack, places).err().map(|error| (error.to_string(), true)),
        };
        if let Some((fault, _)) = &fault {
            output::say(format_args!("  {fault}"));
        }
        Self { stack, fault }
    }

    /// The rows of a stack that cannot run: one that cannot be built counts, one that is not there does not.
    fn rows(self) -> impl Iterator<Item = Measured> + 'a {
        let fault = self.fault;
        self.stack.rows.iter().filter_map(move |plan| {
            let (reason, is_counted) = fault.clone()?;
            let row = Measured::not_installed(self.stack.name, plan, reason);
            Some(Measured { installed: is_counted, ..row })
        })
    }
}
