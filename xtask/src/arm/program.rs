//! A C program for the device, which may link a static library for it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{Toolchain, packages::CLibrary};
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
    /// The C library to link with, instead of the compiler's own.
    pub(crate) c_library: Option<CLibrary>,
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
        match &program.c_library {
            None => compiler.args(&program.inputs),
            Some(library) => {
                let of = |name: &str| library.folder.join(name);
                compiler.arg("-isystem").arg(&library.headers);
                compiler.args(["-nostdlib", "-nostartfiles"]).args([of("crt1.o"), of("crti.o")]);
                compiler.args(&program.inputs).args([of("libc.a"), arithmetic()?, of("crtn.o")])
            }
        };
        compiler.arg("-o").arg(out);
        let result = process::run_quiet(&mut compiler, |_| {})?;
        if result.passed {
            return Ok(());
        }
        Err(Failure::Check(format!("{}\nfailed: {}", result.lines.join("\n"), process::text(&compiler))))
    }
}

/// What the compiler calls for arithmetic that the processor lacks, such as a division of 64 bits.
fn arithmetic() -> Result<PathBuf, Failure> {
    let mut compiler = Command::new("arm-none-eabi-gcc");
    compiler.args(["-mcpu=cortex-a7", "-mfpu=neon-vfpv4", "-mfloat-abi=hard", "-print-libgcc-file-name"]);
    let told = process::run_quiet(&mut compiler, |_| {})?;
    told.lines.first().map(PathBuf::from).filter(|path| path.is_file()).ok_or_else(|| Failure::Unreadable {
        what: format!("the answer of {}", process::text(&compiler)),
        message: told.lines.join("\n"),
    })
}
