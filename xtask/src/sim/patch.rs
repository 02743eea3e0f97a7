//! A copy of the sources with every mutant in it, asleep: what is shipped has no switch.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::mutants::Mutant;
use crate::{failure::Failure, process, workspace};

/// Names the mutant that is awake.
pub(super) const VARIABLE: &str = "SIMULATED_MUTANT";
/// The crate that every other one depends on.
const SWITCH_CRATE: &str = "crates/bundle";
/// The switch, as a module of that crate.
const SWITCH: &str = r#"//! Which mutant is awake: named by the environment, once.

extern crate std;

use std::{string::String, sync::OnceLock};

static AWAKE: OnceLock<String> = OnceLock::new();

/// True while this mutant is awake.
pub fn is(name: &str) -> bool {
    AWAKE.get_or_init(|| std::env::var("SIMULATED_MUTANT").unwrap_or_default()) == name
}
"#;

/// Makes the copy, and leaves alone what is there already as it must be, so that little is built anew.
///
/// # Errors
/// A file that cannot be copied, or a mutant whose text does not stand exactly once in its file.
pub(super) fn copy(folder: &Path, mutants: &[Mutant]) -> Result<(), Failure> {
    let root = workspace::root();
    for name in sources(&root)? {
        let from = root.join(&name);
        let Ok(bytes) = fs::read(&from) else { continue };
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => patched(&name, text, mutants)?.into_bytes(),
            Err(error) => error.into_bytes(),
        };
        place(&folder.join(&name), &bytes)?;
    }
    place(&folder.join(SWITCH_CRATE).join("src/mutant.rs"), SWITCH.as_bytes())
}

/// The files of the work tree that are or may be committed.
fn sources(root: &Path) -> Result<Vec<String>, Failure> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let told = git.output().map_err(|source| Failure::Spawn { command: process::text(&git), source })?;
    let list = String::from_utf8_lossy(&told.stdout);
    let names: Vec<String> = list.lines().map(str::to_owned).collect();
    if names.is_empty() {
        return Err(Failure::Check("git names no source file: the mutants need a clone".to_owned()));
    }
    Ok(names)
}

/// A file with its mutants in it.
fn patched(name: &str, text: String, mutants: &[Mutant]) -> Result<String, Failure> {
    let mut text = text;
    if name == format!("{SWITCH_CRATE}/src/lib.rs") {
        text.push_str("\n/// Mutants.\npub mod mutant;\n");
    }
    let path = if name.starts_with(SWITCH_CRATE) { "crate" } else { "bundle" };
    for mutant in mutants.iter().filter(|mutant| mutant.file == name) {
        let found = text.matches(&mutant.find).count();
        if found != 1 {
            return Err(Failure::Unreadable {
                what: format!("the mutant {}", mutant.name),
                message: format!(
                    "what it looks for stands {found} times in {name}, and must stand there once"
                ),
            });
        }
        let switch = format!("{path}::mutant::is({:?})", mutant.name);
        text = text.replacen(&mutant.find, &mutant.replace.replace("MUTANT", &switch), 1);
    }
    Ok(text)
}

fn place(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let failed = |source| Failure::File { action: "write it", path: PathBuf::from(path), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    write(path, bytes).map_err(failed)
}

#[expect(clippy::disallowed_methods, reason = "a copy that is made again by the same command")]
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::write(path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::mutants;

    #[test]
    fn every_mutant_stands_once_where_it_looks_and_is_asleep_elsewhere() {
        let mutants = mutants::read().unwrap();
        for mutant in &mutants {
            let text = fs::read_to_string(workspace::root().join(&mutant.file)).unwrap();
            let patched = patched(&mutant.file, text.clone(), &mutants).unwrap();
            assert!(!text.contains("mutant::is"), "{} has a switch", mutant.file);
            assert_eq!(
                patched.matches(&format!("mutant::is({:?})", mutant.name)).count(),
                1,
                "{}",
                mutant.name
            );
        }
        let mut stale = mutants[0].clone();
        stale.find = "no such text".to_owned();
        assert!(patched(&mutants[0].file, String::new(), &[stale]).is_err());
    }
}
