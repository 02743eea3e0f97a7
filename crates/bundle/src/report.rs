//! The report: what one device says of itself, signed with its own enrolled key.
//!
//! Frame: magic, format, channel, key id, body length, body, signature. The signed message is the domain string,
//! the channel and the body, so that a report can be replayed neither to another fleet's channel nor as a document.

use serde::{Deserialize, Serialize};

use crate::{
    ChannelId, DecodeError, DecodeErrorKind, Extensions, Item, Key, KeyId, Order, ParseError, ParseErrorKind,
    Section, Sha256, UnixSeconds, canonical, limits, wire::Reader,
};

/// First bytes of a report frame.
pub(crate) const MAGIC: [u8; 4] = *b"TBRP";
/// First bytes of a report's signed message.
pub(crate) const DOMAIN: &[u8] = b"trust-bundle report v1\0";
/// Most probe results in one report: the most endpoints that a device probes in one cycle.
pub const PROBE_RESULTS_MAX: usize = 32;

/// What a device says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report<'a> {
    /// The device's id, as enrolled.
    #[serde(borrow)]
    pub device: &'a str,
    /// Random per start of the agent: with the counter it orders reports without a clock.
    pub boot_id: [u8; 16],
    /// How many releases the device has committed since its store was made.
    pub commit_count: u32,
    /// Counts the reports of one boot.
    pub counter: u32,
    /// The device's time; `None` where it does not know.
    pub time: Option<UnixSeconds>,
    /// Recovery epoch of the release in use.
    pub release_epoch: u16,
    /// Number of the release in use; zero for none.
    pub release_number: u32,
    /// Digest of the release in use.
    pub release_digest: Sha256,
    /// The release that the reason is about, where it is another one: refused, on trial, reverted.
    pub subject_number: u32,
    /// Phase of the update, by the agent's stable number.
    pub phase: u8,
    /// Reason code, by the agent's stable number; zero for none.
    pub reason: u16,
    /// Recovery epoch of the keyring in force.
    pub keyring_epoch: u16,
    /// Version of the keyring in force.
    pub keyring_version: u32,
    /// Number of the newest accepted head.
    pub head_number: u32,
    /// What else is true, as bits (`FLAG_…`).
    pub flags: u16,
    /// The agent's version.
    #[serde(borrow)]
    pub agent_version: &'a str,
    /// What the probes said.
    #[serde(borrow)]
    pub probes: Section<'a, ProbeResult<'a>>,
    /// What later versions add.
    #[serde(borrow)]
    pub extensions: Extensions<'a>,
}

/// What one probe said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeResult<'a> {
    /// The endpoint, `host:port`.
    #[serde(borrow)]
    pub endpoint: &'a str,
    /// Under the present bundle: 0 verified, 1 refused, 2 inconclusive.
    pub present: u8,
    /// Under the candidate: 0 verified, 1 refused, 2 inconclusive.
    pub candidate: u8,
    /// Reason code of the worse of the two, by the agent's stable number.
    pub reason: u16,
}

impl Report<'_> {
    /// The head in use has expired.
    pub const FLAG_STALE: u16 = 1;
    /// The agent observes and installs nothing.
    pub const FLAG_OBSERVE: u16 = 2;
    /// Nobody knows the time.
    pub const FLAG_CLOCK_UNKNOWN: u16 = 4;
    /// The store was lost and the image's seed is in use.
    pub const FLAG_STORE_LOST: u16 = 8;
}

/// A report as it came.
#[derive(Clone, Copy, Debug)]
pub struct ReportFrame<'a> {
    channel: ChannelId,
    key_id: KeyId,
    body: &'a [u8],
    signature: &'a [u8],
}

impl<'a> ReportFrame<'a> {
    /// Splits a frame; nothing is believed yet.
    ///
    /// # Errors
    /// The field at fault.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        if bytes.len() > limits::REPORT_BYTES_MAX {
            return Err(reader.error("report", ParseErrorKind::TooLarge));
        }
        reader.magic(MAGIC)?;
        let channel = ChannelId(reader.array("channel")?);
        let key_id = KeyId(reader.array("key_id")?);
        let length = usize::from(reader.u16("body_length")?);
        let body = reader.take(length, "body")?;
        let signature = reader.take(64, "signature")?;
        if !reader.rest().is_empty() {
            return Err(reader.error("report", ParseErrorKind::Trailing));
        }
        Ok(Self { channel, key_id, body, signature })
    }

    /// The channel it claims.
    #[must_use]
    pub const fn channel(&self) -> ChannelId {
        self.channel
    }

    /// The key it claims, to look the device up by.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Checks the signature under the device's enrolled key, and only then reads the report.
    ///
    /// `None` where the signature is not the key's.
    ///
    /// # Errors
    /// A signed report that does not decode.
    pub fn verify(&self, key: &Key<'_>) -> Result<Option<Report<'a>>, DecodeError> {
        let mut message = [0; DOMAIN.len().saturating_add(8).saturating_add(limits::REPORT_BYTES_MAX)];
        let parts = [DOMAIN, &self.channel.0, self.body];
        let length = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        message.iter_mut().zip(parts.into_iter().flatten()).for_each(|(to, from)| *to = *from);
        let message = message.get(..length).unwrap_or_default();
        if key.id() != self.key_id || !key.verifies(message, self.signature) {
            return Ok(None);
        }
        let report: Report<'a> = canonical::whole(self.body, "report")?;
        if report.device.len() > limits::DEVICE_ID_BYTES_MAX || report.device.is_empty() {
            return Err(DecodeError::new("report.device", 0, DecodeErrorKind::Value));
        }
        report.probes.check(0)?;
        report.extensions.check(0)?;
        report.applications()?;
        report.census()?;
        Ok(Some(report))
    }
}

impl<'a> Item<'a> for ProbeResult<'a> {
    const FIELD: &'static str = "report.probes";
    const ITEMS_MAX: usize = PROBE_RESULTS_MAX;

    fn check(&self, offset: usize) -> Result<(), DecodeError> {
        if self.endpoint.len() > limits::HOST_BYTES_MAX || self.present > 2 || self.candidate > 2 {
            return Err(DecodeError::new(Self::FIELD, offset, DecodeErrorKind::Value));
        }
        Ok(())
    }

    /// Probes keep the order in which they were made.
    fn precedes(&self, _next: &Self) -> bool {
        true
    }
}

impl Report<'_> {
    /// Recovery epoch and number of the release in use.
    #[must_use]
    pub const fn release(&self) -> Order {
        Order::new(self.release_epoch, self.release_number)
    }
}
