//! The served folder and what is loaded of it; readers always see one whole state.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;

use super::error::TreeError;
use super::tree::Tree;

/// A folder and its loaded content.
#[derive(Debug)]
pub(super) struct Site {
    folder: PathBuf,
    bytes_max: u64,
    tree: ArcSwap<Tree>,
    failed: AtomicBool,
}

/// What looking at the folder again came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Refreshed {
    /// The folder changed, and so did what is served.
    Swapped,
    /// The folder is what it was.
    Unchanged,
}

impl Site {
    /// Loads `folder`.
    pub(super) fn open(folder: PathBuf, bytes_max: u64) -> Result<Self, TreeError> {
        let tree = Tree::load(&folder, bytes_max, None)?;
        Ok(Self { folder, bytes_max, tree: ArcSwap::from_pointee(tree), failed: AtomicBool::new(false) })
    }

    /// What is served now.
    pub(super) fn tree(&self) -> Arc<Tree> {
        self.tree.load_full()
    }

    /// The served folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the last look at the folder failed; what was loaded before is served meanwhile.
    pub(super) fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Looks at the folder and loads what changed.
    pub(super) fn refresh(&self) -> Result<Refreshed, TreeError> {
        self.noting(|| {
            let previous = self.tree();
            if previous.is_current(&self.folder)? {
                return Ok(Refreshed::Unchanged);
            }
            let tree = Tree::load(&self.folder, self.bytes_max, Some(&previous))?;
            self.tree.store(Arc::new(tree));
            Ok(Refreshed::Swapped)
        })
    }

    /// Reads every file again, changed or not.
    pub(super) fn reload(&self) -> Result<Refreshed, TreeError> {
        self.noting(|| {
            self.tree.store(Arc::new(Tree::load(&self.folder, self.bytes_max, None)?));
            Ok(Refreshed::Swapped)
        })
    }

    fn noting(&self, look: impl FnOnce() -> Result<Refreshed, TreeError>) -> Result<Refreshed, TreeError> {
        let result = look();
        self.failed.store(result.is_err(), Ordering::Relaxed);
        result
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::server::kit::{blob_path, put};

    #[test]
    fn a_published_head_is_served_after_the_next_look() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "prod/head", b"one");
        let site = Site::open(folder.path().to_owned(), 1_000).unwrap();
        assert_eq!(site.refresh().unwrap(), Refreshed::Unchanged);
        let before = site.tree();
        put(folder.path(), "prod/head.new", b"two");
        fs::rename(folder.path().join("prod/head.new"), folder.path().join("prod/head")).unwrap();
        assert_eq!(site.refresh().unwrap(), Refreshed::Swapped);
        assert_eq!(site.tree().entry("prod/head").unwrap().body.as_ref(), b"two");
        assert_eq!(before.entry("prod/head").unwrap().body.as_ref(), b"one", "a reader keeps its state");
    }

    #[test]
    fn a_broken_folder_leaves_what_was_loaded_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "prod/head", b"one");
        let site = Site::open(folder.path().to_owned(), 1_000).unwrap();
        let broken = blob_path("prod", b"certificate");
        put(folder.path(), &broken, b"another");
        assert!(site.refresh().is_err());
        assert!(site.failed());
        assert_eq!(site.tree().file_count(), 1);
        fs::remove_file(folder.path().join(&broken)).unwrap();
        assert_eq!(site.reload().unwrap(), Refreshed::Swapped);
        assert!(!site.failed());
    }
}
