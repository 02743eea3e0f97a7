//! Services: the named peers of a fleet, which anchors serve them, and whether devices probe them.

use serde::{Deserialize, Serialize};

use crate::{
    DecodeError, DecodeErrorKind, Expectation, Extensions, HostPattern, Item, Section, Sha256, UnixSeconds,
    extension, extension_id, limits,
};

/// A named peer of the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service<'a> {
    /// Lower-case letters, digits and hyphens: it is a file name on devices.
    #[serde(borrow)]
    pub name: &'a str,
    /// Where it answers.
    #[serde(borrow)]
    pub hosts: Section<'a, HostPattern<'a>>,
    /// Which anchors serve it.
    #[serde(borrow)]
    pub anchors: Anchors<'a>,
    /// What its chain must hold, if anything is pinned.
    #[serde(borrow)]
    pub pins: Section<'a, Pin>,
    /// True where devices prove a candidate against it before they commit.
    pub probe: bool,
    /// What later versions add.
    #[serde(borrow)]
    pub extensions: Extensions<'a>,
}

/// Which anchors serve a service. Numbers are on the wire: never reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Anchors<'a> {
    /// Every anchor of the manifest.
    All,
    /// The anchors at these indexes.
    #[serde(borrow)]
    Listed(Section<'a, AnchorIndex>),
}

/// Place of an anchor in its manifest, from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AnchorIndex(pub u16);

/// A public key that some certificate of the path must have, until a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pin {
    /// What is hashed.
    pub kind: PinKind,
    /// Its SHA-256.
    pub sha256: Sha256,
    /// The pin is ignored from this time on, so that a forgotten pin cannot cut a fleet off for ever.
    pub until: UnixSeconds,
}

/// What a pin hashes. Numbers are on the wire: never reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PinKind {
    /// The SubjectPublicKeyInfo in DER, as in RFC 7469 §2.4.
    Spki,
    /// The whole certificate in DER.
    Certificate,
}

/// A further URL at which the channel's published tree stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Url<'a>(pub &'a str);

impl<'a> Service<'a> {
    /// False where a critical extension of it is unknown to this version.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !extension::has_unknown_critical(self.extensions)
    }

    /// What the names in its certificate are expected to say, if anything is.
    #[must_use]
    pub fn expectations(&self) -> Section<'a, Expectation<'a>> {
        let mut extensions = self.extensions.iter();
        let carried = extensions.find(|extension| extension.id == extension_id::EXPECTATIONS);
        carried.map_or(Section::empty(), |extension| Section::from_bytes(extension.content))
    }

    fn check_expectations(&self, offset: usize) -> Result<(), DecodeError> {
        let fail = |kind| Err(DecodeError::new(Expectation::FIELD, offset, kind));
        let mut carried =
            self.extensions.iter().filter(|extension| extension.id == extension_id::EXPECTATIONS);
        let Some(extension) = carried.next() else { return Ok(()) };
        if Section::<Expectation<'_>>::from_bytes(extension.content).check(offset)? == 0 {
            return fail(DecodeErrorKind::Empty);
        }
        if carried.next().is_some() { fail(DecodeErrorKind::Order) } else { Ok(()) }
    }

    /// True where the service answers under this name and port.
    #[must_use]
    pub fn answers_on(&self, host: &str, port: u16) -> bool {
        self.hosts.iter().any(|pattern| pattern.matches(host, port))
    }
}

impl<'a> Anchors<'a> {
    /// True where the anchor at `index` serves.
    #[must_use]
    pub fn include(&self, index: AnchorIndex) -> bool {
        matches!(self, Self::All) || self.indexes().any(|listed| listed == index)
    }

    /// The listed indexes; none for [`Anchors::All`].
    pub fn indexes(&self) -> impl Iterator<Item = AnchorIndex> + use<'a> {
        let section = match self {
            Self::All => Section::empty(),
            Self::Listed(section) => *section,
        };
        section.iter()
    }
}

/// True for what a service may be called.
pub(crate) fn is_service_name(name: &str) -> bool {
    (1..=limits::SERVICE_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

impl<'a> Item<'a> for Service<'a> {
    const FIELD: &'static str = "services";
    const ITEMS_MAX: usize = limits::SERVICES_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        let fail = |field, kind| Err(DecodeError::new(field, offset, kind));
        if !is_service_name(self.name) {
            return fail("service.name", DecodeErrorKind::Value);
        }
        if self.hosts.check(offset)? == 0 {
            return fail("service.hosts", DecodeErrorKind::Empty);
        }
        if let Anchors::Listed(indexes) = self.anchors
            && indexes.check(offset)? == 0
        {
            return fail("service.anchors", DecodeErrorKind::Empty);
        }
        self.pins.check(offset)?;
        self.extensions.check(offset)?;
        self.check_expectations(offset)
    }

    fn precedes(&self, next: &Self) -> bool {
        self.name < next.name
    }
}

impl<'a> Item<'a> for AnchorIndex {
    const FIELD: &'static str = "service.anchors";
    const ITEMS_MAX: usize = limits::ANCHORS_MAX;

    fn check(&self, _offset: usize) -> Result<(), DecodeError> {
        Ok(())
    }

    fn precedes(&self, next: &Self) -> bool {
        self < next
    }
}

impl<'a> Item<'a> for Pin {
    const FIELD: &'static str = "service.pins";
    const ITEMS_MAX: usize = limits::PINS_MAX;

    fn check(&self, _offset: usize) -> Result<(), DecodeError> {
        Ok(())
    }

    fn precedes(&self, next: &Self) -> bool {
        self < next
    }
}

impl<'a> Item<'a> for Url<'a> {
    const FIELD: &'static str = "urls";
    const ITEMS_MAX: usize = limits::URLS_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        let fine = self.0.len() <= limits::URL_BYTES_MAX
            && (self.0.starts_with("https://") || self.0.starts_with("http://"))
            && self.0.bytes().all(|byte| byte.is_ascii_graphic());
        if fine { Ok(()) } else { Err(DecodeError::new(Self::FIELD, offset, DecodeErrorKind::Value)) }
    }

    /// URLs keep their order of preference.
    fn precedes(&self, _next: &Self) -> bool {
        true
    }
}
