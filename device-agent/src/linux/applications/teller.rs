//! Who is told now, by which hook, and when again.

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use trust_store::Installed;

use super::errand::{Ended, Errand};
use super::groups::Groups;
use super::ledger::{Entry, Ledger, boot};
use super::plan::{At, Plan, Rehearsal, Telling};
use super::side_by_side::SideBySide;
use super::waits::Waits;
use super::{Change, Holdings, Outcome, Subject};
use crate::linux::clock::{Clock, Moment};
use crate::linux::configuration::{Application, Settings};
use crate::linux::error::with_causes;
use crate::linux::output::Output;

/// Wait before the next try where another process is telling.
const BUSY: Duration = Duration::from_secs(60);

/// Tells applications, for as long as one process lives.
#[derive(Debug)]
pub struct Teller<'s> {
    settings: &'s Settings,
    clock: Clock,
    output: Output,
    path: PathBuf,
    ledger: Ledger,
    waits: Waits,
    busy_until: Option<Instant>,
    groups: Groups,
    boot: String,
    /// Where they stood when they were last looked at.
    subjects: Vec<Subject>,
}

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Whoever something is new for, or who failed and has waited.
    Due,
    /// These, by hand: also where nothing is new; as on a removal, where that is said.
    Named {
        /// Their names.
        names: Vec<String>,
        /// Whether their hooks are run as if an anchor had left.
        removal: bool,
    },
}

/// One application that is being told.
struct Case<'s> {
    application: &'s Application,
    holdings: Holdings,
    change: Change,
    plan: Plan<'s>,
}

impl<'s> Teller<'s> {
    /// Nobody is told yet.
    #[must_use]
    pub fn new(settings: &'s Settings, clock: Clock, output: Output) -> Self {
        Self {
            settings,
            clock,
            output,
            path: Ledger::path(settings),
            ledger: Ledger::default(),
            waits: Waits::default(),
            busy_until: None,
            groups: Groups::default(),
            boot: boot(),
            subjects: Vec::new(),
        }
    }

    /// The hooks that are running; what is left of them must be ended.
    #[must_use]
    pub fn groups(&self) -> Groups {
        self.groups.clone()
    }

    /// Where the applications stood at the end of the last round.
    #[must_use]
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// How long until somebody is to be told again; `None` where nobody waits.
    #[must_use]
    pub fn next(&self) -> Option<Duration> {
        let now = Instant::now();
        let busy = self.busy_until.map(|until| until.saturating_duration_since(now));
        self.waits.next(now).into_iter().chain(busy).min()
    }

    /// Tells whoever is to be told of `installed`, all side by side. False where another process is telling: nobody was
    /// told by this one.
    pub async fn tell(&mut self, installed: &Installed, which: &Which) -> bool {
        if self.settings.applications.is_empty() {
            return true;
        }
        let Some(_lock) = self.lock() else { return false };
        self.read();
        let cases = self.cases(installed, which);
        if !cases.is_empty() {
            self.settle(installed, &cases);
            self.write();
        }
        self.run(installed, cases).await;
        self.subjects = Subject::all(&self.settings.applications, &self.ledger, installed);
        true
    }

    /// What [`Teller::tell`] would run.
    pub fn rehearse(&mut self, installed: &Installed, which: &Which) -> Vec<Rehearsal> {
        self.read();
        let cases = self.cases(installed, which);
        cases.into_iter().filter_map(|case| Rehearsal::of(case.application, &case.plan)).collect()
    }

    /// The lock of the ledger; `None` where another process tells right now.
    fn lock(&mut self) -> Option<Option<File>> {
        match Ledger::lock(&self.path) {
            Ok(Some(file)) => {
                self.busy_until = None;
                Some(Some(file))
            }
            Ok(None) => {
                self.output.warning("applications are being told by another process: this one waits");
                self.busy_until = Some(Instant::now() + BUSY);
                None
            }
            // Without a folder to write to there is nobody to share with.
            Err(_) => Some(None),
        }
    }

    /// Another process may have told somebody in the meantime. What cannot be read is what this process remembers.
    fn read(&mut self) {
        match Ledger::read(&self.path) {
            Ok(ledger) if !ledger.applications.is_empty() => self.ledger = ledger,
            Ok(_) => {}
            Err(fault) if self.ledger.applications.is_empty() => self.output.warning(format_args!(
                "{}: {}: every application is told once more",
                self.path.display(),
                fault.words()
            )),
            Err(_) => {}
        }
        let settings = self.settings;
        let is_declared =
            |name: &String| settings.applications.iter().any(|application| &application.name == name);
        self.ledger.applications.retain(|name, _| is_declared(name));
    }

    fn cases(&self, installed: &Installed, which: &Which) -> Vec<Case<'s>> {
        let now = Instant::now();
        let case = |application: &'s Application| {
            let holdings = Holdings::of(installed, application);
            let entry = self.ledger.applications.get(&application.name);
            let change = Change::between(entry, &holdings);
            let plan = match which {
                Which::Named { names, removal } if names.contains(&application.name) => {
                    Plan::by_hand(application, &change, *removal)
                }
                Which::Named { .. } => Plan::Nothing,
                Which::Due => {
                    let generation = installed.generation();
                    let is_due = self.waits.is_due(&application.name, generation, now);
                    Plan::of(application, entry, &change, At { generation, boot: &self.boot, is_due })
                }
            };
            Case { application, holdings, change, plan }
        };
        let cases = self.settings.applications.iter().map(case);
        cases.filter(|case| !matches!(case.plan, Plan::Nothing)).collect()
    }

    /// Notes whose hooks are about to run, and what is settled without one.
    fn settle(&mut self, installed: &Installed, cases: &[Case<'_>]) {
        for case in cases {
            let before = self.ledger.applications.remove(&case.application.name);
            let mut entry = self.entry(installed, case, before.as_ref());
            let before_also = before.map(|entry| entry.also).unwrap_or_default();
            if let Plan::Settle(outcome) = case.plan {
                entry.outcome = outcome;
            } else {
                entry.attempts = entry.attempts.saturating_add(1);
            }
            if entry.outcome.is_well() {
                (entry.told, entry.attempts) = (Some(case.holdings.clone()), 0);
            } else {
                entry.also = before_also;
                entry.also.join(&case.holdings);
            }
            self.ledger.applications.insert(case.application.name.clone(), entry);
        }
    }

    /// An entry for what is about to happen: until it has ended well, it was cut short.
    fn entry(&self, installed: &Installed, case: &Case<'_>, before: Option<&Entry>) -> Entry {
        let (hook, change) = match &case.plan {
            Plan::Run(telling) => (Some(telling.hook.to_string()), telling.change.clone()),
            _ => (None, case.change.to_string()),
        };
        Entry {
            told: before.and_then(|entry| entry.told.clone()),
            also: Holdings::default(),
            release: installed.order().to_string(),
            release_number: installed.order().number,
            generation: installed.generation(),
            change,
            hook,
            outcome: Outcome::Interrupted,
            detail: None,
            output: None,
            at: Moment(self.clock.calendar()),
            milliseconds: 0,
            attempts: before.map_or(0, |entry| entry.attempts),
            boot: self.boot.clone(),
        }
    }

    /// Runs the hooks side by side, and writes down how each of them ended as soon as it has.
    async fn run(&mut self, installed: &Installed, cases: Vec<Case<'s>>) {
        let (settings, groups) = (self.settings, self.groups.clone());
        let started = Instant::now();
        let mut running = SideBySide::new(cases.iter().filter_map(|case| {
            let Plan::Run(telling) = &case.plan else { return None };
            let (hook, limit) = (telling.hook, case.application.timeout);
            let environment = environment(settings, installed, case.application, telling);
            let until = tokio::time::Instant::now() + limit;
            let errand = Errand { hook, environment, limit, until, groups: groups.clone() };
            Some(async move { (case, errand.run().await) })
        }));
        while let Some((_, (case, ended))) = running.next().await {
            self.note(installed, case, ended, started.elapsed());
            self.write();
        }
    }

    fn note(&mut self, installed: &Installed, case: &Case<'_>, ended: Ended, took: Duration) {
        let name = &case.application.name;
        let Some(entry) = self.ledger.applications.get_mut(name) else { return };
        entry.outcome = ended.outcome;
        (entry.detail, entry.output) = (ended.detail, ended.output);
        entry.at = Moment(self.clock.calendar());
        entry.milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if ended.outcome.is_well() {
            (entry.told, entry.also, entry.attempts) = (Some(case.holdings.clone()), Holdings::default(), 0);
            self.waits.ended(name);
        } else {
            self.waits.failed(name, installed.generation(), Instant::now());
        }
        let subject = Subject::of(case.application, Some(entry), installed);
        if subject.is_well {
            self.output.progress(format_args!("{subject} of release {}", installed.order()));
        } else {
            let trusts = subject.trust_words().map_or_else(String::new, |words| format!("; {words}"));
            self.output.warning(format_args!("{subject}{trusts}"));
        }
    }

    fn write(&mut self) {
        if let Err(error) = self.ledger.write(&self.path) {
            let error = with_causes(&error, std::error::Error::source(&error));
            self.output.warning(format_args!("{error}: applications are told once more after a restart"));
        }
    }
}

/// What a hook finds in its environment: nothing in it was fetched but numbers.
fn environment(
    settings: &Settings,
    installed: &Installed,
    application: &Application,
    telling: &Telling<'_>,
) -> Vec<(&'static str, String)> {
    let exports =
        settings.export.as_ref().map_or_else(String::new, |export| export.folder.display().to_string());
    vec![
        ("DEVICE_AGENT_APPLICATION", application.name.clone()),
        ("DEVICE_AGENT_RELEASE", installed.order().to_string()),
        ("DEVICE_AGENT_GENERATION", installed.generation().to_string()),
        ("DEVICE_AGENT_EXPORTS", exports),
        ("DEVICE_AGENT_CHANGE", telling.change.clone()),
        ("DEVICE_AGENT_RECONNECT", u8::from(telling.reconnect).to_string()),
    ]
}
