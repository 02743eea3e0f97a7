//! An operator and the customers' devices, with the real programs: over twins, or over the real certificates.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use rustls_pki_types::CertificateDer;
use serde_json::Value;
use system_tests::{
    gateway::{Gateway, Setup, place},
    operator::{HEADS, Operator, PEOPLE, RECOVERIES},
    pki,
    process::{Background, run},
    web,
};
use tempfile::TempDir;

use super::{
    day::Day,
    file::{Act, Asks, Scenario},
    stage::Stage,
};
use crate::{scenery::serve, step::require};

/// How long the server may take to show what was published.
const PATIENCE: Duration = Duration::from_secs(10);
/// The exit code of a command that was given what it refuses.
const REFUSED: i32 = 3;

/// An operator's repository with a channel for each customer, and a device of each.
pub(crate) struct Fleet {
    scenario: Scenario,
    certificates: BTreeMap<String, CertificateDer<'static>>,
    asks: BTreeMap<String, Asks>,
    operator: Operator,
    server: Option<(Background, String)>,
    devices: BTreeMap<String, Gateway>,
    resolve: Vec<(String, std::net::SocketAddr)>,
    /// The newest release of each channel.
    pub(crate) releases: BTreeMap<String, u64>,
    folder: TempDir,
}

/// What came of an act of the operator's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    /// What the linter said of the drafts.
    pub(crate) findings: Vec<Value>,
    /// Customers of whom the notice says that they need do nothing.
    pub(crate) untouched: Vec<String>,
    /// Customers who would lose a service, as the coverage matrix has it.
    pub(crate) would_lose: Vec<String>,
    /// Why it was not published.
    pub(crate) refused: Option<String>,
}

impl Fleet {
    /// An operator with keys and a keyring; nothing is trusted yet. Without a stage nobody is asked, and no device is there.
    pub(crate) fn new(
        scenario: &Scenario,
        certificates: BTreeMap<String, CertificateDer<'static>>,
        stage: Option<&Stage>,
    ) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let operator = Operator::new(&folder.path().join("operator"))?;
        let now = operator.on(&scenario.from.noon());
        let channels: Vec<&str> = scenario.customers.keys().map(String::as_str).collect();
        now.init("scenario", &channels)?;
        for name in PEOPLE.iter().chain(&HEADS).chain(&RECOVERIES) {
            now.make_key(name)?;
        }
        now.assign_roles()?;
        now.publish_keyring()?;
        let server = stage.map(|_| serve(&now)).transpose()?;
        Ok(Self {
            scenario: scenario.clone(),
            certificates,
            asks: BTreeMap::new(),
            operator,
            server,
            devices: BTreeMap::new(),
            resolve: stage.map(Stage::resolve).unwrap_or_default(),
            releases: BTreeMap::new(),
            folder,
        })
    }

    /// The operator on a day.
    pub(crate) fn on(&self, day: Day) -> Operator {
        self.operator.on(&day.noon())
    }

    /// A certificate as a file.
    pub(crate) fn file(&self, name: &str) -> Result<Option<PathBuf>, Box<dyn Error>> {
        let Some(certificate) = self.certificates.get(name) else { return Ok(None) };
        let path = self.folder.path().join(format!("{name}.pem"));
        place(&path, pki::pem(certificate).as_bytes())?;
        Ok(Some(path))
    }

    /// Does what the scenario has for a day; one that must be refused is tried in a copy of everything.
    pub(crate) fn act(&mut self, act: &Act) -> Result<Done, Box<dyn Error>> {
        if !act.refused {
            self.asks.extend(act.asks.clone());
            let done = self.change(&self.on(act.day), act)?;
            self.release(act, done)
        } else if self.server.is_some() {
            self.attempt(act)
        } else {
            // Nobody knows what endpoints serve where none was asked: there is nothing that would refuse it.
            Ok(Done::default())
        }
    }

    fn attempt(&self, act: &Act) -> Result<Done, Box<dyn Error>> {
        let copy = tempfile::tempdir()?;
        let mut command = Command::new("cp");
        command.arg("-r").arg(self.folder.path().join("operator")).arg(copy.path());
        run(&mut command, "")?.success()?;
        let operator = Operator::new(&copy.path().join("operator"))?.on(&act.day.noon());
        let (mut done, mut drafts) = self.change(&operator, act)?;
        // One who would be cut off is enough: nobody else's release has to be signed to see that this one is refused.
        let Some(customer) = done.would_lose.first() else { return Ok(done) };
        drafts.retain(|draft| draft.starts_with(&format!("channels/{customer}/")));
        sign(&operator, &drafts)?;
        let ended = operator.run(&["--channel", customer, "publish"])?;
        if ended.status.code() == Some(REFUSED) {
            // Whatever else could be wrong with it is no reason that counts here.
            let why = ended.errors.lines().find(|line| line.contains(" is lost"));
            done.refused = why.map(|line| line.trim().to_owned());
        }
        Ok(done)
    }

    /// Changes what the repository holds, and drafts the releases that carry it; their files.
    fn change(&self, operator: &Operator, act: &Act) -> Result<(Done, Vec<String>), Box<dyn Error>> {
        let reason = act.reason.as_str();
        for name in &act.add {
            let Some(file) = self.file(name)? else { continue };
            let file = file.to_string_lossy();
            let mut words = vec!["anchor", "add", &file, "--name", name, "--reason", reason];
            act.allow.iter().for_each(|rule| words.extend(["--allow", rule]));
            if self.scenario.certificates.get(name).is_some_and(|source| source.issuer.is_some()) {
                words.push("--intermediate");
            }
            operator.done(&words)?;
        }
        for name in act.remove.iter().filter(|name| self.certificates.contains_key(*name)) {
            operator.done(&["anchor", "remove", name, "--reason", reason])?;
        }
        operator.describe_services(&self.services()?)?;
        let (mut done, mut drafts) = (Done::default(), Vec::new());
        for customer in self.touched(act) {
            let mut words = vec!["--channel", customer, "draft", "--reason", reason];
            act.allow_in_draft.iter().for_each(|rule| words.extend(["--allow", rule]));
            let answer = operator.answer(&words)?;
            done.findings.extend(answer["findings"].as_array().cloned().unwrap_or_default());
            drafts.extend(
                answer["files"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|it| it.as_str().map(str::to_owned)),
            );
            let covered = operator.run(&["--channel", customer, "coverage"])?;
            done.would_lose.extend((!covered.status.success()).then(|| customer.to_owned()));
            // It ends with 1 where somebody must do something, which is no failure.
            let notice = operator.run(&["--channel", customer, "notice"])?.output;
            done.untouched.extend(notice.contains("Nobody has to do anything").then(|| customer.to_owned()));
        }
        Ok((done, drafts))
    }

    /// Signs, publishes and hands out what was drafted.
    fn release(&mut self, act: &Act, (done, drafts): (Done, Vec<String>)) -> Result<Done, Box<dyn Error>> {
        let operator = self.on(act.day);
        sign(&operator, &drafts)?;
        operator.done(&["publish"])?;
        let touched: Vec<String> = self.touched(act).map(str::to_owned).collect();
        for customer in &touched {
            *self.releases.entry(customer.clone()).or_default() += 1;
        }
        // The others' heads are signed on the same day, by the same timer.
        let others = self.customers().into_iter().filter(|customer| !touched.contains(customer));
        self.heads(act.day, &others.chain(touched.clone()).collect::<Vec<_>>())?;
        if self.server.is_some() {
            for customer in &touched {
                if !self.devices.contains_key(customer) {
                    let device = self.device(&operator, customer)?;
                    self.devices.insert(customer.clone(), device);
                }
            }
        }
        Ok(done)
    }

    /// Customers whose bundles an act changes.
    fn touched<'a>(&'a self, act: &'a Act) -> impl Iterator<Item = &'a str> {
        let all = !act.add.is_empty() || !act.remove.is_empty();
        let customers = self.scenario.customers.keys().map(String::as_str);
        customers.filter(move |customer| all || act.asks.contains_key(*customer))
    }

    /// Signs heads anew, as a timer does every day, and waits until they are served.
    pub(crate) fn heads(&self, day: Day, customers: &[String]) -> Result<(), Box<dyn Error>> {
        let operator = self.on(day);
        let key = operator.key(HEADS[0]);
        for customer in customers {
            operator.done(&["--channel", customer, "head", "sign", "--head-key", &key.to_string_lossy()])?;
        }
        let Some((_, url)) = &self.server else { return Ok(()) };
        let address = url.trim_start_matches("http://").trim_end_matches('/').parse()?;
        let deadline = Instant::now() + PATIENCE;
        for path in customers.iter().map(|customer| format!("{customer}/head")) {
            let head = fs::read(operator.tree().join(&path))?;
            while web::fetch(address, &path)? != (200, head.clone()) {
                require(Instant::now() < deadline, || format!("the server does not serve the new {path}"))?;
            }
        }
        Ok(())
    }

    /// Lets every device check once; what is not as it should be.
    pub(crate) fn check(&self, day: Day) -> Result<Vec<(String, String)>, Box<dyn Error>> {
        let mut faults = Vec::new();
        for (customer, device) in &self.devices {
            let ended = device.check(Some(&day.noon()))?;
            let cycle: Value = serde_json::from_str(&ended.output).unwrap_or_default();
            let release = self.releases.get(customer).copied().unwrap_or_default().to_string();
            let has_it = cycle["subject"] == release.as_str()
                && (cycle["reason"] == "confirmed" || cycle["reason"] == "up_to_date");
            if !has_it {
                faults
                    .push((customer.clone(), format!("its device does not have release {release}: {ended}")));
            }
        }
        Ok(faults)
    }

    /// Customers that have a device by now.
    pub(crate) fn customers(&self) -> Vec<String> {
        self.devices.keys().cloned().collect()
    }

    /// What a customer's device makes of a service in a real handshake: nothing where it is served, else why it is not.
    pub(crate) fn probe(
        &self,
        customer: &str,
        service: &str,
        day: Day,
    ) -> Result<Option<String>, Box<dyn Error>> {
        let device = self.devices.get(customer).ok_or_else(|| format!("{customer} has no device yet"))?;
        let host = &self.scenario.services.get(service).ok_or("no such service")?.host;
        let name = named(service, customer);
        let ended = device.agent(&["--json", "--as-of", &day.noon(), "probe", host, "--service", &name])?;
        let answer: Value =
            serde_json::from_str(&ended.output).map_err(|error| format!("{error}\n{ended}"))?;
        let verdict = &answer["verdicts"][0];
        if verdict["code"] == "verified" {
            return Ok(None);
        }
        let said = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(Some(format!("{}: {}", said(&verdict["code"]), said(&verdict["message"]))))
    }

    /// The words of the resolver table, as the watcher takes them.
    pub(crate) fn resolve(&self) -> String {
        let words = self.resolve.iter().map(|(host, address)| format!("{host}={address}"));
        words.collect::<Vec<_>>().join(",")
    }

    fn device(&self, operator: &Operator, customer: &str) -> Result<Gateway, Box<dyn Error>> {
        let seed = self.folder.path().join(format!("{customer}.seed"));
        operator.done(&["--channel", customer, "export", "seed", "--out", &seed.to_string_lossy()])?;
        let url = self.server.as_ref().map(|(_, url)| url.clone());
        Ok(Gateway::new(&Setup {
            id: customer,
            channel: customer,
            urls: url.into_iter().collect(),
            seed: &fs::read(seed)?,
            resolve: self.resolve.clone(),
            extra: "",
        })?)
    }

    /// `services.toml`: each service once for each customer, for they ask different things of it.
    fn services(&self) -> Result<String, Box<dyn Error>> {
        let mut services = toml::Table::new();
        for (customer, it) in &self.scenario.customers {
            for service in &it.uses {
                let plan = self.scenario.services.get(service).ok_or_else(|| format!("no {service:?}"))?;
                let mut table = toml::Table::new();
                table.insert("hosts".into(), vec![plan.host.clone()].into());
                table.insert("anchors".into(), "all".into());
                table.insert("channels".into(), vec![customer.clone()].into());
                if let Some(asks) = self.asks.get(customer) {
                    table.insert("pins".into(), asks.pins.clone().into());
                    table.insert("expect".into(), asks.expect.clone().into());
                }
                services.insert(named(service, customer), table.into());
            }
        }
        let file: toml::Table = [("services".to_owned(), services.into())].into_iter().collect();
        Ok(toml::to_string(&file)?)
    }

    /// Names of everything that is in the fleet's hands.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.certificates.keys().map(String::as_str).collect()
    }
}

/// A customer's service, by the name that its bundle has for it.
pub(crate) fn named(service: &str, customer: &str) -> String {
    format!("{service}-{customer}")
}

fn sign(operator: &Operator, drafts: &[String]) -> Result<(), Box<dyn Error>> {
    Ok(operator.sign(drafts.iter().map(String::as_str), &PEOPLE[..2])?)
}
