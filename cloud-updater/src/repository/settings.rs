//! TOML files as operators write them: kebab-case, unknown keys refused, and errors that name file and field.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::{Error, Exit, input};

/// Bytes of a settings file: thousands of services fit, and a wrong file is refused before it fills the memory.
const SETTINGS_BYTES_MAX: u64 = 4 * 1_024 * 1_024;

/// Reads `path`; `label` is what errors call it.
///
/// # Errors
/// Exit code 2 with file and field.
pub fn read<T: DeserializeOwned>(path: &Path, label: &str) -> Result<T, Error> {
    let text = read_text(path, label)?;
    parse(&text, label)
}

/// The text of a settings file.
///
/// # Errors
/// Exit code 2 where it is missing, too large, not UTF-8 or unreadable.
pub fn read_text(path: &Path, label: &str) -> Result<String, Error> {
    input::read_text(path, SETTINGS_BYTES_MAX, "settings")
        .map_err(|error| error.place(label).exit_with(Exit::Usage))
}

/// Reads TOML out of `text`.
///
/// # Errors
/// Exit code 2 with file and field.
pub fn parse<T: DeserializeOwned>(text: &str, label: &str) -> Result<T, Error> {
    let deserializer = toml::Deserializer::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        Error::usage("toml_syntax", one_line(error.message())).place(label).field(format!("line {line}"))
    })?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let line = inner.span().map_or(1, |span| line_of(text, span.start));
        let field = if path == "." { format!("line {line}") } else { path };
        Error::usage("toml_value", in_words(&one_line(inner.message()))).place(label).field(field)
    })
}

/// The message without the names that only this program's source knows: "expected u32" is a whole number.
fn in_words(message: &str) -> String {
    let Some((found, wanted)) = message.split_once("expected ") else { return message.to_owned() };
    let first = wanted.split([' ', ',']).next().unwrap_or_default();
    let words = match first {
        "struct" | "map" => "a table",
        "sequence" | "tuple" => "a list",
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "integer" => "a whole number",
        "enum" | "variant" => "one of the known words",
        "a" => match wanted {
            "a map" => "a table",
            "a sequence" => "a list",
            "a boolean" => "true or false",
            "a string" => "a text",
            _ => wanted,
        },
        _ => wanted,
    };
    format!("{found}expected {words}")
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Sample {
        #[serde(default)]
        services: BTreeMap<String, Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its errors matter")]
        hosts: Vec<String>,
        #[expect(dead_code, reason = "only its errors matter")]
        count: Option<u32>,
    }

    fn check(text: &str, expect: &str) {
        let error = parse::<Sample>(text, "sample.toml").unwrap_err();
        assert!(error.to_string().starts_with(expect), "{error}");
        assert_eq!(error.exit().number(), 2);
    }

    #[test]
    fn errors_name_file_and_field() {
        check("[services.iot-hub]\nhosts = ['a', 7]", "sample.toml: services.iot-hub.hosts[1]: ");
        check("[services.iot-hub]\nhost = ['a']", "sample.toml: services.iot-hub.host: unknown field");
        check("[services.iot-hub]", "sample.toml: services.iot-hub: missing field `hosts`");
        check("surplus = 1", "sample.toml: surplus: unknown field");
        check("\n\n[services", "sample.toml: line 3: ");
        check("services = 3", "sample.toml: services: ");
        check("services.a = 3", "sample.toml: services.a: invalid type: integer `3`, expected a table");
        check(
            "[services.a]\nhosts = 3",
            "sample.toml: services.a.hosts: invalid type: integer `3`, expected a list",
        );
        check(
            "[services.a]\nhosts = []\ncount = 'x'",
            "sample.toml: services.a.count: invalid type: string \"x\", expected a whole number",
        );
        assert!(parse::<Sample>("", "sample.toml").unwrap().services.is_empty());
    }
}
