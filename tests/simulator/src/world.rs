//! Everything that is the same for every device: the scenario, what was published, what servers show, who attacks.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use bundle::{Envelope, Order, Sha256, UnixSeconds};
use chain::Time;
use device_agent::{
    ProbeOutcome, Verdict,
    judgement::{Judged, ServedChain, judge},
};
use rustls_pki_types::{CertificateDer, ServerName};

use crate::{
    Error,
    attack::{Attack, Forgery},
    history::{History, Release, keyring_document},
    operator::{CHANNEL, Publisher},
    pki::{Pki, THIEF},
    scenario::{Scenario, milliseconds},
};

/// A scenario, ready to be lived through.
#[derive(Debug)]
pub struct World {
    /// The scenario.
    pub scenario: Scenario,
    /// What all luck is drawn from.
    pub seed: u64,
    /// What was published when.
    pub history: Arc<History>,
    /// The operator's releases, oldest first.
    pub releases: Vec<Release>,
    /// The attackers.
    pub attacks: Vec<Attack>,
    /// The chain of every service, from each moment on.
    pub services: Vec<Service>,
    /// Where the fleet must be in the end.
    pub goal: Order,
    pki: Arc<Pki>,
    by_digest: HashMap<Sha256, usize>,
    /// What each chain of each service is under each step from one release to another.
    steps: HashMap<Step, ProbeOutcome>,
    /// SHA-256 of header and body of every keyring that the operator published.
    keyrings: HashSet<Sha256>,
}

/// A service, and what it shows.
#[derive(Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Whether devices probe it.
    pub probe: bool,
    /// `host:port`.
    pub endpoint: String,
    /// Chains from each moment on, oldest first.
    pub shown: Vec<(u64, Shown)>,
    /// The chain of somebody who pretends to be it.
    pub pretended: Shown,
}

/// A chain, and a number that names it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The same number is the same chain.
    pub number: usize,
    /// The chain.
    pub served: Result<ServedChain, device_agent::Reason>,
}

impl World {
    /// Has the operator publish, and the vendor and the thief make their certificates.
    ///
    /// # Errors
    /// What the publisher refuses, and what no certificate can say.
    pub fn new(scenario: Scenario, seed: u64, publisher: &Publisher) -> Result<Self, Error> {
        let pki = Pki::new(scenario.roots())?;
        let history = publisher.history(&scenario, &pki)?;
        Self::of(scenario, seed, Arc::new(history), Arc::new(pki))
    }

    /// The same operator, seed and vendor, and another fleet, other faults or other attackers.
    ///
    /// # Errors
    /// As [`World::new`].
    pub fn changed(&self, scenario: Scenario) -> Result<Self, Error> {
        Self::of(scenario, self.seed, Arc::clone(&self.history), Arc::clone(&self.pki))
    }

    fn of(scenario: Scenario, seed: u64, history: Arc<History>, pki: Arc<Pki>) -> Result<Self, Error> {
        let releases = history.releases(CHANNEL)?;
        let newest = releases.last().map(|release| release.order.epoch).unwrap_or_default();
        let forge =
            |trick: &crate::scenario::Forged, from| Forgery::new(trick, from, &history, &releases, &pki);
        let attacks = scenario.attackers.iter().map(|attacker| Attack::new(attacker, forge)).collect();
        let services = services(&scenario, &pki)?;
        Ok(Self {
            steps: steps(&releases, &services, scenario.start())?,
            goal: Order::new(newest, scenario.goal.release),
            services,
            by_digest: releases.iter().enumerate().map(|(index, release)| (release.digest, index)).collect(),
            keyrings: keyrings(&history),
            pki,
            attacks,
            releases,
            history,
            seed,
            scenario,
        })
    }

    /// The operator's release with this digest.
    #[must_use]
    pub fn release(&self, digest: Sha256) -> Option<&Release> {
        self.releases.get(*self.by_digest.get(&digest)?)
    }

    /// Which of the operator's releases has this digest.
    #[must_use]
    pub fn release_index(&self, digest: Sha256) -> Option<usize> {
        self.by_digest.get(&digest).copied()
    }

    /// True where the operator published this keyring, given as header and body.
    #[must_use]
    pub fn is_keyring(&self, header_and_body: &[u8]) -> bool {
        self.keyrings.contains(&Sha256::of(&[header_and_body]))
    }

    /// The true time at a moment of the scenario.
    #[must_use]
    pub fn time(&self, at: u64) -> UnixSeconds {
        self.scenario.start().plus(at / 1_000)
    }

    /// The largest share of the fleet, in percent, that the operator ever gave a release until a moment.
    #[must_use]
    pub fn share(&self, release: usize, at: u64) -> f64 {
        let (mut current, mut largest) = (None, 0.0_f64);
        for act in self.scenario.acts.iter().take_while(|act| milliseconds(act.hours) <= at) {
            if act.releases() {
                current = Some(current.map_or(0, |index: usize| index + 1));
            }
            let share = act.share.or_else(|| act.releases().then_some(100.0));
            if current == Some(release) {
                largest = largest.max(share.unwrap_or(0.0));
            }
        }
        largest
    }
}

impl World {
    /// True where a device with one of the operator's releases reaches a service at a moment.
    #[must_use]
    pub fn reaches(&self, release: usize, service: usize, at: u64) -> bool {
        self.outcome([None, Some(release)], service, at).candidate == Some(Verdict::Verified)
    }

    /// True where the step from one release to another takes a service away, and no denial excuses that.
    #[must_use]
    pub fn loses(&self, before: usize, after: usize, service: usize, at: u64) -> bool {
        let outcome = self.outcome([Some(before), Some(after)], service, at);
        let was_there = outcome.present == Some(Verdict::Verified);
        was_there && outcome.candidate != Some(Verdict::Verified) && !outcome.excused
    }

    fn outcome(&self, [before, after]: [Option<usize>; 2], service: usize, at: u64) -> ProbeOutcome {
        let none = ProbeOutcome { present: None, candidate: None, excused: false };
        let chain =
            self.services.get(service).and_then(|service| service.shown(at)).map(|shown| shown.number);
        let step = chain.map(|chain| Step { before, after, chain });
        step.and_then(|step| self.steps.get(&step)).copied().unwrap_or(none)
    }
}

/// From one release to another, under a chain that a service shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Step {
    before: Option<usize>,
    after: Option<usize>,
    chain: usize,
}

/// Judges every chain under every step, once: no certificate of a scenario begins or ends within it.
fn steps(
    releases: &[Release],
    services: &[Service],
    time: UnixSeconds,
) -> Result<HashMap<Step, ProbeOutcome>, Error> {
    let restored = |release: &Release| {
        let judged = Judged::restored(&release.document, &release.certificates, release.digest, &[]);
        let fault = || Error::Published {
            path: format!("release {}", release.order),
            fault: "does not decode".into(),
        };
        judged.ok_or_else(fault)
    };
    let judged = releases.iter().map(restored).collect::<Result<Vec<Judged>, Error>>()?;
    let mut outcomes = HashMap::new();
    for (after, candidate) in judged.iter().enumerate() {
        let befores = judged.iter().enumerate().map(|(index, judged)| (Some(index), Some(judged)));
        for (before, present) in befores.chain([(None, None)]) {
            for (service, shown) in
                services.iter().flat_map(|service| service.shown.iter().map(move |one| (service, &one.1)))
            {
                let outcome =
                    judge(&shown.served, &service.name, Time::Known(time), present, Some(candidate));
                outcomes.insert(Step { before, after: Some(after), chain: shown.number }, outcome);
            }
        }
    }
    Ok(outcomes)
}

impl Service {
    /// What the service shows at a moment.
    #[must_use]
    pub fn shown(&self, at: u64) -> Option<&Shown> {
        let later = self.shown.partition_point(|(from, _)| *from <= at);
        self.shown.get(later.checked_sub(1)?).map(|(_, shown)| shown)
    }
}

fn services(scenario: &Scenario, pki: &Pki) -> Result<Vec<Service>, Error> {
    let mut numbers = 0..;
    let mut show = |root: &str, host: &str| -> Result<Shown, Error> {
        let certificates: Vec<CertificateDer<'static>> = pki.chain(root, host)?;
        let server_name = ServerName::try_from(host.to_owned())
            .map_err(|error| Error::Published { path: host.to_owned(), fault: error.to_string() })?;
        let number = numbers.next().unwrap_or_default();
        Ok(Shown { number, served: Ok(ServedChain { certificates, server_name }) })
    };
    let one = |service: &crate::scenario::Service| -> Result<Service, Error> {
        let shown = service
            .served_by
            .iter()
            .map(|served| Ok((milliseconds(served.from_hours), show(&served.root, &service.host)?)));
        Ok(Service {
            name: service.name.clone(),
            probe: service.probe,
            endpoint: format!("{}:{}", service.host, service.port),
            shown: shown.collect::<Result<_, Error>>()?,
            pretended: show(THIEF, &service.host)?,
        })
    };
    scenario.services.iter().map(one).collect()
}

/// Header and body of every keyring of the tree, hashed.
fn keyrings(history: &History) -> HashSet<Sha256> {
    let of_fleet = history.files.iter().filter(|(path, _)| {
        let name = path.strip_prefix("keyring/").or_else(|| path.strip_prefix("recovery/"));
        name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let documents =
        of_fleet.flat_map(|(_, versions)| versions).filter_map(|file| keyring_document(&file.bytes));
    let parts = documents.filter_map(|document| {
        let envelope = Envelope::parse_whole(document).ok()?;
        Some(Sha256::of(&[envelope.header_bytes(), envelope.body()]))
    });
    parts.collect()
}
