//! The `verify` command: which target, which keyring, what came out.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::VerifyArgs;
use super::fetch::Fetcher;
use super::file::{self, Judge};
use super::origin::{Origin, read_file};
use super::record::{Check, Grade, Record};
use super::tree::Tree;
use super::trust::{self, Ring};
use crate::repository::fleet_file::FleetFile;
use crate::server::PublishedName;
use crate::server::limits::FILE_BYTES_MAX;
use crate::{Context, Error, Exit};

/// What `verify` answers.
#[derive(Serialize)]
struct Answer<'a> {
    target: &'a str,
    verified: bool,
    grade: Grade,
    keyring: Option<&'a str>,
    checks: &'a [Check],
    explanation: &'a [String],
}

/// Runs `verify`.
///
/// # Errors
/// Exit code 2 for options that cannot be used, 3 for an unusable `--keyring`, 5 where the target cannot be read.
/// What is found in the target is no error but the answer, with exit code 0, 1, 3, 4 or 5.
#[expect(clippy::needless_pass_by_value, reason = "every command takes its arguments by value")]
pub fn run(args: VerifyArgs, context: &Context) -> Result<Exit, Error> {
    let path = PathBuf::from(&args.target);
    if !is_url(&args.target) && !path.exists() {
        return Err(missing(&path));
    }
    let ring = match &args.keyring {
        Some(path) => Some(trust::read(path)?),
        None => trust::of_repository(context)?,
    };
    let source = ring.as_ref().map(|ring| ring.source.clone());
    let mut record = Record::default();
    if is_url(&args.target) {
        let origin = Origin::Site(Fetcher::new(&args.target, args.ca.as_deref())?);
        check_tree(&origin, None, ring, &args, context, &mut record)?;
    } else if path.is_dir() {
        let origin = Origin::Folder(path.clone());
        let listed = origin.list().map_err(|error| unreadable(&path).because(error))?;
        check_tree(&origin, listed, ring, &args, context, &mut record)?;
    } else {
        check_file(&path, ring, &args, context, &mut record)?;
    }
    answer(&args, source.as_deref(), &record, context)
}

fn is_url(target: &str) -> bool {
    target.contains("://")
}

fn check_tree(
    origin: &Origin,
    listed: Option<Vec<String>>,
    ring: Option<Ring>,
    args: &VerifyArgs,
    context: &Context,
    record: &mut Record,
) -> Result<(), Error> {
    let channels = channels(listed.as_deref(), args, context)?;
    let tree =
        Tree { origin, listed, channels, now: context.now(), earlier: args.updates, explain: args.explain };
    match ring {
        None => tree.show(record),
        Some(ring) => {
            let source = ring.source.clone();
            if let Err(error) = tree.check(ring, record) {
                record.refused(source, &error);
            }
        }
    }
    Ok(())
}

/// The channel that was asked for, else those that have a head, else those of the repository.
fn channels(listed: Option<&[String]>, args: &VerifyArgs, context: &Context) -> Result<Vec<String>, Error> {
    if let Some(channel) = context.channel() {
        return Ok(vec![channel.to_owned()]);
    }
    if let Some(paths) = listed {
        let channels: Vec<String> = paths.iter().filter_map(|path| channel_of_head(path)).collect();
        if channels.is_empty() {
            let error = Error::input("no_head", "holds no channel with a head").file(&args.target);
            let hint =
                "before the first head: cloud-updater head sign; else give the published folder itself";
            return Err(error.hint(hint));
        }
        return Ok(channels);
    }
    let names = repository_channels(context)?;
    if names.is_empty() {
        return Err(Error::usage("which_channel", "a URL cannot be listed: which channel?")
            .hint("verify URL --channel NAME --seed FILE"));
    }
    Ok(names)
}

/// The channels of the repository that the command runs in; none where there is no repository.
fn repository_channels(context: &Context) -> Result<Vec<String>, Error> {
    match context.find_repository()? {
        Some(folder) => Ok(FleetFile::read(&folder)?.channels.into_keys().collect()),
        None => Ok(Vec::new()),
    }
}

fn channel_of_head(path: &str) -> Option<String> {
    match PublishedName::parse(path)? {
        PublishedName::Head { channel } => Some(channel),
        _ => None,
    }
}

fn check_file(
    path: &Path,
    ring: Option<Ring>,
    args: &VerifyArgs,
    context: &Context,
    record: &mut Record,
) -> Result<(), Error> {
    let bytes = read(path)?;
    let base = args.base.clone().or_else(|| base_beside(path));
    let base = base.as_deref().map(read).transpose()?;
    let names = repository_channels(context)?;
    let judge = Judge {
        channel: context.channel(),
        names: &names,
        base: base.as_deref(),
        now: context.now(),
        explain: args.explain,
    };
    file::check(&bytes, ring, &judge, record);
    Ok(())
}

/// For `…/update/<from>-<to>`, the release beside it that the update starts from, where it is published.
fn base_beside(path: &Path) -> Option<PathBuf> {
    let (from, _) = path.file_name()?.to_str()?.split_once('-')?;
    let folder = path.parent().filter(|folder| folder.ends_with("update"))?;
    let base = folder.with_file_name("release").join(from);
    base.is_file().then_some(base)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    match read_file(path, FILE_BYTES_MAX) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(missing(path)),
        Err(error) => Err(unreadable(path).because(error)),
    }
}

fn missing(path: &Path) -> Error {
    Error::new(Exit::Io, "file_missing", "no such file or folder").file(path)
}

fn unreadable(path: &Path) -> Error {
    Error::new(Exit::Io, "file_unreadable", "cannot be read").file(path)
}

fn answer(
    args: &VerifyArgs,
    keyring: Option<&str>,
    record: &Record,
    context: &Context,
) -> Result<Exit, Error> {
    let grade = record.grade();
    let answer = Answer {
        target: &args.target,
        verified: grade.is_verified(),
        grade,
        keyring,
        checks: &record.checks,
        explanation: &record.explanation,
    };
    let keyring = match keyring {
        Some(source) => format!("under the keyring of {source}"),
        None => "there is no keyring to verify with (give --keyring FILE)".to_owned(),
    };
    let mut text = format!("{}{}: {}; {keyring}\n", record.table(), args.target, grade.verdict());
    if !record.explanation.is_empty() {
        text = format!("{text}\n{}\n", record.explanation.join("\n"));
    }
    context.output().data("cloud-updater.verify.1", &answer, text)?;
    Ok(grade.exit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::kit::put;

    #[test]
    fn the_base_of_a_published_update_is_the_release_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "prod/release/1", b"");
        put(folder.path(), "prod/update/1-2", b"");
        let beside = |path: &str| base_beside(&folder.path().join(path));
        assert_eq!(beside("prod/update/1-2"), Some(folder.path().join("prod/release/1")));
        assert_eq!(beside("prod/update/0-2"), None);
        assert_eq!(beside("prod/other/1-2"), None);
        assert_eq!(beside("prod/update/head"), None);
    }
}
