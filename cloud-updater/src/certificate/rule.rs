//! What is wrong with a certificate that somebody wants to trust: named rules, so that each can be overridden by
//! name, with a reason that is kept.

use std::fmt;

use bundle::UnixSeconds;
use clap::ValueEnum;

use super::{Certificate, PublicKeyKind};
use crate::date;

/// Smallest RSA modulus, in bits (CA/Browser Forum Baseline Requirements §6.1.5).
const RSA_BITS_MIN: usize = 2_048;
/// Largest RSA modulus that the devices' verifier takes, in bits (`ring`: 8192).
const RSA_BITS_MAX: usize = 8_192;

/// Signature algorithms that stand for more than their issuer's name.
const STRONG_SIGNATURES: [&str; 8] = [
    "1.2.840.113549.1.1.10", // RSASSA-PSS
    "1.2.840.113549.1.1.11", // sha256WithRSAEncryption
    "1.2.840.113549.1.1.12", // sha384WithRSAEncryption
    "1.2.840.113549.1.1.13", // sha512WithRSAEncryption
    "1.2.840.10045.4.3.2",   // ecdsa-with-SHA256
    "1.2.840.10045.4.3.3",   // ecdsa-with-SHA384
    "1.2.840.10045.4.3.4",   // ecdsa-with-SHA512
    "1.3.101.112",           // Ed25519
];

/// A reason to refuse a certificate on import. The names are typed by people and kept in files: never rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Rule {
    /// The same certificate is there already; allowing it replaces what is recorded about it
    Duplicate,
    /// notAfter has passed
    Expired,
    /// Basic constraints or key usage do not let it issue certificates
    NotCa,
    /// notBefore has not come yet
    NotYetValid,
    /// RSA below 2048 bits, or a key that devices cannot verify with
    WeakKey,
    /// Signed with MD5, SHA-1 or something unknown; a self-issued root's own signature is not judged
    WeakSignature,
}

/// One rule that a certificate breaks, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The rule.
    pub rule: Rule,
    /// How it is broken: the rest of a sentence that starts with the certificate.
    pub message: String,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Duplicate => "duplicate",
            Self::Expired => "expired",
            Self::NotCa => "not-ca",
            Self::NotYetValid => "not-yet-valid",
            Self::WeakKey => "weak-key",
            Self::WeakSignature => "weak-signature",
        })
    }
}

/// Every rule that the certificate itself breaks at `now`; duplicates are the repository's to see.
#[must_use]
pub fn judge(certificate: &Certificate, now: UnixSeconds) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |rule, message: String| problems.push(Problem { rule, message });
    match certificate.is_ca {
        Some(true) => {}
        Some(false) => add(Rule::NotCa, "is not a CA: its basic constraints say so".to_owned()),
        None => add(Rule::NotCa, "has no basic constraints, so nothing says that it is a CA".to_owned()),
    }
    if !certificate.may_sign_certificates {
        add(Rule::NotCa, "may not sign certificates: its key usage does not say keyCertSign".to_owned());
    }
    if now > certificate.not_after {
        add(Rule::Expired, format!("expired on {}", date::day(certificate.not_after)));
    }
    if now < certificate.not_before {
        add(Rule::NotYetValid, format!("is not valid before {}", date::day(certificate.not_before)));
    }
    if let Some(message) = key_weakness(&certificate.key) {
        add(Rule::WeakKey, message);
    }
    // Nobody verifies the signature that a root makes over itself; anybody else's vouches for this key.
    let signature = certificate.signature_algorithm.as_str();
    if !certificate.is_self_issued && !STRONG_SIGNATURES.contains(&signature) {
        add(
            Rule::WeakSignature,
            format!("is signed with {}, which is weak or unknown", signature_name(signature)),
        );
    }
    problems
}

fn key_weakness(key: &PublicKeyKind) -> Option<String> {
    match key {
        PublicKeyKind::Rsa { bits } if *bits < RSA_BITS_MIN => {
            Some(format!("has an RSA key of {bits} bits, below {RSA_BITS_MIN}"))
        }
        PublicKeyKind::Rsa { bits } if *bits > RSA_BITS_MAX => {
            Some(format!("has an RSA key of {bits} bits; devices verify up to {RSA_BITS_MAX}"))
        }
        PublicKeyKind::Other(name) => Some(format!("has a key that devices cannot verify with ({name})")),
        PublicKeyKind::Rsa { .. } | PublicKeyKind::P256 | PublicKeyKind::P384 | PublicKeyKind::Ed25519 => {
            None
        }
    }
}

fn signature_name(oid: &str) -> String {
    match oid {
        "1.2.840.113549.1.1.2" => "MD2 and RSA".to_owned(),
        "1.2.840.113549.1.1.4" => "MD5 and RSA".to_owned(),
        "1.2.840.113549.1.1.5" => "SHA-1 and RSA".to_owned(),
        "1.2.840.10045.4.1" => "SHA-1 and ECDSA".to_owned(),
        other => format!("the algorithm {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Certificate {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2030, 1, 1);
        Certificate::parse(parameters.self_signed(&key).unwrap().der().to_vec()).unwrap()
    }

    fn check(certificate: &Certificate, now: &str, expect: &[Rule]) {
        let rules: Vec<Rule> =
            judge(certificate, date::parse(now).unwrap()).into_iter().map(|problem| problem.rule).collect();
        assert_eq!(rules, expect);
    }

    #[test]
    fn a_good_root_breaks_no_rule() {
        check(&sample(), "2026-01-01", &[]);
    }

    #[test]
    fn dates_are_judged_at_the_given_day() {
        check(&sample(), "2019-12-31", &[Rule::NotYetValid]);
        check(&sample(), "2030-01-02", &[Rule::Expired]);
    }

    #[test]
    fn what_cannot_issue_is_not_a_ca() {
        check(&Certificate { is_ca: Some(false), ..sample() }, "2026-01-01", &[Rule::NotCa]);
        check(&Certificate { is_ca: None, ..sample() }, "2026-01-01", &[Rule::NotCa]);
        check(&Certificate { may_sign_certificates: false, ..sample() }, "2026-01-01", &[Rule::NotCa]);
    }

    #[test]
    fn short_and_unknown_keys_are_weak() {
        for key in [
            PublicKeyKind::Rsa { bits: 2_047 },
            PublicKeyKind::Rsa { bits: 16_384 },
            PublicKeyKind::Other(String::new()),
        ] {
            check(&Certificate { key, ..sample() }, "2026-01-01", &[Rule::WeakKey]);
        }
        for key in [PublicKeyKind::Rsa { bits: 2_048 }, PublicKeyKind::P384, PublicKeyKind::Ed25519] {
            check(&Certificate { key, ..sample() }, "2026-01-01", &[]);
        }
    }

    #[test]
    fn a_weak_signature_counts_only_where_somebody_else_made_it() {
        let sha1 = Certificate { signature_algorithm: "1.2.840.113549.1.1.5".to_owned(), ..sample() };
        check(&sha1, "2026-01-01", &[]);
        check(&Certificate { is_self_issued: false, ..sha1 }, "2026-01-01", &[Rule::WeakSignature]);
        let unknown =
            Certificate { signature_algorithm: "1.2.3".to_owned(), is_self_issued: false, ..sample() };
        check(&unknown, "2026-01-01", &[Rule::WeakSignature]);
    }
}
