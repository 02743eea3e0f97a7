//! The published tree in memory: whole bodies and their headers, ready to send, looked up by exact path.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue};
use bundle::Sha256;

use super::error::{TreeError, TreeFault};
use super::limits::{HEAD_MAX_AGE_SECONDS, IMMUTABLE_MAX_AGE_SECONDS, LOAD_ATTEMPTS_MAX};
use super::name::PublishedName;
use super::scan::{Scan, Stamp, read};

/// Every file of one state of the folder.
#[derive(Debug, Default)]
pub(super) struct Tree {
    entries: HashMap<String, Arc<Entry>>,
    scan: Scan,
    bytes: u64,
}

/// One file, ready to send.
#[derive(Debug)]
pub(super) struct Entry {
    /// The whole content.
    pub(super) body: Bytes,
    /// All headers of a full answer.
    pub(super) headers: HeaderMap,
    /// The strong validator, also among `headers`.
    pub(super) etag: HeaderValue,
    stamp: Stamp,
}

impl Tree {
    /// Loads `folder`, at most `bytes_max` bytes of bodies; unchanged files are taken over from `previous`.
    ///
    /// A folder that changes meanwhile is read again: what is loaded is one state of it. Publishing puts the
    /// head last, so that the files a head names are in the same state as the head.
    pub(super) fn load(folder: &Path, bytes_max: u64, previous: Option<&Self>) -> Result<Self, TreeError> {
        for _ in 0..LOAD_ATTEMPTS_MAX {
            let scan = Scan::of(folder)?;
            let Some(tree) = Self::read(folder, scan, bytes_max, previous)? else { continue };
            if Scan::of(folder)? == tree.scan {
                return Ok(tree);
            }
        }
        Err(TreeFault::KeepsChanging.of(folder))
    }

    /// Whether `folder` still is what was loaded.
    pub(super) fn is_current(&self, folder: &Path) -> Result<bool, TreeError> {
        Ok(Scan::of(folder)? == self.scan)
    }

    /// The file whose path inside the tree is `path`.
    pub(super) fn entry(&self, path: &str) -> Option<&Arc<Entry>> {
        self.entries.get(path)
    }

    /// How many files there are.
    pub(super) fn file_count(&self) -> usize {
        self.entries.len()
    }

    /// How many bytes their bodies are.
    pub(super) const fn byte_count(&self) -> u64 {
        self.bytes
    }

    /// The channels that have a head, in order.
    pub(super) fn channels(&self) -> Vec<&str> {
        let heads = self.scan.files.values().filter_map(|found| match &found.name {
            PublishedName::Head { channel } => Some(channel.as_str()),
            _ => None,
        });
        heads.collect()
    }

    fn read(
        folder: &Path,
        scan: Scan,
        bytes_max: u64,
        previous: Option<&Self>,
    ) -> Result<Option<Self>, TreeError> {
        let bytes = scan.files.values().map(|found| found.stamp.length()).fold(0, u64::saturating_add);
        if bytes > bytes_max {
            return Err(TreeFault::TooLarge { bytes, bytes_max }.of(folder));
        }
        let mut entries = HashMap::with_capacity(scan.files.len());
        for (inside, found) in &scan.files {
            let kept =
                previous.and_then(|tree| tree.entry(inside)).filter(|entry| entry.stamp == found.stamp);
            let entry = match kept {
                Some(entry) => Arc::clone(entry),
                None => {
                    let Some(body) = read(folder, inside, &found.stamp)? else { return Ok(None) };
                    Arc::new(Entry::new(folder, &found.name, found.stamp, body)?)
                }
            };
            entries.insert(inside.clone(), entry);
        }
        Ok(Some(Self { entries, scan, bytes }))
    }
}

impl Entry {
    fn new(folder: &Path, name: &PublishedName, stamp: Stamp, body: Vec<u8>) -> Result<Self, TreeError> {
        let digest = Sha256::of(&[&body]);
        if let PublishedName::Blob { sha256, .. } = name
            && digest.0 != *sha256
        {
            return Err(TreeFault::BlobDigest { digest }.of(folder.join(name.to_string())));
        }
        let caching = if name.changes() {
            format!("public, max-age={HEAD_MAX_AGE_SECONDS}, must-revalidate")
        } else {
            format!("public, max-age={IMMUTABLE_MAX_AGE_SECONDS}, immutable")
        };
        // 128 bits of the digest name the content as well as all of it, and spare a small radio 33 bytes.
        let etag = header(&format!("\"{}\"", digest.to_string().get(..32).unwrap_or_default()));
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
            (CONTENT_LENGTH, HeaderValue::from(body.len())),
            (ETAG, etag.clone()),
            (CACHE_CONTROL, header(&caching)),
        ]);
        Ok(Self { body: Bytes::from(body), headers, etag, stamp })
    }
}

/// A header value from text that this file wrote: plain ASCII.
pub(super) fn header(text: &str) -> HeaderValue {
    // Unreachable as an error because every caller formats digits and fixed ASCII words.
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::server::kit::{blob_path, put};

    const BYTES_MAX: u64 = 1_000;

    #[test]
    fn an_unchanged_file_is_taken_over_and_a_changed_one_read() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "prod/head", b"one");
        put(folder.path(), "keyring/1", b"ring");
        let first = Tree::load(folder.path(), BYTES_MAX, None).unwrap();
        put(folder.path(), "prod/head.new", b"two");
        fs::rename(folder.path().join("prod/head.new"), folder.path().join("prod/head")).unwrap();
        assert!(!first.is_current(folder.path()).unwrap());
        let second = Tree::load(folder.path(), BYTES_MAX, Some(&first)).unwrap();
        assert_eq!(second.entry("prod/head").unwrap().body.as_ref(), b"two");
        assert!(Arc::ptr_eq(first.entry("keyring/1").unwrap(), second.entry("keyring/1").unwrap()));
        assert!(second.is_current(folder.path()).unwrap());
    }

    #[test]
    fn a_blob_that_is_not_what_its_name_says_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = blob_path("prod", b"certificate");
        put(folder.path(), &path, b"another");
        let error = Tree::load(folder.path(), BYTES_MAX, None).unwrap_err();
        assert!(error.to_string().contains(&path), "{error}");
        put(folder.path(), &path, b"certificate");
        assert_eq!(Tree::load(folder.path(), BYTES_MAX, None).unwrap().file_count(), 1);
    }

    #[test]
    fn more_bytes_than_allowed_are_refused_before_they_are_read() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "prod/head", &[0; 600]);
        put(folder.path(), "keyring/1", &[0; 401]);
        let error = Tree::load(folder.path(), BYTES_MAX, None).unwrap_err();
        assert!(matches!(error.fault, TreeFault::TooLarge { bytes: 1_001, .. }), "{error}");
    }

    #[test]
    fn channels_are_the_folders_with_a_head() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "staging/head", b"head");
        put(folder.path(), "prod/head", b"head");
        put(folder.path(), "empty/release/1", b"release");
        let tree = Tree::load(folder.path(), BYTES_MAX, None).unwrap();
        assert_eq!(tree.channels(), ["prod", "staging"]);
        assert_eq!(tree.byte_count(), 15);
    }

    #[test]
    fn equal_content_has_an_equal_etag_and_other_content_another() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "a/head", b"one");
        put(folder.path(), "b/head", b"one");
        put(folder.path(), "c/head", b"two");
        let tree = Tree::load(folder.path(), BYTES_MAX, None).unwrap();
        let etag = |path: &str| tree.entry(path).unwrap().etag.clone();
        assert_eq!(etag("a/head"), etag("b/head"));
        assert_ne!(etag("a/head"), etag("c/head"));
    }
}
