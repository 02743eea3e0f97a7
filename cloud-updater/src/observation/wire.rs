//! The JSON of a file of observations, and its way to and from the types: total, whatever the file holds.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bundle::{Sha256, UnixSeconds};
use serde::{Deserialize, Serialize};

use super::{
    Attempt, CHAIN_BYTES_MAX, CHAIN_MAX, CHAINS_KEPT, EndpointRecord, Outcome, SeenChain, TlsVersion,
};
use crate::printable::printable;
use crate::{Error, date, hexadecimal};

/// Name of the form.
pub(super) const SCHEMA: &str = "cloud-updater.observations.2";
/// Endpoints in one file: the services of a large fleet, host by host.
const ENDPOINTS_MAX: usize = 20_000;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct File {
    schema: String,
    vantage: String,
    endpoints: BTreeMap<String, Endpoint>,
    certificates: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Endpoint {
    services: BTreeSet<String>,
    asked: String,
    attempts: Vec<Tried>,
    chains: Vec<Chain>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Tried {
    tls: TlsVersion,
    outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Chain {
    tls: BTreeSet<TlsVersion>,
    sni: Option<String>,
    first_seen: String,
    last_seen: String,
    certificates: Vec<String>,
}

/// What a file says, checked.
pub(super) struct Parts {
    pub(super) vantage: String,
    pub(super) endpoints: BTreeMap<String, EndpointRecord>,
    pub(super) certificates: BTreeMap<Sha256, Vec<u8>>,
}

/// Reads the text of a file.
pub(super) fn parse(bytes: &[u8]) -> Result<Parts, Error> {
    let wrong = |message: &str| Error::input("observations", message);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let file: File = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        let inner = error.into_inner();
        wrong("is not a file of observations").field(printable(&field)).because(inner)
    })?;
    reader.end().map_err(|error| wrong("goes on after its end").because(error))?;
    if file.schema != SCHEMA {
        let error = wrong("has another form than this version reads").field("schema");
        return Err(error.hint("observe again: remove the file, then cloud-updater watch --once"));
    }
    if file.endpoints.len() > ENDPOINTS_MAX {
        return Err(wrong("names too many endpoints").field("endpoints"));
    }
    let mut certificates = BTreeMap::new();
    for (name, text) in file.certificates {
        let field = format!("certificates.{}", printable(&name));
        let der =
            STANDARD.decode(text).map_err(|error| wrong("is not Base64").field(&field).because(error))?;
        if der.len() > CHAIN_BYTES_MAX {
            return Err(wrong("is too large for a certificate").field(&field));
        }
        let sha256 = Sha256::of(&[&der]);
        if digest(&name) != Some(sha256) {
            return Err(wrong("is not the certificate with this SHA-256").field(&field));
        }
        certificates.insert(sha256, der);
    }
    let mut endpoints = BTreeMap::new();
    for (name, endpoint) in file.endpoints {
        let field = format!("endpoints.{}", printable(&name));
        let has_port = |(_, port): (&str, u16)| name.ends_with(&format!(":{port}"));
        if !bundle::split_host_port(&name).is_some_and(has_port) {
            return Err(wrong("is not an endpoint: host:port").field(&field));
        }
        let record = endpoint.record(&certificates).map_err(|(part, message)| {
            Error::input("observations", message).field(format!("{field}.{part}"))
        })?;
        endpoints.insert(name, record);
    }
    Ok(Parts { vantage: file.vantage, endpoints, certificates })
}

impl Endpoint {
    fn record(self, known: &BTreeMap<Sha256, Vec<u8>>) -> Result<EndpointRecord, (String, String)> {
        let asked = time("asked", &self.asked)?;
        if self.chains.len() > CHAINS_KEPT {
            return Err(("chains".to_owned(), format!("are more than {CHAINS_KEPT}")));
        }
        let chains = (0..).zip(self.chains);
        let chains: Result<Vec<SeenChain>, _> =
            chains.map(|(index, chain)| chain.seen(&format!("chains[{index}]"), asked, known)).collect();
        let attempts = self.attempts.into_iter().take(TlsVersion::ALL.len());
        let attempts = attempts.map(|tried| Attempt {
            tls: tried.tls,
            outcome: tried.outcome,
            detail: tried.detail.map(|detail| printable(&detail)),
        });
        let services = self.services.iter().map(|name| printable(name)).collect();
        let mut record = EndpointRecord { services, asked, attempts: attempts.collect(), chains: chains? };
        record.chains.sort_by_key(|chain| std::cmp::Reverse(chain.last_seen));
        Ok(record)
    }
}

impl Chain {
    fn seen(
        self,
        place: &str,
        asked: UnixSeconds,
        known: &BTreeMap<Sha256, Vec<u8>>,
    ) -> Result<SeenChain, (String, String)> {
        let first_seen = time(&format!("{place}.first_seen"), &self.first_seen)?;
        let last_seen = time(&format!("{place}.last_seen"), &self.last_seen)?;
        if first_seen > last_seen || last_seen > asked {
            return Err((
                place.to_owned(),
                "was seen before it was first seen, or after it was asked".to_owned(),
            ));
        }
        if self.certificates.is_empty() || self.certificates.len() > CHAIN_MAX {
            return Err((format!("{place}.certificates"), format!("must be 1 to {CHAIN_MAX}")));
        }
        let mut certificates = Vec::new();
        for text in &self.certificates {
            let sha256 = digest(text).filter(|sha256| known.contains_key(sha256)).ok_or_else(|| {
                (
                    format!("{place}.certificates"),
                    "names a certificate that the file does not hold".to_owned(),
                )
            })?;
            certificates.push(sha256);
        }
        let sni = self.sni.map(|name| printable(&name));
        Ok(SeenChain { tls: self.tls, sni, first_seen, last_seen, certificates })
    }
}

/// The text of a file.
pub(super) fn text(
    vantage: &str,
    endpoints: &BTreeMap<String, EndpointRecord>,
    certificates: &BTreeMap<Sha256, Vec<u8>>,
) -> Result<String, Error> {
    let endpoints = endpoints.iter().map(|(name, record)| (name.clone(), Endpoint::of(record))).collect();
    let certificates =
        certificates.iter().map(|(sha256, der)| (sha256.to_string(), STANDARD.encode(der))).collect();
    let file = File { schema: SCHEMA.to_owned(), vantage: vantage.to_owned(), endpoints, certificates };
    let text = serde_json::to_string_pretty(&file)
        .map_err(|error| Error::bug("observations cannot be written").because(error))?;
    Ok(format!("{text}\n"))
}

impl Endpoint {
    fn of(record: &EndpointRecord) -> Self {
        let attempts = record.attempts.iter().map(|attempt| Tried {
            tls: attempt.tls,
            outcome: attempt.outcome,
            detail: attempt.detail.clone(),
        });
        let chains = record.chains.iter().map(|chain| Chain {
            tls: chain.tls.clone(),
            sni: chain.sni.clone(),
            first_seen: date::instant(chain.first_seen),
            last_seen: date::instant(chain.last_seen),
            certificates: chain.certificates.iter().map(Sha256::to_string).collect(),
        });
        Self {
            services: record.services.clone(),
            asked: date::instant(record.asked),
            attempts: attempts.collect(),
            chains: chains.collect(),
        }
    }
}

fn digest(text: &str) -> Option<Sha256> {
    hexadecimal::parse(text).map(Sha256)
}

fn time(field: &str, text: &str) -> Result<UnixSeconds, (String, String)> {
    date::parse(text).map_err(|message| (field.to_owned(), message))
}
