//! Chrome's root store (`root_store.textproto`): which roots it has, and under which constraints.
//!
//! The file is a protobuf in text form. Read is its syntax, whole, and of its content the roots' digests, names and
//! constraints; fields of newer versions are passed over. Constraints are alternatives: a root is as good as the best set.

use std::collections::BTreeSet;

use bundle::{Sha256, UnixSeconds};

use super::said::{Said, Statement};
use crate::printable::printable;
use crate::{Error, date, hexadecimal};

/// Messages inside each other, and fields of one file: Chrome's has four and some thousand.
const DEPTH_MAX: usize = 16;
const FIELDS_MAX: usize = 200_000;
/// How Chrome has what is in its store.
const INCLUDED: &str = "Included";

/// One field of a message.
#[derive(Debug)]
struct Field<'t> {
    line: usize,
    name: &'t str,
    value: Value<'t>,
}

/// What a field holds.
#[derive(Debug)]
enum Value<'t> {
    Message(Vec<Field<'t>>),
    /// A string without its quotes, its escapes as they stand.
    Text(&'t str),
    /// A number or a name.
    Word(&'t str),
}

/// A set of constraints, of which all hold.
#[derive(Debug, Default)]
struct Set {
    /// Certificates that were logged later are not trusted.
    distrust_after: Option<u64>,
    names: BTreeSet<String>,
    /// Only old versions of Chrome go by it.
    is_past: bool,
}

/// Reads the file.
///
/// # Errors
/// Exit code 3, with the line: it is no such file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Said, Error> {
    let wrong =
        |line: usize, message: &str| Error::input("chrome_root_store", message).field(format!("line {line}"));
    let text =
        std::str::from_utf8(bytes).map_err(|_| Error::input("chrome_root_store", "is not UTF-8 text"))?;
    let mut reader = Reader { rest: text, line: 1, fields: 0 };
    let fields = reader.message(None, 0).map_err(|message| wrong(reader.line, message))?;
    let mut said = Said::default();
    let mut count = 0_usize;
    for field in &fields {
        let Value::Message(anchor) = &field.value else { continue };
        if field.name == "trust_anchors" {
            count = count.saturating_add(1);
            if let Err(message) = add(anchor, &mut said) {
                said.fault(format!("line {}", field.line), message);
            }
        }
    }
    if count == 0 {
        return Err(Error::input("chrome_root_store", "has no trust_anchors: it is no root_store.textproto"));
    }
    Ok(said)
}

fn add(anchor: &[Field<'_>], said: &mut Said) -> Result<(), String> {
    let digest = text_of(anchor, "sha256_hex").ok_or("has no sha256_hex")?;
    let sha256 = hexadecimal::parse_sha256(digest)
        .map(Sha256)
        .ok_or_else(|| format!("sha256_hex is {:?}: 64 hexadecimal digits are needed", printable(digest)))?;
    let mut sets = Vec::new();
    for field in anchor.iter().filter(|field| field.name == "constraints") {
        let Value::Message(constraints) = &field.value else {
            return Err("has constraints that are no message".to_owned());
        };
        sets.push(Set::of(constraints)?);
    }
    // Where one alternative is open, the root is; versions of Chrome that are past decide nothing.
    let present: Vec<&Set> = sets.iter().filter(|set| !set.is_past).collect();
    let days: Option<Vec<u64>> = present.iter().map(|set| set.distrust_after).collect();
    let last = days.and_then(|days| days.into_iter().max());
    let is_bounded = !present.is_empty() && present.iter().all(|set| !set.names.is_empty());
    let names = present.into_iter().filter(|_| is_bounded).flat_map(|set| set.names.clone());
    let statement = Statement {
        subject: text_of(anchor, "display_name").map(printable).unwrap_or_default(),
        is_trusted_for_tls: Some(true),
        distrust_after: last.map(|seconds| date::day(UnixSeconds(seconds))),
        constraints: names.collect(),
        programmes: [("chrome".to_owned(), INCLUDED.to_owned())].into(),
        ..Statement::default()
    };
    if said.statements.insert(sha256, statement).is_some() {
        return Err(format!("{sha256} stands in it twice: the last one counts"));
    }
    Ok(())
}

/// The first string of this name.
fn text_of<'t>(fields: &[Field<'t>], name: &str) -> Option<&'t str> {
    fields.iter().filter(|field| field.name == name).find_map(|field| match field.value {
        Value::Text(text) => Some(text),
        _ => None,
    })
}

impl Set {
    fn of(fields: &[Field<'_>]) -> Result<Self, String> {
        let mut set = Self::default();
        for field in fields {
            match (field.name, &field.value) {
                ("sct_not_after_sec" | "validity_starts_not_after_sec", Value::Word(word)) => {
                    let seconds: u64 = word
                        .parse()
                        .map_err(|_| format!("{} is {:?}: no seconds", field.name, printable(word)))?;
                    // Of two limits in one set both hold.
                    set.distrust_after = Some(set.distrust_after.map_or(seconds, |known| known.min(seconds)));
                }
                ("permitted_dns_names", Value::Text(name)) => drop(set.names.insert(printable(name))),
                ("max_version_exclusive", _) => set.is_past = true,
                _ => {}
            }
        }
        Ok(set)
    }
}

/// The text that is left, and where it begins.
struct Reader<'t> {
    rest: &'t str,
    line: usize,
    fields: usize,
}

impl<'t> Reader<'t> {
    /// Reads fields up to `end`, or up to the end of the file.
    fn message(&mut self, end: Option<char>, depth: usize) -> Result<Vec<Field<'t>>, &'static str> {
        if depth > DEPTH_MAX {
            return Err("messages stand too deep inside each other");
        }
        let mut fields = Vec::new();
        loop {
            self.skip(|letter| letter == ',' || letter == ';');
            match self.rest.chars().next() {
                None if end.is_none() => return Ok(fields),
                None => return Err("ends inside a message"),
                Some(letter) if Some(letter) == end => {
                    self.step(letter.len_utf8());
                    return Ok(fields);
                }
                Some(_) => {}
            }
            self.fields = self.fields.saturating_add(1);
            if self.fields > FIELDS_MAX {
                return Err("has more fields than any root store");
            }
            let line = self.line;
            let name = self.word().ok_or("a field's name is missing")?;
            self.skip(|letter| letter == ':');
            // A list is the same field several times.
            if self.rest.starts_with('[') {
                self.step(1);
                loop {
                    self.skip(|letter| letter == ',');
                    if self.rest.starts_with(']') {
                        self.step(1);
                        break;
                    }
                    self.fields = self.fields.saturating_add(1);
                    let value = self.value(depth)?;
                    fields.push(Field { line, name, value });
                }
            } else {
                let value = self.value(depth)?;
                fields.push(Field { line, name, value });
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value<'t>, &'static str> {
        match self.rest.chars().next().ok_or("ends before a value")? {
            '{' => {
                self.step(1);
                self.message(Some('}'), depth.saturating_add(1)).map(Value::Message)
            }
            '<' => {
                self.step(1);
                self.message(Some('>'), depth.saturating_add(1)).map(Value::Message)
            }
            quote @ ('"' | '\'') => {
                self.step(1);
                let mut is_escaped = false;
                let is_end = |letter: char| {
                    let ends = letter == quote && !is_escaped;
                    is_escaped = letter == '\\' && !is_escaped;
                    ends || letter == '\n'
                };
                let length = self.rest.find(is_end).ok_or("a string does not end")?;
                let (text, after) = self.rest.split_at_checked(length).ok_or("a string does not end")?;
                if !after.starts_with(quote) {
                    return Err("a string does not end in its line");
                }
                self.step(length.saturating_add(1));
                Ok(Value::Text(text))
            }
            _ => self.word().map(Value::Word).ok_or("a value is missing"),
        }
    }

    /// A name or number.
    fn word(&mut self) -> Option<&'t str> {
        let is_of_it =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-' | '+');
        let length = self.rest.find(|letter| !is_of_it(letter)).unwrap_or(self.rest.len());
        let word = self.rest.get(..length).filter(|word| !word.is_empty())?;
        self.step(length);
        Some(word)
    }

    /// Passes over space, comments and what `is_more` names.
    fn skip(&mut self, is_more: impl Fn(char) -> bool) {
        while let Some(letter) = self.rest.chars().next() {
            if letter == '#' {
                let length = self.rest.find('\n').unwrap_or(self.rest.len());
                self.step(length);
            } else if letter.is_whitespace() || is_more(letter) {
                self.step(letter.len_utf8());
            } else {
                return;
            }
        }
    }

    fn step(&mut self, length: usize) {
        let (passed, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.line = self.line.saturating_add(passed.matches('\n').count());
        self.rest = rest;
    }
}

#[cfg(test)]
#[path = "chrome_tests.rs"]
mod tests;
