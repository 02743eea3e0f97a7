//! Pins and expected names: what changes between two bundles, and what people must know before they sign.

use std::collections::BTreeSet;

use bundle::write::{ExpectationContent, ManifestContent, ServiceContent};
use bundle::{ExpectedName, Pin, PinKind, Section, Sha256, UnixSeconds};
use chain::{AttributeType, Certificate};

use crate::Error;
use crate::date::{self, DAY_SECONDS};
use crate::diff::Names;
use crate::repository::{folded, service_file};

/// Days for which a pin or an expected name may be given: a review a year renews it, and what everybody has forgotten
/// ends before the next but one.
const DAYS_MAX: u64 = 400;
/// Days before an end at which reviews begin to speak of it: time for a release and its rollout.
const NOTICE_DAYS: u64 = 30;
/// What happened to those who pinned intermediates, for those who are about to.
const REASON: &str = "CAs replace intermediates within weeks, as those of Azure's services between August and October 2020, \
                      and devices that accept nothing else are then cut off";

/// One pin or expected name, as people compare them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    /// What it is, without its end.
    what: String,
    until: UnixSeconds,
}

/// What changes in the pins and expected names of a service; where it is new, all that it has.
pub(crate) fn changes(
    before: Option<&ServiceContent>,
    after: &ServiceContent,
    names: [&Names; 2],
) -> Vec<String> {
    let old = before.map_or_else(Vec::new, |service| lines(service, names));
    let new = lines(after, names);
    let end = |line: &Line| date::instant(line.until);
    let same = |lines: &[Line], what: &str| lines.iter().find(|line| line.what == what).cloned();
    let mut told = Vec::new();
    for line in &new {
        match same(&old, &line.what) {
            None => told.push(format!("+{} until {}", line.what, end(line))),
            Some(known) if known.until != line.until => {
                told.push(format!("~{} until {} -> {}", line.what, end(&known), end(line)));
            }
            Some(_) => {}
        }
    }
    let gone = old.iter().filter(|line| same(&new, &line.what).is_none());
    told.extend(gone.map(|line| format!("-{} until {}", line.what, end(line))));
    told
}

fn lines(service: &ServiceContent, names: [&Names; 2]) -> Vec<Line> {
    let pins = service.pins.iter().map(|pin| Line { what: pin_words(pin, names), until: pin.until });
    let expected = ExpectationContent::of(&service.extensions);
    let expected: Vec<Line> =
        expected.iter().map(|it| Line { what: expectation_words(it), until: it.until }).collect();
    pins.chain(expected).collect()
}

fn pin_words(pin: &Pin, names: [&Names; 2]) -> String {
    let known = names.iter().find_map(|names| names.short_name(names.pinned(pin)?));
    let name = known.map_or_else(String::new, |name| format!(" of {name}"));
    match pin.kind {
        PinKind::Certificate => format!("pin certificate{name} {}", pin.sha256),
        PinKind::Spki => format!("pin key{name} {}", pin.sha256),
    }
}

fn expectation_words(expectation: &ExpectationContent) -> String {
    let attributes: Vec<String> = expectation
        .attributes
        .iter()
        .map(|(oid, value)| format!("{}={}", AttributeType(oid), value.escape_debug()))
        .collect();
    format!("expected {} {}", expectation.name.words(), attributes.join(", "))
}

/// What a service asks of a chain, one sentence each.
pub(crate) fn demands(service: &bundle::Service<'_>) -> Vec<String> {
    let pins = service.pins.iter().map(|pin| match pin.kind {
        PinKind::Certificate => {
            format!("Until {} its chain may hold the certificate {}", date::instant(pin.until), pin.sha256)
        }
        PinKind::Spki => {
            format!("Until {} its chain may hold the key {}", date::instant(pin.until), pin.sha256)
        }
    });
    let expected = service.expectations().iter().map(|it| {
        let attributes = it.attributes.iter();
        let attributes =
            attributes.map(|it| format!("{}={}", AttributeType(it.oid), it.value.escape_debug()));
        let attributes = attributes.collect::<Vec<_>>().join(", ");
        let (until, name) = (date::instant(it.until), it.name.words());
        format!("Until {until} the {name} of its certificate may be one with {attributes}")
    });
    let one_of_each = "Of the keys and certificates named here, and of issuers and subjects, one must be there while any is \
                       in force";
    let all: Vec<String> = pins.chain(expected).collect();
    let rule = (!all.is_empty()).then(|| one_of_each.to_owned());
    all.into_iter().chain(rule).collect()
}

/// Refuses what no draft may hold: an end too far away, and one key pinned in two ways with nothing in reserve.
///
/// # Errors
/// Exit code 2 with the field at fault.
pub(crate) fn check(content: &ManifestContent, names: &Names, now: UnixSeconds) -> Result<(), Error> {
    for service in &content.services {
        let expected = ExpectationContent::of(&service.extensions);
        let ends = service.pins.iter().map(|pin| ("pins", pin.until));
        let ends = ends.chain(expected.iter().map(|it| ("expect", it.until)));
        for (field, until) in ends {
            let days = until.since(now) / DAY_SECONDS;
            if days > DAYS_MAX {
                let message = format!(
                    "{} is {days} days away, at most {DAYS_MAX} are allowed: what is forgotten cuts devices off until it \
                     ends",
                    date::day(until)
                );
                let error = service_file::wrong(format!("services.{}.{field}", service.name), message);
                return Err(error.hint("give a nearer day, and a later one with each review"));
            }
        }
        check_one_key(service, names)?;
        check_one_name(service, &expected)?;
    }
    Ok(())
}

/// A pin of a certificate and one of its key fail together.
fn check_one_key(service: &ServiceContent, names: &Names) -> Result<(), Error> {
    let Some(last) = service.pins.iter().map(|pin| pin.until).max() else { return Ok(()) };
    let staying = service.pins.iter().filter(|pin| pin.until == last);
    let keys: BTreeSet<Sha256> = staying
        .map(|pin| {
            let certificate = names.pinned(pin).and_then(|sha256| names.certificate(sha256));
            certificate.map_or(pin.sha256, |certificate| certificate.spki_sha256())
        })
        .collect();
    if keys.len() > 1 {
        return Ok(());
    }
    let message =
        "all pins that stay until the end name one key: it locks every device out when it is replaced";
    let error = service_file::wrong(format!("services.{}.pins", service.name), message);
    Err(error.hint("pin a key that is kept in reserve, or a root of another CA, as well"))
}

/// An expected name that stays alone fails as one pin does.
fn check_one_name(service: &ServiceContent, expected: &[ExpectationContent]) -> Result<(), Error> {
    for name in ExpectedName::ALL {
        let mine = || expected.iter().filter(|it| it.name == name);
        let Some(last) = mine().map(|it| it.until).max() else { continue };
        let staying: BTreeSet<String> = mine().filter(|it| it.until == last).map(folded).collect();
        if staying.len() < 2 {
            let message = format!(
                "one expected {} stays until the end: it locks every device out when it is replaced",
                name.words()
            );
            return Err(service_file::wrong(format!("services.{}.expect", service.name), message));
        }
    }
    Ok(())
}

/// What people must know about the pins and expected names of a bundle before they draft or sign it.
pub(crate) fn warnings(content: &ManifestContent, names: &Names, now: UnixSeconds) -> Vec<String> {
    let mut told = Vec::new();
    for service in &content.services {
        let expected = ExpectationContent::of(&service.extensions);
        told.extend(intermediates(service, content, names));
        told.extend(expected.iter().filter_map(|it| one_intermediate(service, it)));
        told.extend(ends(service, names, now));
        told.extend(unknown_pins(service, content, names, now));
        told.extend(unknown_issuer(service, &expected, content, names, now));
    }
    told
}

/// Pins that name an intermediate of the bundle.
fn intermediates(service: &ServiceContent, content: &ManifestContent, names: &Names) -> Vec<String> {
    let mut told = Vec::new();
    for entry in &content.intermediates {
        let Some(certificate) = names.certificate(entry.sha256) else { continue };
        let key = certificate.spki_sha256();
        if service.pins.iter().any(|pin| pin.sha256 == entry.sha256 || pin.sha256 == key) {
            told.push(format!(
                "{} pins the intermediate {}: {REASON}; pin its root, or the server's own key",
                service.name,
                certificate.subject()
            ));
        }
    }
    told
}

/// An issuer that is expected by its common name, which is that of one intermediate.
fn one_intermediate(service: &ServiceContent, expectation: &ExpectationContent) -> Option<String> {
    let common_name = AttributeType::named("CN")?;
    let (_, value) = expectation.attributes.iter().find(|(oid, _)| oid == common_name.0)?;
    (expectation.name == ExpectedName::Issuer).then(|| {
        format!(
            "{} expects the issuer CN={}, which is one intermediate: {REASON}; expect its organization (O)",
            service.name,
            value.escape_debug()
        )
    })
}

/// Ends that have come, or come soon.
fn ends(service: &ServiceContent, names: &Names, now: UnixSeconds) -> Vec<String> {
    let mut told = Vec::new();
    for Line { what, until } in lines(service, [names, names]) {
        let day = date::day(until);
        if until <= now {
            told.push(format!("{}: {what} ended on {day}, and devices ignore it", service.name));
        } else if until.since(now) < NOTICE_DAYS * DAY_SECONDS {
            let left = date::span(until.since(now));
            told.push(format!(
                "{}: {what} ends on {day}, in {left}; from then on devices do without it, unless a release renews it",
                service.name
            ));
        }
    }
    told
}

/// Pins in force of which none names a certificate that a path of the service may hold, as far as the bundle knows them.
fn unknown_pins(
    service: &ServiceContent,
    content: &ManifestContent,
    names: &Names,
    now: UnixSeconds,
) -> Option<String> {
    let known = known(service, content);
    let mut in_force = service.pins.iter().filter(|pin| now < pin.until).peekable();
    in_force.peek()?;
    let meets = |pin: &Pin| {
        known.iter().any(|sha256| match pin.kind {
            PinKind::Certificate => pin.sha256 == *sha256,
            PinKind::Spki => names.certificate(*sha256).is_some_and(|it| it.spki_sha256() == pin.sha256),
        })
    };
    (!in_force.any(meets)).then(|| {
        format!(
            "no pin of {} names an anchor or intermediate of the service: unless they name the server's own key or what \
             it sends, no chain can meet them",
            service.name
        )
    })
}

/// Expected issuers of which none is the name of a CA that the bundle knows for the service.
fn unknown_issuer(
    service: &ServiceContent,
    expected: &[ExpectationContent],
    content: &ManifestContent,
    names: &Names,
    now: UnixSeconds,
) -> Option<String> {
    let in_force: Vec<&ExpectationContent> =
        expected.iter().filter(|it| it.name == ExpectedName::Issuer && now < it.until).collect();
    let first = in_force.first()?;
    let known = known(service, content);
    let subjects = known.iter().filter_map(|sha256| Some(names.certificate(*sha256)?.subject()));
    let is_met = subjects.into_iter().any(|subject| in_force.iter().any(|it| fits(it, &subject)));
    (!is_met).then(|| {
        format!(
            "no anchor or intermediate of {} has an issuer's name that it expects ({}): unless the server sends such a \
             CA's certificate, no chain can meet it",
            service.name,
            folded(first)
        )
    })
}

fn fits(expectation: &ExpectationContent, name: &chain::DistinguishedName<'_>) -> bool {
    let Some(extension) = ExpectationContent::extension(std::slice::from_ref(expectation)) else {
        return false;
    };
    let section = Section::<bundle::Expectation<'_>>::from_bytes(&extension.content);
    section.iter().all(|it| name.has(it.attributes))
}

/// The certificates of the bundle that a path of the service may hold.
fn known(service: &ServiceContent, content: &ManifestContent) -> Vec<Sha256> {
    let anchors = content.anchors.iter().map(|anchor| anchor.sha256);
    let serving = anchors.filter(|sha256| service.anchors.includes(*sha256));
    serving.chain(content.intermediates.iter().map(|entry| entry.sha256)).collect()
}

impl Names {
    /// The certificate itself, where it is known.
    fn certificate(&self, sha256: Sha256) -> Option<Certificate<'_>> {
        Certificate::parse(self.der(sha256)?).ok()
    }
}
