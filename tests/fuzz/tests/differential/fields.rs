//! Fields of certificates, read by five parsers.

use std::collections::BTreeMap;

use fuzz::differential::{Exception, Field, Parser, Reading, differences, exceptions};

use crate::{certificates, openssl};

/// Of the certificates with something wrong in them, one in so many is also shown to `openssl`, which is a process each
/// time.
const SHOWN_TO_OPENSSL: usize = 16;

/// What differs: who says what of how many certificates, and one example.
type Found = BTreeMap<(String, String), (usize, String)>;

fn compare(der: &[u8], parsers: &[Parser], found: &mut Found) {
    let mut chain = Parser::Chain.read(der);
    let others: Vec<(Parser, Option<Reading>)> = parsers
        .iter()
        .map(|parser| {
            (*parser, if *parser == Parser::OpenSsl { openssl::read(der) } else { parser.read(der) })
        })
        .collect();
    // `chain` leaves purposes to the verifier, whose verdicts are compared in `verdicts.rs`: of the field itself one of
    // the others is the measure.
    let purposes =
        Parser::X509Cert.read(der).and_then(|mut reading| reading.remove(&Field::ExtendedKeyUsage));
    if let (Some(chain), Some(purposes)) = (&mut chain, purposes) {
        chain.insert(Field::ExtendedKeyUsage, purposes);
    }
    for (parser, other) in others {
        for difference in differences(chain.as_ref(), parser, other.as_ref()) {
            let refuses = difference.field == Field::Accepted && difference.said.1 == "no";
            let field = if refuses { "refused" } else { difference.field.word() };
            let kind = (parser.word().to_owned(), field.to_owned());
            let example = format!("{:?}", difference.said);
            found.entry(kind).or_insert((0, example)).0 += 1;
        }
    }
}

#[test]
fn parsers_agree_about_every_certificate_that_somebody_made() {
    let mut found = Found::new();
    let parsers = [Parser::Cloud, Parser::OpenSsl, Parser::X509Cert, Parser::X509Parser];
    for der in certificates::good() {
        assert!(Parser::Chain.read(&der).is_some(), "a certificate of the data is read");
        compare(&der, &parsers, &mut found);
    }
    // An anchor that no operator could import, a leaf among them, is no difference.
    found.remove(&("cloud-updater".to_owned(), "refused".to_owned()));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn parsers_differ_about_spoilt_certificates_as_is_known_and_no_less() {
    let mut found = Found::new();
    for (number, der) in certificates::spoilt(&certificates::good()).iter().enumerate() {
        compare(der, &[Parser::Cloud, Parser::X509Cert, Parser::X509Parser], &mut found);
        if number % SHOWN_TO_OPENSSL == 0 {
            compare(der, &[Parser::OpenSsl], &mut found);
        }
    }
    let known: BTreeMap<(String, String), usize> = exceptions().iter().map(counted).collect();
    let counts: BTreeMap<(String, String), usize> =
        found.iter().map(|(kind, (count, _))| (kind.clone(), *count)).collect();
    let new: Vec<_> = found.iter().filter(|(kind, (count, _))| known.get(*kind) != Some(count)).collect();
    let gone: Vec<_> = known.iter().filter(|(kind, _)| !counts.contains_key(*kind)).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "not as exceptions.toml has it: {new:#?}; no longer seen: {gone:#?}"
    );
}

fn counted(exception: &Exception) -> ((String, String), usize) {
    assert!(!exception.reason.is_empty());
    ((exception.parser.clone(), exception.field.clone()), exception.certificates)
}
