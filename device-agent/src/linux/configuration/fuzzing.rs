//! `agent.toml` out of text, for fuzz targets: everybody else has a file.

use std::path::Path;

use super::Settings;
use crate::linux::error::Error;

/// The settings of a file with this text.
///
/// # Errors
/// As [`Settings::read`].
pub fn settings(text: &str) -> Result<Settings, Error> {
    Settings::parse(text, Path::new("/etc/device-agent/agent.toml"))
}
