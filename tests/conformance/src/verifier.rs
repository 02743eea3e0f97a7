//! What the verifier makes of a case.

use bundle::UnixSeconds;
use chain::{Profile, Purpose, Served, Time, Verdict};
use rustls_pki_types::ServerName;
use serde::{Deserialize, Serialize};

use crate::{
    bundled,
    case::{Case, NameKind, ValidationKind},
    error::Error,
};

/// When cases without a time are judged: the day on which the collection was made (2026-06-29), so that what comes of them
/// depends on no clock.
const NOW: UnixSeconds = UnixSeconds(1_782_691_200);

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The chain verifies.
    Success,
    /// It does not, and why.
    Failure(String),
    /// The verifier has nothing to say to it, and why.
    Skipped(&'static str),
}

/// A verifier: the judge of chains, with one profile or another.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verifier {
    /// With the profile that a case is about: the first part of its name.
    Strict,
    /// As every service is judged that asks for nothing else.
    Private,
}

/// Judges a case.
///
/// # Errors
/// A certificate that is no PEM.
pub(crate) fn outcome(case: &Case, verifier: Verifier) -> Result<Outcome, Error> {
    if let Some(why) = skipped(case) {
        return Ok(Outcome::Skipped(why));
    }
    let name = match name(case) {
        Ok(name) => name,
        Err(words) => return Ok(Outcome::Failure(words)),
    };
    let certificates = case.certificates()?;
    let Some(set) = bundled::set(&certificates.anchors, NOW) else {
        return Ok(Outcome::Failure("no bundle can hold these anchors".into()));
    };
    let served = Served {
        end_entity: &certificates.peer,
        intermediates: &certificates.intermediates,
        server_name: name.as_ref(),
        purpose: match case.validation_kind {
            ValidationKind::Client => Purpose::ClientAuth,
            ValidationKind::Server => Purpose::ServerAuth,
        },
    };
    let time = case.validation_time.map_or(NOW, |time| {
        // Before 1970 nothing is judged.
        UnixSeconds(u64::try_from(time.as_second()).unwrap_or(0))
    });
    Ok(match set.any_service().with_profile(verifier.profile(case)).verdict(&served, Time::Known(time)) {
        Verdict::Verified(_) => Outcome::Success,
        Verdict::Refused(refusal) => Outcome::Failure(format!("{}: {refusal}", refusal.code())),
        Verdict::Inconclusive(why) => Outcome::Failure(format!("{}: {why}", why.code())),
    })
}

impl Verifier {
    fn profile(self, case: &Case) -> Profile {
        match (self, case.id.split("::").next()) {
            (Self::Strict, Some("rfc5280")) => Profile::Rfc5280,
            (Self::Strict, Some("webpki" | "online")) => Profile::WebPki,
            _ => Profile::Private,
        }
    }
}

/// Why a case is none for this verifier.
fn skipped(case: &Case) -> Option<&'static str> {
    let is_given = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    let other_usage = |list: &Option<Vec<String>>| {
        let own = match case.validation_kind {
            ValidationKind::Client => "clientAuth",
            ValidationKind::Server => "serverAuth",
        };
        list.iter().flatten().any(|usage| usage != own)
    };
    match () {
        () if is_given(&case.crls) => Some("revocation comes as a deny list of the bundle, not as a CRL"),
        () if case.max_chain_depth.is_some() => Some("the depth of a path is a constant, not a setting"),
        () if is_given(&case.signature_algorithms) => Some("signature algorithms are no setting"),
        () if is_given(&case.key_usage) => Some("key usages are no setting"),
        () if other_usage(&case.extended_key_usage) => {
            Some("an extended key usage that no TLS connection has")
        }
        () if case.expected_peer_names.iter().flatten().any(|name| name.kind == NameKind::Rfc822) => {
            Some("mailboxes are no peers of TLS")
        }
        () => None,
    }
}

/// The name that the peer must have; an error where it can be none.
fn name(case: &Case) -> Result<Option<ServerName<'static>>, String> {
    let Some(name) = &case.expected_peer_name else { return Ok(None) };
    let text = name.value.clone();
    ServerName::try_from(text).map(Some).map_err(|_| format!("{} can be no server's name", name.value))
}
