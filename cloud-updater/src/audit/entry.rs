//! One entry of the log as a line of text:
//! `<when> <who> <action> <subject> <why> <documents> <previous> <hash>`, separated by tabs.
//!
//! `documents` is `name=sha256` of what the act was about, separated by spaces. `previous` names the entries before it by
//! their hashes: one, or several where two clones wrote at once and were merged; `start` for the first. `hash` is over
//! all that stands before it on the line.

use bundle::Sha256;

use crate::hexadecimal;

/// What stands in front of a line where it is hashed, so that no other hash of this product can be taken for it.
const DOMAIN: &[u8] = b"trust-bundle audit entry\0";
/// The `previous` of the first entry.
const START: &str = "start";
/// Fields of a line.
const FIELDS: usize = 8;

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act<'a> {
    /// The command: `publish release`.
    pub action: &'a str,
    /// What it was done to.
    pub subject: &'a str,
    /// Why.
    pub reason: &'a str,
    /// The documents, by name and SHA-256.
    pub documents: &'a [(String, Sha256)],
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, as `2026-02-28T12:00:00Z`.
    pub when: String,
    /// Who.
    pub who: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Why.
    pub reason: String,
    /// The documents, by name and SHA-256.
    pub documents: Vec<(String, Sha256)>,
    /// Hashes of the entries before it; none for the first.
    pub previous: Vec<Sha256>,
    /// Its own hash, as the line says.
    pub hash: Sha256,
    /// The hash that the line should say.
    pub computed: Sha256,
}

impl Entry {
    /// The line of an act, without the line's end.
    #[must_use]
    pub fn line(when: &str, who: &str, act: &Act<'_>, previous: &[Sha256]) -> String {
        let documents: Vec<String> =
            act.documents.iter().map(|(name, sha256)| format!("{}={sha256}", word(name))).collect();
        let previous: Vec<String> = previous.iter().map(ToString::to_string).collect();
        let previous = if previous.is_empty() { START.to_owned() } else { previous.join(",") };
        let fields =
            [when, who, act.action, act.subject, act.reason, &documents.join(" "), &previous].map(field);
        let mut line = fields.join("\t");
        line.push('\t');
        let hash = Sha256::of(&[DOMAIN, line.as_bytes()]);
        line.push_str(&hash.to_string());
        line
    }

    /// Reads a line; `None` where it is none of this form.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        if fields.len() != FIELDS {
            return None;
        }
        let [when, who, action, subject, reason, documents, previous, hash] =
            <[&str; FIELDS]>::try_from(fields).ok()?;
        let digest = |text: &str| hexadecimal::parse(text).map(Sha256);
        let named = |word: &str| {
            let (name, sha256) = word.rsplit_once('=')?;
            Some((name.to_owned(), digest(sha256)?))
        };
        let documents = if documents == "-" {
            Vec::new()
        } else {
            documents.split(' ').map(named).collect::<Option<_>>()?
        };
        let previous = if previous == START {
            Vec::new()
        } else {
            previous.split(',').map(digest).collect::<Option<_>>()?
        };
        let signed = line.strip_suffix(hash)?;
        Some(Self {
            when: when.to_owned(),
            who: who.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            reason: reason.to_owned(),
            documents,
            previous,
            hash: digest(hash)?,
            computed: Sha256::of(&[DOMAIN, signed.as_bytes()]),
        })
    }
}

/// A field of the line: what would end it or the line becomes a space.
fn field(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// A name inside a field.
fn word(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_whitespace() || letter.is_control() { '_' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHEN: &str = "2026-02-28T12:00:00Z";

    #[test]
    fn an_entry_reads_back_as_it_was_written_whatever_its_words_hold() {
        let documents = [("channels/prod/release/1".to_owned(), Sha256([7; 32]))];
        let act = Act {
            action: "publish",
            subject: "prod 1",
            reason: "two\nlines\tand tabs",
            documents: &documents,
        };
        let line = Entry::line(WHEN, "alice", &act, &[Sha256([1; 32]), Sha256([2; 32])]);
        let entry = Entry::parse(&line).unwrap();
        assert_eq!(entry.reason, "two lines and tabs");
        assert_eq!((entry.documents.as_slice(), entry.previous.len()), (&documents[..], 2));
        assert_eq!(entry.hash, entry.computed);
    }

    #[test]
    fn no_byte_of_a_line_can_change_without_its_hash() {
        let act = Act { action: "init", subject: "fleet", reason: "", documents: &[] };
        let line = Entry::line(WHEN, "alice", &act, &[]);
        for position in 0..line.len() {
            let mut bytes = line.clone().into_bytes();
            bytes[position] ^= 1;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let is_seen = Entry::parse(&text).is_none_or(|entry| entry.hash != entry.computed);
            assert!(is_seen, "byte {position}");
        }
    }
}
