//! `cargo xtask devkit`: builds what runs on the device, and runs the device's integration tests.

use std::process::Command;

use crate::{
    arm::Toolchain,
    board,
    cli::{DevkitArgs, KitName},
    failure::Failure,
    files, output, process,
    sample::Sample,
    setup::{self, Consent},
    size,
    test::PROGRAMS_VARIABLE,
    workspace,
};

/// Runs the tests.
///
/// # Errors
/// A missing tool, a build that fails, or a test that did not pass.
pub(crate) fn run(args: &DevkitArgs, consent: Consent) -> Result<(), Failure> {
    setup::require(&setup::FOR_BOARD, consent)?;
    if args.kit == KitName::Sphere {
        setup::require(&[setup::SPHERE], consent)?;
    }
    let toolchain = Toolchain::find(consent)?;
    output::say("build: the test programs of this machine");
    let mut programs = workspace::cargo();
    programs.args(["build", "--locked", "--package", "system-tests", "--bins"]);
    if !process::run(&mut programs)? {
        return Err(Failure::Check(format!("the build failed: {}", process::text(&programs))));
    }
    output::say("build: the programs of the device, and the emulated board");
    let sample = Sample::find(&toolchain, consent, |_| {})?;
    let folder = board::build(&toolchain, &sample, consent)?;
    let figures = folder.join("figures.json");
    files::write(&figures, sizes(&toolchain, &sample, consent)?.as_bytes())?;
    let mut devkit = Command::new(workspace::programs().join("devkit"));
    devkit.current_dir(workspace::root()).env(PROGRAMS_VARIABLE, workspace::programs());
    devkit.env(board::FOLDER_VARIABLE, &folder).args(["--kit", args.kit.word()]);
    devkit.arg("--figures").arg(&figures);
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

/// What the programs take of a device, as the tests' report has it too.
fn sizes(toolchain: &Toolchain, sample: &Sample, consent: Consent) -> Result<String, Failure> {
    let measured = size::measure(toolchain, sample, consent)?;
    serde_json::to_string(&measured)
        .map_err(|error| Failure::Unreadable { what: "the sizes".to_owned(), message: error.to_string() })
}
