//! Writes the test vectors of the format, one fault each, bit for bit the same on every machine.
//!
//! `vectors FOLDER` writes them; `vectors --check FOLDER` writes nothing and fails where a file differs.

#![expect(clippy::expect_used, reason = "a case whose own input cannot be made stops the generator")]

#[path = "cases/mod.rs"]
mod cases;
#[path = "../../tests/format/fixture.rs"]
mod fixture;
mod vector;

use std::{collections::BTreeMap, env, fs, io, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (check, folder) = match arguments.as_slice() {
        [folder] if folder != "--check" => (false, folder),
        [flag, folder] if flag == "--check" => (true, folder),
        _ => return say("usage: vectors [--check] FOLDER", ExitCode::from(2)),
    };
    let files: BTreeMap<String, String> = cases::all().into_iter().map(file).collect();
    let result = if check { compare(Path::new(folder), &files) } else { write(Path::new(folder), &files) };
    match result {
        Ok(problems) if problems.is_empty() => {
            say(&format!("{} vectors in {folder}", files.len()), ExitCode::SUCCESS)
        }
        Ok(problems) => say(&problems.join("\n"), ExitCode::FAILURE),
        Err(error) => say(&format!("{folder}: {error}"), ExitCode::from(5)),
    }
}

/// Name and text of a vector's file.
fn file((name, vector): (String, vector::Vector)) -> (String, String) {
    let judged = vector.judge();
    let text = judged.to_text();
    let read = vector::Vector::from_text(&text).expect("what was written reads");
    assert!(read == judged, "{name}: what was written reads back as something else");
    (format!("{name}.txt"), text)
}

/// Names of the vectors that a folder holds.
fn present(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    let names = entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.filter(|name| name.ends_with(".txt")).collect())
}

fn compare(folder: &Path, files: &BTreeMap<String, String>) -> io::Result<Vec<String>> {
    let mut problems = Vec::new();
    for name in present(folder)? {
        if !files.contains_key(&name) {
            problems.push(format!("{name}: no case makes this file; delete it"));
        }
    }
    for (name, text) in files {
        match fs::read_to_string(folder.join(name)) {
            Ok(found) if found == *text => {}
            Ok(_) => {
                problems.push(format!("{name}: differs; run `cargo xtask vectors` and look at the change"))
            }
            Err(error) => problems.push(format!("{name}: {error}; run `cargo xtask vectors`")),
        }
    }
    Ok(problems)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a generator in a work tree under version control: nothing is lost by a crash"
)]
fn write(folder: &Path, files: &BTreeMap<String, String>) -> io::Result<Vec<String>> {
    fs::create_dir_all(folder)?;
    for name in present(folder)? {
        if !files.contains_key(&name) {
            fs::remove_file(folder.join(name))?;
        }
    }
    for (name, text) in files {
        fs::write(folder.join(name), text)?;
    }
    Ok(Vec::new())
}

#[expect(clippy::print_stderr, reason = "the one place where this command speaks")]
fn say(text: &str, code: ExitCode) -> ExitCode {
    eprintln!("{text}");
    code
}
