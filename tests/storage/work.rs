//! Many cases on all processors, each worker with a folder of its own in memory.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use system_tests::persistence::recorder::quick_folder;
use tempfile::TempDir;

/// Complaints that are kept in full; of the others the number is enough.
const COMPLAINTS_MAX: usize = 5;

/// What became of many cases.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Cases.
    pub(crate) cases: u64,
    /// Cases that broke a rule.
    pub(crate) lost: u64,
    /// The first complaints.
    pub(crate) complaints: Vec<String>,
}

impl Tally {
    /// One case more.
    pub(crate) fn count(&mut self, result: Result<(), String>) {
        self.cases += 1;
        if let Err(complaint) = result {
            self.lost += 1;
            if self.complaints.len() < COMPLAINTS_MAX {
                self.complaints.push(complaint);
            }
        }
    }

    /// The cases of another tally too.
    pub(crate) fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.lost += other.lost;
        self.complaints.extend(other.complaints);
        self.complaints.truncate(COMPLAINTS_MAX);
    }
}

/// A folder that is empty at the beginning of every case.
pub(crate) struct Bench(TempDir);

impl Bench {
    /// A folder in memory, where there is such a place.
    pub(crate) fn new() -> io::Result<Self> {
        tempfile::tempdir_in(quick_folder()).map(Self)
    }

    /// The folder's path, with nothing there.
    pub(crate) fn cleared(&self) -> PathBuf {
        let path = self.0.path().join("device");
        // The first case finds none.
        drop(fs::remove_dir_all(&path));
        path
    }
}

/// Does every case, until `enough` of them are lost.
pub(crate) fn each<C: Sync>(
    cases: &[C],
    enough: Option<u64>,
    act: impl Fn(&C, &Bench) -> Result<(), String> + Sync,
) -> io::Result<Tally> {
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let threads = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let locked = || tally.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || -> io::Result<()> {
        let bench = Bench::new()?;
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = act(case, &bench);
            let mut tally = locked();
            tally.count(result);
            if enough.is_some_and(|enough| tally.lost >= enough) {
                break;
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(io::Error::other("a case panicked"))))
    })?;
    Ok(tally.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// A file or folder error as a complaint.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(crate) fn text(error: io::Error) -> String {
    error.to_string()
}

/// Names the case in front of its complaint.
pub(crate) fn named(case: impl std::fmt::Display, result: Result<(), String>) -> Result<(), String> {
    result.map_err(|complaint| format!("{case}: {complaint}"))
}

/// A folder inside another one that holds nothing else.
pub(crate) fn device(bench: &Path) -> io::Result<PathBuf> {
    let path = bench.join("device");
    fs::create_dir_all(&path)?;
    Ok(path)
}
