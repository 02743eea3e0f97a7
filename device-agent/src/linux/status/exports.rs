//! Whether the exported files show what is installed.

use std::fs;
use std::path::Path;

use serde::Serialize;
use trust_store::Installed;

use crate::linux::configuration::Export;
use crate::linux::export::{ExportSet, Medium, Omission, medium};

/// The state of the exported files.
#[derive(Clone, Debug, Serialize)]
pub struct Exports {
    /// The folder.
    pub directory: String,
    /// The release that the files show; nothing where there are none.
    pub release: Option<String>,
    /// True where they show exactly what is installed.
    pub is_current: bool,
    /// What the folder is kept on.
    pub medium: Medium,
    /// Anchors that are in the bundle and not in every file.
    pub omitted: Vec<Omission>,
    /// Services whose pins no file can carry.
    pub pins_not_carried: Vec<String>,
    /// Denials that no file can carry.
    pub denials_not_carried: usize,
    /// Names that somebody else's files occupy.
    pub occupied: Vec<String>,
}

impl Exports {
    pub(super) fn of(export: &Export, installed: &Installed, channel: &str) -> Option<Self> {
        let set = ExportSet::of(installed, channel).ok()?;
        let expected = set.files.last()?;
        let current = export.folder.join("..data");
        let found = fs::read(current.join(&expected.path)).ok();
        let names = ExportSet::names().iter();
        Some(Self {
            directory: export.folder.display().to_string(),
            release: found.as_deref().and_then(release),
            is_current: found.as_deref() == Some(&expected.bytes),
            medium: medium(&export.folder),
            omitted: set.omissions.clone(),
            pins_not_carried: set.pins_not_carried.clone(),
            denials_not_carried: set.denials_not_carried,
            occupied: names
                .filter(|name| is_foreign(&export.folder, name))
                .map(|name| (*name).to_owned())
                .collect(),
        })
    }
}

fn release(version_file: &[u8]) -> Option<String> {
    let version: serde_json::Value = serde_json::from_slice(version_file).ok()?;
    version.get("release")?.as_str().map(str::to_owned)
}

fn is_foreign(folder: &Path, name: &str) -> bool {
    let path = folder.join(name);
    let is_there = fs::symlink_metadata(&path).is_ok();
    is_there && fs::read_link(&path).ok().as_deref() != Some(&Path::new("..data").join(name))
}
