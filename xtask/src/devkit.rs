//! `cargo xtask devkit`: builds what runs on the device, and runs the device's integration tests.

use std::{path::PathBuf, process::Command};

use crate::{
    arm::Toolchain,
    board,
    cli::{DevkitArgs, KitName},
    failure::Failure,
    files, output, process,
    sample::Sample,
    setup::{self, Consent},
    size::{self, Measured},
    test::PROGRAMS_VARIABLE,
    workspace,
};

/// Runs the tests.
///
/// # Errors
/// A missing tool, a build that fails, or a test that did not pass.
pub(crate) fn run(args: &DevkitArgs, consent: Consent) -> Result<(), Failure> {
    if args.kit == KitName::Sphere {
        setup::require(&[setup::SPHERE], consent)?;
    }
    let toolchain = Toolchain::find(consent)?;
    let kit = Kit::build(&toolchain, &Sample::find(&toolchain, consent, |_| {})?, consent)?;
    let measured = size::measure(&toolchain, &kit.sample, consent)?;
    let mut devkit = kit.command(&measured)?;
    devkit.args(["--kit", args.kit.word()]);
    devkit.args(["--peak-ram-bytes-max", &size::peak_ram_bytes_max()?.to_string()]);
    if args.json {
        devkit.arg("--json");
    }
    if let Some(path) = &args.junit {
        devkit.arg("--junit").arg(path);
    }
    if let Some(text) = &args.only {
        devkit.args(["--only", text]);
    }
    if process::run(&mut devkit)? {
        return Ok(());
    }
    Err(Failure::Check("not every test of the device passed".to_owned()))
}

/// The test whose app measures the memory of its updates.
const MEASURING_TEST: &str = "the app follows a rotation";

/// Runs a whole update on the emulated board, and returns the memory that it took: arena, stack and static.
///
/// # Errors
/// A build fails, or the update does not end well.
pub(crate) fn peak_ram_bytes(
    toolchain: &Toolchain,
    sample: &Sample,
    measured: &Measured,
    consent: Consent,
) -> Result<u64, Failure> {
    let kit = Kit::build(toolchain, sample, consent)?;
    let mut devkit = kit.command(measured)?;
    devkit.args(["--kit", KitName::Emulated.word(), "--json", "--only", MEASURING_TEST]);
    // One test is never a pass of all, so what counts is that it measured.
    let told = process::run_quiet(&mut devkit, |_| {})?;
    let object = told.lines.iter().skip_while(|line| *line != "{").take_while(|line| *line != "}");
    let object = object.map(String::as_str).collect::<Vec<_>>().join("\n") + "}";
    let report: Option<serde_json::Value> = serde_json::from_str(&object).ok();
    report.and_then(|report| report["figures"]["peak_ram_bytes"].as_u64()).ok_or_else(|| {
        Failure::Check(format!("{}\nfailed: {}", told.lines.join("\n"), process::text(&devkit)))
    })
}

/// Everything that the tests run, built.
struct Kit {
    sample: Sample,
    folder: PathBuf,
}

impl Kit {
    fn build(toolchain: &Toolchain, sample: &Sample, consent: Consent) -> Result<Self, Failure> {
        setup::require(&setup::FOR_BOARD, consent)?;
        build_programs()?;
        output::say("build: the programs of the device, and the emulated board");
        let folder = board::build(toolchain, sample, consent)?;
        Ok(Self { sample: sample.clone(), folder })
    }

    /// The program of the tests, which is told what was measured of the sizes.
    fn command(&self, measured: &Measured) -> Result<Command, Failure> {
        let figures = self.folder.join("figures.json");
        files::write(&figures, sizes(measured)?.as_bytes())?;
        let mut devkit = Command::new(workspace::programs().join("devkit"));
        devkit.current_dir(workspace::root()).env(PROGRAMS_VARIABLE, workspace::programs());
        devkit.env(board::FOLDER_VARIABLE, &self.folder).arg("--figures").arg(&figures);
        Ok(devkit)
    }
}

/// Builds the programs of the tests: whoever starts one starts the same.
///
/// # Errors
/// The build fails.
pub(crate) fn build_programs() -> Result<(), Failure> {
    output::say("build: the test programs of this machine");
    let mut programs = workspace::cargo();
    programs.args(["build", "--locked", "--package", "system-tests", "--bins"]);
    if process::run(&mut programs)? {
        return Ok(());
    }
    Err(Failure::Check(format!("the build failed: {}", process::text(&programs))))
}

/// What the programs take of a device, as the tests' report has it too.
fn sizes(measured: &Measured) -> Result<String, Failure> {
    serde_json::to_string(measured)
        .map_err(|error| Failure::Unreadable { what: "the sizes".to_owned(), message: error.to_string() })
}
