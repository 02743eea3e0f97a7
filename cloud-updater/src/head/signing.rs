//! Signing a head: everything is checked that a device would check, before the head goes anywhere.

use std::fs;
use std::path::Path;

use bundle::write::{HeadContent, Unsigned};
use bundle::{ChannelId, Document as _, Envelope, Head, Keyring, Kind, Order, Sha256, UnixSeconds};

use super::PublishedHead;
use crate::key::SigningKey;
use crate::{Error, date};

/// How far the clocks of two signers may be apart, in seconds.
pub(crate) const CLOCK_SKEW_SECONDS_MAX: u64 = 300;

/// A signed head, ready to be swapped in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHead {
    /// The document.
    pub document: Vec<u8>,
    /// Recovery epoch and number.
    pub order: Order,
    /// When it is no longer fresh.
    pub expires_at: UnixSeconds,
}

/// Why a head has to be signed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Urgency {
    /// There is none.
    Missing,
    /// The repository says something else than the published head.
    Changed,
    /// It is old enough to be signed again.
    Due,
    /// It can wait.
    Fresh {
        /// Seconds until it is due.
        seconds: u64,
    },
}

/// Whether the published head has to be replaced by one that says `content`.
pub fn urgency(
    published: Option<&PublishedHead>,
    content: &HeadContent,
    now: UnixSeconds,
    resign_seconds: u64,
) -> Urgency {
    let Some(head) = published else { return Urgency::Missing };
    if head.body != content.encode() || !head.under_newest {
        return Urgency::Changed;
    }
    match resign_seconds.checked_sub(now.since(head.issued_at)) {
        Some(seconds) if seconds > 0 => Urgency::Fresh { seconds },
        _ => Urgency::Due,
    }
}

/// Signs a head.
///
/// # Errors
/// Exit code 3 where the content does not fit or the clock is wrong, 4 where the keys are not those of the head
/// role.
pub fn sign(
    content: &HeadContent,
    channel: &str,
    number: u32,
    keyring: &Keyring<'_>,
    keys: &[SigningKey],
    now: UnixSeconds,
) -> Result<NewHead, Error> {
    let order = Order::new(keyring.order().epoch, number);
    let unsigned =
        Unsigned::new(Kind::Head, ChannelId::of(channel), order, keyring.version(), now, content.encode())
            .map_err(|error| {
                let message = "says more than a head can carry: name fewer groups in the rollout";
                Error::input("head_too_large", message).place(format!("head of {channel}")).because(error)
            })?;
    let signatures: Vec<_> = keys.iter().map(|key| key.sign(&unsigned.message())).collect();
    let document = unsigned
        .assemble(&signatures)
        .map_err(|error| Error::bug("a head cannot be assembled").because(error))?;
    let expires_at = {
        let envelope = Envelope::parse_whole(&document)
            .map_err(|error| Error::bug("a head cannot be read").because(error))?;
        let authentic = envelope.verify(keyring, ChannelId::of(channel)).map_err(|error| {
            let names: Vec<&str> = keys.iter().map(|key| key.public().name()).collect();
            let message =
                format!("the keys given ({}) do not meet the threshold of the head role", names.join(", "));
            let error = Error::signatures("head_threshold", message).because(error);
            error.hint("name a key of [roles.head] with --head-key; the spare one works just as well")
        })?;
        let malformed = |error: bundle::DecodeError| {
            Error::input("malformed_document", "devices would refuse this head").because(error)
        };
        Head::decode(authentic).map_err(malformed)?.expires_at()
    };
    Ok(NewHead { document, order, expires_at })
}

/// Refuses to sign with a clock that stands before what was already signed.
pub(crate) fn check_clock(now: UnixSeconds, earlier: UnixSeconds, what: &str) -> Result<(), Error> {
    if earlier.since(now) <= CLOCK_SKEW_SECONDS_MAX {
        return Ok(());
    }
    let message = format!(
        "{what} was issued at {}, and it is {} here: more than {CLOCK_SKEW_SECONDS_MAX} s before",
        date::instant(earlier),
        date::instant(now)
    );
    Err(Error::input("clock", message)
        .hint("set this machine's clock, or find out who signed with a wrong one"))
}

/// Refuses a document that says it was issued more than five minutes from now: it would move devices' time floor
/// ahead of the present, where they would take good certificates for expired ones.
pub(crate) fn check_clock_is_reached(now: UnixSeconds, issued_at: UnixSeconds) -> Result<(), Error> {
    if issued_at.since(now) <= CLOCK_SKEW_SECONDS_MAX {
        return Ok(());
    }
    let message = format!(
        "says {}, and it is {} here: more than {CLOCK_SKEW_SECONDS_MAX} s ahead",
        date::instant(issued_at),
        date::instant(now)
    );
    let error = Error::input("clock", message).field("issued-at");
    Err(error.hint("set the clock of the machine that is wrong; in a drill, give --as-of"))
}

/// Refuses a head whose release or keyring does not stand in the tree yet: a device would find nothing.
///
/// # Errors
/// Exit code 2 naming the missing file.
pub fn refuse_before_its_files(folder: &Path, channel: &str, content: &HeadContent) -> Result<(), Error> {
    let digest_of = |path: &Path| -> Option<Sha256> {
        let bytes = fs::read(path).ok()?;
        Envelope::parse_whole(&bytes).ok().map(|envelope| envelope.digest())
    };
    let mut needed = vec![(content.release.number, content.release_digest)];
    needed.extend(content.previous.map(|previous| (previous.number, previous.digest)));
    for (number, digest) in needed {
        let path = folder.join(channel).join("release").join(number.to_string());
        if digest_of(&path) != Some(digest) {
            return Err(unpublished(&path));
        }
    }
    let keyring = folder.join("keyring").join(content.keyring_version.to_string());
    if keyring.is_file() { Ok(()) } else { Err(unpublished(&keyring)) }
}

fn unpublished(path: &Path) -> Error {
    let error =
        Error::usage("not_published", "does not stand in the published tree yet, and the head would name it");
    error.file(path).hint("publish first: cloud-updater publish")
}
