//! The compare-and-swap of a published head.

use std::fs;
use std::io;
use std::path::Path;

use bundle::Sha256;

use super::Published;
use crate::durable::{self, PUBLIC_MODE};
use crate::lock::FolderLock;
use crate::{Error, Exit};

/// Replaces the head of `channel` in the tree at `folder`, if the file is still the one with SHA-256 `expected`.
///
/// # Errors
/// Exit code 6 where somebody else moved the head meanwhile, 5 where it cannot be written. Either way the head
/// that stands there is whole.
pub fn swap(folder: &Path, channel: &str, expected: Option<Sha256>, document: &[u8]) -> Result<(), Error> {
    let path = Published::path(folder, channel);
    let place = path.parent().unwrap_or(folder);
    let _lock = FolderLock::acquire(place)?;
    durable::remove_leftovers(place)?;
    let present = match fs::read(&path) {
        Ok(bytes) => Some(Sha256::of(&[&bytes])),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Error::io("read", &path, error)),
    };
    if present != expected {
        let message = "somebody else published a head while this one was made";
        let error = Error::new(Exit::Lost, "head_moved", message).file(path);
        return Err(error.hint("look at it with cloud-updater head show, then try again"));
    }
    durable::write_file(&path, document, PUBLIC_MODE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_replaced_only_by_who_saw_it() {
        let folder = tempfile::tempdir().unwrap();
        swap(folder.path(), "prod", None, b"one").unwrap();
        let one = Some(Sha256::of(&[b"one"]));
        swap(folder.path(), "prod", one, b"two").unwrap();
        for stale in [None, one] {
            let error = swap(folder.path(), "prod", stale, b"three").unwrap_err();
            assert_eq!((error.exit(), error.code()), (Exit::Lost, "head_moved"));
        }
        assert_eq!(fs::read(folder.path().join("prod/head")).unwrap(), b"two");
    }
}
