//! Where the tree is published: `--to`, else `publish.folder` of fleet.toml.

use std::path::PathBuf;

use clap::Args;

use crate::Error;
use crate::repository::Repository;
use crate::repository::fleet_file::FLEET_FILE;

/// The flag of commands that read or write the published tree.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct TargetFlag {
    /// The published tree [default: publish.folder of fleet.toml]
    #[arg(long, value_name = "DIR", env = "CLOUD_UPDATER_TO")]
    pub(super) to: Option<PathBuf>,
}

impl TargetFlag {
    /// The folder.
    ///
    /// # Errors
    /// Exit code 2 where nothing names one, or where it is the repository itself.
    pub(super) fn folder(&self, repository: &Repository) -> Result<PathBuf, Error> {
        let configured =
            || repository.fleet().publish.folder.as_ref().map(|folder| repository.folder().join(folder));
        let folder = self.to.clone().or_else(configured).ok_or_else(|| {
            Error::usage("no_target", "nothing says where to publish")
                .file(FLEET_FILE)
                .field("publish.folder")
                .hint("give --to DIR, or set publish.folder in fleet.toml")
        })?;
        let same = |path: &std::path::Path| std::fs::canonicalize(path).ok();
        if same(&folder).is_some_and(|folder| Some(folder) == same(repository.folder())) {
            return Err(Error::usage(
                "target_is_repository",
                "is the repository itself: publish into another folder",
            )
            .file(folder));
        }
        Ok(folder)
    }
}
