//! agent.toml(5), made from `agent.example.toml`: what is written there of a setting is written once.

use std::io;

use clap_mangen::roff::{Roff, bold, roman};

const EXAMPLE: &str = include_str!("../../agent.example.toml");
/// Where the page says that the example is.
const EXAMPLE_PATH: &str = "/usr/share/doc/device-agent/examples/agent.toml";

/// What a line of the example is.
enum Line<'a> {
    /// `[section]`.
    Section(&'a str),
    /// `key = value   # text`; commented out where the value is the default.
    Setting {
        key: &'a str,
        value: &'a str,
        text: &'a str,
        is_default: bool,
    },
    /// Further words of the setting above.
    More(&'a str),
    /// A comment of its own.
    Comment(&'a str),
    /// A comment that is set in columns.
    Columns(&'a str),
    Blank,
}

/// The page, as troff reads it.
pub(crate) fn page() -> io::Result<Vec<u8>> {
    let mut page = Roff::new();
    page.control("TH", ["agent.toml", "5", "", "device-agent", "Configuration"]);
    page.control("SH", ["NAME"]);
    page.text([roman("agent.toml - everything that a device decides for itself about its trust store")]);
    page.control("SH", ["SYNOPSIS"]);
    page.text([bold("/etc/device-agent/agent.toml")]);
    page.control("SH", ["DESCRIPTION"]);
    let (opening, sections) = EXAMPLE.split_once("\n\n").unwrap_or(("", EXAMPLE));
    let opening =
        opening.lines().map(|line| line.trim_start_matches(['#', ' '])).collect::<Vec<_>>().join(" ");
    page.text([roman(opening)]);
    page.control("SH", ["SETTINGS"]);
    settings(&mut page, sections);
    page.control("SH", ["FILES"]);
    page.control("TP", []);
    page.text([bold(EXAMPLE_PATH)]);
    page.text([roman("All of the above as one file.")]);
    page.control("SH", ["SEE ALSO"]);
    page.text([bold("device-agent"), roman("(1), "), bold("device-agent-run"), roman("(1)")]);
    let mut bytes = Vec::new();
    page.to_writer(&mut bytes)?;
    Ok(bytes)
}

/// Every section. A comment in front of one belongs to it.
fn settings(page: &mut Roff, text: &str) {
    let lines: Vec<Line<'_>> = text.lines().map(line).collect();
    let mut waiting: Vec<&Line<'_>> = Vec::new();
    let mut is_below_setting = false;
    for line in &lines {
        match line {
            Line::Section(name) => {
                page.control("SS", [*name]);
                comments(page, &std::mem::take(&mut waiting));
            }
            Line::Setting { key, value, text, is_default } => {
                if is_below_setting && !waiting.is_empty() {
                    page.control("PP", []);
                }
                comments(page, &std::mem::take(&mut waiting));
                page.control("TP", []);
                page.text([bold(*key), roman(format!(" = {value}"))]);
                let word = if *is_default { "The default. " } else { "" };
                page.text([roman(format!("{word}{}", sentence(text)))]);
                is_below_setting = true;
            }
            Line::More(text) => drop(page.text([roman(*text)])),
            Line::Comment(_) | Line::Columns(_) => waiting.push(line),
            Line::Blank => {}
        }
    }
}

/// Words are filled, columns are not.
fn comments(page: &mut Roff, lines: &[&Line<'_>]) {
    let mut in_columns = false;
    for line in lines {
        match line {
            Line::Columns(text) => {
                if !in_columns {
                    page.control("RS", []).control("nf", []);
                }
                in_columns = true;
                page.text([roman(*text)]);
            }
            Line::Comment(text) => {
                if in_columns {
                    page.control("fi", []).control("RE", []);
                }
                in_columns = false;
                page.text([roman(*text)]);
            }
            _ => {}
        }
    }
    if in_columns {
        page.control("fi", []).control("RE", []);
    }
}

fn line(text: &str) -> Line<'_> {
    if text.trim().is_empty() {
        return Line::Blank;
    }
    if let Some(more) = text.strip_prefix(' ') {
        return Line::More(more.trim_start_matches([' ', '#']));
    }
    if text.starts_with('[') {
        return Line::Section(text.split(" #").next().unwrap_or(text).trim());
    }
    if let Some(comment) = text.strip_prefix("# ") {
        return if comment.starts_with("  ") {
            Line::Columns(comment.trim())
        } else {
            Line::Comment(comment)
        };
    }
    // A setting may itself be commented out; what comes after it starts with a space.
    let (setting, words) = text.split_once(" #").unwrap_or((text, ""));
    // A quoted key is an example of a name, and not the default of anything.
    let is_default = setting.starts_with('#') && !setting.starts_with("#\"");
    let (key, value) = setting.trim_start_matches('#').split_once('=').unwrap_or((setting, ""));
    Line::Setting { key: key.trim(), value: value.trim(), text: words.trim(), is_default }
}

/// The words of a setting as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
