//! `init`: an operator's repository, ready to be filled.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::durable::{self, PUBLIC_MODE};
use crate::repository::Repository;
use crate::repository::fleet_file::{FLEET_FILE, FleetFile, is_channel_name};
use crate::repository::service_file::SERVICE_FILE;
use crate::{Context, Error, Exit};

/// Bytes of a bundle for the class that `init` writes: a Linux gateway.
const GATEWAY_BYTES_MAX: u32 = 262_144;
/// Bytes of a bundle on the smallest board: half of a 64 KiB file without its two journal blocks.
const MCU_BYTES_MAX: u32 = 24_576;

/// Options of `init`.
#[derive(Clone, Debug, Args)]
pub(super) struct InitArgs {
    /// The new repository [default: the working folder]
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,

    /// The fleet's name; keyrings carry it
    #[arg(long, value_name = "NAME")]
    fleet: String,

    /// A channel; may be given several times, stages in the order in which releases pass them
    #[arg(long = "with-channel", value_name = "NAME", default_value = "prod")]
    channels: Vec<String>,
}

#[derive(Serialize)]
struct Answer {
    folder: String,
    files: Vec<String>,
}

pub(super) fn run(args: &InitArgs, context: &Context) -> Result<Exit, Error> {
    let folder = args
        .folder
        .clone()
        .or_else(|| context.repository_folder.clone())
        .unwrap_or_else(|| PathBuf::from("."));
    if folder.join(FLEET_FILE).exists() {
        let error = Error::usage("repository_exists", "stands there already").file(folder.join(FLEET_FILE));
        return Err(error.hint("it is a repository: go on with cloud-updater status"));
    }
    if let Some(name) = args.channels.iter().find(|name| !is_channel_name(name)) {
        let message = format!("{name:?} is not a channel's name: lower-case letters, digits and hyphens");
        return Err(Error::usage("channel_name", message).field("--with-channel"));
    }
    let files = files(args);
    // The settings that are about to be written are read first: a bad fleet name changes nothing on disk.
    check(&files)?;
    if !context.dry_run() {
        for (name, text) in &files {
            durable::write_file(&folder.join(name), text.as_bytes(), PUBLIC_MODE)?;
        }
        // Where signers' public keys go: the next steps copy them there.
        durable::create_folder(&folder.join("keys"))?;
        Repository::at(folder.clone())?.record(context.now(), "init", &args.fleet, "a new repository")?;
    }
    let names: Vec<String> = files.into_iter().map(|(name, _)| name.to_owned()).collect();
    let text = format!(
        "{}: a repository for the fleet {:?}\n\nnext:\n  git init && git add -A && git commit -m \"A new fleet\"\n  \
         each signer: cloud-updater key new NAME, and NAME.pub into keys/\n  \
         name the keys of each role in fleet.toml, then: cloud-updater keyring draft\n",
        folder.display(),
        args.fleet
    );
    context.output().data(
        "cloud-updater.init.1",
        &Answer { folder: folder.display().to_string(), files: names },
        text,
    )?;
    Ok(Exit::Done)
}

fn check(files: &[(&'static str, String)]) -> Result<(), Error> {
    files
        .iter()
        .filter(|(name, _)| *name == FLEET_FILE)
        .try_for_each(|(_, text)| FleetFile::parse(text).map(drop))
}

fn files(args: &InitArgs) -> Vec<(&'static str, String)> {
    let channels: String = args
        .channels
        .iter()
        .map(|name| format!("[channels.{name}]\ndevice-class = \"gateway\"\n\n"))
        .collect();
    let fleet = toml_edit::value(args.fleet.as_str());
    vec![
        (FLEET_FILE, format!("fleet = {fleet}\n\n{PUBLISH}{HEAD}{}{channels}{ROLES}", classes())),
        (SERVICE_FILE, SERVICES.to_owned()),
        (".gitignore", "# Secrets and disposable state stay out of git.\n*.key\n*.passphrase\n.state/\n.temporary-*\nfleet.sqlite*\npublic/\n".to_owned()),
        (".gitattributes", "log/*.log merge=union\n".to_owned()),
    ]
}

const PUBLISH: &str = r#"[publish]
# The published tree; --to overrides it.
folder = "public"
# Further URLs of the tree, carried in every manifest.
urls = []

"#;

const HEAD: &str = r"[head]
# A head is signed again every day, asked for every six hours, and stale after two weeks.
resign-hours = 24
refresh-minutes = 360
lifetime-days = 14

";

fn classes() -> String {
    format!(
        "# Manifest and certificates together must fit the smallest device of a class.\n\
         [device-classes.gateway]\nmax-bundle-bytes = {GATEWAY_BYTES_MAX}\n\n\
         [device-classes.mcu]\nmax-bundle-bytes = {MCU_BYTES_MAX}\n\n"
    )
}

const ROLES: &str = r#"# Who signs what, by the names of the keys in keys/. Each holder makes their own key on their own machine.
# [roles.keyring]
# threshold = 2
# keys = ["alice", "bob", "carol"]
#
# [roles.release]
# threshold = 2
# keys = ["alice", "bob", "carol"]
#
# The head key works alone every day; the spare lies sealed elsewhere.
# [roles.head]
# threshold = 1
# keys = ["head", "head-spare"]
#
# Opens the next epoch when the keys above are lost or stolen: kept apart from them, used for nothing else.
# [roles.recovery]
# threshold = 2
# keys = ["recovery-1", "recovery-2", "recovery-3"]
"#;

const SERVICES: &str = r#"# The named peers of the fleet.
#
# [services.iot-hub]
# hosts = ["hub.example.net:8883"]
# anchors = ["digicert-global-root-g2-cb3ccbb7"]    # or "all"
# probe = true                                      # devices prove a candidate against it
# required = true                                   # publishing waits for a verdict: cloud-updater watch --once
"#;
