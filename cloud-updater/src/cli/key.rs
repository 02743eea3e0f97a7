//! `key`: this person's keys. Each signer runs it on their own machine and hands over the `.pub` file.

use std::path::PathBuf;

use bundle::Sha256;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::audit::Act;
use crate::durable::{self, PUBLIC_MODE};
use crate::key::{KeyFile, PassphraseFlags, PublicKey, TokenPlace};
use crate::repository::Repository;
use crate::{Context, Error, Exit, input};

/// Bytes of a public key in PEM, with text around it.
const PEM_BYTES_MAX: u64 = 16_384;

/// Commands about keys.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make a key: an encrypted file that stays here, and a .pub file to hand over
    New(NewArgs),
    /// Take over the public half of a key that is on a token or in a service: sign --command signs with it
    Import(ImportArgs),
    /// Take over the public half of a key on a PKCS#11 token, and note where it is: sign signs with it directly
    Token(TokenArgs),
    /// List the keys of this user, and those of the repository with their roles
    List,
}

/// Options of `key new`.
#[derive(Clone, Debug, Args)]
pub(super) struct NewArgs {
    /// Name of the key: its holder, or its purpose
    name: String,

    /// The key file [default: NAME.key in the user's configuration folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    passphrase: PassphraseFlags,
}

/// Options of `key import`.
#[derive(Clone, Debug, Args)]
pub(super) struct ImportArgs {
    /// Name of the key: its holder, or its purpose
    name: String,

    /// Its public half in PEM, as tokens, key services and `openssl pkey -pubout` give it
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Options of `key token`.
#[derive(Clone, Debug, Args)]
pub(super) struct TokenArgs {
    /// Name of the key: its holder, or its purpose
    name: String,

    /// The token's PKCS#11 module, as an absolute path
    #[arg(long, value_name = "FILE")]
    module: PathBuf,

    /// The token's label
    #[arg(long, value_name = "LABEL")]
    token: String,

    /// The token's serial number, where several have one label
    #[arg(long, value_name = "SERIAL")]
    serial: Option<String>,

    /// The key's label [default: NAME, unless --id is given]
    #[arg(long, value_name = "LABEL")]
    label: Option<String>,

    /// The key's id as hexadecimal digits
    #[arg(long, value_name = "HEX")]
    id: Option<String>,
}

#[derive(Serialize)]
struct ImportAnswer {
    name: String,
    id: String,
    public_file: String,
    public_key: String,
}

#[derive(Serialize)]
struct NewAnswer {
    name: String,
    id: String,
    key_file: String,
    public_file: String,
    public_key: String,
}

#[derive(Serialize)]
struct ListAnswer {
    mine: Vec<Mine>,
    repository: Vec<Listed>,
}

#[derive(Serialize)]
struct Mine {
    name: String,
    id: String,
    file: String,
}

#[derive(Serialize)]
struct Listed {
    name: String,
    id: String,
    roles: Vec<&'static str>,
}

pub(super) fn run(command: KeyCommand, context: &Context) -> Result<Exit, Error> {
    match command {
        KeyCommand::New(args) => new(&args, context),
        KeyCommand::Import(args) => import(&args, context),
        KeyCommand::Token(args) => token(&args, context),
        KeyCommand::List => list(context),
    }
}

fn import(args: &ImportArgs, context: &Context) -> Result<Exit, Error> {
    let text = input::read_text(&args.file, PEM_BYTES_MAX, "a public key")?;
    let public = PublicKey::from_pem(&text, &args.name).map_err(|error| error.file(&args.file))?;
    take_over(&public, None, context)
}

/// Reads the public half from the token, which needs no PIN.
fn token(args: &TokenArgs, context: &Context) -> Result<Exit, Error> {
    let by_name = || args.id.is_none().then(|| args.name.clone());
    let place = TokenPlace {
        module: args.module.clone(),
        token: args.token.clone(),
        serial: args.serial.clone(),
        label: args.label.clone().or_else(by_name),
        id: args.id.clone(),
    };
    let public = place.public_key(&args.name)?;
    take_over(&public, Some(&place), context)
}

/// Writes the `.pub` file of a key that is elsewhere, and where it is if that is a token.
fn take_over(public: &PublicKey, place: Option<&TokenPlace>, context: &Context) -> Result<Exit, Error> {
    let file = KeyFile::named(public.name())?;
    let path = file.public_path();
    if path.exists() {
        let error = Error::input("key_exists", "stands there already; a key is never replaced").file(path);
        return Err(error.hint("choose another name, or move the old key away"));
    }
    let mut text = format!("{}  {}\n", public.id(), public.name());
    if context.dry_run() {
        text.push_str("nothing was changed: --dry-run\n");
    } else {
        if let Some(place) = place {
            let path = path.with_extension("token");
            durable::write_file(&path, place.to_text()?.as_bytes(), PUBLIC_MODE)?;
        }
        durable::create_file(&path, format!("{public}\n").as_bytes(), PUBLIC_MODE)?;
        text.push_str(&format!("hand over {}\n", path.display()));
    }
    let answer = ImportAnswer {
        name: public.name().to_owned(),
        id: public.id().to_string(),
        public_file: path.display().to_string(),
        public_key: public.to_string(),
    };
    context.output().data("cloud-updater.key-import.1", &answer, text)?;
    Ok(Exit::Done)
}

fn new(args: &NewArgs, context: &Context) -> Result<Exit, Error> {
    let by_name = KeyFile::named(&args.name);
    let file = match &args.out {
        Some(path) => KeyFile::at(path.clone()),
        None => by_name?,
    };
    let repository = context.find_repository()?.map(Repository::at).transpose()?;
    if let Some(repository) = &repository {
        let path = repository.layout().keys().join(format!("{}.pub", args.name));
        if path.exists() {
            let error =
                Error::input("key_exists", "the repository has a key of this name already").file(path);
            return Err(error.hint("choose another name; a replaced key keeps its old name in old keyrings"));
        }
    }
    if context.dry_run() {
        context.output().line(format!(
            "create   {}\ncreate   {}",
            file.path().display(),
            file.public_path().display()
        ))?;
        return Ok(Exit::Done);
    }
    let passphrase = args.passphrase.new_passphrase(&args.name)?;
    let public = file.create(&args.name, &passphrase)?;
    let mut handover = format!("hand over {}", file.public_path().display());
    if let Some(repository) = &repository {
        let _lock = repository.lock()?;
        let path = repository.layout().keys().join(format!("{}.pub", args.name));
        let text = format!("{public}\n");
        let documents = [(repository.layout().label(&path), Sha256::of(&[text.as_bytes()]))];
        let subject = format!("{} {}", args.name, public.id());
        let act = Act { action: "key new", subject: &subject, reason: "", documents: &documents };
        repository.record_act(context.now(), &act)?;
        durable::write_file(&path, text.as_bytes(), PUBLIC_MODE)?;
        handover = format!("its public half is in {}", path.display());
    }
    let answer = NewAnswer {
        name: args.name.clone(),
        id: public.id().to_string(),
        key_file: file.path().display().to_string(),
        public_file: file.public_path().display().to_string(),
        public_key: public.to_string(),
    };
    let text =
        format!("{public}\n\n{}: encrypted, keep it and its passphrase\n{handover}\n", file.path().display());
    context.output().data("cloud-updater.key-new.1", &answer, text)?;
    Ok(Exit::Done)
}

fn list(context: &Context) -> Result<Exit, Error> {
    let mut mine = Vec::new();
    if let Ok(folder) = KeyFile::folder() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "pub")) {
            let key = PublicKey::read(&path)?;
            let file = KeyFile::at(path.with_extension("key"));
            mine.push(Mine {
                name: key.name().to_owned(),
                id: key.id().to_string(),
                file: file.path().display().to_string(),
            });
        }
    }
    let mut listed = Vec::new();
    if let Some(repository) = context.find_repository()?.map(Repository::at).transpose()? {
        for key in repository.keys()?.iter() {
            let roles = repository
                .fleet()
                .roles
                .named()
                .filter(|(_, holders)| holders.keys.iter().any(|name| name == key.name()));
            listed.push(Listed {
                name: key.name().to_owned(),
                id: key.id().to_string(),
                roles: roles.map(|(role, _)| role).collect(),
            });
        }
    }
    let mut text = String::from("keys of this user:\n");
    for key in &mine {
        text.push_str(&format!("  {:<20} {}  {}\n", key.name, key.id, key.file));
    }
    text.push_str("keys of the repository:\n");
    for key in &listed {
        let roles = if key.roles.is_empty() { "no role".to_owned() } else { key.roles.join(", ") };
        text.push_str(&format!("  {:<20} {}  {roles}\n", key.name, key.id));
    }
    context.output().data("cloud-updater.key-list.1", &ListAnswer { mine, repository: listed }, text)?;
    Ok(Exit::Done)
}
