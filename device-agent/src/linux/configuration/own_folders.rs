//! The folders that the agent keeps its own things in.

use std::path::{Path, PathBuf};

use super::settings::Meaning;

/// Where store and key are unless the configuration says otherwise.
pub(super) const STATE_FOLDER: &str = "/var/lib/device-agent";
/// Where the agent says what it is doing unless the configuration says otherwise.
const RUNTIME_FOLDER: &str = "/run/device-agent";

/// Where the device's key and the agent's own notes are unless the configuration says otherwise.
pub(super) struct OwnFolders {
    /// For what must outlive a reboot.
    pub(super) state: PathBuf,
    /// For what need not.
    pub(super) runtime: PathBuf,
}

impl OwnFolders {
    /// Beside a store that is somewhere else than usual, so that two agents on one machine share nothing.
    pub(super) fn of(store: Option<&Path>, meant: &Meaning<'_>) -> Self {
        let usual = || Self { state: STATE_FOLDER.into(), runtime: RUNTIME_FOLDER.into() };
        let Some(store) = store else { return usual() };
        let store = meant.relative(store.to_path_buf());
        match store.parent() {
            // A store on a bare partition: the folder of its device file forgets everything with a reboot.
            Some(folder) if !folder.starts_with("/dev") => {
                Self { state: folder.to_path_buf(), runtime: folder.join("run") }
            }
            _ => usual(),
        }
    }
}
