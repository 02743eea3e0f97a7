//! The one thread that writes reports: many in one transaction, and none acknowledged before it is on disk.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::sync::oneshot;

use super::database;
use super::error::{FleetError, FleetFault};
use super::ledger::{self, Standing};
use super::received::Received;

/// Reports that may wait for the disk; at a few hundred bytes each this is below a megabyte.
pub(super) const QUEUE_MAX: usize = 1_024;

/// Most reports in one transaction: one sync to disk for all of them.
const BATCH_MAX: usize = 256;

/// Why a report was not stored; the device may send it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotStored {
    /// The queue is full.
    #[error("too many reports are waiting for the disk")]
    Busy,
    /// SQLite refused, or the writer is gone.
    #[error("the database does not take reports")]
    Failed,
}

/// Hands reports to the writing thread; the thread ends when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
    failed: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Job {
    received: Received,
    reply: oneshot::Sender<Result<Standing, NotStored>>,
}

impl Writer {
    /// Starts the writing thread over the database at `path`.
    ///
    /// # Errors
    /// Where the file cannot be opened, is of another kind, or was made by a newer version; and where no thread can
    /// be started.
    pub fn start(path: &Path) -> Result<(Self, JoinHandle<()>), FleetError> {
        let connection = database::open(path)?;
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let writer = Self { queue, failed: Arc::new(AtomicBool::new(false)) };
        let failed = Arc::clone(&writer.failed);
        let thread = thread::Builder::new().name("report-writer".to_owned());
        let thread = thread
            .spawn(move || write(connection, jobs, &failed))
            .map_err(|source| FleetFault::Thread(source).of(path))?;
        Ok((writer, thread))
    }

    /// Stores `received`; returns when it is on disk.
    ///
    /// # Errors
    /// [`NotStored`]: nothing of it was stored.
    pub async fn store(&self, received: Received) -> Result<Standing, NotStored> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Job { received, reply }).map_err(|error| match error {
            TrySendError::Full(_) => NotStored::Busy,
            TrySendError::Closed(_) => NotStored::Failed,
        })?;
        answer.await.unwrap_or(Err(NotStored::Failed))
    }

    /// Whether the last transaction failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}

fn write(mut connection: Connection, mut jobs: mpsc::Receiver<Job>, failed: &AtomicBool) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while let Some(job) = jobs.blocking_recv() {
        batch.push(job);
        while batch.len() < BATCH_MAX
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        let standings = commit(&mut connection, &batch);
        failed.store(standings.is_err(), Ordering::Relaxed);
        let standings = standings.unwrap_or_else(|_| vec![Err(NotStored::Failed); batch.len()]);
        for (job, standing) in batch.drain(..).zip(standings) {
            // The client went away; what was stored stays stored.
            let _ = job.reply.send(standing);
        }
    }
}

/// Enters a batch in one transaction, each report in a savepoint of its own: one that breaks a rule of the
/// tables does not take the others with it.
fn commit(connection: &mut Connection, batch: &[Job]) -> rusqlite::Result<Vec<Result<Standing, NotStored>>> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut standings = Vec::with_capacity(batch.len());
    for job in batch {
        let savepoint = transaction.savepoint()?;
        match ledger::enter(&savepoint, &job.received) {
            Ok(standing) => {
                savepoint.commit()?;
                standings.push(Ok(standing));
            }
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                // Dropped, the savepoint rolls back.
                standings.push(Err(NotStored::Failed));
            }
            Err(error) => return Err(error),
        }
    }
    transaction.commit()?;
    Ok(standings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::kit::{TestFleet, frame, report};
    use bundle::ChannelId;

    fn received(seed: u8, counter: u32) -> Received {
        let id = format!("device-{seed}");
        let report = report(&id, 1, counter);
        Received::new(&report, ChannelId::of("prod"), &frame(seed, &report), 5_000)
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn what_is_acknowledged_is_in_the_database() {
        let fleet = TestFleet::of([1, 2]);
        let (writer, thread) = Writer::start(&fleet.path()).unwrap();
        assert_eq!(block_on(writer.store(received(1, 1))), Ok(Standing::News));
        assert_eq!(block_on(writer.store(received(2, 1))), Ok(Standing::News));
        assert_eq!(block_on(writer.store(received(1, 1))), Ok(Standing::Duplicate));
        let count: i64 =
            fleet.connection().query_row("SELECT count(*) FROM report", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 2);
        drop(writer);
        thread.join().unwrap();
    }

    #[test]
    fn a_full_queue_is_said_and_not_waited_for() {
        let (queue, _jobs) = mpsc::channel(1);
        let writer = Writer { queue, failed: Arc::default() };
        let (reply, _answer) = oneshot::channel();
        writer.queue.try_send(Job { received: received(1, 1), reply }).unwrap();
        assert_eq!(block_on(writer.store(received(1, 2))), Err(NotStored::Busy));
    }

    #[test]
    fn a_device_that_is_gone_does_not_take_its_batch_with_it() {
        let fleet = TestFleet::of([1]);
        let jobs = [received(1, 1), received(9, 1), received(1, 2)];
        let batch = jobs.map(|received| Job { received, reply: oneshot::channel().0 });
        let standings = commit(&mut fleet.connection(), &batch).unwrap();
        assert_eq!(standings, [Ok(Standing::News), Err(NotStored::Failed), Ok(Standing::News)]);
    }

    #[test]
    fn a_database_that_refuses_is_said_until_it_works_again() {
        let fleet = TestFleet::of([1]);
        let (writer, _thread) = Writer::start(&fleet.path()).unwrap();
        let rename = |from: &str, to: &str| {
            fleet.connection().execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}")).unwrap();
        };
        rename("probe", "gone");
        rename("boot", "gone_too");
        assert_eq!(block_on(writer.store(received(1, 1))), Err(NotStored::Failed));
        assert!(writer.failed());
        rename("gone_too", "boot");
        rename("gone", "probe");
        assert_eq!(block_on(writer.store(received(1, 1))), Ok(Standing::News));
        assert!(!writer.failed());
    }
}
