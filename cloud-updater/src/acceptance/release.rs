//! A published release: its manifest under the keyring, its certificates under the manifest.

use std::collections::BTreeMap;

use bundle::{ChannelId, Document as _, Envelope, Manifest, Sha256, VerifyError};

use super::chain::Chain;
use super::origin::Origin;
use super::record::Record;
use super::trust::Ring;
use crate::server::PublishedName;

/// A manifest that verified, and its certificates.
pub(super) struct Release {
    /// The manifest document.
    pub(super) document: Vec<u8>,
    /// The certificates that are what the manifest says, by SHA-256.
    pub(super) blobs: BTreeMap<Sha256, Vec<u8>>,
}

impl Release {
    /// Reads, verifies and records release `number` of `channel` and all its certificates.
    pub(super) fn check(
        origin: &Origin,
        chain: &Chain,
        channel: &str,
        number: u32,
        expected: Sha256,
        record: &mut Record,
    ) -> Option<Self> {
        let name = PublishedName::Release { channel: channel.to_owned(), number };
        let subject = name.to_string();
        let document = match origin.read(&name) {
            Ok(Some(document)) => document,
            Ok(None) => {
                record.bad(
                    subject,
                    "release_missing",
                    "the head names this release, and there is no such file",
                );
                return None;
            }
            Err(error) => {
                record.unreachable(subject, error.to_string());
                return None;
            }
        };
        let manifest = match verify(&document, chain, channel) {
            Ok(manifest) => manifest,
            Err(error) => {
                record.refused(subject, &error);
                return None;
            }
        };
        if manifest.digest() != expected {
            let detail = format!("has the digest {}, the head names {expected}", manifest.digest());
            record.bad(subject, "release_digest", detail);
            return None;
        }
        record.good(subject, describe(&manifest));
        services(&manifest, &name.to_string(), record);
        let blobs = blobs(origin, channel, &manifest, record);
        Some(Self { document, blobs })
    }
}

/// The manifest of `document` under the newest keyring.
pub(super) fn verify<'a>(
    document: &'a [u8],
    chain: &Chain,
    channel: &str,
) -> Result<Manifest<'a>, VerifyError> {
    let keyring = chain.newest().keyring()?;
    let envelope = Envelope::parse_whole(document)?;
    Ok(Manifest::decode(envelope.verify(&keyring, ChannelId::of(channel))?)?)
}

/// The manifest of an earlier release, under whichever generation vouches for it; the error is the newest one's.
pub(super) fn verify_earlier<'a>(
    document: &'a [u8],
    chain: &Chain,
    channel: ChannelId,
) -> Result<Manifest<'a>, VerifyError> {
    let envelope = Envelope::parse_whole(document)?;
    let under = |ring: &Ring| -> Result<Manifest<'a>, VerifyError> {
        Ok(Manifest::decode(envelope.verify(&ring.keyring()?, channel)?)?)
    };
    let newest = under(chain.newest());
    chain.newest_first().find_map(|ring| under(ring).ok()).map_or(newest, Ok)
}

/// One line on what a release holds.
pub(super) fn describe(manifest: &Manifest<'_>) -> String {
    if manifest.is_revoke_all() {
        return format!("release {} takes all trust away", manifest.order());
    }
    format!(
        "release {}: {} anchors, {} intermediates, {} services, {} denials",
        manifest.order(),
        manifest.all_anchors().count(),
        manifest.intermediates().count(),
        manifest.services().count(),
        manifest.denials().count(),
    )
}

/// Records probed services that no usable anchor serves: devices refuse such a release.
pub(super) fn services(manifest: &Manifest<'_>, subject: &str, record: &mut Record) {
    for service in manifest.services().filter(|service| service.probe) {
        let served = manifest.anchors().any(|(index, _)| service.anchors.include(index));
        if !served && !manifest.is_revoke_all() {
            let detail =
                format!("devices refuse it: no usable anchor serves the probed service {}", service.name);
            record.bad(subject, "service_without_anchor", detail);
        }
    }
}

fn blobs(
    origin: &Origin,
    channel: &str,
    manifest: &Manifest<'_>,
    record: &mut Record,
) -> BTreeMap<Sha256, Vec<u8>> {
    let mut blobs = BTreeMap::new();
    let mut count = 0_usize;
    for (sha256, length) in manifest.blobs() {
        count += 1;
        let name = PublishedName::Blob { channel: channel.to_owned(), sha256: sha256.0 };
        let subject = name.to_string();
        match origin.read(&name) {
            Ok(Some(bytes)) if Sha256::of(&[&bytes]) != sha256 => {
                record.bad(
                    subject,
                    "blob_digest",
                    "the content is not the certificate that the manifest names",
                );
            }
            Ok(Some(bytes)) if u32::try_from(bytes.len()) != Ok(length) => {
                let detail = format!("has {} bytes, the manifest says {length}", bytes.len());
                record.bad(subject, "blob_length", detail);
            }
            Ok(Some(bytes)) => drop(blobs.insert(sha256, bytes)),
            Ok(None) => record.bad(
                subject,
                "blob_missing",
                "the manifest names this certificate, and there is no such file",
            ),
            Err(error) => record.unreachable(subject, error.to_string()),
        }
    }
    if blobs.len() == count {
        let bytes: usize = blobs.values().map(Vec::len).sum();
        record.good(format!("{channel}/blob"), format!("{count} certificates, {bytes} bytes"));
    }
    blobs
}
