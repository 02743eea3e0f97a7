//! The request log: one line a request on standard error, written by a thread of its own so that a slow
//! terminal or a full pipe holds up no device.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::limits::LOG_LINES_MAX;

/// Longest path written; longer ones are cut.
const PATH_CHARS_MAX: usize = 200;

/// Where request lines go: `METHOD PATH STATUS BYTES`, bytes of the answer's body.
#[derive(Clone, Debug)]
pub(super) struct RequestLog {
    lines: SyncSender<String>,
    lost: Arc<AtomicU64>,
}

/// A request log and the thread that writes it.
#[derive(Debug)]
pub(super) struct LogWriter {
    log: RequestLog,
    thread: JoinHandle<()>,
}

impl LogWriter {
    /// A log into `sink`.
    pub(super) fn start(sink: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, receiver) = sync_channel(LOG_LINES_MAX);
        let log = RequestLog { lines, lost: Arc::new(AtomicU64::new(0)) };
        let lost = Arc::clone(&log.lost);
        let thread = thread::Builder::new().name("request-log".to_owned());
        let thread = thread.spawn(move || write_lines(&receiver, &lost, sink))?;
        Ok(Self { log, thread })
    }

    /// The log, to note requests in.
    pub(super) fn log(&self) -> RequestLog {
        self.log.clone()
    }

    /// Writes what is left; to be called when no clone of the log is in use.
    pub(super) fn finish(self) {
        let Self { log, thread } = self;
        drop(log);
        // A writer that panicked has said so on standard error.
        let _ = thread.join();
    }
}

impl RequestLog {
    fn note(&self, line: String) {
        if let Err(TrySendError::Full(_)) = self.lines.try_send(line) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Middleware: answers the request and notes it.
pub(super) async fn note(State(log): State<RequestLog>, request: Request, next: Next) -> Response {
    let path: String = request.uri().path().chars().take(PATH_CHARS_MAX).collect();
    let method = request.method().clone();
    let response = next.run(request).await;
    let bytes = response.body().size_hint().lower();
    log.note(format!("{method} {path} {} {bytes}", response.status().as_u16()));
    response
}

fn write_lines(lines: &Receiver<String>, lost: &AtomicU64, mut sink: impl Write) {
    for line in lines {
        let gap = lost.swap(0, Ordering::Relaxed);
        if gap > 0 {
            // A log that cannot be written has nobody left to tell.
            let _ = writeln!(sink, "# {gap} requests not logged: standard error is too slow");
        }
        let _ = writeln!(sink, "{line}");
    }
}
