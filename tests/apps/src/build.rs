//! Clients are built of their sources, each by the tools of its stack.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use system_tests::process::run;

use crate::stack::{Build, Stack};

/// Where sources, clients and our own parts are.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The root of the workspace.
    pub(crate) root: PathBuf,
    /// Where clients are built.
    pub(crate) built: PathBuf,
    /// Where the C library for applications is staged.
    pub(crate) prefix: PathBuf,
}

impl Places {
    /// The sources of a client.
    pub(crate) fn client(&self, folder: &str) -> PathBuf {
        self.root.join("tests/apps/clients").join(folder)
    }

    /// An adapter of ours.
    pub(crate) fn adapter(&self, folder: &str) -> PathBuf {
        self.root.join("device-agent/adapters").join(folder)
    }

    /// Something that is built here.
    pub(crate) fn built(&self, name: &str) -> PathBuf {
        self.built.join(name)
    }

    /// Where pkg-config finds our library.
    fn pkg_config(&self) -> PathBuf {
        self.prefix.join("lib/pkgconfig")
    }
}

/// What this machine lacks for the stack; nothing where it can be built and run.
pub(crate) fn missing(stack: &Stack) -> Option<String> {
    let is_missing = |need: &&&str| {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        !std::env::split_paths(&folders).any(|folder| folder.join(need).exists())
    };
    let missing: Vec<&str> = stack.needs.iter().filter(is_missing).copied().collect();
    (!missing.is_empty()).then(|| format!("{} is missing", missing.join(", ")))
}

/// Builds the stack's client.
///
/// # Errors
/// What the compiler said.
pub(crate) fn client(stack: &Stack, places: &Places) -> io::Result<()> {
    fs::create_dir_all(&places.built)?;
    match &stack.build {
        Build::Ready => Ok(()),
        Build::C { folder, libraries } => c(folder, libraries, places),
        Build::Commands { folder, commands } => commands.iter().try_for_each(|words| {
            let [program, arguments @ ..] = words.as_slice() else { return Ok(()) };
            let mut command = Command::new(program);
            command.args(arguments).current_dir(places.client(folder));
            // Nothing outside the target folder is written, and nothing is fetched that no lock file names.
            command.env("GOCACHE", places.built("go-cache")).env("GOFLAGS", "-mod=readonly");
            run(&mut command, "")?.success().map(drop)
        }),
    }
}

/// One C program on a TLS library and on ours, as pkg-config says.
fn c(folder: &str, libraries: &[&str], places: &Places) -> io::Result<()> {
    let (packages, plain): (Vec<&str>, Vec<&str>) =
        libraries.iter().partition(|library| !library.starts_with("-l"));
    let mut flags = Command::new("pkg-config");
    flags.args(["--cflags", "--libs"]).args(packages).env("PKG_CONFIG_PATH", places.pkg_config());
    let flags = run(&mut flags, "")?.success()?;
    let mut compile = Command::new("cc");
    compile.args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]).arg(places.built(folder));
    compile.args(sources(&places.client(folder))?).args(flags.split_whitespace()).args(plain);
    // The library is staged, not installed: a program finds it where it was when it was built.
    compile.arg(format!("-Wl,-rpath,{}", places.prefix.join("lib").display()));
    run(&mut compile, "")?.success().map(drop)
}

fn sources(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "c") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
