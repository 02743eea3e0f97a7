//! What `services.toml` asks of a chain beside an anchor: pins and expected names, each until a day, and each with another
//! one in reserve for as long as it is in force.

use std::collections::{BTreeMap, BTreeSet};

use bundle::write::ExpectationContent;
use bundle::{ExpectedName, Pin, PinKind, Sha256, UnixSeconds, limits};
use chain::AttributeType;
use serde::Deserialize;

use super::service_file::wrong;
use crate::{Error, date, hexadecimal};

/// One entry of `pins`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PinSettings {
    /// An anchor or intermediate of the repository, whose key is pinned; else what follows says what is.
    pub key_of: Option<String>,
    /// `spki` or `certificate`.
    pub kind: Option<String>,
    /// SHA-256 in hexadecimal.
    pub sha256: Option<String>,
    /// The day from which the pin is ignored.
    pub until: Option<String>,
}

/// One entry of `expect`: `issuer` or `subject`, and what that name must have.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExpectationSettings {
    /// Attributes of the CA that issues the service's certificate, by their short names.
    pub issuer: Option<BTreeMap<String, String>>,
    /// Attributes of the certificate's own name.
    pub subject: Option<BTreeMap<String, String>>,
    /// The day from which the expectation is ignored.
    pub until: Option<String>,
}

/// The pins of `service`, as the format has them; `key_of` knows the keys of anchors and intermediates by their names.
///
/// # Errors
/// Exit code 2 with the field at fault.
pub(super) fn pins(
    service: &str,
    settings: &[PinSettings],
    key_of: &dyn Fn(&str) -> Option<Sha256>,
) -> Result<Vec<Pin>, Error> {
    let field = format!("services.{service}.pins");
    check_count(&field, settings.len(), limits::PINS_MAX)?;
    let read = |(index, pin): (usize, &PinSettings)| pin.read(&format!("{field}[{index}]"), key_of);
    let pins: Vec<Pin> = settings.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let ends: Vec<(String, UnixSeconds)> =
        pins.iter().map(|pin| (format!("the pin {}", pin.sha256), pin.until)).collect();
    let hint = "pin a key that is kept in reserve, or a root of another CA, as well";
    check_reserve(&field, "pin", &ends).map_err(|error| error.hint(hint))?;
    Ok(pins)
}

/// The expected names of `service`, as the format has them.
///
/// # Errors
/// Exit code 2 with the field at fault.
pub(super) fn expectations(
    service: &str,
    settings: &[ExpectationSettings],
) -> Result<Vec<ExpectationContent>, Error> {
    let field = format!("services.{service}.expect");
    check_count(&field, settings.len(), limits::EXPECTATIONS_MAX)?;
    let read = |(index, it): (usize, &ExpectationSettings)| it.read(&format!("{field}[{index}]"));
    let expectations: Vec<ExpectationContent> =
        settings.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    for name in ExpectedName::ALL {
        let mine = expectations.iter().filter(|it| it.name == name);
        let ends: Vec<_> = mine.map(|it| (format!("{{ {} }}", folded(it)), it.until)).collect();
        let hint = "expect the CA that would take its place, or the name that comes next, as well";
        check_reserve(&field, &format!("expected {}", name.words()), &ends)
            .map_err(|error| error.hint(hint))?;
    }
    Ok(expectations)
}

impl PinSettings {
    fn read(&self, field: &str, key_of: &dyn Fn(&str) -> Option<Sha256>) -> Result<Pin, Error> {
        let (kind, sha256) = match (&self.key_of, &self.kind, &self.sha256) {
            (Some(name), None, None) => {
                let key = key_of(name).ok_or_else(|| {
                    let message = format!("{name:?} is the name of no one anchor or intermediate");
                    let error = wrong(format!("{field}.key-of"), message);
                    error.hint("cloud-updater anchor list shows their names; after it has left, give its key's sha256")
                })?;
                (PinKind::Spki, key)
            }
            (None, Some(kind), Some(sha256)) => {
                let kind = match kind.as_str() {
                    "spki" => PinKind::Spki,
                    "certificate" => PinKind::Certificate,
                    other => {
                        let message = format!("{other:?} is neither spki nor certificate");
                        return Err(wrong(format!("{field}.kind"), message));
                    }
                };
                let sha256 = hexadecimal::parse_sha256(sha256)
                    .ok_or_else(|| wrong(format!("{field}.sha256"), "must be 64 hexadecimal digits"))?;
                (kind, Sha256(sha256))
            }
            _ => return Err(wrong(field, "must have key-of, or kind and sha256")),
        };
        Ok(Pin { kind, sha256, until: end(field, self.until.as_deref())? })
    }
}

impl ExpectationSettings {
    fn read(&self, field: &str) -> Result<ExpectationContent, Error> {
        let (name, attributes) = match (&self.issuer, &self.subject) {
            (Some(attributes), None) => (ExpectedName::Issuer, attributes),
            (None, Some(attributes)) => (ExpectedName::Subject, attributes),
            _ => return Err(wrong(field, "must have either issuer or subject")),
        };
        let field_of_name = format!("{field}.{}", name.words());
        if attributes.is_empty() || attributes.len() > limits::EXPECTED_ATTRIBUTES_MAX {
            let message = format!("must have 1 to {} attributes", limits::EXPECTED_ATTRIBUTES_MAX);
            return Err(wrong(field_of_name, message));
        }
        let mut read = Vec::new();
        for (short, value) in attributes {
            let field = format!("{field_of_name}.{short}");
            let AttributeType(oid) = AttributeType::named(short).ok_or_else(|| {
                let known: Vec<&str> = AttributeType::names().collect();
                wrong(&field, format!("is none of {}", known.join(", ")))
            })?;
            let is_fine = (1..=limits::EXPECTED_VALUE_BYTES_MAX).contains(&value.trim_ascii().len())
                && !value.chars().any(char::is_control);
            if !is_fine {
                let message = format!("must be a text of 1 to {} bytes", limits::EXPECTED_VALUE_BYTES_MAX);
                return Err(wrong(field, message));
            }
            read.push((oid.to_vec(), value.trim_ascii().to_owned()));
        }
        Ok(ExpectationContent { name, attributes: read, until: end(field, self.until.as_deref())? })
    }
}

fn check_count(field: &str, count: usize, most: usize) -> Result<(), Error> {
    if count > most {
        return Err(wrong(field, format!("at most {most} fit a service")));
    }
    Ok(())
}

/// The end that each of them must have.
fn end(field: &str, until: Option<&str>) -> Result<UnixSeconds, Error> {
    let field = format!("{field}.until");
    let until = until.ok_or_else(|| {
        let message = "has no end: until a day on which devices drop it by themselves, what is forgotten here cuts them \
                       off when the service moves";
        wrong(&field, message).hint("write until = \"2026-02-28\", and a later day with each review")
    })?;
    date::parse(until).map_err(|message| wrong(field, message))
}

/// Refuses what would at some moment be in force alone: whoever ends last needs company until the end.
fn check_reserve(field: &str, what: &str, ends: &[(String, UnixSeconds)]) -> Result<(), Error> {
    let Some(last) = ends.iter().map(|(_, until)| *until).max() else { return Ok(()) };
    let values: BTreeSet<&str> = ends.iter().map(|(value, _)| value.as_str()).collect();
    if values.len() == 1 {
        let message = format!(
            "one {what} locks every device out when what it names is replaced: a second one is needed"
        );
        return Err(wrong(field, message));
    }
    let staying: BTreeSet<&str> =
        ends.iter().filter(|(_, until)| *until == last).map(|(value, _)| value.as_str()).collect();
    let alone = staying.first().filter(|_| staying.len() == 1);
    let Some(alone) = alone else { return Ok(()) };
    let left = ends.iter().filter(|(value, _)| value != alone).map(|(_, until)| *until).max().unwrap_or(last);
    let message = format!(
        "from {} until {} {alone} would be in force alone, and lock every device out when what it names is replaced",
        date::day(left),
        date::day(last)
    );
    Err(wrong(field, message))
}

/// An expected name as devices compare it.
pub(crate) fn folded(expectation: &ExpectationContent) -> String {
    let text = |value: &str| value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let mut attributes: Vec<String> = expectation
        .attributes
        .iter()
        .map(|(oid, value)| format!("{}={}", AttributeType(oid), text(value).to_ascii_lowercase()))
        .collect();
    attributes.sort();
    attributes.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::service_file::ServiceFile;

    fn parse(body: &str) -> Result<ServiceFile, crate::Error> {
        ServiceFile::parse(&format!("[services.hub]\nhosts = ['a.example']\nanchors = 'all'\n{body}"))
    }

    fn check(body: &str, expect: &str) {
        let error = parse(body).unwrap_err();
        assert!(error.to_string().starts_with(&format!("services.toml: services.hub.{expect}")), "{error}");
        assert_eq!(error.exit().number(), 2);
    }

    fn pin(digit: &str, until: &str) -> String {
        format!("{{ kind = 'spki', sha256 = '{}', until = '{until}' }}", digit.repeat(64))
    }

    fn pins(pins: &[String]) -> String {
        format!("pins = [{}]", pins.join(", "))
    }

    fn expect(entries: &[&str]) -> String {
        format!("expect = [{}]", entries.join(", "))
    }

    #[test]
    fn a_pin_needs_another_one_in_reserve() {
        check(&pins(&[pin("a", "2027-01-01")]), "pins: one pin locks");
        check(&pins(&[pin("a", "2027-01-01"), pin("a", "2027-01-01")]), "pins: one pin locks");
        let both = parse(&pins(&[pin("a", "2027-01-01"), pin("b", "2027-01-01")])).unwrap();
        assert_eq!(both.services["hub"].pins("hub", |_| None).unwrap().len(), 2);
    }

    #[test]
    fn a_pin_names_a_key_of_the_repository_or_a_digest() {
        let named = |name: &str| format!("{{ key-of = '{name}', until = '2027-01-01' }}");
        check(
            &pins(&["{ until = '2027-01-01' }".to_owned()]),
            "pins[0]: must have key-of, or kind and sha256",
        );
        check(&pins(&[named("a"), named("a")]), "pins: one pin locks");
        let file = parse(&pins(&[named("a"), named("b")])).unwrap();
        let service = &file.services["hub"];
        let key = |name: &str| Some(bundle::Sha256::of(&[name.as_bytes()]));
        let read = service.pins("hub", key).unwrap();
        assert_eq!((read[1].kind, read[1].sha256), (bundle::PinKind::Spki, key("b").unwrap()));
        let unknown = service.pins("hub", |name| key(name).filter(|_| name == "a")).unwrap_err();
        assert!(
            unknown
                .to_string()
                .starts_with("services.toml: services.hub.pins[1].key-of: \"b\" is the name of no")
        );
    }

    #[test]
    fn no_pin_may_outlive_its_reserve() {
        let alone = pins(&[pin("a", "2027-01-01"), pin("b", "2027-06-01")]);
        check(&alone, "pins: from 2027-01-01 until 2027-06-01 the pin bbbb");
        let moved = pins(&[pin("a", "2027-01-01"), pin("b", "2027-06-01"), pin("c", "2027-06-01")]);
        assert_eq!(parse(&moved).unwrap().services["hub"].pins("hub", |_| None).unwrap().len(), 3);
    }

    #[test]
    fn what_has_no_end_is_refused_with_the_reason() {
        let endless = format!("{{ kind = 'spki', sha256 = '{}' }}", "a".repeat(64));
        check(&pins(&[endless, pin("b", "2027-01-01")]), "pins[0].until: has no end");
        check(&expect(&["{ issuer = { O = 'A' } }"]), "expect[0].until: has no end");
    }

    #[test]
    fn an_expected_name_needs_another_one_of_its_kind_in_reserve() {
        let issuer =
            |organization: &str| format!("{{ issuer = {{ O = '{organization}' }}, until = '2027-01-01' }}");
        check(&expect(&[&issuer("A")]), "expect: one expected issuer locks");
        check(&expect(&[&issuer("Some CA"), &issuer(" some  ca")]), "expect: one expected issuer locks");
        let subject = "{ subject = { CN = 'a' }, until = '2027-01-01' }";
        check(&expect(&[&issuer("A"), &issuer("B"), subject]), "expect: one expected subject locks");
        let longer = "{ issuer = { O = 'C' }, until = '2028-01-01' }";
        check(&expect(&[&issuer("A"), longer]), "expect: from 2027-01-01 until 2028-01-01 { O=c }");
        let both = parse(&expect(&[&issuer("A"), &issuer("B")])).unwrap();
        assert_eq!(both.services["hub"].expectations("hub").unwrap().len(), 2);
    }

    #[test]
    fn every_mistake_of_an_expected_name_is_named_by_its_field() {
        check(&expect(&["{ until = '2027-01-01' }"]), "expect[0]: must have either");
        check(
            &expect(&["{ issuer = { X = 'a' }, until = '2027-01-01' }"]),
            "expect[0].issuer.X: is none of CN",
        );
        check(
            &expect(&["{ subject = { CN = ' ' }, until = '2027-01-01' }"]),
            "expect[0].subject.CN: must be",
        );
        check(&expect(&["{ subject = {}, until = '2027-01-01' }"]), "expect[0].subject: must have 1 to 4");
        check(&expect(&["{ issuer = { O = 'a' }, until = 'soon' }"]), "expect[0].until: ");
        check(&expect(&["{ issuers = { O = 'a' }, until = 'soon' }"]), "expect[0].issuers: unknown field");
    }
}
