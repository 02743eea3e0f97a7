//! `head`: signing the small document that says what is current, once or for ever, and showing it.

mod run;
mod show;
mod sign;

use std::fmt;

use bundle::Sha256;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::key::{KeyFile, PassphraseFlags, SigningKey};
use crate::{Context, Error, Exit};

pub(super) use sign::{sign_changed, sign_channel};

/// Commands about heads.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum HeadCommand {
    /// Sign a head for each channel, and swap it in
    Sign(sign::SignArgs),
    /// Keep the heads signed: again every day, and at once when the repository changes
    Run(run::RunArgs),
    /// Show what the published heads say; exit code 1 where one is stale or missing
    Show(show::ShowArgs),
}

/// Which keys sign heads.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct HeadKeyFlags {
    /// A key of the head role, by path or name; several where its threshold is above one
    #[arg(long, value_name = "KEY", env = "CLOUD_UPDATER_HEAD_KEY", value_delimiter = ',')]
    head_key: Vec<String>,

    #[command(flatten)]
    passphrase: PassphraseFlags,
}

/// One head that was signed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct HeadAnswer {
    channel: String,
    number: u32,
    epoch: u16,
    release: u32,
    keyring: u32,
    share: String,
    expires_at: String,
    changed: bool,
    /// SHA-256 of the file that was signed; `None` where none was.
    #[serde(skip)]
    signed_sha256: Option<Sha256>,
}

impl HeadKeyFlags {
    /// The keys, unlocked; `None` where none was named.
    pub(super) fn unlock(&self, context: &Context) -> Result<Option<Vec<SigningKey>>, Error> {
        if self.head_key.is_empty() {
            return Ok(None);
        }
        let unlock = |value: &String| {
            let file = KeyFile::path_or_name(value)?;
            refuse_token(&file)?;
            context.output().progress(format_args!("unlocking {}", file.path().display()));
            file.unlock(&self.passphrase.passphrase_of(&file.stem())?)
        };
        self.head_key.iter().map(unlock).collect::<Result<_, _>>().map(Some)
    }

    /// The keys, unlocked.
    ///
    /// # Errors
    /// Exit code 2 where none was named.
    fn unlock_some(&self, context: &Context) -> Result<Vec<SigningKey>, Error> {
        self.unlock(context)?.ok_or_else(|| {
            Error::usage("no_head_key", "no key signs the head")
                .field("--head-key")
                .hint("name a key of [roles.head]")
        })
    }
}

/// Refuses a key that is on a token: heads are signed every day, without anybody there.
fn refuse_token(file: &KeyFile) -> Result<(), Error> {
    let place = file.path().with_extension("token");
    if file.path().is_file() || !place.is_file() {
        return Ok(());
    }
    let message = "is a key on a token: heads are signed with key files in this version";
    let error = Error::usage("head_key_on_token", message).file(place).field("--head-key");
    Err(error.hint("make a key of the head role with cloud-updater key new"))
}

impl fmt::Display for HeadAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { channel, number, release, share, expires_at, changed, .. } = self;
        let done = if *changed { "signed" } else { "is fresh, nothing to do" };
        write!(f, "head {number} of {channel} {done}: release {release} to {share}, fresh until {expires_at}")
    }
}

pub(super) fn run(command: HeadCommand, context: &Context) -> Result<Exit, Error> {
    match command {
        HeadCommand::Sign(args) => sign::run(&args, context),
        HeadCommand::Run(args) => run::run(&args, context),
        HeadCommand::Show(args) => show::run(&args, context),
    }
}
