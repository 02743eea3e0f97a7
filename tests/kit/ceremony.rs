//! What an operator and the signers do together: roles, a keyring, releases, heads.

use std::{fmt::Write as _, fs, io};

use crate::{
    gateway::place,
    operator::{HEADS, Operator, PEOPLE, RECOVERIES},
};

/// Who signs: enough of [`PEOPLE`] for every threshold.
const SIGNERS: [&str; 2] = [PEOPLE[0], PEOPLE[1]];

impl Operator {
    /// Gives every role its keys: keyring and release 2 of 3, head 1 of 2, recovery 2 of 3.
    ///
    /// # Errors
    /// `fleet.toml` cannot be read or written.
    pub fn assign_roles(&self) -> io::Result<()> {
        let path = self.repository().join("fleet.toml");
        let mut text = fs::read_to_string(&path)?;
        let roles: [(&str, u8, &[&str]); 4] = [
            ("keyring", 2, &PEOPLE),
            ("release", 2, &PEOPLE),
            ("head", 1, &HEADS),
            ("recovery", 2, &RECOVERIES),
        ];
        for (role, threshold, keys) in roles {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "\n[roles.{role}]\nthreshold = {threshold}\nkeys = {keys:?}");
        }
        place(&path, text.as_bytes())
    }

    /// Drafts the keyring that `fleet.toml` describes, has it signed, and publishes it.
    ///
    /// # Errors
    /// A command fails.
    pub fn publish_keyring(&self) -> io::Result<()> {
        let answer = self.answer(&["keyring", "draft"])?;
        self.sign(answer["file"].as_str().into_iter(), &SIGNERS)?;
        self.done(&["publish"]).map(drop)
    }

    /// Drafts the channel's next release, has it signed, publishes it, and points the head at it.
    ///
    /// # Errors
    /// A command fails.
    pub fn publish_release(&self, channel: &str, reason: &str) -> io::Result<u64> {
        self.publish_release_by(channel, reason, SIGNERS, HEADS[0])
    }

    /// As [`Operator::publish_release`], by other signers and another head key.
    ///
    /// # Errors
    /// A command fails.
    pub fn publish_release_by(
        &self,
        channel: &str,
        reason: &str,
        signers: [&str; 2],
        head: &str,
    ) -> io::Result<u64> {
        let answer = self.answer(&["--channel", channel, "draft", "--reason", reason])?;
        let number =
            answer["number"].as_u64().ok_or_else(|| io::Error::other(format!("no number: {answer}")))?;
        self.sign(
            answer["files"].as_array().into_iter().flatten().filter_map(|file| file.as_str()),
            &signers,
        )?;
        self.done(&["publish"])?;
        self.done(&["--channel", channel, "head", "sign", "--head-key", &self.key(head).to_string_lossy()])?;
        Ok(number)
    }

    /// Runs a command and reads its answer.
    ///
    /// # Errors
    /// It fails, or answers something else than one JSON object.
    pub fn answer(&self, words: &[&str]) -> io::Result<serde_json::Value> {
        let text = self.done(&[&["--json"], words].concat())?;
        serde_json::from_str(&text).map_err(|error| io::Error::other(format!("{words:?}: {error}\n{text}")))
    }

    /// Has drafts signed by these people.
    ///
    /// # Errors
    /// A command fails.
    pub fn sign<'f>(&self, drafts: impl Iterator<Item = &'f str>, people: &[&str]) -> io::Result<()> {
        for draft in drafts.filter(|file| file.ends_with(".draft")) {
            for person in people {
                self.done(&["--yes", "sign", draft, "--key", &self.key(person).to_string_lossy()])?;
            }
        }
        Ok(())
    }
}
