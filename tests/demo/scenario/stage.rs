//! Where a scenario takes place: the real certificates, their twins, and services on loopback that show chains of twins.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    net::SocketAddr,
};

use bundle::Sha256;
use rcgen::KeyPair;
use rustls_pki_types::CertificateDer;
use serde::Deserialize;
use system_tests::{
    pki,
    tls_service::{ALL_VERSIONS, TlsService},
    twin::{Described, Twin, key_like, rsa_key},
};

use super::{
    day::Day,
    file::{Scenario, Service, Source},
};

/// Days before the day on which a server's certificate begins.
const BEFORE_DAYS: i32 = 10;
/// Days after it on which it ends; within what CAs may give since September 2020.
const AFTER_DAYS: i32 = 380;
/// Bits of the servers' key.
const SERVER_KEY_BITS: u32 = 2_048;

/// Everything that is there before anybody acts.
pub(crate) struct Stage {
    /// The twins by name.
    pub(crate) twins: BTreeMap<String, Twin>,
    /// The real certificates by name; those that nobody keeps are missing.
    pub(crate) real: BTreeMap<String, CertificateDer<'static>>,
    services: BTreeMap<String, Running>,
    mozilla: Vec<State>,
    mozillas_roots: BTreeMap<String, CertificateDer<'static>>,
    server_key: KeyPair,
}

/// A service, and the day for which it shows a chain.
struct Running {
    plan: Service,
    service: TlsService,
}

/// A state of Mozilla's store as `history.json` has it: the first in full, the others as what changed.
#[derive(Debug, Deserialize)]
struct State {
    date: Day,
    added: Vec<String>,
    removed: Vec<String>,
    #[serde(default)]
    sha256: Vec<String>,
}

impl Stage {
    /// Reads the real certificates, makes their twins, and starts the services as they were on the first day.
    pub(crate) fn new(scenario: &Scenario) -> Result<Self, Box<dyn Error>> {
        let mut real = BTreeMap::new();
        for (name, source) in &scenario.certificates {
            if let Some(certificate) = read(name, source)? {
                real.insert(name.clone(), certificate);
            }
        }
        let twins = twins(scenario, &real)?;
        let server_key = rsa_key(SERVER_KEY_BITS)?;
        let history = std::fs::File::open(pki::data().join("mozilla-history/history.json"))?;
        let mozilla = serde_json::from_reader(history)?;
        let roots = pki::read_pem(&pki::data().join("mozilla-history/certs.pem"))?;
        let mozillas_roots = roots.into_iter().map(|it| (Sha256::of(&[&it]).to_string(), it)).collect();
        let mut services = BTreeMap::new();
        for (name, plan) in &scenario.services {
            let identity = identity(plan, scenario.from, &twins, &server_key)?;
            let service = TlsService::start(&identity, ALL_VERSIONS)?;
            services.insert(name.clone(), Running { plan: plan.clone(), service });
        }
        Ok(Self { twins, real, services, mozilla, mozillas_roots, server_key })
    }

    /// Lets every service show what it showed on this day.
    pub(crate) fn turn_to(&self, day: Day) -> Result<(), Box<dyn Error>> {
        for running in self.services.values() {
            running.service.switch(&identity(&running.plan, day, &self.twins, &self.server_key)?)?;
        }
        Ok(())
    }

    /// `host:port` of every service, and where it really listens.
    pub(crate) fn resolve(&self) -> Vec<(String, SocketAddr)> {
        self.services.values().map(|running| (running.plan.host.clone(), running.service.address())).collect()
    }

    /// Where a service listens.
    pub(crate) fn address(&self, service: &str) -> Result<SocketAddr, Box<dyn Error>> {
        let running = self.services.get(service).ok_or_else(|| format!("no service {service:?}"))?;
        Ok(running.service.address())
    }

    /// The twin of this name.
    pub(crate) fn twin(&self, name: &str) -> Result<&Twin, Box<dyn Error>> {
        self.twins.get(name).ok_or_else(|| format!("no certificate {name:?}").into())
    }

    /// The roots of the scenario that Mozilla's store had on a day, by name.
    pub(crate) fn in_mozillas_store(&self, day: Day) -> Vec<String> {
        let store = self.mozillas_digests(day);
        let is_there = |real: &CertificateDer<'_>| store.contains(Sha256::of(&[real]).to_string().as_str());
        self.real.iter().filter(|(_, real)| is_there(real)).map(|(name, _)| name.clone()).collect()
    }

    /// All of Mozilla's store as it was on a day.
    pub(crate) fn mozillas_store(&self, day: Day) -> Vec<&CertificateDer<'static>> {
        let store = self.mozillas_digests(day);
        store.into_iter().filter_map(|sha256| self.mozillas_roots.get(sha256)).collect()
    }

    fn mozillas_digests(&self, day: Day) -> BTreeSet<&str> {
        let mut store = BTreeSet::new();
        for state in self.mozilla.iter().take_while(|state| state.date <= day) {
            store.extend(state.sha256.iter().chain(&state.added).map(String::as_str));
            store.retain(|sha256| !state.removed.iter().any(|removed| removed == sha256));
        }
        store
    }

    /// Days on which Mozilla's store changed.
    pub(crate) fn mozillas_days(&self) -> impl Iterator<Item = Day> {
        self.mozilla.iter().map(|state| state.date)
    }
}

/// The real certificate, compared with the fingerprint that the scenario gives.
fn read(name: &str, source: &Source) -> Result<Option<CertificateDer<'static>>, Box<dyn Error>> {
    let Some(file) = &source.file else { return Ok(None) };
    let certificate = pki::read_pem(&pki::data().join(file))?.into_iter().next();
    let certificate = certificate.ok_or_else(|| format!("{file} is empty"))?;
    let sha256 = Sha256::of(&[&certificate]).to_string();
    if source.sha256.as_ref() == Some(&sha256) {
        return Ok(Some(certificate));
    }
    Err(format!("certificates.{name}: {file} has the SHA-256 {sha256}, which is not the scenario's").into())
}

/// Roots first, then what they issue.
fn twins(
    scenario: &Scenario,
    real: &BTreeMap<String, CertificateDer<'static>>,
) -> Result<BTreeMap<String, Twin>, Box<dyn Error>> {
    let mut keys = keys(scenario, real)?;
    let mut twins: BTreeMap<String, Twin> = BTreeMap::new();
    let (roots, issued): (Vec<_>, Vec<_>) =
        scenario.certificates.iter().partition(|(_, source)| source.issuer.is_none());
    for (name, source) in roots.into_iter().chain(issued) {
        let wrong = |what: &str| format!("certificates.{name}: {what}");
        let key = keys.remove(name).ok_or_else(|| wrong("no key"))?;
        let issuer = source.issuer.as_ref().map(|issuer| twins.get(issuer).ok_or_else(|| wrong("no issuer")));
        let twin = match (issuer.transpose()?, real.get(name)) {
            (None, Some(real)) => Twin::of_root(real, key)?,
            (Some(issuer), Some(real)) => issuer.issue(real, key)?,
            (Some(issuer), None) => {
                issuer.issue_described(&described(source).map_err(|it| wrong(&it))?, key)?
            }
            (None, None) => return Err(wrong("a root needs its file").into()),
        };
        twins.insert(name.clone(), twin);
    }
    Ok(twins)
}

/// A key for every certificate; long ones take a second, so they are made side by side.
fn keys(
    scenario: &Scenario,
    real: &BTreeMap<String, CertificateDer<'static>>,
) -> Result<BTreeMap<String, KeyPair>, Box<dyn Error>> {
    let make = |(name, source): (&String, &Source)| {
        let bits = source.rsa_bits.unwrap_or(SERVER_KEY_BITS);
        real.get(name).map_or_else(|| rsa_key(bits), |real| key_like(real))
    };
    let made: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            scenario.certificates.iter().map(|it| (it.0.clone(), scope.spawn(move || make(it)))).collect();
        threads.into_iter().map(|(name, thread)| (name, thread.join())).collect()
    });
    let mut keys = BTreeMap::new();
    for (name, key) in made {
        keys.insert(name, key.map_err(|_| "a key was not made")??);
    }
    Ok(keys)
}

fn described(source: &Source) -> Result<Described<'_>, String> {
    let (Some(subject), Some([from, to])) = (&source.subject, source.valid) else {
        return Err("needs file, or subject and valid".to_owned());
    };
    let civil = |day: Day| day.civil().map_err(|error| error.to_string());
    Ok(Described { subject, valid: [civil(from)?, civil(to)?] })
}

/// What a service proves itself with on a day.
fn identity(
    plan: &Service,
    day: Day,
    twins: &BTreeMap<String, Twin>,
    key: &KeyPair,
) -> Result<system_tests::tls_service::Identity, Box<dyn Error>> {
    let chain = plan.chains.iter().rev().find(|chain| chain.day <= day);
    let chain = chain.ok_or_else(|| format!("{} has no chain on {day}", plan.host))?;
    let issuer = twins.get(&chain.issuer).ok_or_else(|| format!("no certificate {:?}", chain.issuer))?;
    let (host, _) = plan.host.split_once(':').unwrap_or((&plan.host, "443"));
    let days = [day.plus(-BEFORE_DAYS).civil()?, day.plus(AFTER_DAYS).civil()?];
    Ok(issuer.server(host, days, key)?)
}
