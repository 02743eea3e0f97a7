//! `head show`: what the published heads say, and how fresh they are.

use clap::Args;
use serde::Serialize;

use crate::cli::target::TargetFlag;
use crate::document::KeyringChain;
use crate::head::{Published, PublishedHead};
use crate::repository::Repository;
use crate::{Context, Error, Exit, date};

/// Options of `head show`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    #[command(flatten)]
    target: TargetFlag,
}

#[derive(Serialize)]
struct Answer {
    heads: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    channel: String,
    state: &'static str,
    number: Option<u32>,
    epoch: Option<u16>,
    release: Option<u32>,
    release_digest: Option<String>,
    keyring: Option<u32>,
    share: Option<String>,
    previous: Option<u32>,
    issued_at: Option<String>,
    expires_at: Option<String>,
    problem: Option<String>,
}

pub(super) fn run(args: &ShowArgs, context: &Context) -> Result<Exit, Error> {
    let repository = Repository::open(context)?;
    let folder = args.target.folder(&repository)?;
    let keyrings = KeyringChain::read(repository.layout())?;
    let mut answer = Answer { heads: Vec::new() };
    let (mut text, mut is_finding) = (String::new(), false);
    for channel in repository.fleet().channels.keys() {
        if context.channel().is_none_or(|asked| asked == channel) {
            let row = row(channel, &Published::read(&folder, channel, &keyrings)?, context);
            // A channel that nobody published into yet needs no head, unless somebody asks for it.
            let is_expected = context.channel().is_some() || repository.rollout(channel)?.release.is_some();
            is_finding |= match row.state {
                "missing" => is_expected,
                state => state != "fresh",
            };
            text.push_str(&row_text(&row));
            answer.heads.push(row);
        }
    }
    if answer.heads.iter().all(|row| row.state == "missing") {
        is_finding = true;
        text.push_str("there is no head yet: publish a release, then cloud-updater head sign\n");
    }
    context.output().data("cloud-updater.head-show.1", &answer, text)?;
    Ok(if is_finding { Exit::Finding } else { Exit::Done })
}

fn row(channel: &str, published: &Published, context: &Context) -> Row {
    let empty = Row {
        channel: channel.to_owned(),
        state: "missing",
        number: None,
        epoch: None,
        release: None,
        release_digest: None,
        keyring: None,
        share: None,
        previous: None,
        issued_at: None,
        expires_at: None,
        problem: None,
    };
    match published {
        Published::Missing => empty,
        Published::Bad { error, .. } => {
            Row { state: "unreadable", problem: Some(error.to_string()), ..empty }
        }
        Published::Good(head) => Row {
            state: state(head, context),
            number: Some(head.order.number),
            epoch: Some(head.order.epoch),
            release: Some(head.release.number),
            release_digest: Some(head.release_digest.to_string()),
            keyring: Some(head.keyring_version),
            share: Some(percent(head.share)),
            previous: head.previous.map(|previous| previous.number),
            issued_at: Some(date::instant(head.issued_at)),
            expires_at: Some(date::instant(head.expires_at)),
            ..empty
        },
    }
}

fn state(head: &PublishedHead, context: &Context) -> &'static str {
    match (context.now() >= head.expires_at, head.under_newest) {
        (true, _) => "stale",
        (false, false) => "old_keyring",
        (false, true) => "fresh",
    }
}

fn percent(parts: u16) -> String {
    format!("{}.{:02}%", parts / 100, parts % 100)
}

fn row_text(row: &Row) -> String {
    let known = |value: Option<u32>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let mut text = format!("{}: {}\n", row.channel, row.state.replace('_', " "));
    if row.number.is_some() {
        text.push_str(&format!(
            "  head {}, release {}, keyring {}\n",
            known(row.number),
            known(row.release),
            known(row.keyring)
        ));
        text.push_str(&format!(
            "  share {}, everybody else {}\n",
            row.share.as_deref().unwrap_or("-"),
            known(row.previous)
        ));
        let times = [row.issued_at.as_deref(), row.expires_at.as_deref()].map(|time| time.unwrap_or("-"));
        text.push_str(&format!("  signed {}, fresh until {}\n", times[0], times[1]));
    }
    if let Some(problem) = &row.problem {
        text.push_str(&format!("  {problem}\n"));
    }
    text
}
