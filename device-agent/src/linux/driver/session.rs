//! One session of the agent: the store is opened, the engine started, and cycles run, once or until a signal.

use std::sync::Arc;
use std::time::Duration;

use store::file::StoreFile;
use store::{Storage, Store};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use super::image::Image;
use super::machine::{Done, Machine};
use super::record::ActivityRecord;
use crate::linux::clock::{Clock, span};
use crate::linux::configuration::Settings;
use crate::linux::durable;
use crate::linux::error::{Error, Exit};
use crate::linux::export::medium;
use crate::linux::output::Output;
use crate::linux::probe::{Bundles, Handshakes};
use crate::linux::report::Reporter;
use crate::linux::transport::{Clients, Tree};
use crate::linux::trust::Trust;
use crate::{Agent, Clock as CalendarTime, Event, Freshness, Memory, Reason, StartError, limits};

/// Seconds between two looks at a clock that was never set: what time brings must not wait for the next check.
const CLOCK_LOOK_SECONDS: u64 = 60;

/// Everything that a session needs.
#[derive(Debug)]
pub struct Session<'s> {
    settings: &'s Settings,
    clock: Clock,
    output: Output,
}

/// How a cycle ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The exit code of a command that ran just this cycle.
    pub exit: Exit,
    /// What the engine says.
    pub reason: Option<Reason>,
    /// Everything that the status command shows.
    pub record: ActivityRecord,
}

impl<'s> Session<'s> {
    /// A session; nothing is opened yet.
    #[must_use]
    pub const fn new(settings: &'s Settings, clock: Clock, output: Output) -> Self {
        Self { settings, clock, output }
    }

    /// Runs one complete cycle.
    ///
    /// # Errors
    /// The agent cannot start.
    pub async fn once(&self) -> Result<Ended, Error> {
        self.one(None).await
    }

    /// Installs a USB file.
    ///
    /// # Errors
    /// The agent cannot start.
    pub async fn install(&self, file: &[u8]) -> Result<Ended, Error> {
        self.one(Some(file)).await
    }

    async fn one(&self, file: Option<&[u8]>) -> Result<Ended, Error> {
        let image = Image::read(self.settings)?;
        let mut memory = vec![0; limits::MEMORY_BYTES_MAX];
        let mut machine = self.machine(&image, &mut memory)?;
        let wait = machine.run(file.map_or(Event::Wake, Event::Install)).await;
        Ok(self.ended(&machine, wait))
    }

    /// Runs cycles until the system asks the process to end, which takes effect at once: at whatever moment a
    /// cycle is dropped, the store is whole.
    ///
    /// SIGHUP and SIGUSR1 ask for a check now.
    ///
    /// # Errors
    /// The agent cannot start.
    pub async fn forever(&self) -> Result<(), Error> {
        let image = Image::read(self.settings)?;
        let mut memory = vec![0; limits::MEMORY_BYTES_MAX];
        let mut machine = self.machine(&image, &mut memory)?;
        let mut end = [listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?];
        let mut nudges = [listen(SignalKind::hangup())?, listen(SignalKind::user_defined1())?];
        let [terminate, interrupt] = &mut end;
        tokio::select! {
            () = self.cycles(&mut machine, &mut nudges) => Ok(()),
            _ = terminate.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
        }
    }

    async fn cycles(&self, machine: &mut Machine<'_, StoreFile>, nudges: &mut [Signal; 2]) {
        let mut event = Event::Wake;
        loop {
            let wait = machine.run(event).await;
            let ended = self.ended(machine, wait);
            self.say(&ended);
            let poll = self.settings.poll;
            let wait = wait.clamp(poll.seconds_min.max(1), poll.seconds_max);
            let is_due = self.wait(wait, ended.record.clock_unknown, nudges).await;
            // The engine waits for its own time: a wait that was cut short is a nudge.
            let is_whole = wait >= ended.record.next_check_seconds;
            event = if is_due && is_whole { Event::Wake } else { Event::Nudge };
        }
    }

    /// Waits; false where somebody asked for a check now, or where a clock that was unknown has been set.
    async fn wait(&self, seconds: u64, clock_unknown: bool, nudges: &mut [Signal; 2]) -> bool {
        let [hangup, user] = nudges;
        let mut left = seconds;
        while left > 0 {
            let step = if clock_unknown { left.min(CLOCK_LOOK_SECONDS) } else { left };
            tokio::select! {
                () = sleep(Duration::from_secs(step)) => left = left.saturating_sub(step),
                _ = hangup.recv() => return false,
                _ = user.recv() => return false,
            }
            if clock_unknown && self.clock.now().clock != CalendarTime::Unknown {
                return false;
            }
        }
        true
    }

    fn machine<'a>(
        &'a self,
        image: &'a Image<'a>,
        memory: &'a mut [u8],
    ) -> Result<Machine<'a, StoreFile>, Error> {
        let settings = self.settings;
        let path = &settings.store.path;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            durable::create_folder(folder)?;
        }
        if let Some(warning) = medium(path).warning() {
            self.output.warning(format_args!("{}: the store {warning}", path.display()));
        }
        let file = StoreFile::open(path).map_err(|error| open_error(path, error))?;
        let store = Store::open(file, settings.store.region).map_err(|error| {
            Error::new(Exit::Io, "store_failed", "the store cannot be read").file(path).because(error)
        })?;
        let agent = Agent::new(image.configuration(&self.clock), store, Memory::new(memory))
            .map_err(|error| start_error(settings, error))?;
        check_fleet(settings, &agent)?;
        let trust = Arc::new(Trust::new(settings.location(), settings.seed_path.clone()));
        let clients =
            || Clients::new(Arc::clone(&trust), self.clock, settings.resolve.clone(), settings.poll.timeout);
        Ok(Machine {
            agent,
            settings,
            clock: self.clock,
            tree: Tree::new(settings, clients()),
            clients: clients(),
            handshakes: Handshakes::new(settings.resolve.clone(), settings.probe.timeout),
            bundles: Bundles::default(),
            reporter: Reporter::new(settings)?,
            observations: Vec::new(),
            notes: Vec::new(),
            done: Done::default(),
            output: self.output,
        })
    }

    /// Writes down how the cycle ended.
    fn ended(&self, machine: &Machine<'_, StoreFile>, wait: u64) -> Ended {
        let now = self.clock.now();
        let status = machine.agent.status(now);
        let notes: Vec<String> = machine.tree.notes().iter().chain(&machine.notes).cloned().collect();
        let mut record = ActivityRecord::of(&status, machine.calendar().0, notes, &machine.observations);
        record.next_check_seconds = wait;
        if let Err(error) = record.write(&ActivityRecord::path(self.settings)) {
            self.output.warning(format_args!("the status command will show an older state: {error}"));
        }
        let is_stale = matches!(status.freshness, Freshness::Stale { .. });
        Ended { exit: exit(status.reason, is_stale), reason: status.reason, record }
    }

    /// One line per cycle for the log.
    fn say(&self, ended: &Ended) {
        for note in &ended.record.notes {
            self.output.warning(note);
        }
        if let Some(words) = &ended.record.words {
            let next = span(ended.record.next_check_seconds);
            self.output.progress(format_args!("{words}; next check in {next}"));
        }
    }
}

/// Refuses a keyring of another fleet, where the configuration names one: its channels may have the same names.
fn check_fleet<S: Storage>(settings: &Settings, agent: &Agent<'_, S>) -> Result<(), Error> {
    let (Some(expected), Some(keyring)) = (&settings.fleet, agent.keyring()) else { return Ok(()) };
    if expected == keyring.fleet() {
        return Ok(());
    }
    let message = format!("is {expected:?}, and the keyring in force is of fleet {:?}", keyring.fleet());
    let error = Error::usage("other_fleet", message).file(&settings.path).field("channel.fleet");
    Err(error.hint("look at image.seed, or at whose store this is: store.path"))
}

fn listen(kind: SignalKind) -> Result<Signal, Error> {
    signal(kind).map_err(|error| {
        Error::new(Exit::Io, "signals", "the system's signals cannot be heard").because(error)
    })
}

fn open_error(path: &std::path::Path, error: std::io::Error) -> Error {
    let is_busy = error.kind() == std::io::ErrorKind::ResourceBusy;
    let error = Error::io("open the store", path, error);
    if is_busy {
        error.hint("another device-agent runs on this store: ask it for a check with SIGUSR1")
    } else {
        error
    }
}

fn start_error(settings: &Settings, error: StartError) -> Error {
    let (exit, field, path) = match error {
        StartError::Identity => (Exit::Usage, Some("device.id"), Some(&settings.path)),
        StartError::KeyringMissing => (Exit::Usage, Some("image.seed"), Some(&settings.path)),
        StartError::Keyring(_) => (Exit::BadInput, None, settings.keyring_path.as_ref()),
        StartError::Seed(_) => (Exit::BadInput, None, settings.seed_path.as_ref()),
        StartError::StoreOfOtherChannel => (Exit::Usage, None, Some(&settings.store.path)),
        StartError::Memory { .. } => (Exit::Bug, None, None),
    };
    let mut shown = Error::new(exit, error.code(), error.to_string());
    if let Some(path) = path {
        shown = shown.file(path);
    }
    if let Some(field) = field {
        shown = shown.field(field);
    }
    match std::error::Error::source(&error) {
        Some(cause) => shown.because(cause.to_string()),
        None => shown,
    }
}

/// The exit code of a command that ran one cycle with this result.
fn exit(reason: Option<Reason>, is_stale: bool) -> Exit {
    match reason {
        Some(reason) if reason.is_network() => Exit::Io,
        Some(Reason::StoreFailed | Reason::StoreMismatch) => Exit::Io,
        Some(Reason::HeadUnsigned | Reason::KeyringRefused | Reason::ReleaseUnsigned) => Exit::Signatures,
        Some(
            Reason::FileMalformed
            | Reason::FileNotNewer
            | Reason::HeadMalformed
            | Reason::HeadOfOtherChannel
            | Reason::ReleaseMalformed
            | Reason::ReleaseOfOtherChannel
            | Reason::ReleaseMismatch
            | Reason::CertificateMismatch,
        ) => Exit::BadInput,
        _ if is_stale => Exit::Finding,
        None
        | Some(
            Reason::UpToDate
            | Reason::OnTrial
            | Reason::Confirmed
            | Reason::Observed
            | Reason::NotInShare
            | Reason::OfflineFreshnessUnknown,
        ) => Exit::Done,
        Some(_) => Exit::Finding,
    }
}
