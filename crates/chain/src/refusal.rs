//! Why a chain is refused, from the reason that must never be hidden to the one that says least.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bundle::{Denial, DenialKind, ExpectedName, Sha256, UnixSeconds};

use crate::text::cut;
use crate::{Certificate, DateText, Purpose};

/// Why no path of a chain is acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// No path leads to an anchor of the service.
    Chain(ChainFault),
    /// The anchor is trusted only under constraints, and none of its sets holds.
    Constraint {
        /// The anchor.
        anchor: CertificateLabel,
    },
    /// A certificate is not valid now.
    Date {
        /// The certificate.
        certificate: CertificateLabel,
        /// First moment of its validity.
        not_before: UnixSeconds,
        /// Last moment of its validity.
        not_after: UnixSeconds,
        /// The moment it was judged at.
        judged_at: UnixSeconds,
    },
    /// A certificate is on the deny list.
    Denied {
        /// The certificate.
        certificate: CertificateLabel,
        /// The entry of the deny list.
        denial: Denial,
    },
    /// The service has expectations of a name in the peer's certificate, and none fits.
    Expectation {
        /// Which name.
        name: ExpectedName,
        /// What stands there.
        presented: String,
    },
    /// The certificate is not for the name that was asked for.
    Name {
        /// What was asked for.
        asked: String,
        /// The DNS names it is for, the first few of them.
        presented: Vec<String>,
    },
    /// The service has pins, and no certificate of the path is pinned.
    Pin {
        /// The anchor of the path.
        anchor: CertificateLabel,
    },
    /// A certificate may not be used for this.
    Purpose {
        /// The certificate: an anchor of the bundle, or one of the chain.
        certificate: CertificateLabel,
        /// The purpose it lacks.
        purpose: Purpose,
    },
}

/// What is wrong with the links of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainFault {
    /// A CA certificate where a peer's own belongs, or the other way round, or too many of them in a row.
    Role(String),
    /// A certificate cannot be read.
    Malformed(String),
    /// A signature does not verify, or its algorithm is none that this build verifies.
    Signature(String),
    /// The certificates' own name constraints do not allow the name.
    NameConstraint,
    /// A certificate breaks a rule that every certificate of its place keeps to.
    Profile {
        /// The certificate.
        certificate: CertificateLabel,
        /// The field, as RFC 5280 names it.
        field: &'static str,
        /// What is wrong with it.
        words: &'static str,
    },
    /// The issuer is neither an anchor of the service, nor among the intermediates.
    UnknownIssuer {
        /// The issuer that is missing.
        issuer: String,
    },
}

/// Which certificate is meant: for people its subject, for machines its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateLabel {
    /// SHA-256 of the certificate.
    pub sha256: Sha256,
    /// The most telling part of its subject.
    pub subject: String,
}

impl Refusal {
    /// The stable code for reports: `chain`, `constraint`, `date`, `denied`, `expectation`, `name`, `pin` or `purpose`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Chain(_) => "chain",
            Self::Constraint { .. } => "constraint",
            Self::Date { .. } => "date",
            Self::Denied { .. } => "denied",
            Self::Expectation { .. } => "expectation",
            Self::Name { .. } => "name",
            Self::Pin { .. } => "pin",
            Self::Purpose { .. } => "purpose",
        }
    }

    /// The more useful of two reasons.
    ///
    /// A denial is never hidden by anything. A wrong name comes next: another server answered. Then what got
    /// furthest: a path that fails only an expectation or its pin is nearer to the truth than one that ends nowhere.
    #[must_use]
    pub(crate) fn or_better(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.rank() > self.rank() => other,
            _ => self,
        }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Denied { .. } => 7,
            Self::Name { .. } => 6,
            Self::Expectation { .. } => 5,
            Self::Pin { .. } => 4,
            Self::Constraint { .. } => 3,
            Self::Purpose { .. } => 2,
            Self::Date { .. } => 1,
            Self::Chain(_) => 0,
        }
    }
}

impl CertificateLabel {
    pub(crate) fn of(certificate: &Certificate<'_>) -> Self {
        let subject = certificate.subject();
        Self { sha256: certificate.sha256(), subject: subject.label().map_or_else(|| cut(subject), cut) }
    }
}

impl fmt::Display for CertificateLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = if self.subject.is_empty() { "a certificate without a subject" } else { &self.subject };
        write!(f, "{subject} (sha256 {})", self.sha256)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain(fault) => fault.fmt(f),
            Self::Constraint { anchor } => {
                write!(f, "the constraints on anchor {anchor} do not allow this certificate")
            }
            Self::Date { certificate, not_before, not_after, judged_at } if judged_at < not_before => {
                let (from, at) = (DateText(*not_before), DateText(*judged_at));
                let _ = not_after;
                write!(f, "{certificate} is valid from {from}, and it is {at}")
            }
            Self::Date { certificate, not_after, judged_at, .. } => {
                let (until, at) = (DateText(*not_after), DateText(*judged_at));
                write!(f, "{certificate} was valid until {until}, and it is {at}")
            }
            Self::Denied { certificate, denial } => match denial.kind {
                DenialKind::Certificate => write!(f, "{certificate} is on the deny list"),
                DenialKind::Spki => {
                    write!(f, "the key of {certificate} is on the deny list as {}", denial.sha256)
                }
            },
            Self::Expectation { name, presented } => {
                let name = name.words();
                write!(f, "the certificate's {name} is \"{presented}\", and the service expects another one")
            }
            Self::Name { asked, presented } if presented.is_empty() => {
                write!(f, "the certificate names no host, and {asked} was asked for")
            }
            Self::Name { asked, presented } => {
                write!(f, "the certificate is for {}, not for {asked}", presented.join(", "))
            }
            Self::Pin { anchor } => {
                write!(f, "no certificate on the path to anchor {anchor} is pinned for the service")
            }
            Self::Purpose { certificate, purpose } => {
                let name = purpose.bit().names().next().unwrap_or_default();
                write!(f, "{certificate} may not be used for {name}")
            }
        }
    }
}

impl fmt::Display for ChainFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(what) | Self::Malformed(what) | Self::Signature(what) => f.write_str(what),
            Self::NameConstraint => f.write_str("a CA of the chain may not vouch for this name"),
            Self::Profile { certificate, field, words } => write!(f, "{certificate}: {field} {words}"),
            Self::UnknownIssuer { issuer } => {
                write!(f, "no anchor of the service leads to the issuer {issuer}")
            }
        }
    }
}

impl core::error::Error for Refusal {}

impl core::error::Error for ChainFault {}
