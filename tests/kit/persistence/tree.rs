//! Files and folders as a reader would find them, in memory: what a state of the medium comes to.

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    hash::{Hash, Hasher},
    io,
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink},
    path::Path,
    sync::Arc,
};

/// The piece of a file that reaches the medium as one: the page of Linux and the block of its file systems.
pub const PAGE_BYTES: usize = 4_096;

/// One page of a file. Its hash is kept, because thousands of states share it.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    hash: u64,
    bytes: Box<[u8]>,
}

/// Everything below one folder, by its path from there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree(pub BTreeMap<String, Entry>);

/// What stands under one path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// A file.
    File {
        /// Permission bits.
        mode: u32,
        /// Its length in bytes.
        length: u64,
        /// Pages that are not all zeros, by number.
        pages: BTreeMap<u64, Arc<Page>>,
    },
    /// A folder.
    Folder {
        /// Permission bits.
        mode: u32,
    },
    /// A symbolic link, and where it leads.
    Link(String),
}

impl Tree {
    /// Reads everything below a folder.
    ///
    /// # Errors
    /// It cannot be read, or holds what this model has no word for.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut tree = Self::default();
        tree.read_below(folder, "")?;
        Ok(tree)
    }

    fn read_below(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for found in fs::read_dir(folder)? {
            let found = found?;
            let name =
                found.file_name().into_string().map_err(|name| other(&format!("{name:?} is no text")))?;
            let (path, key) = (found.path(), format!("{prefix}{name}"));
            let metadata = fs::symlink_metadata(&path)?;
            let mode = metadata.permissions().mode() & 0o7777;
            if metadata.is_dir() {
                self.read_below(&path, &format!("{key}/"))?;
                self.0.insert(key, Entry::Folder { mode });
            } else if metadata.is_symlink() {
                self.0.insert(key, Entry::Link(fs::read_link(&path)?.to_string_lossy().into_owned()));
            } else {
                self.0.insert(key, Entry::of_bytes(mode, &fs::read(&path)?));
            }
        }
        Ok(())
    }

    /// Makes the tree below an empty or missing folder.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        // Folders come before what is in them, because their paths are shorter beginnings.
        for (path, entry) in &self.0 {
            let path = folder.join(path);
            match entry {
                Entry::Folder { mode } => {
                    DirBuilder::new().mode(0o700).create(&path)?;
                    fs::set_permissions(&path, Permissions::from_mode(*mode))?;
                }
                Entry::Link(target) => symlink(target, &path)?,
                Entry::File { mode, length, pages } => {
                    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
                    write_pages(&file, *length, pages)?;
                    file.set_permissions(Permissions::from_mode(*mode))?;
                }
            }
        }
        Ok(())
    }

    /// The content of a file; symbolic links are not followed.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        let Some(Entry::File { length, pages, .. }) = self.0.get(path) else { return None };
        let length = usize::try_from(*length).ok()?;
        let mut bytes = vec![0; length];
        for (number, page) in pages {
            let start = usize::try_from(*number).ok()?.checked_mul(PAGE_BYTES)?;
            let Some(part) = bytes.get_mut(start..length.min(start + PAGE_BYTES)) else { continue };
            part.iter_mut().zip(page.bytes()).for_each(|(to, from)| *to = *from);
        }
        Some(bytes)
    }

    /// What stands below a folder of the tree, by its path from there.
    #[must_use]
    pub fn below(&self, folder: &str) -> Self {
        let prefix = format!("{folder}/");
        let within = self.0.iter().filter_map(|(path, entry)| Some((path.strip_prefix(&prefix)?, entry)));
        Self(within.map(|(path, entry)| (path.to_owned(), entry.clone())).collect())
    }

    /// A number that differs where trees do. Names that are drawn by luck, which begin with `luck`, count as one.
    #[must_use]
    pub fn fingerprint(&self, luck: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (path, entry) in &self.0 {
            for part in path.split('/') {
                if part.starts_with(luck) { luck.hash(&mut hasher) } else { part.hash(&mut hasher) }
            }
            entry.hash(&mut hasher);
        }
        hasher.finish()
    }
}

impl Entry {
    /// A file of these bytes.
    #[must_use]
    pub fn of_bytes(mode: u32, bytes: &[u8]) -> Self {
        let numbered = (0_u64..).zip(bytes.chunks(PAGE_BYTES));
        let pages =
            numbered.map(|(number, part)| (number, Page::new(part))).filter(|(_, page)| !page.is_blank());
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Self::File { mode, length, pages: pages.map(|(number, page)| (number, Arc::new(page))).collect() }
    }
}

impl Page {
    /// A page that begins with these bytes and ends with zeros.
    #[must_use]
    pub fn new(start: &[u8]) -> Self {
        let mut bytes = vec![0; PAGE_BYTES];
        bytes.iter_mut().zip(start).for_each(|(to, from)| *to = *from);
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Self { hash: hasher.finish(), bytes: bytes.into() }
    }

    /// All its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// True for nothing but zeros, which a file need not hold.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.bytes.iter().all(|byte| *byte == 0)
    }
}

impl Hash for Page {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Writes what is not zero, so that a sparse file stays one.
fn write_pages(file: &File, length: u64, pages: &BTreeMap<u64, Arc<Page>>) -> io::Result<()> {
    file.set_len(length)?;
    for (number, page) in pages {
        let start = number.saturating_mul(4_096);
        let held = usize::try_from(length.saturating_sub(start)).unwrap_or(usize::MAX).min(PAGE_BYTES);
        file.write_all_at(page.bytes().get(..held).unwrap_or_default(), start)?;
    }
    Ok(())
}

fn other(text: &str) -> io::Error {
    io::Error::other(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_back_as_it_was_written() {
        let long = [vec![7; 5_000], vec![0; 9_000], vec![8; 10]].concat();
        let tree = Tree(BTreeMap::from([
            ("a".to_owned(), Entry::Folder { mode: 0o750 }),
            ("a/b".to_owned(), Entry::of_bytes(0o640, &long)),
            ("c".to_owned(), Entry::Link("a/b".to_owned())),
        ]));
        let folder = tempfile::tempdir().unwrap();
        tree.write(&folder.path().join("new")).unwrap();
        let again = Tree::read(&folder.path().join("new")).unwrap();
        assert_eq!(again, tree);
        assert_eq!(again.fingerprint("..luck"), tree.fingerprint("..luck"));
        assert_eq!(again.file("a/b").unwrap(), long);
        assert_eq!(again.below("a").0.len(), 1);
    }
}
