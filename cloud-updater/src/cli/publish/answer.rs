//! What `publish` answers.

use serde::Serialize;

use super::PublishArgs;
use crate::Error;
use crate::cli::head::HeadAnswer;
use crate::cli::text::counted;
use crate::document::keyring_content;
use crate::publish::Archive;

/// The answer.
#[derive(Serialize)]
pub(super) struct Answer {
    pub(super) folder: String,
    pub(super) keyrings: Vec<u32>,
    pub(super) releases: Vec<Published>,
    pub(super) steps: Vec<String>,
    pub(super) heads: Vec<HeadAnswer>,
    pub(super) warnings: Vec<String>,
}

/// A release that was published.
#[derive(Serialize)]
pub(super) struct Published {
    pub(super) channel: String,
    pub(super) number: u32,
    pub(super) epoch: u16,
    pub(super) digest: String,
    pub(super) prepared_rollback: bool,
    pub(super) notes: String,
}

/// The answer for people.
pub(super) fn answer_text(answer: &Answer) -> String {
    let mut text = String::new();
    for number in &answer.keyrings {
        text.push_str(&format!("keyring {number} published\n"));
    }
    for release in &answer.releases {
        let note = if release.prepared_rollback { " (a prepared rollback: not rolled out)" } else { "" };
        text.push_str(&format!(
            "release {} of {} published{note}\n{}",
            release.number, release.channel, release.notes
        ));
    }
    if answer.steps.is_empty() {
        text.push_str(&format!("nothing to do: no draft waits, and {} is up to date\n", answer.folder));
    } else {
        text.push_str(&format!("{}: {} written\n", answer.folder, counted(answer.steps.len(), "file")));
    }
    for head in &answer.heads {
        text.push_str(&format!("{head}\n"));
    }
    text
}

/// The command that follows: a head for what was published, or the first draft.
pub(super) fn next_step(args: &PublishArgs, archive: &Archive, channels: &[&str]) -> Result<String, Error> {
    if channels.is_empty() && archive.channels().all(|channel| archive.releases(channel).next().is_none()) {
        return Ok("next: cloud-updater draft\n".to_owned());
    }
    let role = keyring_content(&archive.keyrings().newest()?.document)?.head;
    let names: Vec<&str> = role.keys.iter().map(|key| key.name.as_str()).collect();
    let (first, others) = names.split_at(usize::from(role.threshold).min(names.len()));
    let mut command = format!("cloud-updater head sign --head-key {}", first.join(","));
    if let [channel] = channels {
        command.push_str(&format!(" --channel {channel}"));
    }
    if let Some(folder) = &args.target.to {
        command.push_str(&format!(" --to {}", folder.display()));
    }
    let or = if others.is_empty() { String::new() } else { format!(" (or with {})", others.join(", ")) };
    Ok(format!("next: {command}{or}\n"))
}
