//! A program for Arm: C that links a static library for the device, or Rust for a real-time core.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{CORE_TARGET, Toolchain};
use crate::{failure::Failure, process, workspace};

/// Flags of every C program: small before fast, and nothing linked that nobody calls.
const C_FLAGS: [&str; 7] =
    ["-std=c11", "-Oz", "-static", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "-Wall"];

/// A C program for the device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    /// C files and static libraries, in the order in which they are linked.
    pub(crate) inputs: Vec<PathBuf>,
    /// Folders of headers.
    pub(crate) includes: Vec<PathBuf>,
    /// Folders of headers that somebody else wrote, whose warnings are theirs.
    pub(crate) system_includes: Vec<PathBuf>,
    /// Names defined to 1.
    pub(crate) defines: Vec<&'static str>,
    /// Further flags of the compiler.
    pub(crate) flags: Vec<&'static str>,
    /// Whether symbols are left out, as in what is shipped.
    pub(crate) is_stripped: bool,
}

/// The line of cargo's report that says what was made.
#[derive(Debug, Deserialize)]
struct Artifact {
    #[serde(default)]
    executable: Option<PathBuf>,
}

impl Toolchain {
    /// Compiles and links a C program for the device into `out`.
    ///
    /// # Errors
    /// The compiler refuses it.
    pub(crate) fn compile_c(&self, program: &Program, out: &Path) -> Result<(), Failure> {
        let mut compiler = self.zig.compiler();
        compiler.current_dir(workspace::root()).args(C_FLAGS).args(&program.flags);
        compiler.args(program.defines.iter().map(|name| format!("-D{name}=1")));
        for folder in &program.includes {
            compiler.arg("-I").arg(folder);
        }
        for folder in &program.system_includes {
            compiler.arg("-isystem").arg(folder);
        }
        // zig leaves symbols out unless they are asked for.
        compiler.arg(if program.is_stripped { "-s" } else { "-g" });
        compiler.args(&program.inputs).arg("-o").arg(out);
        let result = process::run_quiet(&mut compiler, |_| {})?;
        if result.passed {
            return Ok(());
        }
        Err(Failure::Check(format!("{}\nfailed: {}", result.lines.join("\n"), process::text(&compiler))))
    }

    /// Builds the program of a real-time core: the package in `folder`, which is a workspace of its own with its
    /// linker script and flags in its `.cargo/config.toml`; built from the versions of the root lock file.
    ///
    /// # Errors
    /// The build fails, or makes no program.
    pub(crate) fn m4_program(&self, folder: &Path, mut watch: impl FnMut(&str)) -> Result<PathBuf, Failure> {
        let lock = folder.join("Cargo.lock");
        fs::copy(workspace::root().join("Cargo.lock"), &lock).map_err(|source| Failure::File {
            action: "copy the lock file there",
            path: lock,
            source,
        })?;
        let mut cargo = self.rust.cargo();
        cargo.current_dir(folder).args(["build", "--release", "--bins", "--target", CORE_TARGET]);
        cargo.args(["-Zbuild-std=core", "-Zbuild-std-features=compiler-builtins-mem"]);
        cargo.args(["--message-format=json-render-diagnostics", "--target-dir"]);
        cargo.arg(self.folder.join("m4"));
        let linker = format!("CARGO_TARGET_{}_LINKER", CORE_TARGET.replace('-', "_").to_uppercase());
        cargo.env(linker, "arm-none-eabi-gcc");
        let mut made = None;
        let result = process::run_quiet(&mut cargo, |line| match executable(line) {
            Some(path) => made = Some(path),
            None if line.starts_with('{') => {}
            None => watch(line),
        })?;
        let told = result.lines.iter().filter(|line| !line.starts_with('{')).cloned().collect::<Vec<_>>();
        match made {
            Some(path) if result.passed => Ok(path),
            _ => Err(Failure::Check(format!("{}\nfailed: {}", told.join("\n"), process::text(&cargo)))),
        }
    }
}

/// The program that a line of cargo's report names.
fn executable(line: &str) -> Option<PathBuf> {
    serde_json::from_str::<Artifact>(line).ok()?.executable
}
