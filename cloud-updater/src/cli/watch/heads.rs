//! The published heads, in the publisher's folder and where devices see them: a folder that is well says nothing of a CDN
//! that has stopped fetching it.

use std::path::Path;

use super::WatchArgs;
use crate::acceptance::fetch;
use crate::acceptance::origin::HEAD_BYTES_MAX;
use crate::document::KeyringChain;
use crate::finding::{Finding, Severity};
use crate::head::{Published, alarm};
use crate::repository::Repository;
use crate::watch::Entry;
use crate::{Context, Error, date};

/// The file where a head should be, if there is one.
type Head = Option<Vec<u8>>;

/// What was found at the URLs of the tree, before anybody judges it.
pub(super) struct Fetched {
    /// The channels that were asked for.
    channels: Vec<String>,
    /// Each URL with the files in the order of the channels, or why there are none.
    trees: Vec<(String, Result<Vec<Head>, String>)>,
}

impl Fetched {
    /// Fetches the heads of every tree that is named; of none where nobody is to be asked.
    pub(super) async fn of(
        args: &WatchArgs,
        repository: &Repository,
        context: &Context,
    ) -> Result<Self, Error> {
        let is_asked = |name: &&String| context.channel().is_none_or(|asked| asked == name.as_str());
        let mut channels: Vec<String> = Vec::new();
        for channel in repository.fleet().channels.keys().filter(is_asked) {
            if repository.rollout(channel)?.release.is_some() {
                channels.push(channel.clone());
            }
        }
        let urls = if args.tree.is_empty() { &repository.fleet().watch.trees } else { &args.tree };
        let paths: Vec<String> = channels.iter().map(|channel| format!("{channel}/head")).collect();
        let mut trees = Vec::new();
        for url in urls.iter().filter(|_| !args.offline) {
            let files = fetch::files_below(url, &paths, HEAD_BYTES_MAX).await?;
            trees.push((url.clone(), files.map_err(|error| error.to_string())));
        }
        Ok(Self { channels, trees })
    }

    /// What is to be said of what was fetched. A tree that cannot be reached is told of once, whatever it holds.
    pub(super) fn findings(
        &self,
        repository: &Repository,
        keyrings: &KeyringChain,
        context: &Context,
    ) -> Result<Vec<Finding>, Error> {
        let mut found = Vec::new();
        for (url, files) in &self.trees {
            match files {
                Err(error) => {
                    let message = format!("cannot be reached: {error}; devices may fare the same");
                    let finding = Finding::new(
                        "tree-unreachable",
                        Severity::Warning,
                        format!("the tree at {url}"),
                        message,
                    );
                    found
                        .push(finding.hint(
                            "see whether its server or CDN answers: curl, or cloud-updater verify URL",
                        ));
                }
                Ok(files) => {
                    for (channel, file) in self.channels.iter().zip(files) {
                        let place = format!("{}/{channel}/head", url.trim_end_matches('/'));
                        let published = match file {
                            Some(file) => Published::of(file.clone(), Path::new(&place), channel, keyrings),
                            None => Published::Missing,
                        };
                        let was_signed = repository.rollout(channel)?.head.is_some();
                        let subject = format!("the head of {channel} at {url}");
                        found.extend(alarm(&subject, &published, was_signed, context.now()));
                    }
                }
            }
        }
        Ok(found)
    }
}

/// What is to be said of the head in the publisher's folder, and the day on which it ends; that nothing says where it is,
/// is said too.
pub(super) fn of_folder(
    args: &WatchArgs,
    repository: &Repository,
    (keyrings, channel): (&KeyringChain, &str),
    context: &Context,
) -> Result<(Option<Finding>, Option<Entry>), Error> {
    let rollout = repository.rollout(channel)?;
    if rollout.release.is_none() {
        return Ok((None, None));
    }
    let subject = format!("the head of {channel}");
    let Ok(folder) = args.target.folder(repository) else {
        let is_seen = !args.tree.is_empty() || !repository.fleet().watch.trees.is_empty();
        let message = "was not looked at: nothing says where the tree is published";
        let finding = Finding::new("head-unseen", Severity::Notice, subject, message);
        let hint = "give --to DIR or --tree URL, or set publish.folder or watch.trees in fleet.toml";
        return Ok(((!is_seen).then(|| finding.hint(hint)), None));
    };
    let published = Published::read(&folder, channel, keyrings)?;
    let entry = published.good().filter(|head| head.expires_at >= context.now()).map(|head| Entry {
        day: date::day(head.expires_at),
        kind: "head-ends",
        subject: subject.clone(),
        what: "ends, unless another is signed: devices are stale then".to_owned(),
    });
    Ok((alarm(&subject, &published, rollout.head.is_some(), context.now()), entry))
}
