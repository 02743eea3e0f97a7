//! The static library, closed: of all that it holds, programs see the interface alone.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use object::{Object as _, ObjectSymbol as _};

use super::PREFIX;
use crate::{failure::Failure, files, process};

/// The functions that a shared library exports.
///
/// # Errors
/// The file cannot be read, or exports something else.
pub(super) fn functions(shared: &Path) -> Result<Vec<String>, Failure> {
    let bytes = files::read(shared)?;
    let unreadable = |message: String| Failure::Unreadable { what: shared.display().to_string(), message };
    let file = object::File::parse(bytes.as_slice()).map_err(|error| unreadable(error.to_string()))?;
    let defined = file.dynamic_symbols().filter(|symbol| symbol.is_definition());
    let mut names: Vec<String> = defined.filter_map(|symbol| symbol.name().ok().map(str::to_owned)).collect();
    names.sort();
    match names.iter().find(|name| !name.starts_with(PREFIX)) {
        Some(name) => Err(unreadable(format!("it exports {name}"))),
        None if names.is_empty() => Err(unreadable("it exports nothing".to_owned())),
        None => Ok(names),
    }
}

/// The archive with one object in it, in which everything but `functions` is local: what a Rust library brings along would
/// clash with that of another one in the same program.
///
/// # Errors
/// A tool fails.
pub(super) fn closed(archive: &Path, functions: &[String]) -> Result<Vec<u8>, Failure> {
    let beside = |ending: &str| archive.with_extension(ending);
    let (object, closed) = (beside("closed.o"), beside("closed.a"));
    let mut link = Command::new("ld");
    // What none of the functions needs stays out.
    link.args(["-r", "--gc-sections"]);
    link.args(functions.iter().flat_map(|name| ["-u", name]));
    run(link.arg(archive).arg("-o").arg(&object))?;
    let mut hide = Command::new("objcopy");
    hide.args(["--wildcard", "--keep-global-symbol", &format!("{PREFIX}*"), "--strip-unneeded"]);
    // Bitcode that the compiler kept for itself; of several objects in one, it is none any more.
    hide.args(["--remove-section", ".llvmbc", "--remove-section", ".llvmcmd"]);
    run(hide.arg(&object))?;
    remove(&closed)?;
    // Deterministic: no dates, no owners.
    run(Command::new("ar").arg("rcsD").arg(&closed).arg(&object))?;
    files::read(&closed)
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let result = process::run_quiet(command, |_| {})?;
    if result.passed {
        return Ok(());
    }
    Err(Failure::Check(format!("{}\nfailed: {}", result.lines.join("\n"), process::text(command))))
}

/// An archive that is there is added to, so that of the last build goes first.
fn remove(path: &PathBuf) -> Result<(), Failure> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::File { action: "remove the file", path: path.clone(), source })
        }
        _ => Ok(()),
    }
}
