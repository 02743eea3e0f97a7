//! Makes report frames.

use alloc::vec::Vec;

use crate::{
    Applications, Census, ChannelId, Extension, KeyId, Report,
    header::FORMAT,
    report::{DOMAIN, MAGIC},
    write::{encode, section},
};

/// The extensions of a report that says this of the device's applications, and of the anchors that its services need.
#[must_use]
pub fn report_extensions(applications: Option<&Applications<'_>>, census: Option<&Census<'_>>) -> Vec<u8> {
    let applications = applications.map(|said| (Report::APPLICATIONS, encode(said)));
    let census = census.map(|said| (Report::CENSUS, encode(said)));
    let said: Vec<(u16, Vec<u8>)> = applications.into_iter().chain(census).collect();
    section(said.iter().map(|(id, content)| Extension { id: *id, critical: false, content }))
}

/// What the device's key signs.
#[must_use]
pub fn report_message(channel: ChannelId, report: &Report<'_>) -> Vec<u8> {
    [DOMAIN, &channel.0, &encode(report)].concat()
}

/// The frame around a report and the signature over its [`report_message`].
#[must_use]
pub fn report_frame(channel: ChannelId, key_id: KeyId, report: &Report<'_>, signature: &[u8; 64]) -> Vec<u8> {
    let body = encode(report);
    // A report is far below 64 KiB by the limits of its fields; the reading half refuses anything else.
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX).to_le_bytes();
    [&MAGIC[..], &[FORMAT], &channel.0, &key_id.0, &length, &body, signature].concat()
}
