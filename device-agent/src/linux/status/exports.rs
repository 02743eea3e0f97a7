//! Whether the exported files show what is installed.

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;
use trust_store::Installed;

use crate::linux::configuration::{Export, Settings};
use crate::linux::export::{
    Application, ExportSet, Local, Loss, Medium, Omission, is_pending, medium, other_writers,
};

/// The state of the exported files.
#[derive(Clone, Debug, Serialize)]
pub struct Exports {
    /// The folder.
    pub directory: String,
    /// True where the folder is there.
    pub is_there: bool,
    /// The file that cannot be read, and what the system says of it.
    pub fault: Option<String>,
    /// The release that the files show; nothing where there are none.
    pub release: Option<String>,
    /// True where they show exactly what is installed.
    pub is_current: bool,
    /// What the folder is kept on.
    pub medium: Medium,
    /// Anchors that are in the bundle and not in every file.
    pub omitted: Vec<Omission>,
    /// What the bundle says and some files do not.
    pub losses: Vec<Loss>,
    /// The applications with files of their own.
    pub applications: Vec<Application>,
    /// True where the system's store does not have what is installed, and is to have it.
    pub system_store_pending: bool,
    /// Names that somebody else's files occupy.
    pub occupied: Vec<String>,
    /// Who else can write in the folder.
    pub other_writers: Option<String>,
}

impl Exports {
    /// What the folder shows, and what it should show; with nothing installed that is nothing.
    pub(in crate::linux) fn of(export: &Export, installed: Option<&Installed>, settings: &Settings) -> Self {
        let set =
            installed.and_then(|installed| ExportSet::of(installed, &Local::read(settings, export)).ok());
        let path = export.folder.join("..data").join("version.json");
        let (found, fault) = match fs::read(&path) {
            Ok(bytes) => (Some(bytes), None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (None, None),
            Err(error) => (None, Some(format!("{}: {error}", path.display()))),
        };
        let expected = set.as_ref().and_then(|set| set.files.last()).map(|file| &file.bytes);
        let names = ExportSet::names().filter(|name| is_foreign(&export.folder, name));
        Self {
            directory: export.folder.display().to_string(),
            is_there: export.folder.is_dir(),
            release: found.as_deref().and_then(release),
            is_current: fault.is_none() && found.as_ref() == expected,
            fault,
            medium: medium(&export.folder),
            system_store_pending: export.system_store.as_ref().is_some_and(is_pending),
            other_writers: other_writers(&export.folder, &settings.store.path),
            occupied: names.map(str::to_owned).collect(),
            omitted: set.as_ref().map(|set| set.omissions.clone()).unwrap_or_default(),
            losses: set.as_ref().map(|set| set.losses.clone()).unwrap_or_default(),
            applications: set.map(|set| set.applications).unwrap_or_default(),
        }
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
