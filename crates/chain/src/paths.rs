//! Walks every path that rustls-webpki finds and asks of each what webpki does not know.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::cell::Cell;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use bundle::{Denial, ExpectedName, UnixSeconds};
use rustls_pki_types::{
    CertificateDer, IpAddr, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime,
};
use webpki::{EndEntityCert, Error, VerifiedPath};

use crate::anchor_set::SetAnchor;
use crate::judge::Rules;
use crate::link::Links;
use crate::pool::Pool;
use crate::profile::{self, Broken, Place};
use crate::text::cut;
use crate::{Certificate, CertificateLabel, ChainFault, Purpose, Refusal};

/// Certificates of a path: a leaf, six intermediates, which is webpki's own limit, and an anchor.
pub(crate) const PATH_CERTIFICATES_MAX: usize = 8;

/// Names of a certificate that a refusal has: enough for a person to see which server answered.
pub(crate) const NAMES_SHOWN_MAX: usize = 4;

/// A moment after every other.
const NEVER: UnixSeconds = UnixSeconds(u64::MAX);

/// What a walk came to.
pub(crate) enum Walk {
    /// Every path was looked at; the last reason of webpki's own is kept for the case that none was acceptable.
    Ended(Refusal),
    /// The visitor asked to stop.
    Stopped,
    /// The work is beyond the limits.
    TooComplex,
}

/// Looks at every path of `pool` at `moment`; `visit` is told of each, and says whether to go on.
pub(crate) fn walk(
    pool: &Pool<'_>,
    rules: &Rules<'_>,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    moment: UnixSeconds,
    visit: &mut dyn FnMut(Result<Links<'_, '_>, Refusal>) -> bool,
) -> Walk {
    let leaf_der = CertificateDer::from(pool.leaf.as_der());
    let leaf = match EndEntityCert::try_from(&leaf_der) {
        Ok(leaf) => leaf,
        Err(error) => return Walk::Ended(Refusal::Chain(ChainFault::Malformed(error.to_string()))),
    };
    let intermediates: Vec<_> =
        pool.intermediates.iter().map(|known| CertificateDer::from(known.as_der())).collect();
    let anchors: Vec<_> = pool.anchors.iter().map(|anchor| borrowed(&anchor.trust_anchor)).collect();
    // webpki takes a function that changes nothing; it never calls it from inside of itself.
    let (visit, stopped) = (Cell::new(Some(visit)), Cell::new(false));
    let on_path = |path: &VerifiedPath<'_>| {
        let position = anchors.iter().position(|anchor| core::ptr::eq(anchor, path.anchor()));
        let Some(anchor) = position.and_then(|position| pool.anchors.get(position)) else {
            return Err(Error::UnknownIssuer);
        };
        let judged = examine(path, anchor, pool, rules, moment);
        let Some(told) = visit.take() else { return Err(Error::UnknownIssuer) };
        stopped.set(!told(judged));
        visit.set(Some(told));
        // Accepting ends webpki's search; the least specific error lets it go on without hiding another one.
        if stopped.get() { Ok(()) } else { Err(Error::UnknownIssuer) }
    };
    let outcome = leaf.verify_for_usage(
        algorithms,
        &anchors,
        &intermediates,
        UnixTime::since_unix_epoch(Duration::from_secs(moment.0)),
        rules.purpose.key_usage(),
        None,
        Some(&on_path),
    );
    match outcome {
        Ok(_) => Walk::Stopped,
        Err(
            Error::MaximumSignatureChecksExceeded
            | Error::MaximumPathBuildCallsExceeded
            | Error::MaximumNameConstraintComparisonsExceeded,
        ) => Walk::TooComplex,
        Err(error) => Walk::Ended(explain(&error, pool, rules.purpose, moment)),
    }
}

/// Checks the served name against the leaf's (RFC 6125, subjectAltName only).
pub(crate) fn check_name(pool: &Pool<'_>, name: &ServerName<'_>) -> Result<(), Refusal> {
    let der = CertificateDer::from(pool.leaf.as_der());
    // What it cannot read leads to no path, and that is the reason.
    let Ok(leaf) = EndEntityCert::try_from(&der) else { return Ok(()) };
    // webpki decides. It is asked only where it will say yes: with its no come texts of all names that were served, as
    // many as the server likes.
    if is_named(&pool.leaf, name) && leaf.verify_is_valid_for_subject_name(name).is_ok() {
        return Ok(());
    }
    let presented = pool.leaf.dns_names().take(NAMES_SHOWN_MAX).map(cut).collect();
    Err(Refusal::Name { asked: text_of(name), presented })
}

/// True where a certificate has the name, or the wildcard of its first label (RFC 6125 §6.4.3), or the address.
fn is_named(certificate: &Certificate<'_>, name: &ServerName<'_>) -> bool {
    match name {
        ServerName::DnsName(name) => {
            let host = name.as_ref().as_bytes();
            let host = host.strip_suffix(b".").unwrap_or(host);
            let mut labels = host.splitn(2, |octet| *octet == b'.');
            let parent = labels.nth(1);
            certificate.dns_names().map(str::as_bytes).any(|served| match served {
                [b'*', b'.', served @ ..] => parent.is_some_and(|parent| parent.eq_ignore_ascii_case(served)),
                served => served.eq_ignore_ascii_case(host),
            })
        }
        ServerName::IpAddress(IpAddr::V4(address)) => {
            certificate.addresses().any(|it| it == address.as_ref())
        }
        ServerName::IpAddress(IpAddr::V6(address)) => {
            certificate.addresses().any(|it| it == address.as_ref())
        }
        _ => false,
    }
}

fn text_of(name: &ServerName<'_>) -> String {
    match name {
        ServerName::DnsName(name) => name.as_ref().into(),
        ServerName::IpAddress(IpAddr::V4(address)) => Ipv4Addr::from(*address.as_ref()).to_string(),
        ServerName::IpAddress(IpAddr::V6(address)) => Ipv6Addr::from(*address.as_ref()).to_string(),
        _ => String::new(),
    }
}

fn borrowed<'a>(anchor: &'a TrustAnchor<'_>) -> TrustAnchor<'a> {
    TrustAnchor {
        subject: anchor.subject.as_ref().into(),
        subject_public_key_info: anchor.subject_public_key_info.as_ref().into(),
        name_constraints: anchor.name_constraints.as_ref().map(|constraints| constraints.as_ref().into()),
    }
}

/// Everything that webpki does not check on a path that it has verified.
fn examine<'p, 'a>(
    path: &VerifiedPath<'_>,
    anchor: &'p SetAnchor,
    pool: &'p Pool<'a>,
    rules: &Rules<'_>,
    moment: UnixSeconds,
) -> Result<Links<'p, 'a>, Refusal> {
    let unknown = || Refusal::Chain(ChainFault::UnknownIssuer { issuer: cut(pool.leaf.issuer()) });
    let mut found = Links::new(&certificates(path, pool).ok_or_else(unknown)?, anchor);
    for (number, link) in found.links.iter().enumerate() {
        if let Some(denial) = link.denial(rules.denials) {
            return Err(denied(CertificateLabel::of(link.certificate), denial));
        }
        let place = if number == 0 { Place::Leaf } else { Place::Intermediate };
        if let Some(rule) = profile::broken(link.certificate, place, rules.profile) {
            return Err(breaks(CertificateLabel::of(link.certificate), rule));
        }
        found.valid_until = found.valid_until.min(link.certificate.not_after());
    }
    if let Some(denial) = anchor.denial(rules.denials) {
        return Err(denied(anchor.label.clone(), denial));
    }
    check_anchor(anchor, rules, moment)?;
    for end in
        [constraint_end(anchor, pool, rules, moment)?, pin_end(&found, rules)?, name_end(&pool.leaf, rules)?]
    {
        found.valid_until = found.valid_until.min(end);
    }
    Ok(found)
}

/// The certificates of a path, from the leaf upwards, as this crate has read them; `None` for one that was not in the
/// pool, which none is.
fn certificates<'p, 'a>(path: &VerifiedPath<'_>, pool: &'p Pool<'a>) -> Option<Vec<&'p Certificate<'a>>> {
    let mut certificates = Vec::with_capacity(PATH_CERTIFICATES_MAX);
    let intermediates = path.intermediate_certificates().map(|certificate| certificate.der());
    for der in core::iter::once(path.end_entity().der()).chain(intermediates) {
        certificates.push(pool.certificate(&der)?);
    }
    Some(certificates)
}

const fn breaks(certificate: CertificateLabel, Broken { field, words }: Broken) -> Refusal {
    Refusal::Chain(ChainFault::Profile { certificate, field, words })
}

const fn denied(certificate: CertificateLabel, denial: Denial) -> Refusal {
    Refusal::Denied { certificate, denial }
}

fn check_anchor(anchor: &SetAnchor, rules: &Rules<'_>, moment: UnixSeconds) -> Result<(), Refusal> {
    let (not_before, not_after) = (anchor.not_before, anchor.not_after);
    if moment < not_before || moment > not_after {
        let certificate = anchor.label.clone();
        return Err(Refusal::Date { certificate, not_before, not_after, judged_at: moment });
    }
    if let Some(rule) = anchor.broken(rules.profile) {
        return Err(breaks(anchor.label.clone(), rule));
    }
    if !anchor.purposes.contains(rules.purpose.bit()) {
        return Err(Refusal::Purpose { certificate: anchor.label.clone(), purpose: rules.purpose });
    }
    Ok(())
}

/// The last moment at which one of the anchor's constraint sets still holds.
fn constraint_end(
    anchor: &SetAnchor,
    pool: &Pool<'_>,
    rules: &Rules<'_>,
    moment: UnixSeconds,
) -> Result<UnixSeconds, Refusal> {
    let sets = anchor.constraints();
    if sets.is_empty() {
        return Ok(NEVER);
    }
    // An address lies in no DNS subtree.
    let host = match rules.server_name {
        Some(ServerName::DnsName(name)) => name.as_ref(),
        _ => "",
    };
    sets.iter()
        .filter(|set| set.holds(host, pool.leaf.not_before(), Some(moment)))
        .map(|set| set.expires_at.map_or(NEVER, |end| UnixSeconds(end.0.saturating_sub(1))))
        .max()
        .ok_or_else(|| Refusal::Constraint { anchor: anchor.label.clone() })
}

/// The last moment at which the path still has a pinned certificate or key, where it has one now.
///
/// Pins are measured against a moment that is certainly past, never against one that the leaf's own notBefore
/// suggests: a postdated certificate must not be able to switch them off.
fn pin_end(path: &Links<'_, '_>, rules: &Rules<'_>) -> Result<UnixSeconds, Refusal> {
    let in_force = rules.pins.iter().filter(|pin| rules.earliest < pin.until);
    let met = in_force.map(|pin| (pin.until, path.has(pin)));
    met_until(met).ok_or_else(|| Refusal::Pin { anchor: path.anchor.label.clone() })
}

/// Expectations end as pins do.
fn name_end(leaf: &Certificate<'_>, rules: &Rules<'_>) -> Result<UnixSeconds, Refusal> {
    let mut end = NEVER;
    for name in ExpectedName::ALL {
        let presented = match name {
            ExpectedName::Issuer => leaf.issuer(),
            ExpectedName::Subject => leaf.subject(),
        };
        let in_force = rules.expectations.iter().filter(|it| it.name == name && rules.earliest < it.until);
        let met = met_until(in_force.map(|it| (it.until, presented.has(it.attributes))));
        let refusal = || Refusal::Expectation { name, presented: cut(presented) };
        end = end.min(met.ok_or_else(refusal)?);
    }
    Ok(end)
}

/// Until when one of several demands is met, each of which lapses some day, and none of which is made once all have:
/// the one that is met may lapse before the others. `None` where none is met now.
fn met_until(demands: impl Iterator<Item = (UnixSeconds, bool)>) -> Option<UnixSeconds> {
    let (mut last, mut met) = (None, None);
    for (until, is_met) in demands {
        last = last.max(Some(until));
        met = met.max(is_met.then_some(until));
    }
    if met == last { Some(NEVER) } else { met.map(|met| UnixSeconds(met.0.saturating_sub(1))) }
}

/// webpki's reason in the words of this crate.
fn explain(error: &Error, pool: &Pool<'_>, purpose: Purpose, moment: UnixSeconds) -> Refusal {
    let label = || CertificateLabel::of(&pool.leaf);
    Refusal::Chain(match error {
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => {
            let certificate = pool.first_out_of_date(moment).unwrap_or(&pool.leaf);
            return Refusal::Date {
                certificate: CertificateLabel::of(certificate),
                not_before: certificate.not_before(),
                not_after: certificate.not_after(),
                judged_at: moment,
            };
        }
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            return Refusal::Purpose { certificate: label(), purpose };
        }
        Error::NameConstraintViolation => ChainFault::NameConstraint,
        Error::CaUsedAsEndEntity => {
            ChainFault::Role("a CA certificate stands where the peer's own belongs".into())
        }
        Error::EndEntityUsedAsCa => {
            ChainFault::Role("a certificate of the chain is signed by one that is no CA".into())
        }
        Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => {
            ChainFault::Role("more CA certificates follow one another than their path lengths allow".into())
        }
        Error::InvalidSignatureForPublicKey => {
            ChainFault::Signature("a signature of the chain does not verify".into())
        }
        Error::CertDistrusted => {
            ChainFault::Signature("a key of the chain is one that rustls-webpki itself never trusts".into())
        }
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => ChainFault::Signature(
            "a signature of the chain has an algorithm that is not verified here".into(),
        ),
        Error::UnknownIssuer => {
            let issuer: String = cut(pool.last_reached().issuer());
            ChainFault::UnknownIssuer { issuer }
        }
        other => ChainFault::Malformed(other.to_string()),
    })
}
