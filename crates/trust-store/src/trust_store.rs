//! The trust store of an application: the release in force, read again whenever the agent changes it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use bundle::VerifyError;
use store::{Condition, Poll, ReadError, Record, Snapshot};

use crate::installed::{Content, JournalView};
use crate::location::PathFile;
use crate::{Follower, Installed, Location, OpenError, Origin, RefreshError, seed};

/// First size of the buffer for a bundle, in bytes; a larger bundle says how much it needs.
const BUFFER_BYTES: usize = 65_536;

/// A read-only view of what the agent installed. Clones share it.
#[derive(Clone, Debug)]
pub struct TrustStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    installed: ArcSwap<Installed>,
    source: Mutex<Source>,
}

/// Where releases are read from.
#[derive(Debug)]
struct Source {
    path: PathBuf,
    reader: store::Reader<PathFile>,
    seed_path: Option<PathBuf>,
    /// What the journal was at the last read.
    condition: Condition,
}

/// What a refresh did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// The installed release or its deny list changed, and the new state is in force.
    Changed,
    /// Nothing changed.
    Unchanged,
}

impl TrustStore {
    /// Opens the store at `location`, with the image's seed to fall back on.
    ///
    /// In force is the store's release, or the seed's where that is newer or the store has none: the file may
    /// be missing, empty, lost, or written by a newer version.
    ///
    /// # Errors
    /// Where neither has a usable release, where a given seed cannot be used, and where the store may not be
    /// read.
    pub fn open(location: Location, seed: Option<&Path>) -> Result<Self, OpenError> {
        let reader = match location.reader() {
            Ok(reader) => reader,
            Err(source) => return Err(OpenError::Region { path: location.path, source }),
        };
        let seed_path = seed.map(PathBuf::from);
        let mut source = Source { path: location.path, reader, seed_path, condition: Condition::Blank };
        let installed = source.read()?.ok_or_else(|| source.nothing())?;
        let installed = ArcSwap::from_pointee(installed);
        Ok(Self { shared: Arc::new(Shared { installed, source: Mutex::new(source) }) })
    }

    /// The release in force as of the last refresh: one consistent state, for as long as it is held.
    #[must_use]
    pub fn installed(&self) -> Arc<Installed> {
        self.shared.installed.load_full()
    }

    /// What the store was found to be when it was read last. With anything but [`Condition::Ready`] it brings no
    /// news: what was read before stays in force, or the seed where that is newer.
    #[must_use]
    pub fn condition(&self) -> Condition {
        self.source().condition
    }

    /// Looks whether anything changed, at the cost of at most 64 bytes read, and if so reads it.
    ///
    /// What is read is hashed, and the journal read again after it, so that the new state was whole at one
    /// moment. Everybody who asks after this call returns sees the new state.
    ///
    /// # Errors
    /// Where the store cannot be read; the state that was read before stays in force.
    pub fn refresh(&self) -> Result<Refreshed, RefreshError> {
        let mut source = self.source();
        if source.poll()? == Poll::Unchanged {
            return Ok(Refreshed::Unchanged);
        }
        // A store that was emptied has nothing better to say than what is in force.
        let Some(installed) = source.read()? else { return Ok(Refreshed::Unchanged) };
        // Nor has its seed: going back to it would trust again what a release since then has removed.
        if installed.origin() == Origin::Seed && installed.order() < self.shared.installed.load().order() {
            return Ok(Refreshed::Unchanged);
        }
        self.shared.installed.store(Arc::new(installed));
        Ok(Refreshed::Changed)
    }

    /// Refreshes every `interval` on a thread of its own and calls `on_change` with each new state, first with
    /// the present one. The thread ends when the [`Follower`] is dropped.
    pub fn follow(&self, interval: Duration, on_change: impl FnMut(&Installed) + Send + 'static) -> Follower {
        Follower::start(self.clone(), interval, on_change)
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        // Nothing panics while the lock is held, and the state behind it is valid at every moment.
        self.shared.source.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    fn poll(&mut self) -> Result<Poll, RefreshError> {
        self.reader.poll().map_err(|source| self.store_error(source))
    }

    /// The release in force: the higher one of store and seed; `None` where there is neither.
    fn read(&mut self) -> Result<Option<Installed>, RefreshError> {
        let from_seed = self.seed_path.as_deref().map(seed::read).transpose();
        let (content, record) = match (self.read_store(), &from_seed) {
            (Ok(read), _) => read,
            // A failing medium is a lost store: the seed is what the image promised for that case. A file that
            // may not be read is a mistake of configuration, and hiding it would hide the deny list.
            (Err(RefreshError::Store { source: ReadError::Storage(error), .. }), Ok(Some(_)))
                if error.kind() != io::ErrorKind::PermissionDenied =>
            {
                self.condition = Condition::Lost;
                (None, Record::default())
            }
            (Err(error), _) => return Err(error),
        };
        let from_seed = match (from_seed, &content) {
            (Ok(seed), _) => seed,
            // With a whole release in the store, a seed that cannot be read takes nothing away.
            (Err(_), Some(_)) => None,
            (Err(error), None) => return Err(error),
        };
        let (origin, content) = match (content, from_seed) {
            (Some(content), Some(seed)) if seed.order > content.order => (Origin::Seed, seed),
            (Some(content), _) => (Origin::Store, content),
            (None, Some(seed)) => (Origin::Seed, seed),
            (None, None) => return Ok(None),
        };
        let journal = view(&record, &content);
        Installed::new(origin, content, journal).map(Some).map_err(|source| self.bundle_error(source))
    }

    fn read_store(&mut self) -> Result<(Option<Content>, Record), RefreshError> {
        let mut bytes = vec![0; BUFFER_BYTES];
        loop {
            match self.reader.read(&mut bytes) {
                Ok(Snapshot { condition, content, record }) => {
                    self.condition = condition;
                    let content = content.map(|(_, entry)| {
                        let length = |bytes: u32| usize::try_from(bytes).unwrap_or(usize::MAX);
                        bytes.truncate(length(entry.total_bytes));
                        let (release, document_bytes) = (entry.release, length(entry.release.document_bytes));
                        let (digest, order, issued_at) = (release.digest, release.order, release.issued_at);
                        Content { bytes, document_bytes, digest, order, issued_at }
                    });
                    return Ok((content, record));
                }
                Err(ReadError::TooSmall { needed })
                    if usize::try_from(needed).is_ok_and(|n| n > bytes.len()) =>
                {
                    bytes.resize(usize::try_from(needed).unwrap_or(usize::MAX), 0);
                }
                Err(source) => return Err(self.store_error(source)),
            }
        }
    }

    /// Why there is nothing to open.
    fn nothing(&self) -> OpenError {
        let path = self.path.clone();
        match self.condition {
            Condition::NewerFormat { format } => OpenError::NewerFormat { path, format },
            _ => OpenError::Empty { path },
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
