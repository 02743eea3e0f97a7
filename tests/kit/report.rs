//! Reports as a device without a key of its own hands them over: the bytes that an enrolled key signs.

use bundle::{ChannelId, Report, ReportFrame};
use ed25519_dalek::Signer as _;

use crate::signers::{public_key, signing_key};

/// The domain string and the channel, in front of a report's body.
const PREFIX_BYTES: usize = 23 + 8;
/// The key that signs here.
const KEY: u8 = 200;

/// Reads a report as the server would, after an enrolled key has signed it; `None` where the bytes are not those that a
/// key signs for this channel.
pub fn read<T>(message: &[u8], channel: &str, see: impl FnOnce(&Report<'_>) -> T) -> Option<T> {
    let (key, body) = (public_key(KEY), message.get(PREFIX_BYTES..)?);
    let length = u16::try_from(body.len()).ok()?.to_le_bytes();
    let (signature, channel) = (signing_key(KEY).sign(message).to_bytes(), ChannelId::of(channel));
    let frame = [b"TBRP\x01", &channel.0[..], &key.as_key().id().0, &length, body, &signature].concat();
    let key = key.as_key();
    let report = ReportFrame::parse(&frame).ok()?.verify(&key).ok()??;
    Some(see(&report))
}
