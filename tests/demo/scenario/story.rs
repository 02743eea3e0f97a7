//! A scenario played from its first day to its last.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    time::Instant,
};

use indicatif::ProgressBar;
use serde_json::Value;

use super::{
    day::Day,
    file::{Customer, Frozen, Scenario},
    fleet::Fleet,
    guard::{Guard, Over},
    reach::Reach,
    report::{Acted, Explained, Loss, Met, Move, Named, Outcome, Report, SCHEMA},
    stage::Stage,
};

/// Everything that changes while a scenario is played.
struct Story<'s> {
    scenario: &'s Scenario,
    stage: Stage,
    /// Over twins, with services and devices.
    fleet: Fleet,
    /// Over the real certificates, with neither.
    books: Fleet,
    guard: Guard,
    without: BTreeMap<String, Reach>,
    with: BTreeMap<String, Reach>,
    handshakes: BTreeMap<String, usize>,
    acts: Vec<Acted>,
    forecast: BTreeSet<Loss>,
    faults: Vec<String>,
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
        forecast: BTreeSet::new(),
        faults: Vec::new(),
    };
    story.lint()?;
    for day in &days {
        bar.set_message(format!("{day}"));
        if let Err(error) = story.day(*day) {
            // What was seen until then says why, more often than not.
            story.faults.push(format!("{day}: the scenario cannot go on: {error}"));
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
        if day > self.scenario.from {
            self.watch(day)?;
        }
        self.frozen(day)?;
        if day > self.scenario.from && self.is_eventful(day) {
            self.fleet.heads(day, &self.fleet.customers())?;
            self.live(day)?;
        }
        let acts: Vec<_> = self.scenario.acts.iter().filter(|act| act.day == day).collect();
        for act in &acts {
            let books = self.books.act(act)?;
            let done = self.fleet.act(act)?;
            books.findings.iter().for_each(|it| self.guard.note("draft", Over::Real, day, it));
            done.findings.iter().for_each(|it| self.guard.note("draft", Over::Twins, day, it));
            if act.refused && done.refused.is_none() {
                self.faults.push(format!("{day}: publishing was not refused: {}", act.reason));
            }
            self.acts.push(Acted {
                day,
                reason: act.reason.clone(),
                added: act.add.clone(),
                removed: act.remove.clone(),
                need_do_nothing: done.untouched,
                refused: done.refused,
            });
        }
        if !acts.is_empty() {
            self.live(day)?;
        }
        if day == self.scenario.from {
            self.watch(day)?;
        }
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

    fn report(mut self, name: &str, days: Vec<Day>) -> Result<Report, Box<dyn Error>> {
        let customers = self.outcomes();
        self.judge(&customers);
        let explained = self.explained()?;
        let (certificates, moves) = (self.certificates()?, self.moves());
        let Self { scenario, guard, forecast, acts, mut faults, .. } = self;
        let findings = guard.into_firsts();
        let mut expected = Vec::new();
        for it in &scenario.expected {
            let mut fitting = findings.iter().filter(|first| {
                first.by == it.by && first.rule == it.rule && first.subject.contains(&it.about)
            });
            let came = fitting.next().map(|first| first.day);
            if came.is_none_or(|day| day > it.until) {
                let when = came.map_or_else(|| "never".to_owned(), |day| format!("not before {day}"));
                let (by, rule, about, until) = (&it.by, &it.rule, &it.about, it.until);
                faults.push(format!("{by} was to say {rule} of {about} by {until}, and did so {when}"));
            }
            expected.push(Met { expected: it.clone(), came });
        }
        Ok(Report {
            schema: SCHEMA,
            scenario: name.to_owned(),
            title: scenario.title.clone(),
            from: scenario.from,
            to: scenario.to,
            passed: faults.is_empty(),
            faults,
            seconds: 0.0,
            days,
            certificates,
            said: scenario.said.clone(),
            moves,
            customers,
            findings,
            expected,
            forecast: forecast.into_iter().collect(),
            acts,
            explained,
        })
    }

    fn outcomes(&self) -> Vec<Outcome> {
        let outcome = |(name, customer): (&String, &Customer)| Outcome {
            customer: name.clone(),
            who: customer.who.clone(),
            uses: customer.uses.clone(),
            without: self.without.get(name).map(Reach::stretches).unwrap_or_default(),
            with: self.with.get(name).map(Reach::stretches).unwrap_or_default(),
            handshakes: self.handshakes.get(name).copied().unwrap_or_default(),
            release: self.fleet.releases.get(name).copied().unwrap_or_default(),
        };
        self.scenario.customers.iter().map(outcome).collect()
    }

    /// Holds what was seen against what history and the product say.
    fn judge(&mut self, customers: &[Outcome]) {
        for outcome in customers {
            let name = &outcome.customer;
            for stretch in &outcome.with {
                let (service, from, because) = (&stretch.service, stretch.from, &stretch.because);
                self.faults
                    .push(format!("{name} is cut off from {service} on {from} with the product: {because}"));
            }
            let known = self.scenario.customers.get(name).and_then(|customer| customer.cut_off);
            let seen = outcome.without.first().map(|stretch| stretch.from);
            if known != seen {
                let words =
                    |day: Option<Day>| day.map_or_else(|| "never".to_owned(), |day| format!("on {day}"));
                let (seen, known) = (words(seen), words(known));
                self.faults.push(format!("{name} is cut off {seen} without the product, and was {known}"));
            }
        }
    }

    /// Why the real roots and intermediates are trusted on the last day, or are not any more.
    fn explained(&self) -> Result<Vec<Explained>, Box<dyn Error>> {
        let operator = self.books.on(self.scenario.to);
        let mut explained = Vec::new();
        for (name, real) in &self.stage.real {
            let sha256 = bundle::Sha256::of(&[real]).to_string();
            let ended = operator.run(&["--json", "explain", &sha256])?;
            if ended.status.success() {
                let answer: Value = serde_json::from_str(&ended.output)?;
                explained.push(Explained { name: name.clone(), answer });
            }
        }
        Ok(explained)
    }

    fn certificates(&self) -> Result<Vec<Named>, Box<dyn Error>> {
        let mut named = Vec::new();
        for (name, source) in &self.scenario.certificates {
            let twin = self.stage.twin(name)?.certificate();
            let read = chain::Certificate::parse(twin).map_err(|error| format!("{name}: {error:?}"))?;
            named.push(Named {
                name: name.clone(),
                subject: read.subject().to_string(),
                sha256: source.sha256.clone(),
                twin_sha256: read.sha256().to_string(),
                origin: source.origin.clone(),
            });
        }
        Ok(named)
    }

    fn moves(&self) -> Vec<Move> {
        let mut moves = Vec::new();
        for (service, plan) in &self.scenario.services {
            for chain in &plan.chains {
                let source = self.scenario.certificates.get(&chain.issuer);
                moves.push(Move {
                    day: chain.day.max(self.scenario.from),
                    service: service.clone(),
                    host: plan.host.clone(),
                    issuer: chain.issuer.clone(),
                    root: source.and_then(|source| source.issuer.clone()).unwrap_or_default(),
                });
            }
        }
        moves.sort_by_key(|it| it.day);
        moves
    }
}

/// The host of a service, without its port.
fn host<'s>(scenario: &'s Scenario, service: &str) -> &'s str {
    let host = scenario.services.get(service).map_or("", |it| &it.host);
    host.split_once(':').map_or(host, |(host, _)| host)
}
