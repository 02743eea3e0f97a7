//! One session of the agent: the store is opened, the engine started, and cycles run, once or until a signal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bundle::Keyring;
use store::Store;
use store::file::StoreFile;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use super::census_record::CensusRecord;
use super::image::{Image, start_error};
use super::machine::{Done, Machine};
use super::nudges::Nudges;
use super::outcome::{exit, unprobed};
use super::record::{ActivityRecord, Cycle};
use crate::linux::applications::Teller;
use crate::linux::clock::{Clock, span};
use crate::linux::configuration::Settings;
use crate::linux::durable;
use crate::linux::error::{Error, Exit};
use crate::linux::export::medium;
use crate::linux::journal_file;
use crate::linux::output::Output;
use crate::linux::probe::{Bundles, Handshakes};
use crate::linux::report::Reporter;
use crate::linux::transport::{Clients, Tree};
use crate::linux::trust::Trust;
use crate::{Agent, Clock as CalendarTime, Event, Freshness, Memory, Reason, limits};

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

    /// Runs one complete cycle, and another one with the next server for as long as one shows nothing of use.
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
        let hooks = machine.hooks();
        let wait = if self.settings.applications.is_empty() {
            complete(&mut machine, file).await
        } else {
            let [mut terminate, mut interrupt] =
                [listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?];
            let wait = tokio::select! {
                wait = complete(&mut machine, file) => Some(wait),
                _ = terminate.recv() => None,
                _ = interrupt.recv() => None,
            };
            hooks.end().await;
            let message = "a signal ended the agent before the cycle was over";
            wait.ok_or_else(|| Error::new(Exit::Io, "interrupted", message))?
        };
        Ok(self.ended(&machine, &image, wait))
    }

    /// Runs cycles until the system asks the process to end, which takes effect at once: at whatever moment a
    /// cycle is dropped, the store is whole.
    ///
    /// SIGHUP and SIGUSR1 ask for a check now, which is granted once a minute. `tell` is called with the end of
    /// every cycle.
    ///
    /// # Errors
    /// The agent cannot start.
    pub async fn forever(&self, tell: impl Fn(&Ended)) -> Result<(), Error> {
        let image = Image::read(self.settings)?;
        let mut memory = vec![0; limits::MEMORY_BYTES_MAX];
        let mut machine = self.machine(&image, &mut memory)?;
        let mut end = [listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?];
        let mut nudges = [listen(SignalKind::hangup())?, listen(SignalKind::user_defined1())?];
        let [terminate, interrupt] = &mut end;
        let hooks = machine.hooks();
        tokio::select! {
            () = self.cycles(&mut machine, &image, &mut nudges, tell) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        // Nobody looks after a hook whose agent has gone.
        hooks.end().await;
        Ok(())
    }

    async fn cycles(
        &self,
        machine: &mut Machine<'_, StoreFile>,
        image: &Image<'_>,
        signals: &mut [Signal; 2],
        tell: impl Fn(&Ended),
    ) {
        let mut event = Event::Wake;
        let mut nudges = Nudges::default();
        loop {
            let wait = machine.run(event).await;
            let ended = self.ended(machine, image, wait);
            self.say(&ended);
            tell(&ended);
            let poll = self.settings.poll;
            let wait = wait.clamp(poll.seconds_min.max(1), poll.seconds_max);
            let is_due = self.wait(wait, ended.record.clock_unknown, machine, (signals, &mut nudges)).await;
            // The engine waits for its own time: a wait that was cut short is a nudge.
            let is_whole = wait >= ended.record.next_check_seconds;
            event = if is_due && is_whole { Event::Wake } else { Event::Nudge };
        }
    }

    /// Waits; false where somebody asked for a check now, or where a clock that was unknown has been set.
    async fn wait(
        &self,
        seconds: u64,
        clock_unknown: bool,
        machine: &mut Machine<'_, StoreFile>,
        (signals, nudges): (&mut [Signal; 2], &mut Nudges),
    ) -> bool {
        let [hangup, user] = signals;
        let mut left = seconds;
        while left > 0 {
            let step = if clock_unknown { left.min(CLOCK_LOOK_SECONDS) } else { left };
            let step = machine.next_telling().map_or(step, |wait| step.min(wait.as_secs().max(1)));
            let is_nudged = tokio::select! {
                () = sleep(Duration::from_secs(step)) => false,
                _ = hangup.recv() => true,
                _ = user.recv() => true,
            };
            if is_nudged {
                let rest = nudges.wait(Instant::now());
                if !rest.is_zero() {
                    self.output.progress("a check was asked for less than a minute ago: this one waits");
                    sleep(rest.min(Duration::from_secs(left))).await;
                }
                nudges.grant(Instant::now());
                return false;
            }
            machine.tell_whoever_waited().await;
            left = left.saturating_sub(step);
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
        // Before anything is made: a mistake must not leave an empty store behind.
        if let Ok((_, record)) = journal_file::read(settings) {
            let keyring = image.check(&self.clock, &record)?;
            if let Ok(keyring) = Keyring::restored(keyring.as_bytes()) {
                check_fleet(settings, keyring.fleet())?;
            }
        }
        let reporter = Reporter::new(settings)?;
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
        if let Some(keyring) = agent.keyring() {
            check_fleet(settings, keyring.fleet())?;
        }
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
            reporter,
            report: None,
            observations: Vec::new(),
            census: census_before(settings),
            probed_release: None,
            teller: Teller::new(settings, self.clock, self.output),
            reported_applications: Vec::new(),
            notes: Vec::new(),
            done: Done::default(),
            output: self.output,
        })
    }

    /// Writes down how the cycle ended.
    fn ended(&self, machine: &Machine<'_, StoreFile>, image: &Image<'_>, wait: u64) -> Ended {
        let now = self.clock.now();
        let status = machine.agent.status(now);
        let notes: Vec<String> = machine.tree.notes().iter().chain(&machine.notes).cloned().collect();
        let probed_endpoints = machine.probed_endpoints();
        let nothing_probed = status.reason.filter(|_| probed_endpoints == 0);
        let cycle = Cycle {
            written_at: machine.calendar(),
            wait_seconds: wait,
            notes,
            report: machine.report.clone(),
            probed_endpoints,
            probed_release: machine.probed_release.clone(),
            observations: &machine.observations,
            census: machine.census.clone(),
            unprobed: unprobed(nothing_probed, machine.clients.trust(), image),
        };
        let mut record = ActivityRecord::of(&status, cycle);
        record.keep_of(ActivityRecord::read(&ActivityRecord::path(self.settings)));
        if let Err(error) = record.write(&ActivityRecord::path(self.settings)) {
            self.output.warning(format_args!("the status command will show an older state: {error}"));
        }
        let is_stale = matches!(status.freshness, Freshness::Stale { .. });
        let exit = match exit(status.reason, is_stale, status.export_pending) {
            Exit::Done if machine.subjects().iter().any(|subject| !subject.is_well) => Exit::Finding,
            exit => exit,
        };
        Ended { exit, reason: status.reason, record }
    }

    /// One line per cycle for the log.
    fn say(&self, ended: &Ended) {
        for note in &ended.record.notes {
            self.output.warning(note);
        }
        for loss in ended.record.lost_endpoints() {
            self.output.warning(format_args!("an endpoint would be lost: {loss}"));
        }
        if let Some(words) = &ended.record.words {
            let next = span(ended.record.next_check_seconds);
            self.output.progress(format_args!("{words}; next check in {next}"));
        }
    }
}

/// Runs one complete cycle, and another one with the next server for as long as one shows nothing of use.
async fn complete(machine: &mut Machine<'_, StoreFile>, file: Option<&[u8]>) -> u64 {
    let mut wait = machine.run(file.map_or(Event::Wake, Event::Install)).await;
    // A process that a timer starts remembers no server of the last time: it asks each of them now.
    for _ in 1..machine.servers() {
        if file.is_some() || !machine.has_turned() {
            break;
        }
        wait = machine.run(Event::Nudge).await;
    }
    wait
}

/// What an earlier process of this device saw of its services.
fn census_before(settings: &Settings) -> Option<CensusRecord> {
    let record = ActivityRecord::read(&ActivityRecord::path(settings))?;
    let is_ours = record.device == settings.device && record.channel == settings.channel;
    record.census.filter(|_| is_ours)
}

/// Refuses a keyring of another fleet, where the configuration names one: its channels may have the same names.
fn check_fleet(settings: &Settings, fleet: &str) -> Result<(), Error> {
    let Some(expected) = settings.fleet.as_deref().filter(|expected| *expected != fleet) else {
        return Ok(());
    };
    let message = format!("is {expected:?}, and the keyring in force is of fleet {fleet:?}");
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
