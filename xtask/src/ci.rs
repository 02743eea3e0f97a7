//! `cargo xtask ci`: everything that must pass before a change lands, and nothing that runs nowhere else.

use std::process::Command;

use crate::{
    bare, conformance,
    failure::Failure,
    model, node, output, panics, policy, process,
    setup::{self, Consent},
    steps::Steps,
    vectors, workspace,
};

/// Steps of the run.
const STEPS: usize = 23;

/// Seeds of the swarm.
const SWARM_SEEDS: u32 = 200;

/// Runs all checks; every one runs, whatever the others found.
///
/// # Errors
/// Names the checks that failed.
pub(crate) fn run(consent: Consent) -> Result<(), Failure> {
    setup::require(&setup::FOR_TESTS, consent)?;
    setup::require(&setup::FOR_ADAPTERS, consent)?;
    // The tests find it where this run has fetched it.
    drop(node::newer(consent)?);
    let mut steps = Steps::new(STEPS);
    steps.command("fmt", cargo(&["fmt", "--all", "--check"]).env("CARGO_TERM_COLOR", "never"));
    steps.command(
        "clippy",
        &mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    );
    steps.command(
        "doc",
        cargo(&["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-Dwarnings"),
    );
    steps.step("licences and bans", |_| policy::check());
    steps.step("device crates without std and heap", |bar| {
        let result = process::run_quiet(&mut bare::command()?, |line| bar.set_message(line.to_owned()))?;
        if result.passed { Ok(()) } else { Err(Failure::Check(result.lines.join("\n"))) }
    });
    steps.step("nothing on the device can panic", |bar| bar.suspend(|| panics::run(consent)));
    steps.command("vectors", &mut vectors::command(true));
    steps.step("the update protocol as a model", |bar| {
        let result = process::run_quiet(&mut model::command(), |line| bar.set_message(line.to_owned()))?;
        // The states that were visited, or the steps that break a property.
        bar.suspend(|| result.lines.iter().for_each(output::say));
        if result.passed { Ok(()) } else { Err(Failure::Check("a property does not hold in it".to_owned())) }
    });
    conformance(&mut steps);
    let closing = test(&mut steps);
    application_library(&mut steps, consent);
    fuzz(&mut steps);
    steps.command("demo", &mut cargo(&["xtask", "demo", "--no-build", "--json"]));
    steps.command("fleets in virtual time", &mut cargo(&["xtask", "sim", "--devices", "2000", "--json"]));
    let seeds = SWARM_SEEDS.to_string();
    steps.command("a swarm of fleets", &mut cargo(&["xtask", "sim", "--swarm", &seeds, "--json"]));
    steps.command(
        "a device without a defence is noticed",
        &mut cargo(&["xtask", "sim", "--mutants", "--json"]),
    );
    // What they fetch they may fetch where this run may.
    let mut arm = vec!["xtask"];
    arm.extend((consent == Consent::Given).then_some("--yes"));
    let task = |words: &[&str]| cargo(&[&arm, words].concat());
    steps.step("applications on every TLS stack", |bar| {
        let result = process::run_quiet(&mut task(&["apps"]), |line| bar.set_message(line.to_owned()))?;
        let table = result.lines.iter().skip_while(|line| !line.starts_with("STACK"));
        bar.suspend(|| table.for_each(output::say));
        if result.passed { Ok(()) } else { Err(Failure::Check(result.lines.join("\n"))) }
    });
    for name in ["storage", "size"] {
        steps.step(name, |bar| {
            let result = process::run_quiet(&mut task(&[name]), |line| bar.set_message(line.to_owned()))?;
            // The table of what was measured is the end of what it says.
            bar.suspend(|| figures(&result.lines).for_each(output::say));
            if result.passed { Ok(()) } else { Err(Failure::Check(result.lines.join("\n"))) }
        });
    }
    steps.command("devkit", &mut task(&["devkit", "--json"]));
    // Those for other machines than this one, whose own kind of program all other tests run.
    steps.command("packages", &mut task(&["dist", "--target", "armv7", "--target", "aarch64", "--json"]));
    if steps.has_failed() {
        output::say(steps.told());
    }
    output::say(steps.table());
    output::line(closing);
    steps.end()
}

/// Runs the tests as the README has them, and returns the runner's last line.
fn test(steps: &mut Steps) -> String {
    let mut last = String::from("0 passed, 0 failed");
    steps.step("test", |bar| {
        let passed = bar.suspend(|| {
            process::run_by_line(&mut cargo(&["xtask", "test"]), |line| {
                output::line(line);
                last = line.to_owned();
            })
        })?;
        if passed { Ok(()) } else { Err(Failure::Check("cargo xtask test failed".to_owned())) }
    });
    last
}

/// Runs x509-limbo, where its file is there: it is not part of this workspace.
fn conformance(steps: &mut Steps) {
    steps.step("x509-limbo", |bar| {
        let Some(file) = conformance::of_ci()? else {
            bar.suspend(|| {
                output::say(format_args!("skipped: {} names no limbo.json", conformance::VARIABLE))
            });
            return Ok(());
        };
        let mut command = conformance::command(&file);
        let result = process::run_quiet(&mut command, |line| bar.set_message(line.to_owned()))?;
        // The differences with their reasons, and how many there are of each.
        bar.suspend(|| result.lines.iter().for_each(output::say));
        if result.passed { Ok(()) } else { Err(Failure::Check("something else came of a case".to_owned())) }
    });
}

/// Runs what the trust store's own tests do not: it on other TLS code, and its costs against their limits.
fn application_library(steps: &mut Steps, consent: Consent) {
    steps.step("trust store on aws-lc-rs and OpenSSL", |bar| {
        setup::require(&[setup::OPENSSL_HEADERS], consent)?;
        let mut command =
            cargo(&["test", "--locked", "--package", "other-tls", "--features", "aws-lc-rs,native-tls"]);
        let result = process::run_quiet(&mut command, |line| bar.set_message(line.trim().to_owned()))?;
        if result.passed { Ok(()) } else { Err(Failure::Check(result.lines.join("\n"))) }
    });
    steps.step("cost of a handshake that follows", |bar| {
        setup::require(&[setup::VALGRIND], consent)?;
        let mut command =
            cargo(&["bench", "--quiet", "--locked", "--package", "trust-store", "--bench", "cost"]);
        let result = process::run_quiet(&mut command, |line| bar.set_message(line.trim().to_owned()))?;
        bar.suspend(|| result.lines.iter().for_each(output::say));
        if result.passed { Ok(()) } else { Err(Failure::Check("it costs more than it may".to_owned())) }
    });
    let benches = [
        ("a round of the watcher over a thousand endpoints", "watch"),
        ("large files are read in time", "files"),
    ];
    for (step, bench) in benches {
        steps.step(step, |bar| {
            let mut command = cargo(&["bench", "--quiet", "--locked", "--profile", "dev"]);
            command.args(["--package", "cloud-updater", "--bench", bench]);
            let result = process::run_quiet(&mut command, |line| bar.set_message(line.trim().to_owned()))?;
            bar.suspend(|| result.lines.iter().for_each(output::say));
            if result.passed { Ok(()) } else { Err(Failure::Check("it takes longer than it may".to_owned())) }
        });
    }
}

/// Runs every fuzz target for a while, from what is kept, and shows what was reached.
fn fuzz(steps: &mut Steps) {
    steps.step("fuzz", |bar| {
        let mut command = cargo(&["xtask", "fuzz"]);
        let result = process::run_quiet(&mut command, |line| bar.set_message(line.trim().to_owned()))?;
        bar.suspend(|| table(&result.lines).for_each(output::say));
        if result.passed { Ok(()) } else { Err(Failure::Check(result.lines.join("\n"))) }
    });
}

/// The lines of the table in what `cargo xtask fuzz` says.
fn table(lines: &[String]) -> impl Iterator<Item = &String> {
    lines.iter().skip_while(|line| !line.starts_with("TARGET"))
}

/// The table of figures in what a task says.
fn figures(lines: &[String]) -> impl Iterator<Item = &String> {
    lines.iter().skip_while(|line| !line.starts_with("FIGURE"))
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = workspace::cargo();
    command.args(arguments);
    command
}
