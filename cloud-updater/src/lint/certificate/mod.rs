//! What is wrong with one certificate: everything at once, on any bytes.

mod encoding;
mod issuing;
mod key;
mod name_constraints;
mod purposes;
mod validity;

#[cfg(test)]
pub(super) mod samples;
#[cfg(test)]
mod tests;

pub(super) use validity::NOTICE_DAYS;

use bundle::{UnixSeconds, limits};
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::prelude::FromDer as _;

use super::rule::Problem;
use super::rules::encoding::{MALFORMED, TOO_LARGE, UNREADABLE_ON_DEVICES};

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Chains end at it.
    Anchor,
    /// It helps path building, and something else vouches for it.
    Intermediate,
}

/// A certificate that could be read, and under what circumstances it is looked at.
struct Look<'a> {
    x509: &'a X509Certificate<'a>,
    role: Role,
    /// Subject and issuer are the same name: nobody else vouches for it.
    is_self_issued: bool,
    now: UnixSeconds,
}

/// Every rule that the certificate breaks at `now`. Where no role is given, what is self-issued is an anchor.
#[must_use]
pub fn examine(der: &[u8], role: Option<Role>, now: UnixSeconds) -> Vec<Problem> {
    let mut problems = Vec::new();
    if u32::try_from(der.len()).map_or(true, |length| length > limits::CERTIFICATE_BYTES_MAX) {
        problems.push(TOO_LARGE.broken(format!("has {} bytes", der.len())));
    }
    let (rest, x509) = match X509Certificate::from_der(der) {
        Ok(read) => read,
        Err(error) => {
            let why = why_malformed(der, &error);
            problems.push(MALFORMED.broken(format!("is not an X.509 certificate in DER: {why}")));
            return problems;
        }
    };
    if !rest.is_empty() {
        problems.push(MALFORMED.broken(format!("is followed by {} bytes that do not belong", rest.len())));
    }
    let is_self_issued = x509.subject().as_raw() == x509.issuer().as_raw();
    let role = role.unwrap_or(if is_self_issued { Role::Anchor } else { Role::Intermediate });
    let look = Look { x509: &x509, role, is_self_issued, now };
    for part in [
        encoding::examine,
        validity::examine,
        key::examine,
        issuing::examine,
        purposes::examine,
        name_constraints::examine,
    ] {
        part(&look, &mut problems);
    }
    // The readers that devices run have the last word, whatever the rules above say.
    let read = der.get(..der.len().saturating_sub(rest.len())).unwrap_or(der);
    problems.extend(why_unreadable(read).map(|why| UNREADABLE_ON_DEVICES.broken(why)));
    problems
}

/// The field at fault where the devices' reader finds one: it says more than the other parser.
fn why_malformed(der: &[u8], error: &x509_parser::nom::Err<X509Error>) -> String {
    if let Err(error) = chain::Certificate::parse(der) {
        return error.to_string();
    }
    match error {
        x509_parser::nom::Err::Incomplete(_) => "it is cut off".to_owned(),
        x509_parser::nom::Err::Error(error) | x509_parser::nom::Err::Failure(error) => error.to_string(),
    }
}

fn why_unreadable(der: &[u8]) -> Option<String> {
    let anchor = rustls_pki_types::CertificateDer::from(der);
    let verifier = rustls::RootCertStore::empty().add(anchor).err();
    let reader = chain::Certificate::parse(der).err();
    match (verifier, reader) {
        (None, None) => None,
        (_, Some(error)) => Some(format!("cannot be read by devices: {error}")),
        (Some(error), None) => Some(format!("cannot be an anchor of devices' verifier: {error}")),
    }
}
