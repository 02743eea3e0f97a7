//! What a program did to the files below one folder: system calls, with names turned into files.

use std::collections::BTreeMap;

use super::{
    live::Live,
    trace::{Argument, Call},
};

/// A file, a folder or a symbolic link, whatever its names are.
pub type Inode = usize;
/// The folder that everything stands in.
pub const ROOT: Inode = 0;

/// One change, or one request to make changes last.
#[expect(missing_docs, reason = "the fields are named after what they are")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A new file, folder or link gets its first name.
    Make { folder: Inode, name: String, inode: Inode, kind: Kind },
    /// A file gets a second name.
    Name { folder: Inode, name: String, inode: Inode },
    /// A name is given up for another in the same folder; what had that one loses it.
    Rename { folder: Inode, from: String, to: String, inode: Inode },
    /// A name is removed.
    Remove { folder: Inode, name: String },
    /// Bytes are written into a file.
    Write { inode: Inode, offset: u64, bytes: Vec<u8> },
    /// A file is cut off or made longer.
    Resize { inode: Inode, length: u64 },
    /// Permission bits are set.
    Mode { inode: Inode, mode: u32 },
    /// What was done to this file or folder is to last, and the system says that it does.
    Sync { inode: Inode },
    /// As before, and the system says that it failed: the pages in question count as clean from now on.
    SyncFailed { inode: Inode },
}

/// What is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An empty file with these permission bits.
    File(u32),
    /// An empty folder with these permission bits.
    Folder(u32),
    /// A symbolic link to this.
    Link(String),
}

/// An open file of the program.
#[derive(Clone, Copy, Debug)]
struct Open {
    inode: Inode,
    offset: u64,
    appends: bool,
}

/// Reads calls one after the other, and keeps what the files are at each moment.
#[derive(Debug)]
pub struct Interpreter<'l> {
    live: &'l mut Live,
    open: BTreeMap<i64, Open>,
    /// Where relative names begin, as the newest call that says so has it.
    working: String,
    umask: u32,
}

/// A call that changes files in a way that this model does not know.
type Unknown = String;

impl<'l> Interpreter<'l> {
    /// A program that starts now with this umask.
    pub const fn new(live: &'l mut Live, umask: u32) -> Self {
        Self { live, open: BTreeMap::new(), working: String::new(), umask }
    }

    /// What a call did to the files of the folder; `None` where it did nothing to them.
    ///
    /// # Errors
    /// A call that changed something, and that the model has no word for.
    pub fn read(&mut self, call: &Call) -> Result<Option<Operation>, Unknown> {
        let unknown = || format!("the model has no word for {call:?}");
        for argument in &call.arguments {
            if let Argument::WorkingFolder(path) = argument {
                self.working.clone_from(path);
            }
        }
        let operation = match (call.name.as_str(), &call.result) {
            ("fsync" | "fdatasync", result) => {
                let Some(open) = self.opened(call) else { return Ok(None) };
                let inode = open.inode;
                Some(if result.is_ok() { Operation::Sync { inode } } else { Operation::SyncFailed { inode } })
            }
            (_, Err(_)) => None,
            ("openat" | "open" | "creat", Ok(number)) => self.open(call, *number).ok_or_else(unknown)?,
            ("lseek", Ok(offset)) => {
                let offset = u64::try_from(*offset).map_err(|_| unknown())?;
                self.opened_mut(call).into_iter().for_each(|open| open.offset = offset);
                None
            }
            ("close", Ok(_)) => {
                call.arguments.first().and_then(Argument::descriptor).map(|number| self.open.remove(&number));
                None
            }
            ("write" | "pwrite64", Ok(count)) => self.write(call, *count).ok_or_else(unknown)?,
            ("ftruncate", Ok(_)) => match self.opened(call) {
                None => None,
                Some(open) => {
                    let length = call.arguments.get(1).and_then(Argument::number).ok_or_else(unknown)?;
                    let length = u64::try_from(length).map_err(|_| unknown())?;
                    Some(Operation::Resize { inode: open.inode, length })
                }
            },
            ("fchmod", Ok(_)) => match self.opened(call) {
                None => None,
                Some(open) => {
                    Some(Operation::Mode { inode: open.inode, mode: mode(call).ok_or_else(unknown)? })
                }
            },
            // No state that is judged holds times: whatever a power cut makes of them, nothing may depend on it.
            ("utimensat", Ok(_)) => None,
            ("umask", Ok(_)) => {
                let mode = call.arguments.first().and_then(Argument::number).ok_or_else(unknown)?;
                self.umask = u32::try_from(mode).map_err(|_| unknown())?;
                None
            }
            _ if self.touches_nothing(call) => None,
            _ => Some(self.named(call).ok_or_else(unknown)?),
        };
        if let Some(operation) = &operation {
            self.live.apply(operation);
        }
        Ok(operation)
    }

    /// Calls that have names in them.
    fn named(&self, call: &Call) -> Option<Operation> {
        let names = self.names(call);
        let ((folder, name), second) = (names.first().cloned()?, names.get(1).cloned());
        let mode = || mode(call).map(|mode| mode & !self.umask);
        let text = |at: usize| {
            let bytes = call.arguments.get(at).and_then(Argument::bytes)?;
            Some(String::from_utf8_lossy(bytes).into_owned())
        };
        Some(match call.name.as_str() {
            "mkdir" | "mkdirat" => {
                Operation::Make { folder, name, inode: self.live.next(), kind: Kind::Folder(mode()?) }
            }
            "symlink" | "symlinkat" => {
                let kind = Kind::Link(text(0)?);
                Operation::Make { folder, name, inode: self.live.next(), kind }
            }
            "rename" | "renameat" | "renameat2" => {
                let (other, to) = second?;
                let inode = self.live.look_up(folder, &name)?;
                (other == folder).then_some(Operation::Rename { folder, from: name, to, inode })?
            }
            "link" | "linkat" => {
                let inode = self.live.look_up(folder, &name)?;
                let (folder, name) = second?;
                Operation::Name { folder, name, inode }
            }
            "unlink" | "unlinkat" | "rmdir" => Operation::Remove { folder, name },
            "chmod" | "fchmodat" => {
                Operation::Mode { inode: self.live.look_up(folder, &name)?, mode: self::mode(call)? }
            }
            _ => return None,
        })
    }

    /// True where no name and no descriptor in a call leads into the folder.
    fn touches_nothing(&self, call: &Call) -> bool {
        self.names(call).is_empty() && self.opened(call).is_none()
    }

    /// The names in a call that lead into the folder: of a symbolic link, only the one that is made.
    fn names(&self, call: &Call) -> Vec<(Inode, String)> {
        let is_link = call.name.starts_with("symlink");
        let mut names = Vec::new();
        let mut base = self.working.as_str();
        for (at, argument) in call.arguments.iter().enumerate() {
            match argument {
                Argument::WorkingFolder(path) | Argument::Descriptor(_, path) => base = path,
                Argument::Bytes(_) if is_link && at == 0 => {}
                Argument::Bytes(bytes) => {
                    let path = String::from_utf8_lossy(bytes);
                    let is_relative = !path.starts_with('/');
                    let path = if is_relative { format!("{base}/{path}") } else { path.into_owned() };
                    names.extend(self.live.place(&path));
                }
                Argument::Word(_) => {}
            }
        }
        names
    }

    /// An opened file; a new one where there was none. The outer `None` is what the model has no word for.
    fn open(&mut self, call: &Call, number: i64) -> Option<Option<Operation>> {
        self.open.remove(&number);
        let flags =
            call.arguments.iter().find(|argument| argument.flags().any(|flag| flag.starts_with("O_")));
        let has = |name: &str| flags.is_some_and(|flags| flags.flags().any(|flag| flag == name));
        let Some((folder, name)) = self.names(call).into_iter().next() else {
            // The folder itself, or a place elsewhere.
            let path = call.arguments.iter().find_map(Argument::bytes)?;
            if self.live.is_root(&String::from_utf8_lossy(path)) {
                self.open.insert(number, Open { inode: ROOT, offset: 0, appends: false });
            }
            return Some(None);
        };
        let found = self.live.follow(folder, &name);
        if let Some(inode) = found {
            self.open.insert(number, Open { inode, offset: 0, appends: has("O_APPEND") });
            return Some(has("O_TRUNC").then_some(Operation::Resize { inode, length: 0 }));
        }
        if !has("O_CREAT") || has("O_TMPFILE") {
            return None;
        }
        let inode = self.live.next();
        self.open.insert(number, Open { inode, offset: 0, appends: has("O_APPEND") });
        let kind = Kind::File(mode(call)? & !self.umask);
        Some(Some(Operation::Make { folder, name, inode, kind }))
    }

    fn write(&mut self, call: &Call, count: i64) -> Option<Option<Operation>> {
        if self.opened(call).is_none() {
            return Some(None);
        }
        let written = usize::try_from(count).ok()?;
        let bytes = call.arguments.get(1)?.bytes()?.get(..written)?.to_vec();
        let place = call.arguments.get(3).and_then(Argument::number);
        let length = self.live.length(self.opened(call)?.inode);
        let open = self.opened_mut(call)?;
        let offset = match place {
            Some(place) => u64::try_from(place).ok()?,
            None => {
                let offset = if open.appends { length } else { open.offset };
                open.offset = offset.saturating_add(u64::try_from(written).ok()?);
                offset
            }
        };
        Some(Some(Operation::Write { inode: open.inode, offset, bytes }))
    }

    fn opened(&self, call: &Call) -> Option<Open> {
        let number = call.arguments.first().and_then(Argument::descriptor)?;
        self.open.get(&number).copied()
    }

    fn opened_mut(&mut self, call: &Call) -> Option<&mut Open> {
        let number = call.arguments.first().and_then(Argument::descriptor)?;
        self.open.get_mut(&number)
    }
}

/// The permission bits in a call: its last number.
fn mode(call: &Call) -> Option<u32> {
    let last = call.arguments.iter().rev().find_map(Argument::number)?;
    u32::try_from(last).ok()
}
