//! A scenario played from its first day to its last.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    time::Instant,
};

use super::{
    day::Day,
    file::{Act, Customer, Frozen, Scenario},
    fleet::Fleet,
    guard::{Guard, Over},
    reach::Reach,
    report::{Acted, Heard, Loss, Report},
    sources,
    stage::Stage,
};
use indicatif::ProgressBar;

/// Everything that changes while a scenario is played.
pub(super) struct Story<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) stage: Stage,
    /// Over twins, with services and devices.
    pub(super) fleet: Fleet,
    /// Over the real certificates, with neither.
    pub(super) books: Fleet,
    pub(super) guard: Guard,
    pub(super) without: BTreeMap<String, Reach>,
    pub(super) with: BTreeMap<String, Reach>,
    pub(super) handshakes: BTreeMap<String, usize>,
    pub(super) acts: Vec<Acted>,
    pub(super) heard: Vec<Heard>,
    pub(super) forecast: BTreeSet<Loss>,
    pub(super) faults: Vec<String>,
    /// Whether it ended before its last day.
    pub(super) is_broken: bool,
}

/// Plays a scenario, and says what was seen.
pub(crate) fn tell(name: &str, scenario: &Scenario, bar: &ProgressBar) -> Result<Report, Box<dyn Error>> {
    let started = Instant::now();
    bar.set_message("twins are made of the real certificates");
    let stage = Stage::new(scenario)?;
    let days = days(scenario, &stage);
    bar.set_message("the operator makes keys and a keyring");
    let twins = stage.twins.iter().map(|(name, twin)| (name.clone(), twin.certificate().clone())).collect();
    let fleet = Fleet::new(scenario, twins, Some(&stage))?;
    let books = Fleet::new(&everything(scenario), stage.real.clone(), None)?;
    let mut story = Story {
        scenario,
        stage,
        fleet,
        books,
        guard: Guard::default(),
        without: BTreeMap::new(),
        with: BTreeMap::new(),
        handshakes: BTreeMap::new(),
        acts: Vec::new(),
        heard: Vec::new(),
        forecast: BTreeSet::new(),
        faults: Vec::new(),
        is_broken: false,
    };
    story.lint()?;
    for day in &days {
        bar.set_message(format!("{day}"));
        if let Err(error) = story.day(*day) {
            // What was seen until then says why, more often than not.
            story.faults.push(format!("{day}: the scenario cannot go on: {error}"));
        }
        if !story.faults.is_empty() || story.with.values().any(|reach| !reach.stretches().is_empty()) {
            // Whatever came after would be seen of a fleet that is broken.
            story.is_broken = true;
            break;
        }
    }
    let mut report = story.report(name, days)?;
    report.seconds = (started.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    Ok(report)
}

/// The scenario with one customer who uses everything and asks for nothing: what the real certificates are judged for.
fn everything(scenario: &Scenario) -> Scenario {
    let uses = scenario.services.keys().cloned().collect();
    let without = Frozen { trust: Vec::new(), pins: Vec::new(), names: None };
    let customer = Customer { who: "everybody".to_owned(), uses, without, cut_off: None };
    Scenario { customers: [("books".to_owned(), customer)].into(), ..scenario.clone() }
}

/// The days that are looked at: those on which something changes with the day before each, and the watcher's rounds.
fn days(scenario: &Scenario, stage: &Stage) -> Vec<Day> {
    let mut changes: BTreeSet<Day> = [scenario.from, scenario.to].into();
    changes.extend(scenario.services.values().flat_map(|service| service.chains.iter().map(|it| it.day)));
    changes.extend(scenario.acts.iter().map(|act| act.day));
    let stores = || scenario.customers.values().flat_map(|customer| &customer.without.trust);
    changes.extend(stores().map(|trusted| trusted.day));
    if stores().any(|trusted| trusted.platform) {
        changes.extend(stage.mozillas_days());
    }
    let mut days: BTreeSet<Day> = changes.iter().flat_map(|day| [day.plus(-1), *day]).collect();
    days.retain(|day| (scenario.from..=scenario.to).contains(day));
    let mut last = scenario.from;
    for day in days.clone() {
        while day.since(last) > scenario.round_days {
            last = last.plus(scenario.round_days);
            days.insert(last);
        }
        last = day;
    }
    days.into_iter().collect()
}

impl Story<'_> {
    /// The linter over every certificate, and the forecast over the real roots on the first day and the last.
    fn lint(&mut self) -> Result<(), Box<dyn Error>> {
        let span = (self.scenario.from, self.scenario.to);
        let is_issued =
            |name: &str| self.scenario.certificates.get(name).is_some_and(|it| it.issuer.is_some());
        self.guard.lint(&self.books, Over::Real, span, is_issued)?;
        self.guard.lint(&self.fleet, Over::Twins, span, is_issued)?;
        for name in self.stage.real.keys().filter(|name| !is_issued(name)) {
            let Some(file) = self.books.file(name)? else { continue };
            let words = ["forecast", "--mozilla", &file.to_string_lossy()];
            for day in [span.0, span.1] {
                let answer = self.books.on(day).answer(&words)?;
                for event in answer["events"].as_array().into_iter().flatten() {
                    let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
                    self.forecast.insert(Loss {
                        day: text("day"),
                        name: text("name"),
                        kind: text("kind"),
                        basis: text("basis"),
                        known_since: text("known_since"),
                    });
                }
            }
        }
        Ok(())
    }

    /// One day: services show what they showed, the watcher looks, devices check, and the operator acts.
    fn day(&mut self, day: Day) -> Result<(), Box<dyn Error>> {
        self.stage.turn_to(day)?;
        let is_first = day == self.scenario.from;
        self.heard.extend(sources::listen(&self.books, &self.stage, day, is_first)?);
        if !is_first {
            self.watch(day)?;
        }
        self.frozen(day)?;
        if !is_first && self.is_eventful(day) {
            self.fleet.heads(day, &self.fleet.customers())?;
            self.live(day)?;
        }
        let acts: Vec<_> = self.scenario.acts.iter().filter(|act| act.day == day).collect();
        for act in &acts {
            self.act(act)?;
        }
        if acts.iter().any(|act| !act.refused) {
            self.live(day)?;
        }
        if is_first {
            self.watch(day)?;
        }
        Ok(())
    }

    /// What the operator does, over the real certificates and over twins.
    fn act(&mut self, act: &Act) -> Result<(), Box<dyn Error>> {
        let day = act.day;
        let books = self.books.act(act)?;
        let done = self.fleet.act(act)?;
        books.findings.iter().for_each(|it| self.guard.note("draft", Over::Real, day, it));
        done.findings.iter().for_each(|it| self.guard.note("draft", Over::Twins, day, it));
        if act.refused == done.refused.is_none() {
            self.faults.push(format!("{day}: publishing was not refused: {}", act.reason));
        }
        if act.refused == done.would_lose.is_empty() {
            let whom = done.would_lose.join(", ");
            self.faults.push(format!(
                "{day}: {}: by the coverage matrix, who loses a service is: [{whom}]",
                act.reason
            ));
        }
        self.acts.push(Acted {
            day,
            reason: act.reason.clone(),
            added: act.add.clone(),
            removed: act.remove.clone(),
            need_do_nothing: done.untouched,
            would_lose: done.would_lose,
            refused: done.refused,
        });
        Ok(())
    }

    fn watch(&mut self, day: Day) -> Result<(), Box<dyn Error>> {
        self.guard.watch(&self.books, Over::Real, day)?;
        self.guard.watch(&self.fleet, Over::Twins, day)
    }

    /// Whether the services move on this day, or the scenario ends.
    fn is_eventful(&self, day: Day) -> bool {
        let mut chains = self.scenario.services.values().flat_map(|service| &service.chains);
        day == self.scenario.to || chains.any(|chain| chain.day == day)
    }

    /// Devices without the product.
    fn frozen(&mut self, day: Day) -> Result<(), Box<dyn Error>> {
        for (name, customer) in &self.scenario.customers {
            for service in &customer.uses {
                let host = host(self.scenario, service);
                let endpoint = (host, self.stage.address(service)?);
                let refusal = customer.without.connect(&self.stage, endpoint, day)?;
                self.without.entry(name.clone()).or_default().note(service, day, refusal);
            }
        }
        Ok(())
    }

    /// Devices with the product.
    fn live(&mut self, day: Day) -> Result<(), Box<dyn Error>> {
        for (customer, what) in self.fleet.check(day)? {
            self.faults.push(format!("{customer}, {day}: {what}"));
        }
        for (name, customer) in &self.scenario.customers {
            for service in &customer.uses {
                let refusal = self.fleet.probe(name, service, day)?;
                self.with.entry(name.clone()).or_default().note(service, day, refusal);
                *self.handshakes.entry(name.clone()).or_default() += 1;
            }
        }
        Ok(())
    }
}

/// The host of a service, without its port.
fn host<'s>(scenario: &'s Scenario, service: &str) -> &'s str {
    let host = scenario.services.get(service).map_or("", |it| &it.host);
    host.split_once(':').map_or(host, |(host, _)| host)
}
