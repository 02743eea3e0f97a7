//! `observations/<vantage>.json`: what endpoints were seen to serve, from where and when.

use std::collections::BTreeMap;
use std::fs;

use bundle::{Sha256, UnixSeconds};
use serde::{Deserialize, Serialize};

use crate::certificate::Certificate;
use crate::durable::{self, PUBLIC_MODE};
use crate::repository::Repository;
use crate::{Error, date};

/// The vantage of a person at a command line.
const VANTAGE: &str = "operator";

#[derive(Debug, Default, Serialize, Deserialize)]
struct Observations {
    schema: String,
    endpoints: BTreeMap<String, Observation>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Observation {
    seen: String,
    chain: Vec<Seen>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    sha256: String,
    subject: String,
}

/// Notes what `endpoint` served; an earlier note about it is replaced, git keeps it.
pub(super) fn record(
    repository: &Repository,
    endpoint: &str,
    chain: &[Vec<u8>],
    now: UnixSeconds,
) -> Result<(), Error> {
    let path = repository.folder().join("observations").join(format!("{VANTAGE}.json"));
    let mut observations: Observations = match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
            Error::input("observations", "is not a file of observations").file(&path).because(error)
        })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Observations::default(),
        Err(error) => return Err(Error::io("read", &path, error)),
    };
    observations.schema = "cloud-updater.observations.1".to_owned();
    let chain = chain.iter().map(|der| Seen {
        sha256: Sha256::of(&[der]).to_string(),
        subject: Certificate::parse(der.clone())
            .map_or_else(|_| String::new(), |certificate| certificate.subject),
    });
    let observation = Observation { seen: date::instant(now), chain: chain.collect() };
    observations.endpoints.insert(endpoint.to_owned(), observation);
    let text = serde_json::to_string_pretty(&observations)
        .map_err(|error| Error::bug("observations cannot be written").because(error))?;
    durable::write_file(&path, format!("{text}\n").as_bytes(), PUBLIC_MODE)
}
