//! Every rule about certificates is broken by a certificate that is made for it, and by no good one.

use std::collections::BTreeSet;

use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose as Purpose, IsCa, KeyUsagePurpose as Usage};

use super::samples::{TODAY, authority, bare, extension, historical, intermediate, patched, real, root};
use super::{Role, examine};
use crate::date;
use crate::lint::rule::Scope;
use crate::lint::rules;
use crate::lint::set::{Member, compare};

const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
const NAME_CONSTRAINTS: &[u64] = &[2, 5, 29, 30];
const POLICY_CONSTRAINTS: &[u64] = &[2, 5, 29, 36];
const OCSP_NOCHECK: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 5];
/// `SEQUENCE { BOOLEAN TRUE }`, and the key usages keyCertSign and cRLSign.
const IS_CA: &[u8] = &[0x30, 3, 1, 1, 0xff];
const SIGNS: &[u8] = &[3, 2, 1, 6];

fn broken(der: &[u8], role: Option<Role>, day: &str) -> BTreeSet<&'static str> {
    examine(der, role, date::parse(day).unwrap()).into_iter().map(|problem| problem.rule.id).collect()
}

fn check(der: &[u8], expect: &[&'static str]) {
    assert_eq!(broken(der, None, TODAY), expect.iter().copied().collect(), "{expect:?}");
}

/// A root with a basic constraints and a key usage extension by hand.
fn with_extensions(basic: (bool, &[u8]), usage: (bool, &[u8])) -> Vec<u8> {
    bare(|parameters| {
        parameters.custom_extensions.push(extension(BASIC_CONSTRAINTS, basic.0, basic.1));
        parameters.custom_extensions.push(extension(KEY_USAGE, usage.0, usage.1));
    })
}

fn with_name_constraints(is_critical: bool, content: &[u8]) -> Vec<u8> {
    intermediate(|it| it.custom_extensions.push(extension(NAME_CONSTRAINTS, is_critical, content)))
}

/// The subtree of a host name, in a permitted list of its own, with what stands behind the name.
fn permitted(name: &[u8], behind: &[u8]) -> Vec<u8> {
    let wrap = |tag: u8, inside: &[u8]| [&[tag, u8::try_from(inside.len()).unwrap()], inside].concat();
    let subtree = wrap(0x30, &[wrap(0x82, name), behind.to_vec()].concat());
    wrap(0x30, &wrap(0xa0, &subtree))
}

/// A network among the permitted subtrees.
fn network(octets: &[u8]) -> Vec<u8> {
    let wrap = |tag: u8, inside: &[u8]| [&[tag, u8::try_from(inside.len()).unwrap()], inside].concat();
    wrap(0x30, &wrap(0xa0, &wrap(0x30, &wrap(0x87, octets))))
}

/// What each rule is broken by, and every rule that this certificate breaks.
fn faults() -> Vec<(&'static [&'static str], Vec<u8>)> {
    [encoding_faults(), serial_faults(), key_faults(), validity_faults(), issuing_faults(), purpose_faults()]
        .concat()
}

fn encoding_faults() -> Vec<(&'static [&'static str], Vec<u8>)> {
    let unknown =
        |is_critical| root(|it| it.custom_extensions.push(extension(&[1, 2, 3, 4], is_critical, &[5, 0])));
    let policies = |it: &mut rcgen::CertificateParams| {
        it.custom_extensions.push(extension(POLICY_CONSTRAINTS, true, &[0x30, 3, 0x80, 1, 0]))
    };
    let large = root(|it| it.custom_extensions.push(extension(&[1, 2, 3, 4], false, &[0; 9_000])));
    let twice = root(|it| {
        it.custom_extensions.push(extension(&[1, 2, 3, 4], false, &[5, 0]));
        it.custom_extensions.push(extension(&[1, 2, 3, 4], false, &[5, 0]));
    });
    vec![
        (&["malformed"], root(|_| {})[..100].to_vec()),
        (&["malformed"], [root(|_| {}).as_slice(), b"x"].concat()),
        (&["malformed"], b"hello".to_vec()),
        (&["too-large"], large),
        (&["malformed-extension", "unreadable-on-devices"], with_extensions((true, IS_CA), (true, &[4, 0]))),
        (&["duplicate-extension"], twice),
        (&["unknown-critical-extension"], unknown(true)),
        (&[], unknown(false)),
        (&["critical-policies"], intermediate(policies)),
        (&[], root(policies)),
        (&["algorithms-differ", "unreadable-on-devices"], other_algorithm()),
        (&["empty-subject"], intermediate(|it| it.distinguished_name = rcgen::DistinguishedName::new())),
        (
            &["empty-issuer", "empty-subject"],
            root(|it| it.distinguished_name = rcgen::DistinguishedName::new()),
        ),
        (&["unique-identifier", "unreadable-on-devices"], with_unique_identifier()),
        (
            &["old-version", "extensions-in-old-version", "unreadable-on-devices"],
            patched(root(|_| {}), &[0xa0, 3, 2, 1, 2], &[0xa0, 3, 2, 1, 1], 1),
        ),
    ]
}

/// A root with an issuer's identifier in front of its extensions.
fn with_unique_identifier() -> Vec<u8> {
    let identifier = [0x81, 2, 0, 0];
    let mut der = root(|_| {});
    let extensions = der.windows(3).position(|window| window[0] == 0xa3 && window[2] == 0x30).unwrap();
    der.splice(extensions..extensions, identifier);
    for header in [0, 4] {
        assert_eq!(der[header..header + 2], [0x30, 0x82]);
        let length = u16::from_be_bytes([der[header + 2], der[header + 3]]) + 4;
        der[header + 2..header + 4].copy_from_slice(&length.to_be_bytes());
    }
    der
}

/// A root whose outer algorithm is another one than the inner.
fn other_algorithm() -> Vec<u8> {
    let mut der = root(|_| {});
    let sha256 = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let last = der.windows(sha256.len()).rposition(|window| window == sha256).unwrap();
    der[last + sha256.len() - 1] = 3;
    der
}

fn serial_faults() -> Vec<(&'static [&'static str], Vec<u8>)> {
    let serial = |from: &[u8]| {
        let from = from.to_vec();
        root(|it| it.serial_number = Some(from.into()))
    };
    let usual = [2, 8, 0x5a, 1, 2, 3, 4, 5, 6, 7];
    let other = |to: &[u8]| patched(root(|_| {}), &usual, to, 1);
    vec![
        (&["serial-not-positive"], other(&[2, 8, 0xda, 1, 2, 3, 4, 5, 6, 7])),
        (&["serial-not-positive"], serial(&[0])),
        (&["serial-too-long"], serial(&[0x5a; 21])),
        (&[], serial(&[0x5a; 20])),
        (&["serial-padded"], other(&[2, 8, 0, 1, 2, 3, 4, 5, 6, 7])),
        (&["serial-padded", "serial-not-positive"], other(&[2, 8, 0xff, 0x81, 2, 3, 4, 5, 6, 7])),
    ]
}

fn key_faults() -> Vec<(&'static [&'static str], Vec<u8>)> {
    let real_root = || real("azure/digicert-global-root-g2.pem").remove(0);
    let exponent = |to: &[u8]| patched(real_root(), &[2, 3, 1, 0, 1], to, 1);
    let modulus = || {
        let mut der = real_root();
        let exponent = der.windows(5).position(|window| window == [2, 3, 1, 0, 1]).unwrap();
        // An even number, and still one of as many bits.
        der[exponent - 1] &= 0xfe;
        der
    };
    vec![
        (&[], real_root()),
        (
            &["weak-key", "sha1-self-signature", "old-version", "not-ca", "expired"],
            historical("GTE CyberTrust Global Root"),
        ),
        (&["odd-key-size", "weak-modulus"], longer_key()),
        (&["weak-modulus"], modulus()),
        (&["weak-exponent"], exponent(&[2, 3, 1, 0, 2])),
        (&["small-exponent"], exponent(&[2, 3, 0, 0xff, 0xff])),
        (
            &["sha1-self-signature", "expired", "path-length-of-root"],
            real("azure/baltimore-cybertrust-root.pem").remove(0),
        ),
        (&["weak-signature"], weakly_signed()),
    ]
}

/// A real root with one bit more in front of its modulus.
fn longer_key() -> Vec<u8> {
    let mut der = real("azure/digicert-global-root-g2.pem").remove(0);
    let modulus = der.windows(5).position(|window| window == [2, 0x82, 1, 1, 0]).unwrap();
    der[modulus + 4] = 1;
    der
}

/// An intermediate that says SHA-1 inside and out.
fn weakly_signed() -> Vec<u8> {
    let sha256 = [0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    // 1.2.840.10045.4.3.1 is ECDSA with SHA-224: weak as SHA-1 is, and of the same length.
    let sha224 = [0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1];
    patched(intermediate(|_| {}), &sha256, &sha224, 2)
}

fn validity_faults() -> Vec<(&'static [&'static str], Vec<u8>)> {
    let days = |from: (i32, u8, u8), until: (i32, u8, u8)| {
        root(|it| {
            it.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
            it.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        })
    };
    vec![
        (&["expired"], days((2010, 1, 1), (2025, 12, 31))),
        (&["not-yet-valid"], days((2026, 1, 2), (2040, 1, 1))),
        (&["expiring"], days((2010, 1, 1), (2026, 3, 31))),
        (&[], days((2012, 1, 1), (2026, 4, 2))),
        (&["leaves-root-program"], days((2007, 1, 1), (2030, 1, 1))),
        (&[], days((2008, 1, 1), (2030, 1, 1))),
        (&["long-root-validity"], days((2020, 1, 1), (2045, 1, 2))),
        (&[], days((2020, 1, 1), (2045, 1, 1))),
        (&["validity-inverted", "unreadable-on-devices"], days((2040, 1, 1), (2020, 1, 1))),
        (&["time-encoding"], long_time()),
    ]
}

/// A root whose end, in 2049, stands there as GeneralizedTime.
fn long_time() -> Vec<u8> {
    let der = root(|it| it.not_after = rcgen::date_time_ymd(2050, 1, 1));
    patched(der, b"\x18\x0f20500101", b"\x18\x0f20440101", 1)
}

fn issuing_faults() -> Vec<(&'static [&'static str], Vec<u8>)> {
    let length: &[u8] = &[0x30, 6, 1, 1, 0xff, 2, 1, 0];
    let leaf_length: &[u8] = &[0x30, 3, 2, 1, 0];
    let usages = |usages: Vec<Usage>| root(|it| it.key_usages = usages);
    vec![
        (&["not-ca"], root(|it| it.is_ca = IsCa::ExplicitNoCa)),
        (&["not-ca"], root(|it| it.is_ca = IsCa::NoCa)),
        (&["not-ca"], usages(vec![Usage::CrlSign])),
        (
            &["basic-constraints-not-critical", "missing-subject-key-id"],
            with_extensions((false, IS_CA), (true, SIGNS)),
        ),
        (&["missing-subject-key-id"], with_extensions((true, IS_CA), (true, SIGNS))),
        (&["missing-key-usage"], usages(Vec::new())),
        (
            &["key-usage-not-critical", "missing-subject-key-id"],
            with_extensions((true, IS_CA), (false, SIGNS)),
        ),
        (&["no-crl-sign"], usages(vec![Usage::KeyCertSign])),
        (&["usage-foreign-to-ca"], usages(vec![Usage::KeyCertSign, Usage::CrlSign, Usage::KeyEncipherment])),
        (&["path-length-of-root", "missing-subject-key-id"], with_extensions((true, length), (true, SIGNS))),
        (&["path-length-without-ca", "not-ca"], with_extensions((true, leaf_length), (true, SIGNS))),
        (&[], intermediate(|it| it.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)))),
        (&["missing-authority-key-id"], intermediate(|it| it.use_authority_key_identifier_extension = false)),
    ]
}

fn purpose_faults() -> Vec<(&'static [&'static str], Vec<u8>)> {
    let purposes = |purposes: Vec<Purpose>| intermediate(|it| it.extended_key_usages = purposes);
    let with_nocheck = intermediate(|it| {
        it.extended_key_usages = vec![Purpose::ServerAuth, Purpose::OcspSigning];
        it.custom_extensions.push(extension(OCSP_NOCHECK, false, &[5, 0]));
    });
    let leaf = root(|it| {
        it.is_ca = IsCa::ExplicitNoCa;
        it.custom_extensions.push(extension(NAME_CONSTRAINTS, true, &permitted(b"example.net", &[])));
    });
    let anchor = root(|it| {
        it.custom_extensions.push(extension(NAME_CONSTRAINTS, true, &permitted(b"example.net", &[])))
    });
    let names = |content: &[u8]| with_name_constraints(true, content);
    vec![
        (&["purposes-of-root"], root(|it| it.extended_key_usages = vec![Purpose::ServerAuth])),
        (&["missing-purposes"], purposes(Vec::new())),
        (&["any-purpose"], purposes(vec![Purpose::Any])),
        (&["not-for-servers"], purposes(vec![Purpose::ClientAuth])),
        (
            &["ocsp-signing-ca", "ocsp-signing-without-nocheck"],
            purposes(vec![Purpose::ServerAuth, Purpose::OcspSigning]),
        ),
        (&["ocsp-signing-ca"], with_nocheck),
        (&["name-constraints-outside-ca", "not-ca"], leaf),
        (&["name-constraints-of-anchor"], anchor),
        (&["name-constraints-not-critical"], with_name_constraints(false, &permitted(b"example.net", &[]))),
        (&[], names(&permitted(b"example.net", &[]))),
        (&["name-constraints-leading-dot"], names(&permitted(b".example.net", &[]))),
        (&["name-constraints-form"], names(&permitted(b"*.example.net", &[]))),
        (&["name-constraints-form"], names(&permitted(b"example.net", &[0x80, 1, 1]))),
        (&["name-constraints-form"], names(&[0x30, 0])),
        (&[], names(&network(&[10, 0, 0, 0, 255, 0, 0, 0]))),
        (&["name-constraints-form"], names(&network(&[10, 0, 0, 0]))),
        (&["name-constraints-form"], names(&network(&[10, 0, 0, 0, 255, 0, 255, 0]))),
    ]
}

#[test]
fn good_certificates_break_no_rule() {
    check(&root(|_| {}), &[]);
    check(&intermediate(|_| {}), &[]);
}

#[test]
fn each_fault_is_named_and_nothing_else() {
    let all = faults().into_iter().map(|(expect, der)| (expect, broken(&der, None, TODAY)));
    let others: Vec<_> =
        all.filter(|(expect, found)| expect.iter().copied().collect::<BTreeSet<_>>() != *found).collect();
    assert_eq!(others, Vec::new());
}

#[test]
fn every_rule_about_certificates_has_a_fault_that_breaks_it() {
    let of_faults: BTreeSet<&str> =
        faults().into_iter().flat_map(|(expect, _)| expect.iter().copied()).collect();
    let by_themselves = rules::all().filter(|rule| rule.scope == Scope::Certificate);
    let missing: Vec<&str> = by_themselves.map(|rule| rule.id).filter(|id| !of_faults.contains(id)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn a_role_that_is_given_counts() {
    let cross_signed = intermediate(|it| it.extended_key_usages.clear());
    assert_eq!(broken(&cross_signed, Some(Role::Anchor), TODAY), BTreeSet::new());
    assert_eq!(broken(&cross_signed, Some(Role::Intermediate), TODAY), ["missing-purposes"].into());
}

#[test]
fn certificates_beside_each_other_are_compared() {
    let key = rcgen::KeyPair::generate().unwrap();
    let of = |name: &str, serial: u8, key: &rcgen::KeyPair| {
        let mut parameters = authority(name);
        parameters.serial_number = Some(vec![serial].into());
        parameters.self_signed(key).unwrap().der().to_vec()
    };
    let other = rcgen::KeyPair::generate().unwrap();
    let check = |ders: &[Vec<u8>], expect: &[&str]| {
        let members: Vec<Member> = ders
            .iter()
            .zip(1..)
            .map(|(der, number)| Member { label: format!("{number}"), der: der.clone() })
            .collect();
        let rules: Vec<&str> = compare(&members).into_iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, expect);
    };
    let one = of("One", 1, &key);
    check(&[one.clone(), one.clone()], &[]);
    check(&[one.clone(), of("Two", 1, &key)], &["duplicate-key"]);
    check(&[one.clone(), of("One", 2, &other)], &["duplicate-subject"]);
    check(&[one.clone(), of("One", 2, &key)], &["duplicate-key"]);
    check(&[one, of("One", 1, &other)], &["duplicate-serial", "duplicate-subject"]);
}
