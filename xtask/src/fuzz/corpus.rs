//! The kept inputs, made anew: the fewest that reach all that seeds, kept ones and earlier runs reach.

use std::{fs, path::Path};

use super::{
    build::{self, Programs},
    run::fuzzer,
};
use crate::{failure::Failure, files, output, process, workspace};

/// Bytes that are kept of one target. Where what reaches something is more, the shortest inputs are kept: a run of
/// seconds finds the others again from them and from what it is made of.
const KEPT_BYTES_MAX: u64 = 8_192;

/// Writes the kept inputs of these targets.
///
/// # Errors
/// A target finds something, or a file cannot be written.
pub(crate) fn minimise(programs: &Programs, names: &[String]) -> Result<(), Failure> {
    let seeds = programs.work.join("seeds");
    empty(&seeds)?;
    let mut command = workspace::cargo();
    command.args(["run", "--quiet", "--locked", "--package", "fuzz", "--example", "seeds", "--"]).arg(&seeds);
    if !process::run(&mut command)? {
        return Err(Failure::Check("the seeds could not be made".to_owned()));
    }
    for name in names {
        let (before, after) = (size(&build::kept(name))?, one(programs, name, &seeds.join(name))?);
        output::line(format_args!(
            "{name:<18} {:>5} inputs, {:>7} bytes; before: {:>5}, {:>7}",
            after.0, after.1, before.0, before.1
        ));
    }
    Ok(())
}

/// Inputs and bytes of a target's new folder.
fn one(programs: &Programs, name: &str, seeds: &Path) -> Result<(usize, u64), Failure> {
    let (kept, merged) = (build::kept(name), programs.work.join("merged").join(name));
    let work = programs.work.join("corpus").join(name);
    empty(&merged)?;
    [&kept, &work].into_iter().try_for_each(|folder| files::create_folder(folder))?;
    let mut command = fuzzer(programs, name);
    // One input for every edge is enough to start from; how often it is passed is found out again in no time.
    command.args(["-set_cover_merge=1", "-use_counters=0"]).arg(&merged).args([seeds, &kept, &work]);
    let told = process::run_quiet(&mut command, |_| {})?;
    if !told.passed {
        return Err(Failure::Check(format!("{}\n{name} cannot be minimised", told.lines.join("\n"))));
    }
    empty(&kept)?;
    for entry in shortest(entries(&merged)?) {
        let (from, to) = (entry.path(), kept.join(entry.file_name()));
        fs::copy(&from, &to).map_err(|source| Failure::File { action: "copy the file", path: to, source })?;
    }
    size(&kept)
}

/// The shortest files that together fit what is kept.
fn shortest(mut files: Vec<fs::DirEntry>) -> Vec<fs::DirEntry> {
    let bytes = |file: &fs::DirEntry| file.metadata().map_or(0, |metadata| metadata.len());
    files.sort_by_key(|file| (bytes(file), file.file_name()));
    let mut left = KEPT_BYTES_MAX;
    files.retain(|file| {
        let fits = left.checked_sub(bytes(file));
        left = fits.unwrap_or(0);
        fits.is_some()
    });
    files
}

fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, Failure> {
    let failed = |source| Failure::File { action: "read the folder", path: folder.to_owned(), source };
    fs::read_dir(folder).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)
}

fn size(folder: &Path) -> Result<(usize, u64), Failure> {
    files::create_folder(folder)?;
    let entries = entries(folder)?;
    let bytes = entries.iter().filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum();
    Ok((entries.len(), bytes))
}

/// An empty folder, whatever was there.
fn empty(folder: &Path) -> Result<(), Failure> {
    if folder.exists() {
        let failed = |source| Failure::File { action: "remove the folder", path: folder.to_owned(), source };
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    files::create_folder(folder)
}
