//! The library laid out once for all tests, and programs compiled against it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// What every program is compiled with: no warning.
const FLAGS: [&str; 6] = ["-std=gnu11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"];

/// How a program is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linked {
    Shared,
    Static,
}

/// The prefix.
pub(crate) struct Staged(TempDir);

pub(crate) fn staged() -> &'static Staged {
    static STAGED: OnceLock<Staged> = OnceLock::new();
    STAGED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        stage(&["--prefix".as_ref(), folder.path()]);
        Staged(folder)
    })
}

/// Runs `cargo xtask c-library`, as the development profile builds it.
pub(crate) fn stage(arguments: &[&Path]) -> String {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args(["xtask", "c-library", "--profile", "dev"]).args(arguments);
    succeeded(&mut cargo)
}

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs a command to its end; its standard output.
pub(crate) fn succeeded(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (out, errors) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}\n{out}{errors}");
    out.into_owned()
}

impl Staged {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Compiles a program, with what pkg-config says of the library and of `packages`.
    pub(crate) fn compile(&self, source: &Path, packages: &[&str], linked: Linked) -> Program {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        let mut compiler = Command::new("cc");
        compiler.args(FLAGS).arg(source).arg("-o").arg(&program);
        if linked == Linked::Static {
            compiler.arg("-static");
        }
        // mbedTLS has no file for pkg-config in Debian; it is named as its documentation does.
        let of_mbedtls = ["-lmbedtls", "-lmbedx509", "-lmbedcrypto"];
        let (mbedtls, packages): (Vec<&str>, Vec<&str>) =
            packages.iter().partition(|name| **name == "mbedtls");
        compiler.args(self.pkg_config(&packages, linked).split_whitespace());
        if !mbedtls.is_empty() {
            compiler.args(of_mbedtls);
        }
        succeeded(&mut compiler);
        Program { folder, libraries: self.path("lib") }
    }

    fn pkg_config(&self, packages: &[&str], linked: Linked) -> String {
        let mut command = Command::new("pkg-config");
        if linked == Linked::Static {
            command.arg("--static");
        }
        command.args(["--cflags", "--libs", "trust_store"]).args(packages);
        succeeded(command.env("PKG_CONFIG_PATH", self.path("lib/pkgconfig")))
    }
}

/// A compiled program.
pub(crate) struct Program {
    folder: TempDir,
    libraries: PathBuf,
}

impl Program {
    pub(crate) fn command(&self) -> Command {
        self.command_under(&[])
    }

    /// The program as an argument of another one, with that one's own.
    pub(crate) fn command_under(&self, runner: &[&str]) -> Command {
        let program = self.folder.path().join("program");
        let mut words = runner.iter().map(AsRef::as_ref).chain([program.as_os_str()]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).env("LD_LIBRARY_PATH", &self.libraries);
        command
    }
}
