//! `device-agent key`: the device's own key, of which only the public half is ever shown.

use clap::Subcommand;
use serde::Serialize;

use crate::linux::cli::Context;
use crate::linux::device_key::DeviceKey;
use crate::linux::error::{Error, Exit};

/// What to do with the key.
#[derive(Debug, Subcommand)]
pub(in crate::linux) enum KeyCommand {
    /// Makes the key, and prints the line to enrol the device with, below its header
    New,
    /// Prints the line to enrol the device with, below its header: lists of many devices may repeat the header
    Show,
}

/// What is enrolled.
#[derive(Debug, Serialize)]
struct Enrolment<'a> {
    device_id: &'a str,
    public_key: String,
    key_id: String,
    key_file: String,
}

pub(in crate::linux) fn run(command: &KeyCommand, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let key = match command {
        KeyCommand::New => DeviceKey::create(&settings.key_path)?,
        KeyCommand::Show => DeviceKey::read(&settings.key_path)?,
    };
    let enrolment = Enrolment {
        device_id: &settings.device,
        public_key: key.public_text(),
        key_id: key.id().to_string(),
        key_file: settings.key_path.display().to_string(),
    };
    let text = format!("device_id,public_key\n{},{}", quoted(enrolment.device_id), enrolment.public_key);
    context.output.data("device-agent.key.1", &enrolment, text)?;
    Ok(Exit::Done)
}

/// A field of a CSV file (RFC 4180 §2).
fn quoted(field: &str) -> String {
    if field.contains([',', '"']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_with_commas_and_quotes_stay_one_field() {
        assert_eq!(quoted("gateway-7"), "gateway-7");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
