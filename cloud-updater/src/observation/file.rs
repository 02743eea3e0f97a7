//! `observations/<vantage>.json`: read whole and checked, changed in memory, written whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bundle::{Sha256, UnixSeconds};

use super::{Attempt, CHAINS_KEPT, EndpointRecord, Handshake, Outcome, SeenChain, TlsVersion, wire};
use crate::durable::{self, PUBLIC_MODE};
use crate::repository::{Layout, files_with};
use crate::word::is_word;
use crate::{Error, input};

/// Bytes of one file: twenty thousand endpoints with chains of their own.
const FILE_BYTES_MAX: u64 = 256 * 1_024 * 1_024;
/// Longest name of a vantage.
const VANTAGE_BYTES_MAX: usize = 64;

/// What one vantage observed.
#[derive(Clone, Debug)]
pub struct Observations {
    vantage: String,
    endpoints: BTreeMap<String, EndpointRecord>,
    certificates: BTreeMap<Sha256, Vec<u8>>,
}

/// The observations of every vantage whose file is in the repository, by vantage.
///
/// What was observed after `now` is not known yet: in a replay of history it lies ahead.
///
/// # Errors
/// Exit code 3 with file and field where one cannot be read: it may hold what speaks against a release.
pub fn read_all(layout: &Layout, now: UnixSeconds) -> Result<Vec<Observations>, Error> {
    let paths = files_with(&layout.observations(), "json")?;
    let mut found = Vec::new();
    for path in paths {
        let mut observations =
            Observations::read_file(&path).map_err(|error| error.place(layout.label(&path)))?;
        observations.forget_after(now);
        found.push(observations);
    }
    Ok(found)
}

impl Observations {
    /// What `vantage` has observed so far: nothing where it has no file.
    ///
    /// # Errors
    /// Exit code 2 where the name is none, 3 where its file cannot be read.
    pub fn open(layout: &Layout, vantage: &str) -> Result<Self, Error> {
        check_vantage(vantage)?;
        let path = layout.observation(vantage);
        if !path.exists() {
            return Ok(Self::empty(vantage));
        }
        Self::read_file(&path).map_err(|error| error.place(layout.label(&path)))
    }

    /// No observation yet.
    #[must_use]
    pub fn empty(vantage: &str) -> Self {
        Self { vantage: vantage.to_owned(), endpoints: BTreeMap::new(), certificates: BTreeMap::new() }
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// Exit code 3 with the field at fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let wire::Parts { vantage, endpoints, certificates } = wire::parse(bytes)?;
        check_vantage(&vantage).map_err(|error| error.field("vantage").exit_with(crate::Exit::BadInput))?;
        Ok(Self { vantage, endpoints, certificates })
    }

    fn read_file(path: &Path) -> Result<Self, Error> {
        let bytes = input::read(path, FILE_BYTES_MAX, "observations")?;
        let observations = Self::parse(&bytes)?;
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        if stem.as_deref() != Some(observations.vantage.as_str()) {
            let message = format!("must be the file's name: {}.json", observations.vantage);
            return Err(Error::input("observations", message).field("vantage"));
        }
        Ok(observations)
    }

    /// The text of the file.
    ///
    /// # Errors
    /// Never for what this program builds.
    pub fn text(&self) -> Result<String, Error> {
        wire::text(&self.vantage, &self.endpoints, &self.certificates)
    }

    /// Writes the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, layout: &Layout) -> Result<PathBuf, Error> {
        let path = layout.observation(&self.vantage);
        durable::write_file(&path, self.text()?.as_bytes(), PUBLIC_MODE)?;
        Ok(path)
    }

    /// Its vantage.
    #[must_use]
    pub fn vantage(&self) -> &str {
        &self.vantage
    }

    /// The endpoints, `host:port`.
    pub fn endpoints(&self) -> impl Iterator<Item = (&str, &EndpointRecord)> {
        self.endpoints.iter().map(|(name, record)| (name.as_str(), record))
    }

    /// What is known of one endpoint.
    #[must_use]
    pub fn endpoint(&self, name: &str) -> Option<&EndpointRecord> {
        self.endpoints.get(name)
    }

    /// A certificate that was served.
    #[must_use]
    pub fn certificate(&self, sha256: Sha256) -> Option<&[u8]> {
        self.certificates.get(&sha256).map(Vec::as_slice)
    }

    /// The certificates of a chain.
    #[must_use]
    pub fn chain(&self, chain: &SeenChain) -> Vec<&[u8]> {
        chain.certificates.iter().filter_map(|sha256| self.certificate(*sha256)).collect()
    }

    /// Notes what came of asking `endpoint` for `services` at `now`.
    pub fn record(
        &mut self,
        endpoint: &str,
        services: &BTreeSet<String>,
        sni: Option<&str>,
        handshakes: Vec<Handshake>,
        now: UnixSeconds,
    ) {
        let known = self.endpoints.entry(endpoint.to_owned()).or_insert_with(|| EndpointRecord {
            services: BTreeSet::new(),
            asked: now,
            attempts: Vec::new(),
            chains: Vec::new(),
        });
        known.services.clone_from(services);
        // Two runs within one second are one observation; a clock that went back is not obeyed.
        known.asked = known.asked.max(now);
        let asked = known.asked;
        known.attempts.clear();
        for Handshake { tls, outcome, detail, chain } in handshakes {
            known.attempts.push(Attempt { tls, outcome, detail });
            if outcome == Outcome::Served && !chain.is_empty() {
                let digests: Vec<Sha256> = chain.iter().map(|der| Sha256::of(&[der])).collect();
                known.see(tls, sni, digests.clone(), asked);
                self.certificates.extend(digests.into_iter().zip(chain));
            }
        }
        known.chains.sort_by_key(|chain| std::cmp::Reverse(chain.last_seen));
        known.chains.truncate(CHAINS_KEPT);
    }

    /// Forgets endpoints that `is_kept` does not want, and certificates that no chain names.
    pub fn retain(&mut self, is_kept: impl Fn(&str, &EndpointRecord) -> bool) {
        self.endpoints.retain(|name, record| is_kept(name, record));
        let chains = self.endpoints.values().flat_map(|record| &record.chains);
        let named: BTreeSet<Sha256> = chains.flat_map(|chain| chain.certificates.iter().copied()).collect();
        self.certificates.retain(|sha256, _| named.contains(sha256));
    }

    fn forget_after(&mut self, now: UnixSeconds) {
        self.endpoints.retain(|_, record| {
            if record.asked <= now {
                return true;
            }
            // What was tried later is not known; the chains seen by then are.
            record.chains.retain(|chain| chain.first_seen <= now);
            for chain in &mut record.chains {
                chain.last_seen = chain.last_seen.min(now);
            }
            let newest = record.chains.iter().map(|chain| chain.last_seen).max();
            record.asked = newest.unwrap_or(now);
            record.attempts.clear();
            newest.is_some()
        });
    }
}

impl EndpointRecord {
    fn see(&mut self, tls: TlsVersion, sni: Option<&str>, certificates: Vec<Sha256>, now: UnixSeconds) {
        if let Some(known) = self.chains.iter_mut().find(|chain| chain.certificates == certificates) {
            if known.last_seen != now {
                known.tls.clear();
            }
            known.tls.insert(tls);
            known.last_seen = now;
            known.sni = sni.map(str::to_owned);
            return;
        }
        let sni = sni.map(str::to_owned);
        self.chains.push(SeenChain {
            tls: BTreeSet::from([tls]),
            sni,
            first_seen: now,
            last_seen: now,
            certificates,
        });
    }
}

/// A vantage is a word that can be a file's name.
fn check_vantage(name: &str) -> Result<(), Error> {
    if is_word(name, VANTAGE_BYTES_MAX) {
        return Ok(());
    }
    let message =
        format!("a vantage's name is 1 to {VANTAGE_BYTES_MAX} lower-case letters, digits and hyphens");
    Err(Error::usage("vantage", message).field("--vantage"))
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
