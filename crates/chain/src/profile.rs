//! What certificates keep to beyond what a path needs: rules of RFC 5280 that path validation never asks for, and, for
//! services of public CAs, those of the CA/Browser Forum's baseline requirements.
//!
//! A rule is here where a certificate that breaks it is either no certificate of its place at all, or one that no public CA
//! may issue. What is left out needs a list that changes, such as that of public suffixes.

use alloc::string::ToString as _;
use core::net::{Ipv4Addr, Ipv6Addr};

use bundle::{Service, extension_id};

use crate::der::{Element, Reader, tag};
use crate::extension::{self, Extension};
use crate::name::OID_COMMON_NAME;
use crate::{Certificate, KeyAlgorithm};

/// How closely certificates are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// What every chain keeps to, private ones made by hand as well.
    #[default]
    Private,
    /// RFC 5280 to the letter.
    Rfc5280,
    /// The CA/Browser Forum's baseline requirements, and RFC 5280 where they do not say otherwise: for services whose
    /// anchors are public CAs.
    WebPki,
}

impl Profile {
    /// The name by which a service asks for it ([`bundle::extension_id::PROFILE`]).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Rfc5280 => "rfc5280",
            Self::WebPki => "webpki",
        }
    }

    /// The profile of that name.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<Self> {
        [Self::Private, Self::Rfc5280, Self::WebPki].into_iter().find(|known| known.name().as_bytes() == name)
    }

    /// The profile that a service asks for, where this version knows it.
    #[must_use]
    pub fn asked_by(service: &Service<'_>) -> Option<Self> {
        let asked = service.extensions.iter().find(|extension| extension.id == extension_id::PROFILE);
        asked.and_then(|extension| Self::named(extension.content))
    }

    /// The profile that a service's chains are judged by.
    pub(crate) fn of(service: &Service<'_>) -> Self {
        Self::asked_by(service).unwrap_or_default()
    }
}

/// Where on a path a certificate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Leaf,
    Intermediate,
    Anchor,
}

/// A rule that is broken: the field, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) field: &'static str,
    pub(crate) words: &'static str,
}

/// Octets of a serial number at most (RFC 5280 §4.1.2.2).
const SERIAL_OCTETS_MAX: usize = 20;
/// Fields of an authority key identifier that name its issuer's issuer and serial number (RFC 5280 §4.2.1.1).
const AUTHORITY_CERT_ISSUER: u8 = 0xa1;
const AUTHORITY_CERT_SERIAL_NUMBER: u8 = 0x82;
/// `permittedSubtrees [0]` and `excludedSubtrees [1]` of NameConstraints, and `dNSName [2]` of a subtree's base.
const SUBTREES: [u8; 2] = [0xa0, 0xa1];
const DNS_NAME: u8 = 0x82;
/// anyExtendedKeyUsage (RFC 5280 §4.2.1.12).
const ANY_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37, 0];

/// One certificate in its place, and how closely it is looked at.
#[derive(Clone, Copy)]
struct Look<'c, 'a> {
    certificate: &'c Certificate<'a>,
    place: Place,
    profile: Profile,
}

/// The first rule that a certificate breaks in its place.
pub(crate) fn broken(certificate: &Certificate<'_>, place: Place, profile: Profile) -> Option<Broken> {
    let look = Look { certificate, place, profile };
    extension::list(certificate.as_der())
        .find_map(|extension| look.extension(&extension))
        .or_else(|| look.key())
        .or_else(|| look.authority())
        .or_else(|| if look.is_to_the_letter() { look.fields() } else { None })
        .or_else(|| if look.is_public() { look.public() } else { None })
}

const fn rule(field: &'static str, words: &'static str) -> Option<Broken> {
    Some(Broken { field, words })
}

impl Look<'_, '_> {
    /// As RFC 5280 has it.
    fn is_to_the_letter(&self) -> bool {
        self.profile != Profile::Private
    }

    /// As the baseline requirements have it.
    fn is_public(&self) -> bool {
        self.profile == Profile::WebPki
    }

    /// What one extension says, and whether it is critical.
    fn extension(&self, extension: &Extension<'_>) -> Option<Broken> {
        let Extension { oid, is_critical, .. } = *extension;
        let (place, is_strict, is_public) = (self.place, self.is_to_the_letter(), self.is_public());
        match oid.content {
            extension::AUTHORITY_KEY_ID if is_critical => rule("authority_key_identifier", "is critical"),
            extension::SUBJECT_KEY_ID if is_critical => rule("subject_key_identifier", "is critical"),
            extension::NAME_CONSTRAINTS => self.name_constraints(extension),
            extension::POLICY_CONSTRAINTS if is_strict && !is_critical => {
                rule("policy_constraints", "is not critical")
            }
            extension::BASIC_CONSTRAINTS if is_strict && !is_critical && place == Place::Anchor => {
                rule("basic_constraints", "is not critical")
            }
            extension::AUTHORITY_KEY_ID if is_public && place == Place::Anchor => {
                self.authority_key_of_anchor(extension)
            }
            extension::EXTENDED_KEY_USAGE if is_public => self.key_purposes(extension),
            extension::SUBJECT_ALT_NAME if is_strict && place == Place::Leaf => {
                match (is_critical, self.certificate.subject().is_empty()) {
                    (false, true) => rule("subject_alt_name", "is not critical beside an empty subject"),
                    (true, false) if is_public => rule("subject_alt_name", "is critical beside a subject"),
                    _ => None,
                }
            }
            extension::AUTHORITY_INFO_ACCESS if is_public && !has_descriptions(extension.value.reader()) => {
                rule("authority_info_access", "is malformed")
            }
            // webpki refuses them in the other places.
            _ if place == Place::Anchor && is_critical && !extension::KNOWN.contains(&oid.content) => {
                rule("extensions", "an unknown one is critical")
            }
            _ => None,
        }
    }

    /// RFC 5280 §4.2.1.10.
    fn name_constraints(&self, extension: &Extension<'_>) -> Option<Broken> {
        const FIELD: &str = "name_constraints";
        if self.place == Place::Leaf {
            return rule(FIELD, "stands in a certificate that is no CA's");
        }
        let mut fields = extension.value.reader();
        let Ok(constraints) = fields.expect(tag::SEQUENCE, FIELD) else { return rule(FIELD, "is malformed") };
        let (mut subtrees, mut has_dot) = (0_usize, false);
        for trees in elements(&constraints) {
            let is_known = SUBTREES.contains(&trees.tag);
            for subtree in elements(&trees).filter(|subtree| is_known && subtree.tag == tag::SEQUENCE) {
                subtrees = subtrees.saturating_add(1);
                has_dot |=
                    elements(&subtree).any(|base| base.tag == DNS_NAME && base.content.starts_with(b"."));
            }
        }
        match () {
            () if subtrees == 0 => rule(FIELD, "constrains nothing"),
            // The baseline requirements allow it (§7.1.2.5.2).
            () if self.profile == Profile::Rfc5280 && !extension.is_critical => {
                rule(FIELD, "is not critical")
            }
            () if self.is_to_the_letter() && has_dot => rule(FIELD, "has a DNS name that begins with a dot"),
            () => None,
        }
    }

    fn authority_key_of_anchor(&self, extension: &Extension<'_>) -> Option<Broken> {
        const FIELD: &str = "authority_key_identifier";
        let whole = extension.value.reader().expect(tag::SEQUENCE, FIELD).ok()?;
        let names_issuer = elements(&whole)
            .any(|part| [AUTHORITY_CERT_ISSUER, AUTHORITY_CERT_SERIAL_NUMBER].contains(&part.tag));
        let (own, authority) = (self.certificate.subject_key_id(), self.certificate.authority_key_id());
        match () {
            () if names_issuer => rule(FIELD, "names an issuer and a serial number"),
            () if authority.is_none() => rule(FIELD, "has no key identifier"),
            () if self.certificate.is_self_issued() && authority != own => rule(FIELD, "is not its own"),
            () => None,
        }
    }

    fn key_purposes(&self, extension: &Extension<'_>) -> Option<Broken> {
        const FIELD: &str = "extended_key_usage";
        let is_any = || {
            let list = extension.value.reader().expect(tag::SEQUENCE, FIELD).ok();
            list.is_some_and(|list| elements(&list).any(|usage| usage.content == ANY_KEY_USAGE))
        };
        match self.place {
            Place::Anchor => rule(FIELD, "stands in a root"),
            Place::Leaf if extension.is_critical => rule(FIELD, "is critical"),
            Place::Leaf if is_any() => rule(FIELD, "allows everything"),
            Place::Leaf | Place::Intermediate => None,
        }
    }

    /// What stands for itself: a leaf's key that no connection could be made with, or that signs certificates.
    fn key(&self) -> Option<Broken> {
        const FIELD: &str = "subject_public_key_info";
        let (key, known) = (self.certificate.key_algorithm(), self.certificate.extensions());
        match self.place {
            Place::Leaf if key.is_weak() => return rule(FIELD, "is too weak"),
            Place::Leaf if known.signs_certificates && !known.is_ca => {
                return rule("key_usage", "allows to sign certificates, and it is no CA's");
            }
            _ => {}
        }
        match key {
            KeyAlgorithm::Rsa { bits } if self.is_public() && !bits.is_multiple_of(8) => {
                rule(FIELD, "has a modulus of no whole octets")
            }
            _ => None,
        }
    }

    /// What makes a certificate that of a CA.
    fn authority(&self) -> Option<Broken> {
        let (certificate, known) = (self.certificate, self.certificate.extensions());
        match self.place {
            Place::Leaf => None,
            _ if certificate.subject().is_empty() => rule("subject", "is empty, and it is a CA's"),
            // A certificate of version 1 has no place to say so.
            Place::Anchor if certificate.version() == 3 && !known.is_ca => {
                rule("basic_constraints", "does not say that it is a CA's")
            }
            Place::Anchor if !known.may_sign_certificates => {
                rule("key_usage", "does not allow to sign certificates")
            }
            Place::Intermediate | Place::Anchor => None,
        }
    }

    /// What RFC 5280 asks of every field.
    fn fields(&self) -> Option<Broken> {
        let certificate = self.certificate;
        let serial = certificate.serial();
        let is_root = self.place == Place::Anchor && certificate.is_self_issued();
        let is_leaf = self.place == Place::Leaf;
        match () {
            // Old roots have zeros, and their own serial numbers say nothing.
            () if self.place != Place::Anchor
                && (serial.iter().all(|octet| *octet == 0) || serial.len() > SERIAL_OCTETS_MAX) =>
            {
                rule("serial_number", "is zero or too long")
            }
            () if !is_root && certificate.authority_key_id().is_none() => {
                rule("authority_key_identifier", "is missing")
            }
            () if !is_leaf && certificate.subject_key_id().is_none() => {
                rule("subject_key_identifier", "is missing")
            }
            () if is_leaf && certificate.dns_names().any(|name| name.contains('_')) => {
                rule("subject_alt_name", "has a name with an underscore")
            }
            () => None,
        }
    }

    /// What public CAs must put into a leaf.
    fn public(&self) -> Option<Broken> {
        match self.place {
            Place::Leaf if self.certificate.extensions().key_usages_length() == 0 => {
                rule("extended_key_usage", "is missing")
            }
            Place::Leaf if !self.has_its_common_name() => {
                rule("subject", "has a common name that is none of its names")
            }
            _ => None,
        }
    }

    /// True where every common name is one of the alternative names, character by character.
    fn has_its_common_name(&self) -> bool {
        let certificate = self.certificate;
        let is_address = |octets: &[u8], text: &str| {
            let four = <[u8; 4]>::try_from(octets).map(|octets| Ipv4Addr::from(octets).to_string());
            let sixteen = || <[u8; 16]>::try_from(octets).map(|octets| Ipv6Addr::from(octets).to_string());
            four.or_else(|_| sixteen()).is_ok_and(|address| address == text)
        };
        let mut attributes = certificate.subject().attributes();
        attributes.all(|attribute| {
            attribute.oid != OID_COMMON_NAME || {
                let text = attribute.value.to_string();
                certificate.dns_names().any(|name| name == text)
                    || certificate.addresses().any(|octets| is_address(octets, &text))
            }
        })
    }
}

/// True where an AuthorityInfoAccessSyntax has at least one description, each with a method and a place (RFC 5280
/// §4.2.2.1).
fn has_descriptions(mut outer: Reader<'_>) -> bool {
    const FIELD: &str = "authority_info_access";
    let Ok(list) = outer.expect(tag::SEQUENCE, FIELD) else { return false };
    let is_description = |description: Element<'_>| {
        let mut parts = description.reader();
        description.tag == tag::SEQUENCE
            && parts.expect(tag::OBJECT_IDENTIFIER, FIELD).is_ok()
            && parts.element(FIELD).is_ok()
            && parts.is_at_end()
    };
    let mut descriptions = list.reader();
    let mut count = 0_usize;
    while !descriptions.is_at_end() {
        match descriptions.element(FIELD) {
            Ok(description) if is_description(description) => count = count.saturating_add(1),
            _ => return false,
        }
    }
    outer.is_at_end() && count > 0
}

/// The elements inside of one, up to the first that is none.
fn elements<'a>(whole: &Element<'a>) -> impl Iterator<Item = Element<'a>> + use<'a> {
    let mut reader = whole.reader();
    core::iter::from_fn(move || reader.element("extensions").ok())
}
