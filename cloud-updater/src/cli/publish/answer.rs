//! What `publish` answers.

use serde::Serialize;

use super::PublishArgs;
use crate::cli::head::HeadAnswer;
use crate::cli::text::counted;
use crate::document::keyring_content;
use crate::finding::Findings;
use crate::publish::Archive;
use crate::{Error, Output};

/// What was published.
#[derive(Serialize)]
pub(super) struct Answer {
    pub(super) folder: String,
    pub(super) keyrings: Vec<u32>,
    pub(super) releases: Vec<Published>,
    pub(super) steps: Vec<String>,
    pub(super) heads: Vec<HeadAnswer>,
    pub(super) warnings: Vec<String>,
}

/// One release.
#[derive(Serialize)]
pub(super) struct Published {
    pub(super) channel: String,
    pub(super) number: u32,
    pub(super) epoch: u16,
    pub(super) digest: String,
    pub(super) prepared_rollback: bool,
    /// Rules that this run overrode, beside those that the draft did.
    pub(super) allowed: Vec<&'static str>,
    /// What the linter says, the most serious first.
    #[serde(flatten)]
    pub(super) lint: Findings,
    pub(super) notes: String,
}

impl Published {
    /// As the log has it.
    pub(super) fn log_subject(&self) -> String {
        let allowed: String = self.allowed.iter().map(|rule| format!(" allowed {rule}")).collect();
        format!("{} {} {}{allowed}", self.channel, self.number, self.digest)
    }
}

impl Answer {
    /// The answer for people.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for number in &self.keyrings {
            text.push_str(&format!("keyring {number} published\n"));
        }
        for release in &self.releases {
            let note = if release.prepared_rollback { " (a prepared rollback: not rolled out)" } else { "" };
            text.push_str(&format!(
                "release {} of {} published{note}\n{}",
                release.number, release.channel, release.notes
            ));
        }
        if self.steps.is_empty() {
            text.push_str(&format!("nothing to do: no draft waits, and {} is up to date\n", self.folder));
        } else {
            text.push_str(&format!("{}: {} written\n", self.folder, counted(self.steps.len(), "file")));
        }
        for head in &self.heads {
            text.push_str(&format!("{head}\n"));
        }
        text
    }

    /// Says what the linter found of each release.
    pub(super) fn warn(&self, output: Output) {
        self.releases.iter().for_each(|release| release.lint.warn(output));
    }
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
