//! The files that the emulated boards are put together from: `target/arm/board`, as the test kit's `board::bench` reads it.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    arm::{Library, Program, Toolchain, Variant, library, packages::Machine},
    failure::Failure,
    files, process,
    sample::{self, Build, Sample},
    setup::Consent,
    workspace,
};

/// Says to the test kit where the files are.
pub(crate) const FOLDER_VARIABLE: &str = "SYSTEM_TESTS_BOARD";
/// The sources, in the root folder.
const SOURCES: &str = "tests/board";

/// Builds everything and returns the folder.
///
/// # Errors
/// A build fails, or the emulated machine cannot be fetched.
pub(crate) fn build(toolchain: &Toolchain, sample: &Sample, consent: Consent) -> Result<PathBuf, Failure> {
    let folder = toolchain.folder.join("board");
    files::create_folder(&folder)?;
    let machine = Machine::find(&toolchain.folder, consent)?;
    for (name, path) in
        [("kernel", &machine.kernel), ("modules", &machine.modules), ("busybox", &machine.shell)]
    {
        link(path, &folder.join(name))?;
    }
    let sources = workspace::root().join(SOURCES);
    platform(&sources, &folder.join("platform.so"))?;
    let supervisor = c_program(vec![sources.join("strict/supervisor.c")]);
    toolchain.compile_c(&supervisor, &folder.join("supervisor"))?;
    let visitor = c_program(vec![sources.join("visitor/visitor.c")]);
    image(toolchain, &folder, "visitor", &sources.join("visitor/package"), &visitor)?;
    for (name, build) in [
        ("sample", Build::WithAgent),
        ("sample-measuring-stack", Build::MeasuringStack),
        ("sample-without-agent", Build::WithoutAgent),
    ] {
        let package = [sample::folder().join("app_manifest.json")];
        image_of(toolchain, &folder, name, &package, &sample.program(build, true))?;
    }
    tls_client(toolchain, &folder.join("tls-client"))?;
    Ok(folder)
}

/// The client of the table of TLS servers: Rust from `main` on, built as the agent is.
fn tls_client(toolchain: &Toolchain, out: &Path) -> Result<(), Failure> {
    let library = Library { manifest: library::WORKSPACE, package: "tls-client", features: &["standalone"] };
    let archive = toolchain.static_library(library, Variant::Device, |_| {})?;
    toolchain.compile_c(&c_program(vec![archive]), out)
}

/// Builds an image package: the files of `package`, and the program as its `bin/app`.
///
/// # Errors
/// The build fails, or a file cannot be copied.
pub(crate) fn image(
    toolchain: &Toolchain,
    folder: &Path,
    name: &str,
    package: &Path,
    program: &Program,
) -> Result<(), Failure> {
    let entries = fs::read_dir(package).into_iter().flatten().flatten();
    let files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    image_of(toolchain, folder, name, &files, program)
}

fn image_of(
    toolchain: &Toolchain,
    folder: &Path,
    name: &str,
    package: &[PathBuf],
    program: &Program,
) -> Result<(), Failure> {
    let image = folder.join("images").join(name);
    files::create_folder(&image.join("bin"))?;
    for file in package {
        let to = image.join(file.file_name().unwrap_or_default());
        fs::copy(file, &to).map_err(|source| Failure::File { action: "copy the file", path: to, source })?;
    }
    toolchain.compile_c(program, &image.join("bin/app"))
}

fn c_program(inputs: Vec<PathBuf>) -> Program {
    Program { inputs, is_stripped: true, ..Program::default() }
}

/// The host's library around a program's system calls. It reads what controls the board as the stand-in does.
fn platform(sources: &Path, out: &Path) -> Result<(), Failure> {
    let is_c = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "c");
    let mut inputs: Vec<PathBuf> = fs::read_dir(sources.join("platform"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(is_c)
        .collect();
    inputs.push(sources.join("control/control.c"));
    inputs.sort();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O2", "-Wall", "-DBOARD_PLATFORM", "-o"]).arg(out).args(&inputs);
    compiler.args(["-lpthread", "-ldl"]);
    let result = process::run_quiet(&mut compiler, |_| {})?;
    if result.passed {
        return Ok(());
    }
    Err(Failure::Check(format!("{}\nfailed: {}", result.lines.join("\n"), process::text(&compiler))))
}

/// A link that replaces the one of an earlier run.
fn link(to: &Path, path: &Path) -> Result<(), Failure> {
    let failed = |source| Failure::File { action: "make the link", path: path.to_owned(), source };
    let new = path.with_extension("new");
    // What an interrupted run left behind.
    drop(fs::remove_file(&new));
    symlink(to, &new).map_err(failed)?;
    fs::rename(&new, path).map_err(failed)
}
