//! Certificates out of files and folders, and out of this machine's own trust store.

use std::fs;
use std::path::{Path, PathBuf};

use super::said::Said;
use crate::certificate::{Certificate, source};
use crate::{Error, input};

/// Folders below a folder that are looked into.
const DEPTH_MAX: usize = 4;
/// Files of one source.
const FILES_MAX: usize = 10_000;

/// Reads a file, or the files of a folder and those below; what cannot be used is a fault of its own.
///
/// # Errors
/// Exit code 2 or 5: there is no such path, or too much is in it.
pub(super) fn read(path: &Path) -> Result<Said, Error> {
    let mut said = Said::default();
    if path.is_dir() {
        let mut files = Vec::new();
        list(path, DEPTH_MAX, &mut files)?;
        files.sort();
        for file in &files {
            let place = file.strip_prefix(path).unwrap_or(file).display().to_string();
            match input::read(file, source::FILE_BYTES_MAX, "certificates") {
                Ok(bytes) => add(&bytes, &place, &mut said),
                Err(error) => said.fault(place, error.to_string()),
            }
        }
        return Ok(said);
    }
    let bytes = input::read(path, source::FILE_BYTES_MAX, "certificates")?;
    add(&bytes, "", &mut said);
    Ok(said)
}

/// Reads what applications on this machine trust.
pub(super) fn system() -> Said {
    let mut said = Said::default();
    let found = rustls_native_certs::load_native_certs();
    for (number, der) in (1_usize..).zip(&found.certs) {
        take(der.to_vec(), format!("certificate {number}"), &mut said);
    }
    for error in found.errors {
        said.fault("the system's store", error.to_string());
    }
    said
}

/// Adds the certificates of one file, each by itself: one that no device could use does not cost the others.
pub(super) fn add(bytes: &[u8], place: &str, said: &mut Said) {
    match source::ders(bytes) {
        Ok(blocks) => {
            for (block, der) in blocks {
                let place = if place.is_empty() { block } else { format!("{place}: {block}") };
                take(der, place, said);
            }
        }
        Err(error) => said.fault(if place.is_empty() { "the file" } else { place }, error.to_string()),
    }
}

fn take(der: Vec<u8>, place: String, said: &mut Said) {
    match Certificate::parse(der) {
        Ok(certificate) => said.add(&certificate),
        Err(error) => said.fault(place, error.to_string()),
    }
}

fn list(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let failed = |error| Error::io("list", folder, error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden {
            continue;
        }
        // A link is followed, as far as the depth allows: hashed folders are made of links.
        if path.is_dir() {
            if let Some(depth) = depth.checked_sub(1) {
                list(&path, depth, files)?;
            }
        } else if files.len() < FILES_MAX {
            files.push(path);
        } else {
            return Err(Error::input("too_many", format!("holds more than {FILES_MAX} files")).file(folder));
        }
    }
    Ok(())
}
