//! `cargo xtask dist`: static programs for every Linux, their packages, and both at work.
//!
//! | part | what it is |
//! |---|---|
//! | [`target`] | the machines that packages are for |
//! | [`mod@build`] | static programs: Rust's library from source, C and musl by zig |
//! | [`debian`] | packages, by Debian's own tools |
//! | [`check`] | what lintian, man, the shells and systemd say of them |
//! | [`made`] | what was made, and what it weighs |
//!
//! What was made is in `target/dist`. The program `packages` of the tests then runs it: on this machine, under emulators.

mod build;
mod check;
mod debian;
mod made;
mod target;

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Serialize;
use serde_json::Value;

use crate::{
    cli::DistArgs,
    devkit::build_programs,
    failure::Failure,
    files, output, process,
    setup::{self, Consent},
    steps::Steps,
    test::PROGRAMS_VARIABLE,
    workspace,
};
use build::Builder;
use debian::Content;
use made::Made;
pub(crate) use target::Target;

/// Packages of this workspace that are made, in this order.
const PACKAGES: [&str; 2] = ["device-agent", "cloud-updater"];
/// The variable with which reproducible builds are told the time.
const EPOCH_VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// The command's answer.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    schema: &'static str,
    passed: bool,
    folder: &'a Path,
    source_date_epoch: u64,
    #[serde(flatten)]
    made: &'a Made,
    parts: &'a Value,
}

/// Builds, packs and tries everything.
///
/// # Errors
/// A missing tool, a build that fails, or something that does not work.
pub(crate) fn run(args: &DistArgs, consent: Consent) -> Result<(), Failure> {
    setup::require(&setup::FOR_PACKAGES, consent)?;
    let (targets, epoch) = (args.targets(), epoch()?);
    let folder = workspace::target().join("dist");
    let builder = if args.no_build { None } else { Some(Builder::find(&targets, &folder, epoch, consent)?) };
    let builds = PACKAGES.iter().filter(|package| !with(&targets, package).is_empty()).count();
    let further = if native(&targets).is_some() { 5 } else { 4 };
    let mut steps = Steps::new(builds.saturating_add(further));
    let mut made = Made::default();
    build(&targets, builder.as_ref(), &folder, &mut made, &mut steps);
    if steps.has_failed() {
        return steps.end();
    }
    steps.step("packages, twice with the same bytes", |bar| {
        bar.suspend(|| pack(&targets, &folder, epoch, &mut made))?;
        made.write(&folder)
    });
    steps.step("what lintian, man and the shells say of them", |_| look_at(&made, &folder));
    steps.step("what systemd says of the units", |bar| bar.suspend(|| check::units(&folder.join("root"))));
    let mut parts = Value::Null;
    steps.step("what was made, at work", |bar| {
        parts = bar.suspend(|| try_out(&folder))?;
        if parts["passed"] == true { Ok(()) } else { Err(Failure::Check("something is wrong".to_owned())) }
    });
    if let Some(native) = native(&targets) {
        steps.command("the README's commands, by the programs as packaged", &mut readme(&folder, native));
    }
    output::say(made.table());
    if args.json {
        let (passed, parts) = (!steps.has_failed(), &parts["parts"]);
        let (folder, made) = (folder.as_path(), &made);
        let answer = Answer { schema: "xtask.dist.1", passed, folder, source_date_epoch: epoch, made, parts };
        output::line(
            serde_json::to_string_pretty(&answer).map_err(|error| unreadable("the answer", &error))?,
        );
    }
    steps.end()
}

/// Builds every program, or takes what was built last where there is no builder.
fn build(targets: &[Target], builder: Option<&Builder>, folder: &Path, made: &mut Made, steps: &mut Steps) {
    for package in PACKAGES {
        let targets = with(targets, package);
        if targets.is_empty() {
            continue;
        }
        steps.step(&format!("{package} for {}", words(&targets)), |bar| {
            let watch = |line: &str| bar.set_message(line.trim().to_owned());
            builder.map_or(Ok(()), |builder| builder.programs(&targets, package, watch))?;
            targets.iter().try_for_each(|target| {
                made.place_program(&build::program(folder, *target, package), package, *target, folder)
            })
        });
    }
}

/// Those of the machines that a package's program is for.
fn with(targets: &[Target], package: &str) -> Vec<Target> {
    targets.iter().copied().filter(|target| target.packages().contains(&package)).collect()
}

fn words(targets: &[Target]) -> String {
    targets.iter().map(|target| target.word()).collect::<Vec<_>>().join(", ")
}

/// Makes every package, and makes it again: nothing of the moment may be in it.
fn pack(targets: &[Target], folder: &Path, epoch: u64, made: &mut Made) -> Result<(), Failure> {
    for name in PACKAGES {
        let targets = with(targets, name);
        let manual = folder.join("manual").join(name);
        if !targets.is_empty() {
            build::manual(name, &manual)?;
        }
        for target in &targets {
            let content = Content {
                name,
                architecture: target.debian(),
                program: &folder.join("bin").join(target.word()).join(name),
                manual: &manual,
                linked: &build::linked(name, *target)?,
                epoch,
            };
            let file = content.pack(folder, &folder.join("tree"))?;
            let again = folder.join("again");
            files::create_folder(&again)?;
            content.pack(&again, &again.join("tree"))?;
            if files::read(&folder.join(&file))? != files::read(&again.join(&file))? {
                return Err(Failure::Check(format!("{file} has other bytes when it is made again")));
            }
            made.add_package(folder, file, name, *target)?;
        }
    }
    Ok(())
}

/// Has Debian's tools and the shells look at the packages.
fn look_at(made: &Made, folder: &Path) -> Result<(), Failure> {
    // Units, pages and scripts are the same for every machine; the agent's are looked at last and stay for the units.
    for name in PACKAGES.into_iter().rev() {
        let Some(package) = made.packages.iter().find(|package| package.name == name) else { continue };
        let root = folder.join("root");
        check::unpack(&folder.join(&package.file), &root)?;
        check::manual(&root)?;
        check::completions(&root)?;
    }
    let packages: Vec<PathBuf> = made.packages.iter().map(|package| folder.join(&package.file)).collect();
    check::lintian(&packages)
}

/// Runs the program that tries what was made, and returns its answer.
fn try_out(folder: &Path) -> Result<Value, Failure> {
    build_programs()?;
    let mut packages = Command::new(workspace::programs().join("packages"));
    packages.current_dir(workspace::root()).arg("--folder").arg(folder);
    let mut answer = String::new();
    process::run_by_line(&mut packages, |line| answer.push_str(line))?;
    serde_json::from_str(&answer).map_err(|error| unreadable("the answer of packages", &error))
}

/// The machine among these whose programs run here, and are all of the product's.
fn native(targets: &[Target]) -> Option<Target> {
    let has_all = |target: &&Target| PACKAGES.iter().all(|package| target.packages().contains(package));
    targets.iter().filter(has_all).find(|target| target.emulator().is_none()).copied()
}

/// What the README tells people to run, by the programs that were made for this machine.
fn readme(folder: &Path, native: Target) -> Command {
    let mut cargo = workspace::cargo();
    cargo.args(["test", "--locked", "--package", "system-tests", "--test", "readme", "the_readme"]);
    cargo.env(PROGRAMS_VARIABLE, folder.join("bin").join(native.word()));
    cargo
}

/// Runs a command that must succeed, and returns what it said.
fn expect(command: &mut Command) -> Result<Vec<String>, Failure> {
    let result = process::run_quiet(command, |_| {})?;
    if result.passed {
        return Ok(result.lines);
    }
    Err(Failure::Check(format!("{}\nfailed: {}", result.lines.join("\n"), process::text(command))))
}

/// The time that everything is dated: of the environment, or else of the commit.
fn epoch() -> Result<u64, Failure> {
    let told = match env::var(EPOCH_VARIABLE) {
        Ok(text) => text,
        Err(_) => {
            let mut git = Command::new("git");
            git.current_dir(workspace::root()).args(["log", "-1", "--format=%ct"]);
            process::run_quiet(&mut git, |_| {})?.lines.join("")
        }
    };
    told.trim().parse().map_err(|_| Failure::Missing {
        what: format!(
            "no time to date packages with: there is no commit here, and {EPOCH_VARIABLE} is not set"
        ),
        remedy: format!("set {EPOCH_VARIABLE} to seconds since 1970"),
    })
}

fn unreadable(what: &str, error: &impl ToString) -> Failure {
    Failure::Unreadable { what: what.to_owned(), message: error.to_string() }
}
