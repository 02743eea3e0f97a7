//! What a source says about certificates, in one form whatever the source is.

use std::collections::{BTreeMap, BTreeSet};

use bundle::Sha256;
use serde::{Deserialize, Serialize};

use crate::certificate::Certificate;
use crate::{Error, date};

/// What a source says about one certificate. What it does not say is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Statement {
    /// The certificate's subject, or the name that the source gives it.
    pub subject: String,
    /// First day of validity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// Last day of validity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<String>,
    /// Whether it is trusted for TLS servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_trusted_for_tls: Option<bool>,
    /// Server certificates issued after this day are not trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distrust_after: Option<String>,
    /// DNS names below which alone it is trusted.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub constraints: BTreeSet<String>,
    /// How each root programme has it: `mozilla` is `Included`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub programmes: BTreeMap<String, String>,
    /// Why and how it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<String>,
    /// The certificate above it, where the source has one: SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Services that are expected to chain to it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub services: BTreeSet<String>,
    /// What the source adds in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A part of a source that could not be used; the rest counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where: `line 812`, `certs/old.pem`.
    pub place: String,
    /// What is wrong there.
    pub message: String,
}

/// Everything that a source says at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Statements, by the certificate's SHA-256.
    pub statements: BTreeMap<Sha256, Statement>,
    /// Certificates that came along, in DER.
    pub certificates: BTreeMap<Sha256, Vec<u8>>,
    /// What could not be used.
    pub faults: Vec<Fault>,
}

impl Statement {
    /// What the certificate says of itself.
    pub(super) fn of(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject.clone(),
            valid_from: Some(date::day(certificate.not_before)),
            valid_to: Some(date::day(certificate.not_after)),
            ..Self::default()
        }
    }

    /// Its fields with their values as text.
    #[must_use]
    pub fn fields(&self) -> BTreeMap<String, String> {
        let value = serde_json::to_value(self).unwrap_or_default();
        let text =
            |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let fields = value.as_object().into_iter().flatten();
        fields.map(|(name, value)| (name.clone(), text(value))).collect()
    }
}

impl Said {
    /// Adds a certificate with what it says of itself.
    pub(super) fn add(&mut self, certificate: &Certificate) {
        self.statements.entry(certificate.sha256).or_insert_with(|| Statement::of(certificate));
        self.certificates.insert(certificate.sha256, certificate.der().to_vec());
    }

    /// Notes what could not be used.
    pub(super) fn fault(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.faults.push(Fault { place: place.into(), message: message.into() });
    }

    /// The version of what was said: the hash of its statements.
    ///
    /// # Errors
    /// Exit code 70: the statements cannot be written.
    pub fn version(&self) -> Result<Sha256, Error> {
        version(&self.statements)
    }
}

/// The hash of statements: of their JSON, whose order is that of their digests and fields.
pub(super) fn version(statements: &BTreeMap<Sha256, Statement>) -> Result<Sha256, Error> {
    let named: Vec<(String, &Statement)> =
        statements.iter().map(|(sha256, statement)| (sha256.to_string(), statement)).collect();
    let text = serde_json::to_vec(&named)
        .map_err(|error| Error::bug("statements cannot be written").because(error))?;
    Ok(Sha256::of(&[&text]))
}
