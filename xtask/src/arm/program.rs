//! A C program for the device, which may link a static library for it.

use std::path::{Path, PathBuf};

use super::Toolchain;
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
}
