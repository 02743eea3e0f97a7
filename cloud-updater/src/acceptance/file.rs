//! One file: which of the published or exported forms it is, and what a device would make of it.

use bundle::{
    ChannelId, Document as _, Envelope, Manifest, Seed, UnixSeconds, UpdatePrefix, Usb, VerifyError,
};

use super::chain::Chain;
use super::document;
use super::head;
use super::record::Record;
use super::release;
use super::trust::Ring;
use super::updates::{self, Fault};

/// How a file is to be judged.
pub(super) struct Judge<'a> {
    /// The channel it must be of, where that is known; else the one it claims.
    pub(super) channel: Option<&'a str>,
    /// Names of channels, to call the one that it claims by its name.
    pub(super) names: &'a [String],
    /// For an update: the release file it starts from.
    pub(super) base: Option<&'a [u8]>,
    /// The time by which heads are fresh.
    pub(super) now: UnixSeconds,
    /// Whether to say in words what the documents mean.
    pub(super) explain: bool,
}

/// The forms of files, by their first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Document,
    Report,
    Seed,
    Update,
    Usb,
}

impl Form {
    fn of(bytes: &[u8]) -> Option<Self> {
        Some(match bytes.get(..4)? {
            b"TBDL" => Self::Document,
            b"TBRP" => Self::Report,
            b"TBSD" => Self::Seed,
            b"TBUP" => Self::Update,
            b"TBUS" => Self::Usb,
            _ => return None,
        })
    }
}

/// Judges `bytes` as a device that holds `ring`, or shows what they claim where there is no keyring.
pub(super) fn check(bytes: &[u8], ring: Option<Ring>, judge: &Judge<'_>, record: &mut Record) {
    let Some(form) = Form::of(bytes) else {
        return record.bad(
            "file",
            "unknown_form",
            "is neither a document nor a seed, a USB file or an update",
        );
    };
    let Some(ring) = ring else { return show(bytes, form, judge, record) };
    let mut chain = Chain::new(ring);
    let result = match form {
        Form::Document => {
            document::check(bytes, &mut chain, judge, record);
            Ok(())
        }
        Form::Report => {
            record.not_verified(
                "report",
                "device_key",
                "is signed by a device's own key: the report server checks it",
            );
            Ok(())
        }
        Form::Seed => seed(bytes, &mut chain, judge, record),
        Form::Update => match update(bytes, &chain, judge, record) {
            Ok(()) => Ok(()),
            Err(Fault::Refused(error)) => Err(error),
            Err(fault) => {
                fault.record("update".to_owned(), record);
                Ok(())
            }
        },
        Form::Usb => usb(bytes, &mut chain, judge, record),
    };
    if let Err(error) = result {
        record.refused("file", &error);
    }
}

/// What the parts of a file claim to be.
fn show(bytes: &[u8], form: Form, judge: &Judge<'_>, record: &mut Record) {
    let parts = match form {
        Form::Document => Ok(vec![("document", bytes)]),
        Form::Report => Ok(Vec::new()),
        Form::Seed => Seed::parse(bytes)
            .map(|seed| vec![("keyring", seed.keyring_document), ("release", seed.manifest_document)]),
        Form::Usb => Usb::parse(bytes).map(|usb| {
            let head = usb.head_document.map(|head| ("head", head));
            let parts = [Some(("keyrings", usb.keyrings)), head, Some(("release", usb.manifest_document))];
            parts.into_iter().flatten().collect()
        }),
        Form::Update => match UpdatePrefix::parse(bytes) {
            Ok(prefix) => {
                let detail =
                    format!("from release {}: {}", prefix.from(), document::describe(prefix.manifest()));
                record.not_verified("update", "no_keyring", detail);
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        },
    };
    match parts {
        Ok(parts) => parts.into_iter().for_each(|(subject, part)| document::show(part, subject, record)),
        Err(error) => return record.malformed("file", &error),
    }
    if form == Form::Report {
        record.not_verified(
            "report",
            "device_key",
            "is signed by a device's own key: the report server checks it",
        );
    }
    if form == Form::Seed {
        let whole = Seed::parse(bytes).ok().map(|seed| seed.open(judge.seed_channel(&seed)));
        match whole {
            Some(Ok(_)) => record.not_verified(
                "seed",
                "no_keyring",
                "is whole in itself, which says nothing about who made it",
            ),
            Some(Err(error)) => record.refused("seed", &error),
            None => {}
        }
    }
}

fn seed(bytes: &[u8], chain: &mut Chain, judge: &Judge<'_>, record: &mut Record) -> Result<(), VerifyError> {
    let seed = Seed::parse(bytes)?;
    document::keyrings(seed.keyring_document, chain, judge, record)?;
    let channel = judge.seed_channel(&seed);
    whole_release(seed.manifest_document, seed.blobs, channel, chain, judge, record)
}

fn usb(bytes: &[u8], chain: &mut Chain, judge: &Judge<'_>, record: &mut Record) -> Result<(), VerifyError> {
    let usb = Usb::parse(bytes)?;
    if !usb.keyrings.is_empty() {
        document::keyrings(usb.keyrings, chain, judge, record)?;
    }
    let channel = judge.channel_id(Envelope::parse_whole(usb.manifest_document)?.header().channel);
    whole_release(usb.manifest_document, usb.blobs, channel, chain, judge, record)?;
    let keyring = chain.newest().keyring()?;
    match usb.head_document {
        None => record.finding(
            "head",
            "no_head",
            "there is none: devices install only above their floor, freshness unknown",
        ),
        Some(document) => {
            let named = head::check(document, &keyring, channel, judge.now, "head", record);
            let digest = Envelope::parse_whole(usb.manifest_document)?.digest();
            if named.is_some_and(|head| head.release_digest() != digest) {
                record.bad("head", "release_digest", "names another release than the one in the file");
            }
        }
    }
    Ok(())
}

/// A manifest and all its certificates in one piece.
fn whole_release(
    document: &[u8],
    blobs: &[u8],
    channel: ChannelId,
    chain: &Chain,
    judge: &Judge<'_>,
    record: &mut Record,
) -> Result<(), VerifyError> {
    let authentic = Envelope::parse_whole(document)?.verify(&chain.newest().keyring()?, channel)?;
    let manifest = Manifest::decode(authentic)?;
    let certificate = |wanted| {
        let found = manifest.certificates(blobs).find(|(sha256, _)| *sha256 == wanted);
        found.map(|(_, certificate)| certificate.to_vec())
    };
    judge.manifest(&manifest, channel, certificate, record);
    manifest.verify_blobs(blobs)?;
    record.good("certificates", format!("{}, {} bytes", manifest.blobs().count(), blobs.len()));
    Ok(())
}

fn update(bytes: &[u8], chain: &Chain, judge: &Judge<'_>, record: &mut Record) -> Result<(), Fault> {
    let prefix = UpdatePrefix::parse(bytes).map_err(VerifyError::from)?;
    let channel = judge.channel_id(prefix.manifest().header().channel);
    let header = prefix.verify_header(&chain.newest().keyring()?, channel)?;
    let order = prefix.manifest().header().order;
    record.good("update", format!("from release {} to {order}, signed", prefix.from()));
    let base = match (prefix.from(), judge.base) {
        (0, _) => None,
        (_, Some(document)) => Some(release::verify_earlier(document, chain, channel)?),
        (from, None) => {
            let detail = format!("its patch starts from release {from}: give --base RELEASE-FILE to run it");
            record.not_verified("patch", "no_base", detail);
            return Ok(());
        }
    };
    if let Some(base) = &base
        && base.order().number != prefix.from()
    {
        let detail = format!("starts from release {}, --base is release {}", prefix.from(), base.order());
        return Err(Fault::Wrong("update_from", detail));
    }
    let body = updates::body(&prefix, &header, base.as_ref())?;
    let manifest = Manifest::decode(header.attach(&body)?).map_err(VerifyError::from)?;
    let blobs = bytes.get(prefix.wire_bytes()..).unwrap_or_default();
    judge.manifest(&manifest, channel, |_| None, record);
    updates::carried(blobs, base.as_ref(), &manifest)?;
    record.good("certificates", format!("{} bytes of them are new", blobs.len()));
    Ok(())
}

impl Judge<'_> {
    /// The channel that documents must be of: the one that was named, else the one that they claim.
    pub(super) fn channel_id(&self, claimed: ChannelId) -> ChannelId {
        self.channel.map_or(claimed, ChannelId::of)
    }

    /// The channel for people.
    pub(super) fn channel_name(&self, id: ChannelId) -> String {
        let known = || self.names.iter().map(String::as_str).find(|name| ChannelId::of(name) == id);
        self.channel.or_else(known).map_or_else(|| format!("channel {id}"), |name| format!("channel {name}"))
    }

    fn seed_channel(&self, seed: &Seed<'_>) -> ChannelId {
        let claimed = Envelope::parse_whole(seed.manifest_document).map(|envelope| envelope.header().channel);
        self.channel_id(claimed.unwrap_or(ChannelId::FLEET))
    }
}
