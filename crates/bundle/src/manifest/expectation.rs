//! Expectations: what the names in the certificate of a service say, until a day.

use serde::{Deserialize, Serialize};

use crate::{DecodeError, DecodeErrorKind, Item, Section, UnixSeconds, limits};

/// A name that the certificate of a service may have, until a day.
///
/// Of those that look at the same name and have not ended, one must fit. Without any, every name will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation<'a> {
    /// Which name of the certificate is looked at.
    pub name: ExpectedName,
    /// What the name must have, all of it; what else it has does not count.
    #[serde(borrow)]
    pub attributes: Section<'a, ExpectedAttribute<'a>>,
    /// It is ignored from this time on, as a pin is.
    pub until: UnixSeconds,
}

/// Which name of a peer's own certificate is looked at. Numbers are on the wire: never reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ExpectedName {
    /// That of the CA which issued it.
    Issuer,
    /// Its own.
    Subject,
}

/// One attribute of an expected name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExpectedAttribute<'a> {
    /// Its type: the content of the OBJECT IDENTIFIER.
    pub oid: &'a [u8],
    /// Its text.
    pub value: &'a str,
}

impl ExpectedName {
    /// Both names, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Issuer, Self::Subject];

    /// What people call it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Subject => "subject",
        }
    }
}

impl<'a> Item<'a> for Expectation<'a> {
    const FIELD: &'static str = "service.expectations";
    const ITEMS_MAX: usize = limits::EXPECTATIONS_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        match self.attributes.check(offset)? {
            0 => Err(DecodeError::new("expectation.attributes", offset, DecodeErrorKind::Empty)),
            _ => Ok(()),
        }
    }

    fn precedes(&self, next: &Self) -> bool {
        let key = |it: &Self| (it.name, it.attributes.as_bytes(), it.until);
        key(self) < key(next)
    }
}

impl<'a> Item<'a> for ExpectedAttribute<'a> {
    const FIELD: &'static str = "expectation.attributes";
    const ITEMS_MAX: usize = limits::EXPECTED_ATTRIBUTES_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        let is_fine = (1..=limits::EXPECTED_OID_BYTES_MAX).contains(&self.oid.len())
            && self.value.len() <= limits::EXPECTED_VALUE_BYTES_MAX
            && !self.value.trim_ascii().is_empty();
        if is_fine { Ok(()) } else { Err(DecodeError::new(Self::FIELD, offset, DecodeErrorKind::Value)) }
    }

    fn precedes(&self, next: &Self) -> bool {
        self < next
    }
}
