//! The sample app on a board, as its log tells of it: `device-agent/samples/azure-sphere/PROTOCOL.md`.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use system_tests::board::kit::{Ending, Running};

use crate::own_bytes::OwnBytes;

/// How long an event may be waited for, on a machine that builds at the same time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(150);
/// What a line of the protocol begins with, whatever a kit puts in front of it.
const MARK: &str = "DA ";
/// Where the agent's region of the mutable file begins and ends; outside are the app's own bytes.
pub(crate) const REGION: std::ops::Range<usize> = 8_192..57_344;

/// One line of the protocol.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    event: String,
    pairs: BTreeMap<String, String>,
}

impl Line {
    /// Reads a line of the log; `None` for one that is not of the protocol.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (_, text) = text.split_once(MARK)?;
        let mut words = text.trim_end().split(' ');
        let event = words.next()?.to_owned();
        let pair = |word: &str| word.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        Some(Self { event, pairs: words.filter_map(pair).collect() })
    }

    fn is(&self, event: &str, pairs: &[(&str, &str)]) -> bool {
        self.event == event && pairs.iter().all(|(key, value)| self.value(key) == *value)
    }

    /// Whether it tells of this release, confirmed.
    pub(crate) fn is_confirmed(&self, release: &str) -> bool {
        self.value("release") == release && self.value("phase") == "confirmed"
    }

    /// The value of a key, empty where there is none.
    pub(crate) fn value(&self, key: &str) -> &str {
        self.pairs.get(key).map_or("", String::as_str)
    }
}

/// The app while it runs.
pub(crate) struct App {
    running: Running,
    directory: PathBuf,
    /// The app's own bytes before it was started.
    own_bytes: OwnBytes,
    /// Lines that were waited for lie before this one.
    read: Cell<usize>,
}

impl App {
    /// `own_bytes` are those that it was started with.
    pub(crate) const fn new(running: Running, directory: PathBuf, own_bytes: OwnBytes) -> Self {
        Self { running, directory, own_bytes, read: Cell::new(0) }
    }

    /// Waits for the next line of an event with these pairs, after the last one that was waited for.
    pub(crate) fn wait(&self, event: &str, pairs: &[(&str, &str)]) -> io::Result<Line> {
        let from = self.read.get();
        let looked_for = |lines: &[String]| {
            let mut later = lines.iter().enumerate().skip(from);
            later.find_map(|(at, text)| {
                let line = Line::parse(text).filter(|line| line.is(event, pairs))?;
                Some((at, line))
            })
        };
        let found = self.running.wait_in(PATIENCE, looked_for);
        let (at, line) =
            found.map_err(|error| io::Error::other(format!("no `{event}` with {pairs:?}: {error}")))?;
        self.read.set(at + 1);
        Ok(line)
    }

    /// The newest value of a figure.
    pub(crate) fn figure(&self, name: &str) -> Option<u64> {
        let lines = self.running.lines();
        let figures = lines.iter().filter_map(|text| Line::parse(text)).filter(|line| line.event == "figure");
        figures.filter_map(|line| line.value(name).parse().ok()).next_back()
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.running.id()
    }

    /// Ends the app as the system does, waits for its last line, and looks whether its own bytes are still its own.
    pub(crate) fn stop(mut self) -> io::Result<Vec<String>> {
        let id = i32::try_from(self.running.id()).ok().and_then(Pid::from_raw);
        let id = id.ok_or_else(|| io::Error::other("a process without an id"))?;
        kill_process(id, Signal::TERM)?;
        let ending = self.running.ending(PATIENCE)?;
        let lines = self.running.lines();
        if ending.code == 0 {
            let file = mutable(&self.directory)?;
            self.own_bytes.require_kept(&file, None).map_err(|error| io::Error::other(error.to_string()))?;
            return Ok(lines);
        }
        Err(io::Error::other(format!("it ended with {}:\n{}", ending.code, lines.join("\n"))))
    }

    /// Waits until it ends by itself, so long.
    pub(crate) fn ending_within(&mut self, patience: Duration) -> io::Result<Ending> {
        self.running.ending(patience)
    }

    /// Waits until it ends by itself.
    pub(crate) fn ending(&mut self) -> io::Result<Ending> {
        self.running.ending(PATIENCE)
    }

    /// The whole log.
    pub(crate) fn log(&self) -> String {
        self.running.lines().join("\n")
    }

    /// Storage operations since it was started.
    pub(crate) fn operations(&self) -> io::Result<Vec<Operation>> {
        operations(&self.directory)
    }
}

/// The mutable file of a board; empty where there is none.
pub(crate) fn mutable(directory: &Path) -> io::Result<Vec<u8>> {
    match fs::read(directory.join("mutable")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}

/// One storage operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// True for one that writes; others make writes durable.
    pub(crate) is_write: bool,
    /// Where it writes.
    pub(crate) offset: usize,
    /// Bytes that it wrote.
    bytes: u64,
}

impl Operation {
    /// Whether it is the agent's, and not the app's own.
    pub(crate) fn is_agents(&self) -> bool {
        REGION.contains(&self.offset)
    }
}

/// The operations that a board wrote down.
pub(crate) fn operations(directory: &Path) -> io::Result<Vec<Operation>> {
    let text = fs::read_to_string(directory.join("operations"))?;
    let parse = |line: &str| {
        let mut words = line.split(' ');
        let number = words.next()?.parse().ok()?;
        let name = words.next()?;
        let offset = words.next()?.parse().ok()?;
        let result = words.nth(1)?.parse().unwrap_or(0);
        let is_write = name == "pwrite";
        Some(Operation { number, is_write, offset, bytes: if is_write { result } else { 0 } })
    };
    Ok(text.lines().filter_map(parse).collect())
}

/// Bytes that the agent wrote.
pub(crate) fn bytes_written(operations: &[Operation]) -> u64 {
    operations.iter().filter(|operation| operation.is_agents()).map(|operation| operation.bytes).sum()
}
