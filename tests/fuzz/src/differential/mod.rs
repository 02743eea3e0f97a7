//! One certificate, read by several parsers: what each makes of every field, and where they differ.
//!
//! Every parser's answer is brought into one form, [`Reading`]: text that is the same where the meaning is. Where two
//! parsers that both take a certificate say different things of a field, that is a [`Difference`]; each known kind of
//! it stands in `exceptions.toml` with its reason.

mod exceptions;
mod hexadecimal;
mod ours;
mod x509_cert;
mod x509_parser;

use std::collections::BTreeMap;

pub use exceptions::{Exception, exceptions};
pub use hexadecimal::hexadecimal;

/// What is compared of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Whether it is taken for a certificate at all.
    Accepted,
    /// Addresses of the subjectAltName.
    Addresses,
    /// The issuer's key identifier.
    AuthorityKeyId,
    /// DNS names of the subjectAltName.
    DnsNames,
    /// The purposes of the extended key usage.
    ExtendedKeyUsage,
    /// Whether it may issue certificates, by version, basicConstraints and keyUsage together.
    IsCa,
    /// The issuer's name in DER.
    Issuer,
    /// Whether keyUsage, where it stands there, says keyCertSign.
    MaySignCertificates,
    /// The name constraints.
    NameConstraints,
    /// The last moment of validity.
    NotAfter,
    /// The first moment of validity.
    NotBefore,
    /// The path length of basicConstraints.
    PathLength,
    /// The serial number.
    Serial,
    /// The SubjectPublicKeyInfo in DER.
    Spki,
    /// The subject's name in DER.
    Subject,
    /// The subject key identifier.
    SubjectKeyId,
    /// The version.
    Version,
}

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parser {
    /// `chain` and the verifier below it: what a device sees.
    Chain,
    /// `cloud-updater`: what an operator sees.
    Cloud,
    /// `openssl x509`.
    OpenSsl,
    /// The crate `x509-cert`.
    X509Cert,
    /// The crate `x509-parser`.
    X509Parser,
}

/// What a parser says of a certificate: the fields it has a word for.
pub type Reading = BTreeMap<Field, String>;

/// Two parsers say different things of a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The field.
    pub field: Field,
    /// Who says what [`Parser::Chain`] does not say.
    pub parser: Parser,
    /// What they say.
    pub said: (String, String),
}

/// What stands for a field that is not there.
pub const ABSENT: &str = "absent";
/// What stands for an extension that is there and cannot be read, or is there twice.
pub const MALFORMED: &str = "malformed";

impl Field {
    /// The word for it, as `exceptions.toml` has it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Addresses => "addresses",
            Self::AuthorityKeyId => "authority-key-id",
            Self::DnsNames => "dns-names",
            Self::ExtendedKeyUsage => "extended-key-usage",
            Self::IsCa => "is-ca",
            Self::Issuer => "issuer",
            Self::MaySignCertificates => "may-sign-certificates",
            Self::NameConstraints => "name-constraints",
            Self::NotAfter => "not-after",
            Self::NotBefore => "not-before",
            Self::PathLength => "path-length",
            Self::Serial => "serial",
            Self::Spki => "spki",
            Self::Subject => "subject",
            Self::SubjectKeyId => "subject-key-id",
            Self::Version => "version",
        }
    }
}

impl Parser {
    /// The word for it, as `exceptions.toml` has it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Cloud => "cloud-updater",
            Self::OpenSsl => "openssl",
            Self::X509Cert => "x509-cert",
            Self::X509Parser => "x509-parser",
        }
    }

    /// What it makes of a certificate; `None` where that is none, or where it has to be asked in another way.
    #[must_use]
    pub fn read(self, der: &[u8]) -> Option<Reading> {
        match self {
            Self::Chain => ours::chain(der),
            Self::Cloud => ours::cloud(der),
            Self::OpenSsl => None,
            Self::X509Cert => x509_cert::read(der),
            Self::X509Parser => x509_parser::read(der),
        }
    }
}

/// Where `parser` differs from what `chain` says.
#[must_use]
pub fn differences(chain: Option<&Reading>, parser: Parser, other: Option<&Reading>) -> Vec<Difference> {
    let difference = |field, said| Difference { field, parser, said };
    match (chain, other) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![difference(Field::Accepted, ("yes".to_owned(), "no".to_owned()))],
        (None, Some(_)) => vec![difference(Field::Accepted, ("no".to_owned(), "yes".to_owned()))],
        (Some(chain), Some(other)) => chain
            .iter()
            .filter_map(|(field, said)| {
                let theirs = other.get(field).filter(|theirs| *theirs != said)?;
                Some(difference(*field, (said.clone(), theirs.clone())))
            })
            .collect(),
    }
}

/// Whether it may issue certificates, as RFC 5280 has it and old trust stores need it: a version 1 certificate has no
/// place to say so, and is one where it names itself as its issuer.
pub(crate) fn is_ca(reading: &Reading, basic_constraints: bool) -> String {
    let says = |field, word: &str| reading.get(&field).is_some_and(|said| said == word);
    let is_ca = if says(Field::Version, "3") {
        basic_constraints && says(Field::MaySignCertificates, "yes")
    } else {
        reading.get(&Field::Issuer) == reading.get(&Field::Subject)
    };
    yes(is_ca)
}

/// The word for a truth.
#[must_use]
pub fn yes(is_true: bool) -> String {
    if is_true { "yes" } else { "no" }.to_owned()
}

/// A list in one line.
#[must_use]
pub fn list<T: AsRef<[u8]>>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| hexadecimal(item.as_ref())).collect::<Vec<_>>().join(" ")
}
