//! Reports of the CCADB (<https://www.ccadb.org/resources>): all certificate records, and Mozilla's included roots with
//! their certificates. Columns are found by their names: reports have gained and moved columns with each version.

use std::collections::BTreeMap;

use bundle::Sha256;

use super::said::{Said, Statement};
use super::table::{Row, Table};
use crate::certificate::source;
use crate::printable::printable;
use crate::{Error, hexadecimal};

/// Certificates of one report: three times what the CCADB has.
const RECORDS_MAX: usize = 50_000;

/// Names that a column has had, in lower case.
const FINGERPRINT: &[&str] =
    &["sha-256 fingerprint", "sha256 fingerprint", "sha-256 certificate fingerprint"];
const NAME: &[&str] = &["certificate name", "common name or certificate name"];
const VALID_FROM: &[&str] = &["valid from (gmt)", "valid from [gmt]", "valid from"];
const VALID_TO: &[&str] = &["valid to (gmt)", "valid to [gmt]", "valid to"];
const PARENT: &[&str] = &["parent sha-256 fingerprint"];
const REVOCATION: &[&str] = &["revocation status"];
const TRUST_BITS: &[&str] = &["trust bits", "derived trust bits"];
const TLS_CAPABLE: &[&str] = &["tls capable"];
const DISTRUST_AFTER: &[&str] = &["distrust for tls after date"];
const CONSTRAINTS: &[&str] = &["mozilla applied constraints"];
const PEM: &[&str] = &["pem info", "x.509 certificate (pem)", "pem"];
/// Columns of root programmes' verdicts.
const PROGRAMMES: [(&str, &str); 4] = [
    ("apple", "apple status"),
    ("chrome", "chrome status"),
    ("microsoft", "microsoft status"),
    ("mozilla", "mozilla status"),
];

/// Where each of them is in this report.
struct Columns<'t> {
    positions: &'t BTreeMap<String, usize>,
    row: &'t Row,
}

/// Reads a report.
///
/// # Errors
/// Exit code 3, where it is no such report: no table, or one without fingerprints.
pub(crate) fn parse(bytes: &[u8]) -> Result<Said, Error> {
    let wrong = |message: String| Error::input("ccadb_report", message);
    let table = Table::parse(bytes).map_err(wrong)?;
    let mut positions = BTreeMap::new();
    for (position, name) in table.columns.iter().enumerate() {
        positions.entry(name.to_ascii_lowercase()).or_insert(position);
    }
    if !FINGERPRINT.iter().any(|name| positions.contains_key(*name)) {
        let names: Vec<String> =
            table.columns.iter().take(3).map(|name| name.chars().take(40).collect()).collect();
        let message = format!("has no column \"SHA-256 Fingerprint\"; its columns begin with {names:?}");
        return Err(wrong(message).hint("give a report of the CCADB in CSV, with its first row"));
    }
    let mut said = Said::default();
    for broken in &table.broken {
        said.fault(broken.place(), broken.message.clone());
    }
    for row in &table.rows {
        if said.statements.len() >= RECORDS_MAX {
            return Err(wrong(format!("has more than {RECORDS_MAX} certificates")));
        }
        let columns = Columns { positions: &positions, row };
        if let Err(message) = columns.take_over(&mut said) {
            said.fault(format!("line {}", row.line), message);
        }
    }
    Ok(said)
}

impl Columns<'_> {
    /// The value of the first of these columns that the report has; `None` where it is empty.
    fn value(&self, names: &[&str]) -> Option<&str> {
        let position = names.iter().find_map(|name| self.positions.get(*name))?;
        Some(self.row.value(*position)).filter(|value| !value.is_empty())
    }

    /// Adds what the row says.
    fn take_over(&self, said: &mut Said) -> Result<(), String> {
        let text = self.value(FINGERPRINT).ok_or("has no SHA-256 fingerprint")?;
        let sha256 = fingerprint(text).ok_or_else(|| format!("has {} as its fingerprint", quoted(text)))?;
        let statement = self.statement()?;
        let der = self.value(PEM).map(|text| certificate(text, sha256)).transpose()?;
        // One certificate may be chained to several roots, a row each: what they say together is what counts.
        if let Some(earlier) = said.statements.get(&sha256).filter(|earlier| **earlier != statement) {
            let together = together(earlier, &statement)?;
            said.statements.insert(sha256, together);
        } else {
            said.statements.insert(sha256, statement);
        }
        said.certificates.extend(der.map(|der| (sha256, der)));
        Ok(())
    }

    fn statement(&self) -> Result<Statement, String> {
        let day = |names: &[&str]| self.value(names).map(day).transpose();
        let words = |names: &[&str]| self.value(names).map(shown);
        let programmes = PROGRAMMES.iter().filter_map(|(programme, column)| {
            self.value(&[column]).map(|verdict| ((*programme).to_owned(), shown(verdict)))
        });
        let revocation = words(REVOCATION).filter(|text| !text.eq_ignore_ascii_case("not revoked"));
        Ok(Statement {
            subject: words(NAME).unwrap_or_default(),
            valid_from: day(VALID_FROM)?,
            valid_to: day(VALID_TO)?,
            is_trusted_for_tls: self.is_trusted_for_tls()?,
            distrust_after: day(DISTRUST_AFTER)?,
            constraints: list(self.value(CONSTRAINTS)),
            programmes: programmes.collect(),
            revocation,
            parent: self.value(PARENT).and_then(fingerprint).map(|sha256| sha256.to_string()),
            ..Statement::default()
        })
    }

    /// By its trust bits, else by the column that says it outright.
    fn is_trusted_for_tls(&self) -> Result<Option<bool>, String> {
        if let Some(bits) = self.value(TRUST_BITS) {
            let bits = bits.split([';', ',']).map(str::trim);
            return Ok(Some(
                bits.map(str::to_ascii_lowercase)
                    .any(|bit| matches!(bit.as_str(), "websites" | "server authentication" | "serverauth")),
            ));
        }
        match self.value(TLS_CAPABLE) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(text) => Err(format!("has {} for TLS Capable", quoted(text))),
        }
    }
}

/// What two rows about one certificate say; they may differ in their parents and notes, not in dates.
fn together(earlier: &Statement, later: &Statement) -> Result<Statement, String> {
    if (&earlier.valid_from, &earlier.valid_to) != (&later.valid_from, &later.valid_to) {
        return Err("is about a certificate that an earlier row gives other dates".to_owned());
    }
    let mut both = earlier.clone();
    both.is_trusted_for_tls = match (earlier.is_trusted_for_tls, later.is_trusted_for_tls) {
        (Some(one), Some(other)) => Some(one || other),
        (one, other) => one.or(other),
    };
    // The order of rows must not count.
    both.parent = earlier.parent.clone().min(later.parent.clone());
    both.subject = earlier.subject.clone().min(later.subject.clone());
    both.distrust_after = earlier.distrust_after.clone().or_else(|| later.distrust_after.clone());
    both.revocation = earlier.revocation.clone().or_else(|| later.revocation.clone());
    both.constraints.extend(later.constraints.iter().cloned());
    for (programme, verdict) in &later.programmes {
        both.programmes.entry(programme.clone()).or_insert_with(|| verdict.clone());
    }
    Ok(both)
}

/// 64 hexadecimal digits, with or without colons.
fn fingerprint(text: &str) -> Option<Sha256> {
    let digits: String = text.chars().filter(|letter| *letter != ':').collect();
    hexadecimal::parse_sha256(&digits.to_ascii_lowercase()).map(Sha256)
}

/// `2026-04-15` out of the forms that reports have: `2026.04.15`, `2026-04-15`, `2026 Apr 15`, with or without a time.
fn day(text: &str) -> Result<String, String> {
    const FORMS: [&str; 4] = ["%Y.%m.%d", "%Y-%m-%d", "%Y %b %d", "%m/%d/%Y"];
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_three_words =
        words.get(1).is_some_and(|word| word.starts_with(|letter: char| letter.is_ascii_alphabetic()));
    let date = words.get(..if is_three_words { 3 } else { 1 }).unwrap_or_default().join(" ");
    let date = date.split('T').next().filter(|_| !is_three_words).unwrap_or(&date).to_owned();
    let read = |form: &&str| jiff::civil::Date::strptime(form, &date).ok();
    let date = FORMS.iter().find_map(read).ok_or_else(|| format!("has {} as a date", quoted(text)))?;
    Ok(date.to_string())
}

/// The certificate of a row, which must be the one that the row is about.
fn certificate(text: &str, sha256: Sha256) -> Result<Vec<u8>, String> {
    let text = text.trim_matches('\'');
    let blocks = source::ders(text.as_bytes());
    let blocks = blocks.map_err(|error| format!("has a certificate that cannot be read: {error}"))?;
    let (_, der) = blocks.into_iter().next().ok_or("has no certificate")?;
    let found = Sha256::of(&[&der]);
    if found == sha256 {
        Ok(der)
    } else {
        Err(format!("has another certificate than its fingerprint says: {found}"))
    }
}

fn list(text: Option<&str>) -> std::collections::BTreeSet<String> {
    let names =
        text.unwrap_or_default().split([',', ';', '\n']).map(str::trim).filter(|name| !name.is_empty());
    names.map(shown).collect()
}

/// Words of a stranger, safe for a terminal and for a file of ours.
fn shown(text: &str) -> String {
    printable(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn quoted(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    format!("{start:?}")
}

#[cfg(test)]
#[path = "ccadb_tests.rs"]
mod tests;
