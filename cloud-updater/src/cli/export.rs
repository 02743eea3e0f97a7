//! `export`: a release in one file, for images and for machines without a network; and the whole repository.

use std::fs;
use std::path::{Path, PathBuf};

use bundle::{ChannelId, Seed, Usb};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::target::TargetFlag;
use super::text::counted;
use crate::durable::{self, PUBLIC_MODE};
use crate::head::Published;
use crate::publish::{Archive, StoredRelease};
use crate::repository::Repository;
use crate::{Context, Error, Exit};

/// What can be exported.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum ExportCommand {
    /// Keyring and release, to be built into an image
    Seed(FileArgs),
    /// Keyrings, head and release, for a device without a network
    Usb(UsbArgs),
    /// A copy of the repository without secrets and caches, checked: what another operator needs to go on
    Repo(RepoArgs),
}

/// Options of `export seed`.
#[derive(Clone, Debug, Args)]
pub(super) struct FileArgs {
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// The release [default: the one that is rolled out]
    #[arg(long, value_name = "N")]
    release: Option<u32>,
}

/// Options of `export usb`.
#[derive(Clone, Debug, Args)]
pub(super) struct UsbArgs {
    #[command(flatten)]
    file: FileArgs,

    #[command(flatten)]
    target: TargetFlag,

    /// Leave the head out: devices then install only above their floor, and say that freshness is unknown
    #[arg(long)]
    without_head: bool,
}

/// Options of `export repo`.
#[derive(Clone, Debug, Args)]
pub(super) struct RepoArgs {
    /// The folder to write; it must not exist
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Answer {
    out: String,
    bytes: u64,
    channel: Option<String>,
    release: Option<u32>,
    keyring: u32,
    head: Option<u32>,
}

pub(super) fn run(command: ExportCommand, context: &Context) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    let archive = Archive::read(&repository)?;
    match command {
        ExportCommand::Seed(args) => seed(&args, &repository, &archive, context),
        ExportCommand::Usb(args) => usb(&args, &repository, &archive, context),
        ExportCommand::Repo(args) => repo(&args, &repository, &archive, context),
    }
}

fn chosen<'a>(
    args: &FileArgs,
    repository: &'a Repository,
    archive: &'a Archive,
    context: &'a Context,
) -> Result<(&'a str, &'a StoredRelease), Error> {
    let channel = repository.fleet().channel_or_only(context.channel())?;
    let number = match args.release {
        Some(number) => number,
        None => repository.rollout(channel)?.release.ok_or_else(|| {
            Error::usage("nothing_published", format!("channel {channel} has no release yet"))
        })?,
    };
    Ok((channel, archive.release(channel, number)?))
}

fn seed(
    args: &FileArgs,
    repository: &Repository,
    archive: &Archive,
    context: &Context,
) -> Result<Exit, Error> {
    let (channel, release) = chosen(args, repository, archive, context)?;
    let keyring = archive.keyrings().newest()?;
    let bytes = bundle::write::seed(&keyring.document, &release.document, &archive.blobs_of(release)?);
    let refused = |error: bundle::VerifyError| {
        let error = Error::signatures("seed_refused", "a device would refuse this seed").because(error);
        error.hint("the release is not signed by keys of the newest keyring: sign it again and publish")
    };
    let parsed = Seed::parse(&bytes).map_err(|error| refused(error.into()))?;
    parsed.open(ChannelId::of(channel)).map_err(refused)?;
    finish(&args.out, &bytes, channel, release, keyring.order.number, None, context)
}

fn usb(args: &UsbArgs, repository: &Repository, archive: &Archive, context: &Context) -> Result<Exit, Error> {
    let (channel, release) = chosen(&args.file, repository, archive, context)?;
    let keyring = archive.keyrings().newest()?;
    let head = if args.without_head {
        None
    } else {
        let folder = args.target.folder(repository)?;
        let published = Published::read(&folder, channel, archive.keyrings())?;
        let head = published.good().filter(|head| head.release_digest == release.digest).cloned();
        if head.is_none() {
            context.output().warning(
                "no published head names this release: the file carries none, and devices \
                                      install it only above their floor",
            );
        }
        head
    };
    let generations: Vec<&[u8]> =
        archive.keyrings().generations().iter().map(|generation| generation.file.as_slice()).collect();
    let document = head.as_ref().map(|head| head.document.as_slice());
    let bytes =
        bundle::write::usb(&generations.concat(), document, &release.document, &archive.blobs_of(release)?)
            .map_err(|error| {
            Error::input("usb", "the keyring generations are too many for one file").because(error)
        })?;
    Usb::parse(&bytes).map_err(|error| Error::bug("a USB file cannot be read back").because(error))?;
    let head = head.map(|head| head.order.number);
    finish(&args.file.out, &bytes, channel, release, keyring.order.number, head, context)
}

fn finish(
    out: &Path,
    bytes: &[u8],
    channel: &str,
    release: &StoredRelease,
    keyring: u32,
    head: Option<u32>,
    context: &Context,
) -> Result<Exit, Error> {
    durable::require_folder_above(out)?;
    if !context.dry_run() {
        durable::write_file(out, bytes, PUBLIC_MODE)?;
    }
    let answer = Answer {
        out: out.display().to_string(),
        bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        channel: Some(channel.to_owned()),
        release: Some(release.order.number),
        keyring,
        head,
    };
    let with_head = head.map_or_else(String::new, |head| format!(", head {head}"));
    let text = format!(
        "{}: release {} of {channel}, keyring {keyring}{with_head}, {} bytes\n",
        answer.out, release.order, answer.bytes
    );
    context.output().data("cloud-updater.export.1", &answer, text)?;
    Ok(Exit::Done)
}

/// What a repository is made of; everything else in its folder is somebody else's, or secret.
const TRACKED: [&str; 12] = [
    "fleet.toml",
    "services.toml",
    "anchors",
    "intermediates",
    "keys",
    "keyring",
    "blob",
    "channels",
    "observations",
    "log",
    ".gitignore",
    ".gitattributes",
];

fn repo(
    args: &RepoArgs,
    repository: &Repository,
    archive: &Archive,
    context: &Context,
) -> Result<Exit, Error> {
    if args.out.exists() {
        return Err(Error::usage("folder_exists", "exists already").file(&args.out).field("--out"));
    }
    durable::require_folder_above(&args.out)?;
    let mut files = Vec::new();
    for name in TRACKED {
        gather(&repository.folder().join(name), Path::new(name), &mut files)?;
    }
    let mut bytes = 0_u64;
    for (from, label) in &files {
        let content = fs::read(from).map_err(|error| Error::io("read", from, error))?;
        if content.windows(11).any(|window| window == b"PRIVATE KEY") {
            let error =
                Error::input("private_key", "holds a private key: it must not leave this machine").file(from);
            return Err(error.hint("move it out of the repository"));
        }
        bytes = bytes.saturating_add(u64::try_from(content.len()).unwrap_or(u64::MAX));
        if !context.dry_run() {
            durable::write_file(&args.out.join(label), &content, PUBLIC_MODE)?;
        }
    }
    if !context.dry_run() {
        Archive::read(&Repository::at(args.out.clone())?)?;
    }
    let keyring = archive.keyrings().newest_order().map_or(0, |order| order.number);
    let out = args.out.display().to_string();
    let text = format!(
        "{out}: {}, {bytes} bytes, every signature and certificate checked\n",
        counted(files.len(), "file")
    );
    let answer = Answer { out, bytes, channel: None, release: None, keyring, head: None };
    context.output().data("cloud-updater.export.1", &answer, text)?;
    Ok(Exit::Done)
}

fn gather(path: &Path, label: &Path, files: &mut Vec<(PathBuf, PathBuf)>) -> Result<(), Error> {
    if path.is_file() {
        files.push((path.to_owned(), label.to_owned()));
        return Ok(());
    }
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("list", path, error)),
        Ok(entries) => entries,
    };
    for entry in entries {
        let entry = entry.map_err(|error| Error::io("list", path, error))?;
        let name = entry.file_name();
        let is_hidden = name.to_string_lossy().starts_with('.');
        if !is_hidden && !entry.path().is_symlink() {
            gather(&entry.path(), &label.join(&name), files)?;
        }
    }
    Ok(())
}
