//! The end of a scenario: what was seen, held against what history and the product say.

use std::{collections::BTreeSet, error::Error};

use serde_json::Value;

use super::{
    day::Day,
    file::{Customer, Expected, Scenario},
    guard::{First, Guard},
    reach::Reach,
    report::{Explained, Loss, Met, Move, Named, Outcome, Report, SCHEMA},
    story::Story,
};

/// The rule about what no twin has: nothing here makes such signatures.
const SHA1_SELF_SIGNATURE: &str = "sha1-self-signature";

impl Story<'_> {
    /// What was seen.
    pub(super) fn report(mut self, name: &str, days: Vec<Day>) -> Result<Report, Box<dyn Error>> {
        let customers = self.outcomes();
        self.judge(&customers);
        let explained = self.explained()?;
        let (certificates, moves) = (self.certificates()?, self.moves());
        let Self { scenario, guard, forecast, acts, heard, is_broken, mut faults, .. } = self;
        faults.extend(unlike(scenario, &guard));
        let findings = guard.into_firsts();
        let mut expected = Vec::new();
        for it in &scenario.expected {
            let came = came(it, &findings, &forecast);
            if !is_broken && came.is_none_or(|day| day > it.until) {
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
            heard,
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
            if self.is_broken {
                continue;
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

/// What the linter says of a twin and not of its real one, or the other way round, but for what twins cannot have.
fn unlike(scenario: &Scenario, guard: &Guard) -> Vec<String> {
    let has_real = |subject: &str| {
        let name = subject.split_once(".pem").map_or(subject, |(name, _)| name);
        scenario.certificates.get(name).is_some_and(|source| source.file.is_some())
    };
    let differing = guard.differences().into_iter();
    differing
        .filter(|(rule, subject)| rule != SHA1_SELF_SIGNATURE && has_real(subject))
        .map(|(rule, subject)| {
            format!("{subject}: {rule} is said of the real one or of its twin, and not of both")
        })
        .collect()
}

/// The day on which something that was expected came; the forecast's is the day since which it can be known.
fn came(expected: &Expected, findings: &[First], forecast: &BTreeSet<Loss>) -> Option<Day> {
    if expected.by == "forecast" {
        let fits = |loss: &&Loss| loss.kind == expected.rule && loss.name.contains(&expected.about);
        let days = forecast.iter().filter(fits).filter_map(|loss| loss.known_since.parse().ok());
        return days.min();
    }
    let fits = |first: &&First| {
        let is_meant = expected.over.is_none_or(|over| first.over == over)
            && expected.severity.as_ref().is_none_or(|severity| first.severity == *severity);
        is_meant
            && first.by == expected.by
            && first.rule == expected.rule
            && first.subject.contains(&expected.about)
    };
    findings.iter().filter(fits).map(|first| first.day).min()
}
