//! A release as its signers read it.

use bundle::write::Unsigned;
use bundle::{ChannelId, Envelope, Kind};

use crate::diff::{Change, Difference};
use crate::document::{DraftFile, review_manifest};
use crate::{Error, date};

/// What a signer reads of a release.
pub(super) fn release_text(
    unsigned: &Unsigned,
    draft: &DraftFile,
    before: &str,
    changes: &[Change],
) -> Result<String, Error> {
    let header = unsigned.header();
    let channel = draft.channel.as_deref().unwrap_or_default();
    let mut text = format!(
        "{} {} of the channel {channel}, issued {}\n",
        header.kind,
        header.order,
        date::instant(header.issued_at)
    );
    if header.kind == Kind::RevokeAll {
        text.push_str("THIS TAKES ALL TRUST OF ALL DEVICES OF THE CHANNEL AWAY\n");
    }
    if draft.prepared_rollback {
        text.push_str("a prepared rollback: it lies ready, and only the head key is needed to roll it out\n");
    }
    let reviewed = review_manifest(&draft.document)?;
    text.push_str(&format!("  digest   {}\n", unsigned.digest()));
    let counts = [
        ("anchors", reviewed.content.anchors.len()),
        ("services", reviewed.content.services.len()),
        ("denials", reviewed.content.denials.len()),
    ];
    for (what, count) in counts {
        text.push_str(&format!("  {what:<8} {count}\n"));
    }
    text.push_str(&format!("compared with {before}, {}:\n", previous_standing(draft)));
    text.push_str(&Difference { changes: changes.to_vec() }.to_string());
    Ok(text)
}

/// Whether the release that the draft is compared with is one that this keyring's signers signed.
fn previous_standing(draft: &DraftFile) -> &'static str {
    if draft.previous.is_empty() {
        return "the first release";
    }
    let channel = ChannelId::of(draft.channel.as_deref().unwrap_or_default());
    let envelope = Envelope::parse_whole(&draft.previous);
    let keyring = bundle::Keyring::provisioned(&draft.keyring);
    match (envelope, keyring) {
        (Ok(envelope), Ok(keyring)) if envelope.verify(&keyring, channel).is_ok() => {
            "whose signatures are good"
        }
        _ => "which is NOT VERIFIED under this keyring",
    }
}
