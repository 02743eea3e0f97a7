//! What an emulated core was measured to take, kept for as long as nothing that led to it changes: two tasks of one run
//! ask for it, and the second need not run every stream again.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use bundle::Sha256;

use crate::{
    process,
    rt_core::{self, EMULATOR, Stream},
};

/// Figures of a core by name.
pub type Figures = BTreeMap<String, u64>;

/// Runs every stream as [`rt_core::check`] does, unless `record` says that this was done with the very same program,
/// streams, comparison and emulator; true beside the figures where it says so. Only a pass is recorded.
///
/// # Errors
/// As [`rt_core::check`], or the record cannot be written.
pub fn check_once(program: &Path, record: &Path) -> io::Result<(Figures, bool)> {
    let streams = rt_core::streams()?;
    // This program holds the core to compare with and the comparison itself.
    let me = fs::read(env::current_exe()?)?;
    let emulator = process::run(Command::new(EMULATOR).arg("--version"), "")?.success()?;
    let name = name(&[&fs::read(program)?, &me, emulator.as_bytes()], &streams);
    if let Some(figures) = recorded(record, name) {
        return Ok((figures, true));
    }
    let figures = rt_core::check(program, &streams)?;
    write(record, name, &figures)?;
    Ok((figures, false))
}

/// The SHA-256 of everything that a result depends on.
fn name(parts: &[&[u8]], streams: &[Stream]) -> Sha256 {
    let mut all: Vec<Vec<u8>> = parts.iter().map(|part| part.to_vec()).collect();
    for stream in streams {
        all.push(stream.bytes.clone());
        all.push([stream.expected, &stream.ended, &stream.lines.join("\n")].join("\n").into_bytes());
    }
    let digests: Vec<[u8; 32]> = all.iter().map(|part| Sha256::of(&[part]).0).collect();
    Sha256::of(&[digests.as_flattened()])
}

/// The figures in a record, if it is one of this name.
fn recorded(record: &Path, name: Sha256) -> Option<Figures> {
    let text = fs::read_to_string(record).ok()?;
    // The name stands last: what was cut has none.
    let figures = text.strip_suffix(&format!("{name}\n"))?;
    let figure =
        |line: &str| line.split_once('=').and_then(|(name, value)| Some((name.into(), value.parse().ok()?)));
    figures.lines().map(figure).collect::<Option<Figures>>().filter(|figures| !figures.is_empty())
}

/// Writes a record beside its place and gives it its name when it is whole. A power cut may take it: then the streams run.
fn write(record: &Path, name: Sha256, figures: &Figures) -> io::Result<()> {
    let lines = figures.iter().map(|(name, value)| format!("{name}={value}\n"));
    let new = PathBuf::from(record).with_extension("new");
    put(&new, &format!("{}{name}\n", lines.collect::<String>()))?;
    fs::rename(new, record)
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    fs::File::create(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        Figures::from([("m4_ram_bytes".to_owned(), 16_000), ("m4_stack_bytes".to_owned(), 15_000)])
    }

    #[test]
    fn a_record_is_believed_under_its_own_name_only() {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("record");
        let streams = rt_core::streams().unwrap();
        let mine = name(&[b"program", b"kit", b"emulator"], &streams);
        assert_eq!(recorded(&record, mine), None);
        write(&record, mine, &figures()).unwrap();
        assert_eq!(recorded(&record, mine), Some(figures()));
        let parts: [[&[u8]; 3]; 4] = [
            [b"Program", b"kit", b"emulator"],
            [b"program", b"Kit", b"emulator"],
            [b"program", b"kit", b"Emulator"],
            [b"programk", b"it", b"emulator"],
        ];
        for other in parts {
            assert_eq!(recorded(&record, name(&other, &streams)), None);
        }
        for at in 0..streams.len() {
            let mut other = streams.clone();
            other[at].bytes[9] ^= 1;
            assert_eq!(recorded(&record, name(&parts[0], &other)), None, "{}", other[at].name);
            let mut other = streams.clone();
            other[at].lines.pop();
            let mine = name(&[b"program", b"kit", b"emulator"], &other);
            assert_eq!(recorded(&record, mine), None, "{}", other[at].name);
        }
    }

    #[test]
    fn a_record_that_is_cut_or_spoilt_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("record");
        let mine = name(&[b"program"], &[]);
        write(&record, mine, &figures()).unwrap();
        let text = fs::read_to_string(&record).unwrap();
        for end in 0..text.len() {
            put(&record, &text[..end]).unwrap();
            assert_eq!(recorded(&record, mine), None, "{end}");
        }
        put(&record, &text.replace("=16000", "=few")).unwrap();
        assert_eq!(recorded(&record, mine), None);
    }
}
