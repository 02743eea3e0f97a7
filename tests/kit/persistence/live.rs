//! The files as the running program sees them: every change of it at once, whatever the medium has.

use std::collections::BTreeMap;

use super::{
    disk::Disk,
    operation::{Inode, Operation, ROOT},
    tree::Tree,
};

/// Symbolic links that are followed one after the other, as the kernel has it.
const LINKS_MAX: usize = 40;

/// The files of one folder, by name and by content, at one moment of a program.
#[derive(Clone, Debug)]
pub struct Live {
    root: String,
    disk: Disk,
    names: BTreeMap<(Inode, String), Inode>,
}

impl Live {
    /// A program starts on these files, which all are durable; `root` is the folder's absolute path.
    #[must_use]
    pub fn new(root: &str, tree: &Tree) -> Self {
        let disk = Disk::new(tree);
        let names = disk.names();
        Self { root: root.to_owned(), disk, names }
    }

    /// The same files in another place.
    #[must_use]
    pub fn moved(&self, root: &str) -> Self {
        Self { root: root.to_owned(), ..self.clone() }
    }

    /// The same files for a process that does not know which `fsync` failed before its time.
    #[must_use]
    pub fn believed(mut self) -> Self {
        self.disk.believe();
        self
    }

    /// What the program sees.
    #[must_use]
    pub fn tree(&self) -> Tree {
        let units = self.disk.units();
        let newest: Vec<usize> = units.iter().map(|unit| unit.changes.len()).collect();
        self.disk.found(&units, &newest)
    }

    /// The medium, with everything that may be lost.
    #[must_use]
    pub const fn disk(&self) -> &Disk {
        &self.disk
    }

    /// The next inode that is made.
    #[must_use]
    pub fn next(&self) -> Inode {
        self.disk.next()
    }

    /// The program makes a change.
    pub fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Make { folder, name, inode, .. } | Operation::Name { folder, name, inode } => {
                self.names.insert((*folder, name.clone()), *inode);
            }
            Operation::Rename { folder, from, to, inode } => {
                self.names.remove(&(*folder, from.clone()));
                self.names.insert((*folder, to.clone()), *inode);
            }
            Operation::Remove { folder, name } => {
                self.names.remove(&(*folder, name.clone()));
            }
            _ => {}
        }
        self.disk.apply(operation);
    }

    /// What has this name.
    #[must_use]
    pub fn look_up(&self, folder: Inode, name: &str) -> Option<Inode> {
        self.names.get(&(folder, name.to_owned())).copied()
    }

    /// What an open of this name leads to: links are followed, as long as they stay in the folder.
    #[must_use]
    pub fn follow(&self, folder: Inode, name: &str) -> Option<Inode> {
        let (mut folder, mut name) = (folder, name.to_owned());
        for _ in 0..LINKS_MAX {
            let inode = self.look_up(folder, &name)?;
            let Some(target) = self.disk.link(inode) else { return Some(inode) };
            (folder, name) = self.walk(folder, target)?;
        }
        None
    }

    /// The length of a file as the program sees it.
    #[must_use]
    pub fn length(&self, inode: Inode) -> u64 {
        self.disk.length(inode)
    }

    /// True where the path is the folder itself.
    #[must_use]
    pub fn is_root(&self, path: &str) -> bool {
        path.trim_end_matches('/') == self.root
    }

    /// Folder and name of an absolute path below the folder; `None` elsewhere, and where a folder on the way is
    /// missing.
    #[must_use]
    pub fn place(&self, path: &str) -> Option<(Inode, String)> {
        self.walk(ROOT, path.strip_prefix(&self.root)?.strip_prefix('/')?)
    }

    fn walk(&self, from: Inode, path: &str) -> Option<(Inode, String)> {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut folder = from;
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            folder = self.follow(folder, part)?;
        }
        (!name.is_empty()).then(|| (folder, name.to_owned()))
    }
}
