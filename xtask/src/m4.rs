//! `cargo xtask m4`: the real-time sample, built for an M4 core, emulated, and held against its budget.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    arm::Toolchain,
    devkit,
    failure::Failure,
    output, process,
    setup::{self, Consent, Tool},
    size, workspace,
};

/// The target of the MT3620's M4 cores, and of the emulated one.
const TARGET: &str = "thumbv7em-none-eabihf";
/// The linker: the program is Rust from end to end, so that no C compiler is needed.
const LINKER: Tool = Tool::new("arm-none-eabi-ld", "binutils-arm-none-eabi", "links for the M4 core");
/// The emulator.
const EMULATOR: Tool = Tool::new("qemu-system-arm", "qemu-system-arm", "emulates the M4 core");

/// What the sample is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Board {
    /// The emulated board: this program runs, and its memory is measured.
    Emulated,
    /// The chip: this program is what a device has, so its size counts.
    Chip,
}

/// What the program takes of an M4, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// Code and constants of the whole program for the chip: the verifying core, the mailbox, the start.
    pub(crate) text: u64,
    /// The most memory that a stream took: static and stack.
    pub(crate) ram: u64,
}

/// Builds the sample, runs every stream on an emulated core, and says what it costs.
///
/// # Errors
/// A missing tool, a build that fails, a stream that does not lead where it must, or a budget that is exceeded.
pub(crate) fn run(consent: Consent) -> Result<(), Failure> {
    let toolchain = Toolchain::find(consent)?;
    let measured = measure(&toolchain, consent)?;
    output::line(format_args!("figure m4_text_bytes={}", measured.text));
    output::line(format_args!("figure m4_ram_bytes={}", measured.ram));
    size::require_core(&measured)
}

/// Builds the sample for both boards and runs every stream on an emulated core, or finds that this was done with the very
/// same program, streams and emulator.
///
/// # Errors
/// A missing tool, a build that fails, or a stream that does not lead where it must.
pub(crate) fn measure(toolchain: &Toolchain, consent: Consent) -> Result<Measured, Failure> {
    setup::require(&[LINKER, EMULATOR], consent)?;
    let text = text_bytes(&build(toolchain, Board::Chip)?)?;
    let program = build(toolchain, Board::Emulated)?;
    devkit::build_programs()?;
    let mut command = Command::new(workspace::programs().join("devkit"));
    command.arg("core").arg(program).arg(toolchain.folder.join("m4/measured"));
    let result = process::run_quiet(command.current_dir(workspace::root()), |_| {})?;
    // What it says besides is where the figures are from, if not from this run.
    result.lines.iter().filter(|line| line.starts_with("devkit: ")).for_each(output::say);
    let ram = result.lines.iter().find_map(|line| line.strip_prefix("figure m4_ram_bytes=")?.parse().ok());
    match ram {
        Some(ram) if result.passed => Ok(Measured { text, ram }),
        _ => Err(Failure::Check(format!("the emulated core failed:\n{}", result.lines.join("\n")))),
    }
}

/// Builds the sample for a board; the program's path.
///
/// Measured on this program: `s` costs 5 KB of text more than `z` and 1.1 KB of stack less; rolled-up SHA-2 saves
/// 32 KB of text; a panic strategy without messages saves 1 KB, and with it the panic's report.
///
/// # Errors
/// A build that fails.
fn build(toolchain: &Toolchain, board: Board) -> Result<PathBuf, Failure> {
    let name = if board == Board::Emulated { "emulated" } else { "chip" };
    let folder = toolchain.folder.join("m4").join(name);
    let mut command = toolchain.rust.cargo();
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
    if board == Board::Chip {
        command.args(["--features", "mt3620"]);
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
