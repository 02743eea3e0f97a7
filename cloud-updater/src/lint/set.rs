//! Certificates beside each other: one key or one name twice, and serial numbers given twice.

use std::collections::BTreeMap;

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::rule::Rule;
use super::rules::certificate::{DUPLICATE_KEY, DUPLICATE_SERIAL, DUPLICATE_SUBJECT};
use crate::certificate::Certificate;
use crate::finding::Finding;
use crate::printable::printable;

/// A certificate of a set, and what it is called there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What it is called.
    pub label: String,
    /// Its bytes.
    pub der: Vec<u8>,
}

/// What a certificate calls itself, where it can be read.
pub(super) fn name(der: &[u8]) -> Option<String> {
    if let Ok(certificate) = Certificate::parse(der.to_vec()) {
        return Some(certificate.short_name);
    }
    let (_, x509) = X509Certificate::from_der(der).ok()?;
    Some(printable(&x509.subject().to_string()))
}

/// What is wrong between the members of a set; what cannot be read is passed over.
#[must_use]
pub fn compare(members: &[Member]) -> Vec<Finding> {
    let mut read: Vec<(&Member, X509Certificate<'_>)> = Vec::new();
    for member in members {
        let is_known = read.iter().any(|(known, _)| known.der == member.der);
        if let Some((_, x509)) = X509Certificate::from_der(&member.der).ok().filter(|_| !is_known) {
            read.push((member, x509));
        }
    }
    let mut findings = Vec::new();
    let mut note = |rule: &'static Rule, what: &str, group: &[usize]| {
        let mut labels = group.iter().filter_map(|index| Some(read.get(*index)?.0.label.as_str()));
        if let Some(first) = labels.next() {
            findings.extend(labels.map(|other| rule.broken(format!("{what} {first}")).finding(other)));
        }
    };
    for group in groups(&read, |x509| x509.public_key().raw.to_vec()) {
        note(&DUPLICATE_KEY, "has the same key as", &group);
    }
    for group in groups(&read, |x509| [x509.issuer().as_raw(), b"\0", x509.raw_serial()].concat()) {
        note(&DUPLICATE_SERIAL, "has the issuer and serial number of", &group);
    }
    for group in groups(&read, |x509| x509.subject().as_raw().to_vec()) {
        let mut keys: Vec<&[u8]> = Vec::new();
        let of_other_keys: Vec<usize> = group
            .into_iter()
            .filter(|index| {
                let key = read.get(*index).map_or(&[][..], |(_, x509)| x509.public_key().raw);
                let is_new = !keys.contains(&key);
                keys.push(key);
                is_new
            })
            .collect();
        note(&DUPLICATE_SUBJECT, "has another key and the name of", &of_other_keys);
    }
    findings
}

/// The indices of those that agree in `part`, by two or more.
fn groups(
    read: &[(&Member, X509Certificate<'_>)],
    part: impl Fn(&X509Certificate<'_>) -> Vec<u8>,
) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
    for (index, (_, x509)) in read.iter().enumerate() {
        groups.entry(part(x509)).or_default().push(index);
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}
