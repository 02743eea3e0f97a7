//! A medium under a file system of which nothing is taken for granted but what POSIX says of `fsync`.
//!
//! | what | when it lasts |
//! |---|---|
//! | a page of a file (4,096 bytes) | after an `fsync` of that file; until then any of its versions, or half of one |
//! | the length of a file | likewise, and apart from its pages: it may grow over pages that never came |
//! | permission bits | likewise |
//! | a name | after an `fsync` of its folder; that of the file says nothing about names |
//! | a rename | both of its halves or none, after an `fsync` of the folder; never in an order with anything else |
//!
//! What does not last yet may be there or not, each for itself: no order is kept between two of them, not even that in
//! which a journal of today's file systems keeps names. After an `fsync` that failed, the pages that it was about may
//! never come, whatever a later `fsync` says, until they are written again.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    operation::{Inode, Kind, Operation, ROOT},
    tree::{Entry, PAGE_BYTES, Page, Tree},
};

/// Names and what they lead to.
type Names = BTreeMap<(Inode, String), Inode>;

/// Everything that is on the medium, or may be.
#[derive(Clone, Debug)]
pub struct Disk {
    nodes: Vec<Node>,
    names: Names,
    changes: Vec<Change>,
    clock: usize,
}

/// A file, folder or link, without its names.
#[derive(Clone, Debug)]
struct Node {
    body: Body,
    mode: Versions<u32>,
}

#[derive(Clone, Debug)]
enum Body {
    File { length: Versions<u64>, pages: BTreeMap<u64, Versions<Arc<Page>>> },
    Folder,
    Link(String),
}

/// One value: what lasts of it, and what may be there instead, oldest first.
#[derive(Clone, Debug)]
struct Versions<T> {
    lasting: T,
    pending: Vec<(usize, T)>,
    /// So many of the pending ones went through an `fsync` that failed.
    doubtful: usize,
}

/// Names that change together; `None` for one that is gone.
#[derive(Clone, Debug)]
struct Change {
    at: usize,
    folder: Inode,
    names: Vec<(String, Option<Inode>)>,
}

/// Something that may be found in one of several ways after a power cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    place: Place,
    /// When each of its changes was made, as numbers that grow. Way 0 is none of them, way n the first n.
    pub changes: Vec<usize>,
    /// How many more ways there are, in which it was torn in the middle.
    pub torn: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Page(Inode, u64),
    Length(Inode),
    Mode(Inode),
    Change(usize),
}

impl<T: Clone> Versions<T> {
    const fn new(value: T) -> Self {
        Self { lasting: value, pending: Vec::new(), doubtful: 0 }
    }

    fn newest(&self) -> &T {
        self.pending.last().map_or(&self.lasting, |(_, value)| value)
    }

    fn set(&mut self, at: usize, value: T) {
        self.pending.push((at, value));
    }

    fn sync(&mut self) {
        if self.pending.len() > self.doubtful {
            let newest = self.newest().clone();
            *self = Self::new(newest);
        }
    }

    fn way(&self, way: usize) -> &T {
        way.checked_sub(1).and_then(|at| self.pending.get(at)).map_or(&self.lasting, |(_, value)| value)
    }

    fn changes(&self) -> Vec<usize> {
        self.pending.iter().map(|(at, _)| *at).collect()
    }
}

impl Disk {
    /// A medium on which these files last.
    #[must_use]
    pub fn new(tree: &Tree) -> Self {
        let root = Node { body: Body::Folder, mode: Versions::new(0o755) };
        let mut disk = Self { nodes: vec![root], names: Names::new(), changes: Vec::new(), clock: 0 };
        let mut folders = BTreeMap::from([(String::new(), ROOT)]);
        for (path, entry) in &tree.0 {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let inode = disk.next();
            disk.nodes.push(Node::of(entry));
            // A tree has every folder before what is in it.
            let folder = folders.get(folder).copied().unwrap_or(ROOT);
            disk.names.insert((folder, name.to_owned()), inode);
            folders.insert(path.clone(), inode);
        }
        disk
    }

    /// The number of the next file, folder or link.
    #[must_use]
    pub const fn next(&self) -> Inode {
        self.nodes.len()
    }

    pub(super) fn names(&self) -> Names {
        self.names.clone()
    }

    pub(super) fn link(&self, inode: Inode) -> Option<&str> {
        match &self.nodes.get(inode)?.body {
            Body::Link(target) => Some(target),
            _ => None,
        }
    }

    pub(super) fn is_folder(&self, inode: Inode) -> bool {
        self.nodes.get(inode).is_some_and(|node| matches!(node.body, Body::Folder))
    }

    pub(super) fn length(&self, inode: Inode) -> u64 {
        match self.nodes.get(inode).map(|node| &node.body) {
            Some(Body::File { length, .. }) => *length.newest(),
            _ => 0,
        }
    }

    /// A later `fsync` is believed again, as a process must that does not know of one that failed before its time.
    pub(super) fn believe(&mut self) {
        for node in &mut self.nodes {
            if let Body::File { pages, .. } = &mut node.body {
                pages.values_mut().for_each(|page| page.doubtful = 0);
            }
        }
    }

    /// The system is asked for something.
    pub fn apply(&mut self, operation: &Operation) {
        self.clock += 1;
        let at = self.clock;
        match operation {
            Operation::Make { folder, name, kind, inode } => {
                self.nodes.push(Node::made(kind));
                self.change(*folder, vec![(name.clone(), Some(*inode))]);
            }
            Operation::Name { folder, name, inode } => {
                self.change(*folder, vec![(name.clone(), Some(*inode))]);
            }
            Operation::Rename { folder, from, to, inode } => {
                self.change(*folder, vec![(from.clone(), None), (to.clone(), Some(*inode))]);
            }
            Operation::Remove { folder, name } => self.change(*folder, vec![(name.clone(), None)]),
            Operation::Write { inode, offset, bytes } => self.write(*inode, *offset, bytes),
            Operation::Resize { inode, length } => self.resize(*inode, *length),
            Operation::Mode { inode, mode } => {
                self.nodes.get_mut(*inode).into_iter().for_each(|node| node.mode.set(at, *mode));
            }
            Operation::Sync { inode } => self.sync(*inode),
            Operation::SyncFailed { inode } => {
                if let Some(Node { body: Body::File { pages, .. }, .. }) = self.nodes.get_mut(*inode) {
                    pages.values_mut().for_each(|page| page.doubtful = page.pending.len());
                }
            }
        }
    }

    fn change(&mut self, folder: Inode, names: Vec<(String, Option<Inode>)>) {
        self.changes.push(Change { at: self.clock, folder, names });
    }

    fn write(&mut self, inode: Inode, offset: u64, bytes: &[u8]) {
        let at = self.clock;
        let Some(Node { body: Body::File { length, pages }, .. }) = self.nodes.get_mut(inode) else { return };
        let mut rest = bytes;
        let mut start = offset;
        while !rest.is_empty() {
            let number = start / 4_096;
            let within = usize::try_from(start % 4_096).unwrap_or(0);
            let (part, later) = rest.split_at(rest.len().min(PAGE_BYTES - within));
            let page = pages.entry(number).or_insert_with(|| Versions::new(Arc::new(Page::new(&[]))));
            let mut content = page.newest().bytes().to_vec();
            content.iter_mut().skip(within).zip(part).for_each(|(to, from)| *to = *from);
            page.set(at, Arc::new(Page::new(&content)));
            start = start.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
            rest = later;
        }
        if start > *length.newest() {
            length.set(at, start);
        }
    }

    fn resize(&mut self, inode: Inode, to: u64) {
        let at = self.clock;
        let Some(Node { body: Body::File { length, pages }, .. }) = self.nodes.get_mut(inode) else { return };
        for (number, page) in pages.iter_mut() {
            let kept = usize::try_from(to.saturating_sub(number.saturating_mul(4_096))).unwrap_or(usize::MAX);
            if let Some(kept) =
                page.newest().bytes().get(..kept.min(PAGE_BYTES)).filter(|_| kept < PAGE_BYTES)
            {
                let kept = Arc::new(Page::new(kept));
                page.set(at, kept);
            }
        }
        length.set(at, to);
    }

    fn sync(&mut self, inode: Inode) {
        let Some(node) = self.nodes.get_mut(inode) else { return };
        node.mode.sync();
        match &mut node.body {
            Body::File { length, pages } => {
                length.sync();
                pages.values_mut().for_each(Versions::sync);
            }
            Body::Folder => {
                let (synced, rest) =
                    std::mem::take(&mut self.changes).into_iter().partition(|change| change.folder == inode);
                self.changes = rest;
                let synced: Vec<Change> = synced;
                synced.iter().for_each(|change| change.apply(&mut self.names));
            }
            Body::Link(_) => {}
        }
    }

    /// Everything that may be found in several ways.
    #[must_use]
    pub fn units(&self) -> Vec<Unit> {
        let unit = |place, changes: Vec<usize>, torn| Unit { place, changes, torn };
        let mut units = Vec::new();
        for (inode, node) in self.nodes.iter().enumerate() {
            units.push(unit(Place::Mode(inode), node.mode.changes(), 0));
            if let Body::File { length, pages } = &node.body {
                units.push(unit(Place::Length(inode), length.changes(), 0));
                let pages = pages.iter();
                units
                    .extend(pages.map(|(number, page)| unit(Place::Page(inode, *number), page.changes(), 2)));
            }
        }
        let named = self.changes.iter().enumerate();
        units.extend(named.map(|(at, change)| unit(Place::Change(at), vec![change.at], 0)));
        units.retain(|unit| !unit.changes.is_empty());
        units
    }

    /// What is found after a power cut, with each unit in this way.
    #[must_use]
    pub fn found(&self, units: &[Unit], ways: &[usize]) -> Tree {
        let mut names = self.names.clone();
        let (mut pages, mut lengths, mut modes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (unit, way) in units.iter().zip(ways) {
            match unit.place {
                Place::Page(inode, number) => drop(pages.insert((inode, number), (unit, *way))),
                Place::Length(inode) => drop(lengths.insert(inode, *way)),
                Place::Mode(inode) => drop(modes.insert(inode, *way)),
                Place::Change(at) => {
                    self.changes
                        .get(at)
                        .filter(|_| *way > 0)
                        .into_iter()
                        .for_each(|change| change.apply(&mut names));
                }
            }
        }
        let entry = |inode: Inode| {
            let node = self.nodes.get(inode)?;
            let mode = *node.mode.way(modes.get(&inode).copied().unwrap_or(0));
            Some(match &node.body {
                Body::Folder => Entry::Folder { mode },
                Body::Link(target) => Entry::Link(target.clone()),
                Body::File { length, pages: held } => {
                    let length = *length.way(lengths.get(&inode).copied().unwrap_or(0));
                    let page = |(number, page): (&u64, &Versions<Arc<Page>>)| {
                        let (torn, way) = pages
                            .get(&(inode, *number))
                            .map_or((0, 0), |(unit, way)| (way.saturating_sub(unit.changes.len()), *way));
                        (*number, if torn > 0 { page.torn(torn == 1) } else { Arc::clone(page.way(way)) })
                    };
                    let pages = held.iter().filter(|(number, _)| **number < length.div_ceil(4_096)).map(page);
                    Entry::File { mode, length, pages: pages.filter(|(_, page)| !page.is_blank()).collect() }
                }
            })
        };
        let mut tree = Tree::default();
        grow(&mut tree, &names, ROOT, "", &entry);
        tree
    }
}

/// Adds what stands in a folder.
fn grow(
    tree: &mut Tree,
    names: &Names,
    folder: Inode,
    prefix: &str,
    entry: &impl Fn(Inode) -> Option<Entry>,
) {
    let first = (folder, String::new());
    for ((_, name), inode) in names.range(first..).take_while(|((found, _), _)| *found == folder) {
        let path = format!("{prefix}{name}");
        grow(tree, names, *inode, &format!("{path}/"), entry);
        tree.0.extend(entry(*inode).map(|entry| (path, entry)));
    }
}

impl Versions<Arc<Page>> {
    /// The newest page up to its middle and the lasting one behind it, or the other way around.
    fn torn(&self, newest_first: bool) -> Arc<Page> {
        let (old, new) = (self.lasting.bytes(), self.newest().bytes());
        let (front, back) = if newest_first { (new, old) } else { (old, new) };
        let halves = front.iter().take(PAGE_BYTES / 2).chain(back.iter().skip(PAGE_BYTES / 2));
        Arc::new(Page::new(&halves.copied().collect::<Vec<u8>>()))
    }
}

impl Change {
    fn apply(&self, names: &mut Names) {
        for (name, inode) in &self.names {
            let key = (self.folder, name.clone());
            match inode {
                Some(inode) => drop(names.insert(key, *inode)),
                None => drop(names.remove(&key)),
            }
        }
    }
}

impl Node {
    fn of(entry: &Entry) -> Self {
        let (body, mode) = match entry {
            Entry::Folder { mode } => (Body::Folder, *mode),
            Entry::Link(target) => (Body::Link(target.clone()), 0o777),
            Entry::File { mode, length, pages } => {
                let pages = pages.iter().map(|(number, page)| (*number, Versions::new(Arc::clone(page))));
                (Body::File { length: Versions::new(*length), pages: pages.collect() }, *mode)
            }
        };
        Self { body, mode: Versions::new(mode) }
    }

    fn made(kind: &Kind) -> Self {
        Self::of(&match kind {
            Kind::File(mode) => Entry::of_bytes(*mode, &[]),
            Kind::Folder(mode) => Entry::Folder { mode: *mode },
            Kind::Link(target) => Entry::Link(target.clone()),
        })
    }
}
