//! Where releases are read from: the store, and the image's seed where that is newer or the store has nothing.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bundle::VerifyError;
use store::{Condition, Poll, ReadError, Record, Snapshot};

use crate::installed::{Content, JournalView};
use crate::location::PathFile;
use crate::{Installed, Location, OpenError, Origin, RefreshError, seed};

/// First size of the buffer for a bundle, in bytes; a larger bundle says how much it needs.
const BUFFER_BYTES: usize = 65_536;

/// How often a read begins again because the agent was writing all the while, and how long it waits before: a program
/// that starts in the middle of an install must come up, and one install is a handful of writes.
const BUSY_ROUNDS_MAX: u32 = 100;
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// The store's file and the seed's.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    reader: store::Reader<PathFile>,
    seed_path: Option<PathBuf>,
    condition: Condition,
}

/// What one read of the store brought.
#[derive(Debug)]
struct Read {
    content: Option<Content>,
    record: Record,
    condition: Condition,
}

impl Source {
    pub(crate) fn new(location: Location, seed: Option<&Path>) -> Result<Self, OpenError> {
        let reader = match location.reader() {
            Ok(reader) => reader,
            Err(source) => return Err(OpenError::Region { path: location.path, source }),
        };
        let (path, seed_path) = (location.path, seed.map(PathBuf::from));
        Ok(Self { path, reader, seed_path, condition: Condition::Blank })
    }

    /// What the store was found to be when it was last read.
    pub(crate) const fn condition(&self) -> Condition {
        self.condition
    }

    /// What is in force at the start.
    pub(crate) fn first(&mut self) -> Result<Installed, OpenError> {
        let read = self.look(Self::read_store);
        let from_seed = self.seed();
        let read = match (read, &from_seed) {
            (Ok(read), _) => read,
            // A failing medium is a lost store: the seed is what the image promised for that case. A file that
            // may not be read is a mistake of configuration, and hiding it would hide the deny list.
            (Err(RefreshError::Store { source: ReadError::Storage(error), .. }), Ok(Some(_)))
                if error.kind() != io::ErrorKind::PermissionDenied =>
            {
                Read { content: None, record: Record::default(), condition: Condition::Lost }
            }
            (Err(error), _) => return Err(error.into()),
        };
        self.condition = read.condition;
        let installed = self.higher(read, from_seed)?;
        installed.ok_or_else(|| OpenError::nothing(&self.path, self.condition))
    }

    /// What is in force now, where that is something else than `held`.
    ///
    /// Once something was read, nothing that fails later takes it away: a store that is lost, emptied or of a newer
    /// format has nothing better to say.
    pub(crate) fn newer(&mut self, held: &Installed) -> Result<Option<Installed>, RefreshError> {
        let Some(mut read) = self.look(|source| match source.poll()? {
            Poll::Unchanged => Ok(None),
            Poll::Changed => source.read_store().map(Some),
        })?
        else {
            return Ok(None);
        };
        self.condition = read.condition;
        if read.condition != Condition::Ready {
            return Ok(None);
        }
        if read.content.is_none() && read.record.active().is_some() && held.origin() == Origin::Store {
            // The journal names a bundle that cannot be read; its deny list counts all the same.
            read.content = Some(held.content().clone());
        }
        let from_seed = self.seed();
        let installed = self.higher(read, from_seed)?;
        Ok(installed.filter(|installed| !installed.is_same_as(held)))
    }

    /// Looks at the store with its file open: the same file from the first byte to the last.
    fn look<T>(
        &mut self,
        look: impl FnOnce(&mut Self) -> Result<T, RefreshError>,
    ) -> Result<T, RefreshError> {
        let opened = self.reader.storage_mut().open();
        opened.map_err(|error| self.store_error(ReadError::Storage(error)))?;
        let found = look(self);
        self.reader.storage_mut().close();
        found
    }

    fn poll(&mut self) -> Result<Poll, RefreshError> {
        if self.reader.storage_mut().is_another() {
            return Ok(Poll::Changed);
        }
        self.reader.poll().map_err(|source| self.store_error(source))
    }

    fn seed(&self) -> Result<Option<Content>, RefreshError> {
        self.seed_path.as_deref().map(seed::read).transpose()
    }

    /// The release in force: the higher one of store and seed; `None` where there is neither.
    fn higher(
        &self,
        read: Read,
        from_seed: Result<Option<Content>, RefreshError>,
    ) -> Result<Option<Installed>, RefreshError> {
        let from_seed = match (from_seed, &read.content) {
            (Ok(seed), _) => seed,
            // With a whole release in the store, a seed that cannot be read takes nothing away.
            (Err(_), Some(_)) => None,
            (Err(error), None) => return Err(error),
        };
        let (origin, content) = match (read.content, from_seed) {
            (Some(content), Some(seed)) if seed.order > content.order => (Origin::Seed, seed),
            (Some(content), _) => (Origin::Store, content),
            (None, Some(seed)) => (Origin::Seed, seed),
            (None, None) => return Ok(None),
        };
        let journal = view(&read.record, &content);
        Installed::new(origin, content, journal).map(Some).map_err(|source| self.bundle_error(source))
    }

    fn read_store(&mut self) -> Result<Read, RefreshError> {
        let mut bytes = vec![0; BUFFER_BYTES];
        let mut busy_rounds = 0..BUSY_ROUNDS_MAX;
        loop {
            match self.reader.read(&mut bytes) {
                Ok(Snapshot { content, record, condition }) => {
                    let content = content.map(|(_, entry)| {
                        let length = |bytes: u32| usize::try_from(bytes).unwrap_or(usize::MAX);
                        bytes.truncate(length(entry.total_bytes));
                        let (release, document_bytes) = (entry.release, length(entry.release.document_bytes));
                        let (digest, order, issued_at) = (release.digest, release.order, release.issued_at);
                        Content { bytes, document_bytes, digest, order, issued_at }
                    });
                    self.reader.storage_mut().mark_read();
                    return Ok(Read { content, record, condition });
                }
                Err(ReadError::TooSmall { needed })
                    if usize::try_from(needed).is_ok_and(|n| n > bytes.len()) =>
                {
                    bytes.resize(usize::try_from(needed).unwrap_or(usize::MAX), 0);
                }
                Err(ReadError::Busy) if busy_rounds.next().is_some() => std::thread::sleep(BUSY_PAUSE),
                Err(source) => return Err(self.store_error(source)),
            }
        }
    }

    fn store_error(&self, source: ReadError<io::Error>) -> RefreshError {
        RefreshError::Store { path: self.path.clone(), source }
    }

    fn bundle_error(&self, source: VerifyError) -> RefreshError {
        RefreshError::Bundle { path: self.path.clone(), source }
    }
}

/// What the journal adds to `content`: its deny list too, unless the content is newer and brings its own.
fn view(record: &Record, content: &Content) -> JournalView {
    let is_newest = record.denials.order >= content.order;
    let denials = record.denials.iter().filter(|_| is_newest);
    JournalView {
        generation: record.generation,
        is_trial: record.phase.is_trial(),
        time_floor: record.floors.time,
        denials: denials.collect(),
    }
}
