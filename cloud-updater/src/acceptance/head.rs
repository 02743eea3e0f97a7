//! Heads: signed by whom, fresh until when.

use bundle::{ChannelId, Document as _, Envelope, Head, Keyring, UnixSeconds, VerifyError};

use super::record::Record;
use crate::date;
use crate::head::{CLOCK_SKEW_SECONDS_MAX, lifetime_step};

/// Share of everybody, in 1/10,000.
const ALL: u16 = bundle::limits::SHARE_MAX;

/// Verifies a head and records how fresh it is.
pub(super) fn check<'a>(
    bytes: &'a [u8],
    keyring: &Keyring<'_>,
    channel: ChannelId,
    now: UnixSeconds,
    subject: &str,
    record: &mut Record,
) -> Option<Head<'a>> {
    match verify(bytes, keyring, channel) {
        Ok(head) => {
            freshness(&head, now, subject, record);
            Some(head)
        }
        Err(error) => {
            record.refused(subject, &error);
            None
        }
    }
}

fn verify<'a>(bytes: &'a [u8], keyring: &Keyring<'_>, channel: ChannelId) -> Result<Head<'a>, VerifyError> {
    Ok(Head::decode(Envelope::parse_whole(bytes)?.verify(keyring, channel)?)?)
}

fn freshness(head: &Head<'_>, now: UnixSeconds, subject: &str, record: &mut Record) {
    let (issued_at, expires_at) = (head.header().issued_at, head.expires_at());
    let left = expires_at.since(now);
    let what = describe(head);
    let step = lifetime_step(issued_at, expires_at, now).map(|(step, _)| step);
    if issued_at > now.plus(CLOCK_SKEW_SECONDS_MAX) {
        let detail = format!("{what}; issued at {}, which is yet to come", date::instant(issued_at));
        record.finding(subject, "head_from_future", detail);
    } else if step == Some(100) {
        let detail = format!(
            "{what}; expired at {}: devices keep what they have and say stale",
            date::instant(expires_at)
        );
        record.finding(subject, "stale", detail);
    } else if let Some(step) = step {
        let left = date::span(left);
        let detail = format!(
            "{what}; {step} % of its lifetime are over, expires in {left}: is the head signer running?"
        );
        record.finding(subject, "head_late", detail);
    } else {
        record.good(subject, format!("{what}; expires in {}", date::span(left)));
    }
}

/// One line on what a head says.
fn describe(head: &Head<'_>) -> String {
    let share = if head.share() == ALL { "everybody".to_owned() } else { percent(head.share()) };
    format!(
        "head {}: release {} for {share}, keyring {}",
        head.order(),
        head.release(),
        head.keyring_version()
    )
}

/// A share of 1/10,000 as people write it.
pub(super) fn percent(share: u16) -> String {
    let (whole, part) = (share / 100, share % 100);
    if part == 0 { format!("{whole} %") } else { format!("{whole}.{part:02} %") }
}
