//! `cargo xtask m4`: the real-time sample, built for an M4 core, emulated, and held against its budget.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    failure::Failure,
    output, process,
    setup::{self, Consent, Tool},
    workspace,
};

/// The target of the MT3620's M4 cores, and of the emulated one.
const TARGET: &str = "thumbv7em-none-eabihf";
/// Debian's compiler, which comes with the source of `core`; rustup's may lack both target and source.
const COMPILER: &str = "/usr/bin/rustc";
/// The cargo that belongs to it.
const CARGO: &str = "/usr/bin/cargo";
/// Says to the test kit where the program is.
const PROGRAM_VARIABLE: &str = "SYSTEM_TESTS_RT_CORE";
/// Bytes of code and constants that the verifying core may have on an M4.
const TEXT_BYTES_MAX: u64 = 65_536;
/// The linker: the program is Rust from end to end, so that no C compiler is needed.
const LINKER: Tool = Tool::new("arm-none-eabi-ld", "binutils-arm-none-eabi", "links for the M4 core");
/// The emulator.
const EMULATOR: Tool = Tool::new("qemu-system-arm", "qemu-system-arm", "emulates the M4 core");

/// What is built of the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The whole program.
    Whole,
    /// The program without the verifying core: what it costs is the difference.
    Scaffold,
}

/// Builds the sample, runs every stream on an emulated core, and says what it costs.
///
/// # Errors
/// A missing tool, a build that fails, a stream that does not lead where it must, or a budget that is exceeded.
pub(crate) fn run(consent: Consent) -> Result<(), Failure> {
    setup::require(&[LINKER, EMULATOR], consent)?;
    let scaffold = text_bytes(&build(Part::Scaffold)?)?;
    let program = build(Part::Whole)?;
    let whole = text_bytes(&program)?;
    output::line(format_args!("figure m4_text_bytes={}", whole.saturating_sub(scaffold)));
    output::line(format_args!("figure m4_program_text_bytes={whole}"));
    let mut command = workspace::cargo();
    command.args(["test", "--quiet", "--package", "system-tests", "--test", "rt_core", "--", "--nocapture"]);
    if !process::run(command.env(PROGRAM_VARIABLE, program))? {
        return Err(Failure::Check("the emulated core failed".to_owned()));
    }
    if whole > TEXT_BYTES_MAX {
        return Err(Failure::Check(format!("{whole} bytes of text, of {TEXT_BYTES_MAX}")));
    }
    Ok(())
}

/// Builds the sample for the emulated board; the program's path.
///
/// Measured on this program: `s` costs 5 KB of text more than `z` and 1.1 KB of stack less; rolled-up SHA-2 saves
/// 32 KB of text; a panic strategy without messages saves 1 KB, and with it the panic's report.
///
/// # Errors
/// A build that fails.
pub(crate) fn build(part: Part) -> Result<PathBuf, Failure> {
    let folder = workspace::target().join("m4").join(if part == Part::Whole { "whole" } else { "scaffold" });
    let mut command = Command::new(CARGO);
    command.current_dir(workspace::root()).env("RUSTC", COMPILER).env("RUSTC_BOOTSTRAP", "1");
    command.env("CARGO_TARGET_DIR", &folder);
    command.env("CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER", "arm-none-eabi-ld");
    let flags = "-Clinker-flavor=ld --cfg=sha2_backend=\"soft\" --cfg=sha2_backend_soft=\"compact\"";
    command.env("CARGO_TARGET_THUMBV7EM_NONE_EABIHF_RUSTFLAGS", flags);
    command.args(["build", "--quiet", "--release", "--locked", "-Zbuild-std=core"]);
    command.args(["--package", "rtapp", "--target", TARGET]);
    let profile = ["opt-level=\"s\"", "lto=\"fat\"", "codegen-units=1", "panic=\"abort\""];
    profile.iter().for_each(|setting| {
        command.arg("--config").arg(format!("profile.release.{setting}"));
    });
    if part == Part::Scaffold {
        command.args(["--features", "scaffold"]);
    }
    if process::run(&mut command)? {
        return Ok(folder.join(TARGET).join("release/rtapp"));
    }
    Err(Failure::Check("the real-time sample does not build".to_owned()))
}

/// Bytes of code, constants and vectors in a program.
fn text_bytes(program: &Path) -> Result<u64, Failure> {
    let mut command = Command::new("arm-none-eabi-size");
    command.arg("-A").arg(program);
    let mut sum = 0;
    let passed = process::run_by_line(&mut command, |line| {
        let mut words = line.split_whitespace();
        if let (Some(".text" | ".rodata" | ".vector_table"), Some(size)) = (words.next(), words.next()) {
            sum += size.parse::<u64>().unwrap_or_default();
        }
    })?;
    if passed && sum > 0 {
        return Ok(sum);
    }
    let message = "no sections were found".to_owned();
    Err(Failure::Unreadable { what: program.display().to_string(), message })
}
