//! One document as it came: what its header claims, and what a keyring says of it.

use bundle::{ChannelId, Document as _, Echo, Envelope, Kind, Manifest, VerifyError};

use super::chain::Chain;
use super::explain;
use super::file::Judge;
use super::head;
use super::record::Record;
use super::release;
use crate::date;

/// What a document claims to be; nothing of it is verified.
pub(super) fn show(bytes: &[u8], subject: &str, record: &mut Record) {
    let mut rest = bytes;
    while !rest.is_empty() {
        match Envelope::parse(rest) {
            Ok((envelope, after)) => {
                record.not_verified(subject, "no_keyring", describe(&envelope));
                rest = after;
            }
            Err(error) => return record.malformed(subject, &error),
        }
    }
}

/// One line on a header, believed or not.
pub(super) fn describe(envelope: &Envelope<'_>) -> String {
    let header = envelope.header();
    let signers: Vec<String> =
        envelope.signatures().iter().map(|signature| signature.key_id.to_string()).collect();
    let signers = if signers.is_empty() { "nobody".to_owned() } else { signers.join(", ") };
    let channel = if header.channel == ChannelId::FLEET {
        "the fleet".to_owned()
    } else {
        format!("channel {}", header.channel)
    };
    format!(
        "{} {} of {channel}, issued {}, for keyring {} or newer, {} bytes, digest {}, says it is signed by {signers}",
        header.kind,
        header.order,
        date::instant(header.issued_at),
        header.keyring_version,
        header.body_length,
        envelope.digest(),
    )
}

/// Judges a file that is one document, or several keyrings.
pub(super) fn check(bytes: &[u8], chain: &mut Chain, judge: &Judge<'_>, record: &mut Record) {
    let kind = match Envelope::parse(bytes) {
        Ok((envelope, _)) => envelope.header().kind,
        Err(error) => return record.malformed("document", &error),
    };
    let result = match kind {
        Kind::Keyring | Kind::Recovery => keyrings(bytes, chain, judge, record),
        Kind::Head => head_document(bytes, chain, judge, record),
        Kind::Echo => echo(bytes, chain, judge, record),
        _ => manifest(bytes, chain, judge, record),
    };
    if let Err(error) = result {
        record.refused(kind.to_string(), &error);
    }
}

/// A keyring file or pack: what the trusted keyring already is, and what follows from it.
pub(super) fn keyrings(
    bytes: &[u8],
    chain: &mut Chain,
    judge: &Judge<'_>,
    record: &mut Record,
) -> Result<(), VerifyError> {
    let trusted = chain.newest().keyring()?.order();
    let rest = known(bytes, chain)?;
    if rest.len() < bytes.len() {
        record.good("keyring", format!("keyring {trusted} is the trusted one itself"));
    }
    let count = chain.accept_all(rest, "file")?;
    let newest = chain.newest().keyring()?;
    if count > 0 {
        let detail =
            format!("{count} generations follow from keyring {trusted}; the newest is {}", newest.order());
        record.good("keyring", detail);
    }
    if judge.explain {
        record.explanation.extend(explain::keyring(&newest));
    }
    Ok(())
}

/// What follows the trusted keyring in `bytes`; all of them where it does not stand there.
fn known<'a>(bytes: &'a [u8], chain: &Chain) -> Result<&'a [u8], VerifyError> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (envelope, after) = Envelope::parse(rest)?;
        let document = rest.get(..rest.len().saturating_sub(after.len())).unwrap_or_default();
        if envelope.header().kind == Kind::Keyring && document == chain.newest().document() {
            return Ok(after);
        }
        rest = after;
    }
    Ok(bytes)
}

fn head_document(
    bytes: &[u8],
    chain: &Chain,
    judge: &Judge<'_>,
    record: &mut Record,
) -> Result<(), VerifyError> {
    let keyring = chain.newest().keyring()?;
    let channel = judge.channel_id(Envelope::parse_whole(bytes)?.header().channel);
    if let Some(head) = head::check(bytes, &keyring, channel, judge.now, "head", record)
        && judge.explain
    {
        record.explanation.extend(explain::head(&head, &judge.channel_name(channel), judge.now));
    }
    Ok(())
}

fn echo(bytes: &[u8], chain: &Chain, judge: &Judge<'_>, record: &mut Record) -> Result<(), VerifyError> {
    let envelope = Envelope::parse_whole(bytes)?;
    let channel = judge.channel_id(envelope.header().channel);
    Echo::decode(envelope.verify(&chain.newest().keyring()?, channel)?)?;
    record.good("echo", "answers one device's nonce about a head that it already has");
    Ok(())
}

fn manifest(bytes: &[u8], chain: &Chain, judge: &Judge<'_>, record: &mut Record) -> Result<(), VerifyError> {
    let envelope = Envelope::parse_whole(bytes)?;
    let channel = judge.channel_id(envelope.header().channel);
    let manifest = Manifest::decode(envelope.verify(&chain.newest().keyring()?, channel)?)?;
    judge.manifest(&manifest, channel, |_| None, record);
    record.good("certificates", "are files of their own: verify the published folder to check them");
    Ok(())
}

impl Judge<'_> {
    /// Records a manifest that verified.
    pub(super) fn manifest(
        &self,
        manifest: &Manifest<'_>,
        channel: ChannelId,
        blob: impl Fn(bundle::Sha256) -> Option<Vec<u8>>,
        record: &mut Record,
    ) {
        let digest = manifest.digest();
        let channel = self.channel_name(channel);
        let what = release::describe(manifest);
        record.good("release", format!("{what}; {channel}, digest {digest}"));
        release::services(manifest, "release", record);
        if self.explain {
            record.explanation.extend(explain::manifest(manifest, blob));
        }
    }
}
