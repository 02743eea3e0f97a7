//! TOML as operators write it: kebab-case, unknown keys refused, and errors that name file and field.

use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::linux::error::Error;

/// Bytes of a configuration file: some dozens of services fit, and a wrong file is refused before it is read.
const FILE_BYTES_MAX: u64 = 1_048_576;

/// Reads `path`.
///
/// # Errors
/// Exit code 2 with file and field, also where the file is missing.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let metadata = fs::metadata(path).map_err(|error| {
        Error::usage("configuration", "the configuration cannot be read").file(path).because(error).hint(
            "write it (README.md has an example), or name another one with --config or DEVICE_AGENT_CONFIG",
        )
    })?;
    if metadata.len() > FILE_BYTES_MAX {
        return Err(Error::usage("too_large", format!("is above {FILE_BYTES_MAX} bytes")).file(path));
    }
    let bytes = fs::read(path).map_err(|error| Error::io("read", path, error))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| Error::usage("not_text", "is not UTF-8 text").file(path).because(error))?;
    parse(&text, path)
}

/// Reads TOML out of `text`, which stands in `path`.
pub(super) fn parse<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T, Error> {
    let deserializer = toml::Deserializer::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        Error::usage("toml_syntax", one_line(error.message())).file(path).field(format!("line {line}"))
    })?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let field = error.path().to_string();
        let inner = error.into_inner();
        let line = inner.span().map_or(1, |span| line_of(text, span.start));
        let field = if field == "." { format!("line {line}") } else { field };
        Error::usage("toml_value", in_words(&one_line(inner.message()))).file(path).field(field)
    })
}

/// What the parser says, without the names that our source has for things.
fn in_words(message: &str) -> String {
    let message = message.replacen("unknown variant", "unknown value", 1);
    let Some((before, expected)) = message.split_once(", expected ") else { return message };
    let mut words = expected.split(' ');
    let plain = match (words.next().unwrap_or_default(), words.next()) {
        ("struct", Some(_)) | ("a", Some("map")) | ("map", None) => "a table",
        ("enum", Some(_)) => "one of its names, in quotes",
        ("a", Some("sequence")) => "a list",
        ("a", Some("boolean")) => "true or false",
        ("a" | "path" | "string", _) if expected.contains("string") => "text in quotes",
        ("u8" | "u16" | "u32" | "u64" | "usize", None) => match expected {
            "u32" => "a whole number from 0 to 4294967295",
            _ => "a whole number, not below 0",
        },
        ("i8" | "i16" | "i32" | "i64", None) => "a whole number",
        _ => expected,
    };
    format!("{before}, expected {plain}")
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
