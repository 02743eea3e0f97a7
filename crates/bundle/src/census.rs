//! What a report says of the anchors that services were seen to need: the census, for whoever wants to remove one.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    DecodeError, DecodeErrorKind, Item, Report, Section, Sha256, canonical, limits, manifest::is_service_name,
};

/// An anchor in a census: the first eight bytes of its certificate's SHA-256. A release has few anchors, and whoever
/// reads the report has their certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnchorMark(pub [u8; 8]);

/// What a device saw of its services, as the report's extension [`Report::CENSUS`] has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census<'a> {
    /// Services of the release in use, seen or not.
    pub services: u8,
    /// Those whose chains verified when they were last seen, or as many of them as there is room for.
    #[serde(borrow)]
    pub observed: Section<'a, ObservedService<'a>>,
}

/// A service whose chain verified. One with several endpoints may stand here several times, with other anchors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedService<'a> {
    /// Its name in the manifest.
    #[serde(borrow)]
    pub service: &'a str,
    /// The [`AnchorMark`]s of the anchors that each verified the chain by itself, ascending, back to back.
    #[serde(borrow)]
    pub anchors: &'a [u8],
    /// Whole hours between the handshake and the report.
    pub hours: u16,
}

impl AnchorMark {
    /// The mark of the anchor with this certificate.
    #[must_use]
    pub const fn of(certificate: &Sha256) -> Self {
        Self(certificate.prefix())
    }
}

impl fmt::Display for AnchorMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl ObservedService<'_> {
    /// The anchors that each verified the chain by itself.
    pub fn anchors(&self) -> impl Iterator<Item = AnchorMark> {
        self.anchors.as_chunks().0.iter().copied().map(AnchorMark)
    }
}

impl<'a> Report<'a> {
    /// Id of the extension that holds a [`Census`]; never critical.
    pub const CENSUS: u16 = 2;

    /// What the report says of the anchors that services need; `None` where it says nothing.
    ///
    /// # Errors
    /// The extension does not decode; in a verified report it does.
    pub fn census(&self) -> Result<Option<Census<'a>>, DecodeError> {
        let mut found = self.extensions.iter().filter(|extension| extension.id == Self::CENSUS);
        let Some(extension) = found.next() else { return Ok(None) };
        let census: Census<'a> = canonical::whole(extension.content, "report.census")?;
        census.observed.check(0)?;
        let names = census.observed.iter().map(|observed| observed.service);
        let services = names.scan("", |last, name| Some(usize::from(core::mem::replace(last, name) != name)));
        let is_sound = usize::from(census.services) <= limits::SERVICES_MAX
            && services.sum::<usize>() <= usize::from(census.services)
            && found.next().is_none();
        if is_sound {
            Ok(Some(census))
        } else {
            Err(DecodeError::new("report.census", 0, DecodeErrorKind::Value))
        }
    }
}

impl<'a> Item<'a> for ObservedService<'a> {
    const FIELD: &'static str = "report.census";
    const ITEMS_MAX: usize = limits::CENSUS_ENTRIES_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        let (marks, rest) = self.anchors.as_chunks::<8>();
        let is_set = rest.is_empty() && (1..=limits::CENSUS_ANCHORS_MAX).contains(&marks.len());
        if is_service_name(self.service) && is_set && marks.is_sorted_by(|one, next| one < next) {
            return Ok(());
        }
        Err(DecodeError::new(Self::FIELD, offset, DecodeErrorKind::Value))
    }

    fn precedes(&self, next: &Self) -> bool {
        (self.service, self.anchors) < (next.service, next.anchors)
    }
}
