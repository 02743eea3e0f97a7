//! `[export]`: where files for applications go.

use std::path::PathBuf;

use super::file::{ExportSection, SystemStoreName};
use super::settings::Meaning;
use crate::linux::durable::PUBLIC_MODE;
use crate::linux::error::Error;

/// Where Debian keeps the system's anchors.
const SYSTEM_ANCHORS: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Where exports go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The folder that applications know.
    pub folder: PathBuf,
    /// Mode of the files.
    pub file_mode: u32,
    /// The system's own anchors in PEM, for applications that trust them too.
    pub system_anchors: PathBuf,
    /// The system's own store, where it is to have the anchors as well.
    pub system_store: Option<SystemStore>,
}

/// The system's own store of anchors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemStore {
    /// The program that is told of changes, and its arguments.
    pub command: Vec<String>,
    /// The folder in which the agent puts its anchors for the program.
    pub folder: PathBuf,
    /// The folder in which the program makes links.
    pub links: PathBuf,
}

impl SystemStore {
    /// Debian's.
    #[must_use]
    pub fn debian() -> Self {
        Self {
            command: vec!["/usr/sbin/update-ca-certificates".to_owned()],
            folder: "/usr/local/share/ca-certificates/device-agent".into(),
            links: "/etc/ssl/certs".into(),
        }
    }
}

/// The section as it is meant.
pub(super) fn export_target(section: ExportSection, meant: &Meaning<'_>) -> Result<Export, Error> {
    let file_mode = match section.file_mode {
        None => PUBLIC_MODE,
        Some(text) => u32::from_str_radix(&text, 8)
            .ok()
            .filter(|mode| mode & !0o666 == 0 && mode & 0o400 != 0)
            .ok_or_else(|| {
                let message =
                    format!("{text:?} is not the mode of a file that is read: write \"0644\" or \"0640\"");
                Error::usage("bad_mode", message).field("export.file-mode")
            })?,
    };
    let system_anchors = meant.path(section.system_anchors, || SYSTEM_ANCHORS.into());
    let system_store = match section.system_store {
        SystemStoreName::None => None,
        SystemStoreName::UpdateCaCertificates => Some(SystemStore::debian()),
    };
    Ok(Export { folder: meant.relative(section.directory), file_mode, system_anchors, system_store })
}
