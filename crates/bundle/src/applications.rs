//! What a report says of the applications of its device: whether they use the release in use, and who does not.

use serde::{Deserialize, Serialize};

use crate::{DecodeError, DecodeErrorKind, Item, Report, Section, canonical, limits};

/// The applications of a device, as the report's extension [`Report::APPLICATIONS`] has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applications<'a> {
    /// How many the device's configuration names.
    pub declared: u8,
    /// How many of them are taken to use what is installed.
    pub well: u8,
    /// The others, or as many of them as there is room for.
    #[serde(borrow)]
    pub behind: Section<'a, BehindApplication<'a>>,
}

/// An application that does not use what is installed, as far as its device knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BehindApplication<'a> {
    /// Its name on the device.
    #[serde(borrow)]
    pub name: &'a str,
    /// How telling it ended, by the agent's stable number; zero where it was not tried.
    pub outcome: u16,
    /// Number of the release that it was last told of, or should have been; zero for none.
    pub release_number: u32,
    /// Tries since it was last told with success.
    pub attempts: u16,
    /// Anchors that it may still trust and must not.
    pub still_trusts: u16,
}

impl<'a> Report<'a> {
    /// Id of the extension that holds an [`Applications`]; never critical.
    pub const APPLICATIONS: u16 = 1;

    /// What the report says of applications; `None` where it says nothing.
    ///
    /// # Errors
    /// The extension does not decode; in a verified report it does.
    pub fn applications(&self) -> Result<Option<Applications<'a>>, DecodeError> {
        let mut found = self.extensions.iter().filter(|extension| extension.id == Self::APPLICATIONS);
        let Some(extension) = found.next() else { return Ok(None) };
        let fail = || Err(DecodeError::new("report.applications", 0, DecodeErrorKind::Value));
        let applications: Applications<'a> = canonical::whole(extension.content, "report.applications")?;
        let behind = applications.behind.check(0)?;
        let declared = usize::from(applications.declared);
        let is_sound = declared <= limits::APPLICATIONS_MAX
            && usize::from(applications.well).saturating_add(behind) <= declared
            && found.next().is_none();
        if is_sound { Ok(Some(applications)) } else { fail() }
    }
}

impl<'a> Item<'a> for BehindApplication<'a> {
    const FIELD: &'static str = "report.applications";
    const ITEMS_MAX: usize = limits::APPLICATIONS_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = (1..=limits::APPLICATION_NAME_BYTES_MAX).contains(&self.name.len());
        if is_name && self.name.bytes().all(is_plain) {
            return Ok(());
        }
        Err(DecodeError::new(Self::FIELD, offset, DecodeErrorKind::Value))
    }

    fn precedes(&self, next: &Self) -> bool {
        self.name < next.name
    }
}
