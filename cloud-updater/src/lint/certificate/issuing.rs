//! Whether it may issue, and how far down: basic constraints, key usage, key identifiers.

use x509_parser::extensions::KeyUsage;

use super::{Look, Role};
use crate::lint::rule::Problem;
use crate::lint::rules::issuing::{
    BASIC_CONSTRAINTS_NOT_CRITICAL, KEY_USAGE_NOT_CRITICAL, MISSING_AUTHORITY_KEY_ID, MISSING_KEY_USAGE,
    MISSING_SUBJECT_KEY_ID, NO_CRL_SIGN, NOT_CA, PATH_LENGTH_OF_ROOT, PATH_LENGTH_WITHOUT_CA,
    USAGE_FOREIGN_TO_CA,
};

pub(super) fn examine(look: &Look<'_>, problems: &mut Vec<Problem>) {
    // What is malformed or stands there twice is named elsewhere.
    let (Ok(basic), Ok(usage)) = (look.x509.basic_constraints(), look.x509.key_usage()) else { return };
    let is_ca = basic.as_ref().is_some_and(|basic| basic.value.ca);
    let may_sign = usage.as_ref().is_none_or(|usage| usage.value.key_cert_sign());
    match &basic {
        None => problems.push(NOT_CA.broken("has no basic constraints, so nothing says that it is a CA")),
        Some(basic) if !basic.value.ca => {
            problems.push(NOT_CA.broken("is not a CA: its basic constraints say so"));
        }
        Some(basic) if !basic.critical => {
            problems
                .push(BASIC_CONSTRAINTS_NOT_CRITICAL.broken("has basic constraints that are not critical"));
        }
        Some(_) => {}
    }
    if !may_sign {
        let message = "may not sign certificates: its key usage does not say keyCertSign";
        problems.push(NOT_CA.broken(message));
    }
    if let Some(length) = basic.as_ref().and_then(|basic| basic.value.path_len_constraint) {
        path_length(look, length, is_ca && may_sign, problems);
    }
    if is_ca {
        match &usage {
            None => problems.push(MISSING_KEY_USAGE.broken("does not say what its key is for")),
            Some(usage) => key_usage(usage.critical, *usage.value, problems),
        }
        key_identifiers(look, problems);
    }
}

fn path_length(look: &Look<'_>, length: u32, can_issue: bool, problems: &mut Vec<Problem>) {
    if !can_issue {
        problems
            .push(PATH_LENGTH_WITHOUT_CA.broken(format!("has the path length {length} and may not issue")));
    } else if look.role == Role::Anchor && look.is_self_issued {
        problems.push(PATH_LENGTH_OF_ROOT.broken(format!("is a root with the path length {length}")));
    }
}

fn key_usage(is_critical: bool, usage: KeyUsage, problems: &mut Vec<Problem>) {
    if !is_critical {
        problems.push(KEY_USAGE_NOT_CRITICAL.broken("has a key usage that is not critical"));
    }
    if !usage.crl_sign() {
        problems.push(NO_CRL_SIGN.broken("may not sign revocation lists"));
    }
    let foreign = [
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ];
    let foreign: Vec<&str> =
        foreign.into_iter().filter_map(|(is_set, name)| is_set.then_some(name)).collect();
    if !foreign.is_empty() {
        problems.push(USAGE_FOREIGN_TO_CA.broken(format!("has the key usage {}", foreign.join(", "))));
    }
}

fn key_identifiers(look: &Look<'_>, problems: &mut Vec<Problem>) {
    use x509_parser::asn1_rs::{Oid, oid};
    const SUBJECT_KEY_ID: Oid<'static> = oid!(2.5.29.14);
    const AUTHORITY_KEY_ID: Oid<'static> = oid!(2.5.29.35);
    let has = |wanted: &Oid<'_>| look.x509.extensions().iter().any(|extension| extension.oid == *wanted);
    if !has(&SUBJECT_KEY_ID) {
        problems.push(MISSING_SUBJECT_KEY_ID.broken("has no subject key identifier"));
    }
    if !look.is_self_issued && !has(&AUTHORITY_KEY_ID) {
        problems.push(MISSING_AUTHORITY_KEY_ID.broken("has no authority key identifier"));
    }
}
