//! `device-agent channel set`: lets the store follow another channel, which nothing fetched can do.

use bundle::ChannelId;
use clap::{Args, Subcommand};
use serde::Serialize;
use store::Store;
use store::file::StoreFile;

use crate::linux::cli::Context;
use crate::linux::error::{Error, Exit};

/// What to do with the channel.
#[derive(Debug, Subcommand)]
pub(in crate::linux) enum ChannelCommand {
    /// Lets the store follow the channel of the configuration from now on; what is installed stays until then
    Set(SetArgs),
}

/// The channel.
#[derive(Debug, Args)]
pub(in crate::linux) struct SetArgs {
    /// The channel's name: the same as channel.name of the configuration, so that neither changes by mistake
    name: String,
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    channel: &'a str,
    channel_id: String,
    previous_channel_id: Option<String>,
    is_changed: bool,
}

pub(in crate::linux) fn run(command: &ChannelCommand, context: &Context) -> Result<Exit, Error> {
    let ChannelCommand::Set(args) = command;
    let settings = context.settings()?;
    if args.name != settings.channel {
        let message = format!("is {:?}, and {:?} was asked for", settings.channel, args.name);
        let error = Error::usage("channel_mismatch", message).file(&settings.path).field("channel.name");
        return Err(error.hint("write the new channel into the configuration first"));
    }
    let path = &settings.store.path;
    let io = |error| Error::io("open the store", path, error);
    let file =
        StoreFile::open(path).map_err(io).map_err(|error| error.hint("stop the running agent first"))?;
    let refused = |error: store::Error<std::io::Error>| {
        let error = Error::new(Exit::Io, "store", "the channel cannot be changed").file(path).because(error);
        error.hint("during a trial, let it end first: device-agent run --once")
    };
    let mut store = Store::open(file, settings.store.region).map_err(refused)?;
    let (previous, next) = (store.record().channel, ChannelId::of(&args.name));
    store.change(|change| change.change_channel(next)).map_err(refused)?;
    let answer = Answer {
        channel: &args.name,
        channel_id: next.to_string(),
        previous_channel_id: previous.map(|channel| channel.to_string()),
        is_changed: previous != Some(next),
    };
    let state = if answer.is_changed { "now follows" } else { "follows already" };
    context.output.data(
        "device-agent.channel.1",
        &answer,
        format!("the store {state} channel {}", args.name),
    )?;
    Ok(Exit::Done)
}
