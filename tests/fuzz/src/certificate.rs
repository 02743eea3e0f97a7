//! Certificates: three parsers, and no difference between them but the known ones.

use std::{collections::BTreeSet, sync::OnceLock};

use chain::{Certificate, DateText};

use crate::{
    differential::{Difference, Field, Parser, differences, exceptions},
    input::cuts,
};

/// A certificate in DER.
///
/// # Panics
/// Where a part of a certificate is taken for one, or the other parsers agree on another reading of a field.
pub fn certificate(input: &[u8]) {
    if let Ok(certificate) = Certificate::parse(input) {
        assert_eq!(certificate.as_der(), input);
        for cut in cuts(input.len()) {
            assert!(Certificate::parse(input.split_at(cut).0).is_err(), "cut at {cut}");
        }
        shown(&certificate);
    }
    compare(input);
}

/// What operators import is what devices read. Where the two foreign parsers agree with each other and not with that, it
/// is a finding; where they do not agree either, one of them has a way of its own, of which there are many.
fn compare(input: &[u8]) {
    let (chain, cloud) = (Parser::Chain.read(input), Parser::Cloud.read(input));
    let ours = differences(chain.as_ref(), Parser::Cloud, cloud.as_ref());
    let is_narrower = |found: &Difference| found.field == Field::Accepted && chain.is_some();
    assert!(ours.iter().all(is_narrower), "{ours:?}");
    let [one, other] = [Parser::X509Cert, Parser::X509Parser]
        .map(|parser| differences(chain.as_ref(), parser, parser.read(input).as_ref()));
    for found in one {
        let agrees = |theirs: &Difference| (theirs.field, &theirs.said) == (found.field, &found.said);
        let kind = (found.parser.word().to_owned(), found.field.word().to_owned());
        assert!(!other.iter().any(agrees) || known().contains(&kind), "{kind:?}: {:?}", found.said);
    }
}

/// What stands on a terminal has no control characters.
fn shown(certificate: &Certificate<'_>) {
    let (from, until) = (DateText(certificate.not_before()), DateText(certificate.not_after()));
    let line = format!(
        "{} {} {from} {until} {} {}",
        certificate.subject(),
        certificate.issuer(),
        certificate.key_algorithm(),
        certificate.signature_algorithm()
    );
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert!(certificate.not_before() <= certificate.not_after());
}

fn known() -> &'static BTreeSet<(String, String)> {
    static KNOWN: OnceLock<BTreeSet<(String, String)>> = OnceLock::new();
    KNOWN.get_or_init(|| exceptions().into_iter().map(|known| (known.parser, known.field)).collect())
}
