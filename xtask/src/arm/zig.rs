//! The C compiler for the device and for the Linux machines of packages: zig, which brings musl and needs no cross
//! toolchain of the machine.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    failure::Failure,
    files, output, process,
    setup::{self, Consent},
};

/// The version that the budgets were measured with; another one may lay out code differently.
const VERSION: &str = "0.17.1";
/// The device: a processor with NEON, in the instruction set that its vendor's SDK compiles C for.
const DEVICE: CMachine = CMachine {
    rust: super::DEVICE_TARGET,
    c: "thumb-linux-musleabihf",
    // Assembly is written for the wider set of instructions; the two call each other.
    assembly: "arm-linux-musleabihf",
    processor: "cortex_a7",
};
/// Flags of the `cc` crate that name the target in a way that zig does not know.
const DROPPED_FLAGS: [&str; 4] = ["--target=", "-march=", "-mfpu=", "-mfloat-abi="];

/// What C is compiled for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CMachine {
    /// Rust's name of the target.
    pub(crate) rust: &'static str,
    /// zig's name of the target.
    pub(crate) c: &'static str,
    /// zig's name of the target of assembly.
    pub(crate) assembly: &'static str,
    /// The oldest processor that must run it, and what it has.
    pub(crate) processor: &'static str,
}

/// zig, in a folder of this workspace's target folder, for one machine.
#[derive(Clone, Debug)]
pub(crate) struct Zig {
    machine: CMachine,
    program: PathBuf,
    cache: PathBuf,
    compiler: PathBuf,
    archiver: PathBuf,
}

impl Zig {
    /// Finds zig in `folder`, and fetches it there where that is allowed.
    ///
    /// # Errors
    /// [`Failure::Missing`] where it cannot be fetched; a file that cannot be written.
    pub(crate) fn find(folder: &Path, consent: Consent) -> Result<Self, Failure> {
        let packages = folder.join(format!("zig-{VERSION}"));
        let zig = Self {
            machine: DEVICE,
            program: packages.join("ziglang/zig"),
            cache: folder.join("zig-cache"),
            compiler: folder.join("cc"),
            archiver: folder.join("ar"),
        };
        if !zig.program.is_file() {
            fetch(&packages, consent)?;
        }
        zig.write_scripts()?;
        Ok(zig)
    }

    /// The same compiler for another machine, with scripts of its own in `folder`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn for_machine(&self, machine: CMachine, folder: &Path) -> Result<Self, Failure> {
        files::create_folder(folder)?;
        let (compiler, archiver) = (folder.join("cc"), folder.join("ar"));
        let zig = Self { machine, compiler, archiver, ..self.clone() };
        zig.write_scripts()?;
        Ok(zig)
    }

    /// The C compiler, as a command.
    pub(crate) fn compiler(&self) -> Command {
        Command::new(&self.compiler)
    }

    /// The archiver of its objects, as a command.
    pub(crate) fn archiver(&self) -> Command {
        Command::new(&self.archiver)
    }

    /// Where build scripts find compiler and archiver.
    pub(crate) fn environment(&self) -> [(String, PathBuf); 3] {
        let target = self.machine.rust.replace('-', "_");
        let linker = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase());
        [
            (format!("CC_{target}"), self.compiler.clone()),
            (format!("AR_{target}"), self.archiver.clone()),
            (linker, self.compiler.clone()),
        ]
    }

    /// Scripts, because build scripts want a program and no arguments.
    fn write_scripts(&self) -> Result<(), Failure> {
        let patterns = DROPPED_FLAGS.map(|flag| format!("{flag}*")).join("|");
        let CMachine { c, assembly, processor, .. } = self.machine;
        let (program, cache) = (self.program.display(), self.cache.display());
        // All that zig writes stays in the target folder.
        let caches = format!("export ZIG_GLOBAL_CACHE_DIR='{cache}' ZIG_LOCAL_CACHE_DIR='{cache}'");
        let cc = format!(
            "#!/bin/sh\n{caches}\ntarget={c}\nfor word in \"$@\"; do\n  shift\n  case \"$word\" in\n    \
             {patterns}) continue ;;\n    *.S) target={assembly} ;;\n  esac\n  set -- \"$@\" \"$word\"\ndone\n\
             exec '{program}' cc -target \"$target\" -mcpu={processor} \"$@\"\n"
        );
        let ar = format!("#!/bin/sh\n{caches}\nexec '{program}' ar \"$@\"\n");
        write_script(&self.compiler, &cc)?;
        write_script(&self.archiver, &ar)
    }
}

/// Writes a script if it is not there as it should be: build systems look at its date.
fn write_script(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |source| Failure::File { action: "write the script", path: path.to_owned(), source };
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    // A script that is being replaced may be running: the new one takes its name when it is whole.
    let new = path.with_extension("new");
    files::write(&new, text.as_bytes())?;
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).map_err(failed)?;
    fs::rename(&new, path).map_err(failed)
}

/// Has pip unpack zig into `packages`.
fn fetch(packages: &Path, consent: Consent) -> Result<(), Failure> {
    setup::require(&[setup::PIP], consent)?;
    let requirement = format!("ziglang=={VERSION}");
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]);
    pip.args(["--root-user-action", "ignore", "--no-deps", "--target"]).arg(packages).arg(&requirement);
    let remedy = format!("install with: {}", process::text(&pip));
    if !setup::agreed_to(&format!("pip install {requirement} into {}", packages.display()), consent) {
        return Err(Failure::Missing {
            what: format!("missing: {requirement}, a C compiler for Arm"),
            remedy,
        });
    }
    output::say(format_args!("set-up: {}", process::text(&pip)));
    let result = process::run_quiet(&mut pip, |_| {})?;
    if result.passed {
        return Ok(());
    }
    Err(Failure::Missing {
        what: format!("pip could not install {requirement}:\n{}", result.lines.join("\n")),
        remedy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_script_drops_what_zig_does_not_know_and_keeps_the_rest() {
        let folder = std::env::temp_dir().join(format!("xtask-zig-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let zig = Zig {
            machine: DEVICE,
            program: PathBuf::from("/bin/echo"),
            cache: folder.join("cache"),
            compiler: folder.join("cc"),
            archiver: folder.join("ar"),
        };
        zig.write_scripts().unwrap();
        let words =
            ["-c", "--target=arm", "-march=armv7-a", "a b.c", "-mfpu=vfpv3", "-mfloat-abi=hard", "-O2"];
        // A script that was just written is busy for as long as a process that was started meanwhile holds it open.
        let said = |command: &mut Command| {
            let mut tries = (0..1_000).filter_map(|_| process::run_quiet(command, |_| {}).ok());
            tries.next().unwrap().lines.join("\n")
        };
        let tell = |words: &[&str]| said(zig.compiler().args(words));
        let (c, assembly) = (tell(&words), tell(&["-c", "a.S"]));
        let other = CMachine {
            rust: "x",
            c: "x86_64-linux-musl",
            assembly: "x86_64-linux-musl",
            processor: "baseline",
        };
        let other = zig.for_machine(other, &folder.join("other")).unwrap();
        let of_other = said(other.compiler().arg("-c"));
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(c, "cc -target thumb-linux-musleabihf -mcpu=cortex_a7 -c a b.c -O2");
        assert_eq!(assembly, "cc -target arm-linux-musleabihf -mcpu=cortex_a7 -c a.S");
        assert_eq!(of_other, "cc -target x86_64-linux-musl -mcpu=baseline -c");
    }
}
