//! The update files of a release, applied as a device applies them.

use bundle::{AuthenticHeader, ChannelId, Manifest, Sha256, UpdatePrefix, VerifyError};

use super::chain::Chain;
use super::origin::Origin;
use super::record::Record;
use super::release::{self, Release};
use crate::server::PublishedName;

/// Which updates are tried.
pub(super) struct Wanted<'a> {
    /// The channel.
    pub(super) channel: &'a str,
    /// Every path of the tree, where it can be listed.
    pub(super) listed: Option<&'a [String]>,
    /// How many earlier releases are tried where it cannot.
    pub(super) earlier: u32,
}

/// Applies the updates that lead to `release`, and compares what comes out with the release itself.
pub(super) fn check(
    origin: &Origin,
    chain: &Chain,
    wanted: &Wanted<'_>,
    release: &Release,
    record: &mut Record,
) {
    let channel = wanted.channel;
    let Ok(to) = release::verify(&release.document, chain, channel) else { return };
    let number = to.order().number;
    let earlier = match wanted.listed {
        Some(paths) => paths.iter().filter_map(|path| from_of(path, channel, number)).collect(),
        None => {
            std::iter::once(0).chain(number.saturating_sub(wanted.earlier).max(1)..number).collect::<Vec<_>>()
        }
    };
    if !earlier.contains(&0) {
        record.finding(
            format!("{channel}/update/0-{number}"),
            "update_missing",
            "new devices fetch certificates one by one",
        );
    }
    let mut good = Vec::new();
    for from in earlier {
        let name = PublishedName::Update { channel: channel.to_owned(), from, to: number };
        let subject = name.to_string();
        let bytes = match origin.read(&name) {
            Ok(Some(bytes)) => bytes,
            Ok(None) if from == 0 => {
                record.finding(subject, "update_missing", "new devices fetch certificates one by one");
                continue;
            }
            // Devices at releases that are too old for an update fetch manifest and certificates.
            Ok(None) => continue,
            Err(error) => {
                record.unreachable(subject, error.to_string());
                continue;
            }
        };
        match apply(origin, chain, channel, from, &bytes, &to) {
            Ok(()) => good.push((from, bytes.len())),
            Err(fault) => fault.record(subject, record),
        }
    }
    if !good.is_empty() {
        let list = good.iter().map(|(from, length)| format!("{from} ({length} bytes)"));
        let list = list.collect::<Vec<_>>().join(", ");
        record.good(format!("{channel}/update"), format!("leads to release {number} from {list}"));
    }
}

fn from_of(path: &str, channel: &str, number: u32) -> Option<u32> {
    match PublishedName::parse(path)? {
        PublishedName::Update { channel: found, from, to } if found == channel && to == number => Some(from),
        _ => None,
    }
}

/// Why an update is not what it must be.
pub(super) enum Fault {
    /// Something it needs could not be read.
    Unreachable(String),
    /// The format or the keyring refuses it.
    Refused(VerifyError),
    /// It is well-formed and wrong: stable name, and words.
    Wrong(&'static str, String),
}

impl Fault {
    /// Records the fault.
    pub(super) fn record(self, subject: String, record: &mut Record) {
        match self {
            Self::Unreachable(detail) => record.unreachable(subject, detail),
            Self::Refused(error) => record.refused(subject, &error),
            Self::Wrong(code, detail) => record.bad(subject, code, detail),
        }
    }
}

impl From<VerifyError> for Fault {
    fn from(error: VerifyError) -> Self {
        Self::Refused(error)
    }
}

fn apply(
    origin: &Origin,
    chain: &Chain,
    channel: &str,
    from: u32,
    bytes: &[u8],
    to: &Manifest<'_>,
) -> Result<(), Fault> {
    let base = if from == 0 { None } else { Some(base(origin, channel, from)?) };
    let base = match &base {
        None => None,
        Some(document) => {
            Some(release::verify_earlier(document, chain, ChannelId::of(channel)).map_err(|error| {
                Fault::Wrong(
                    "base_not_verified",
                    format!("starts from release {from}, which is not vouched for: {error}"),
                )
            })?)
        }
    };
    let prefix = UpdatePrefix::parse(bytes).map_err(VerifyError::from)?;
    if prefix.from() != from {
        let detail = format!("starts from release {}, its name says {from}", prefix.from());
        return Err(Fault::Wrong("update_from", detail));
    }
    let header = prefix.verify_header(&chain.newest().keyring()?, ChannelId::of(channel))?;
    let body = body(&prefix, &header, base.as_ref())?;
    if body != to.body_bytes() {
        return Err(Fault::Wrong("update_body", "leads to another manifest than the release's".to_owned()));
    }
    carried(bytes.get(prefix.wire_bytes()..).unwrap_or_default(), base.as_ref(), to)
}

fn base(origin: &Origin, channel: &str, number: u32) -> Result<Vec<u8>, Fault> {
    let name = PublishedName::Release { channel: channel.to_owned(), number };
    match origin.read(&name) {
        Ok(Some(document)) => Ok(document),
        Ok(None) => {
            Err(Fault::Wrong("base_missing", format!("starts from release {number}, which is not published")))
        }
        Err(error) => Err(Fault::Unreachable(format!("{name}: {error}"))),
    }
}

/// The manifest's body that the patch makes of `base`, if it is the signed one.
pub(super) fn body(
    prefix: &UpdatePrefix<'_>,
    header: &AuthenticHeader<'_>,
    base: Option<&Manifest<'_>>,
) -> Result<Vec<u8>, VerifyError> {
    let length = usize::try_from(header.header().body_length).unwrap_or(usize::MAX);
    let mut body = vec![0; length];
    prefix.patch().apply(base.map(Manifest::body_bytes).unwrap_or_default(), &mut body)?;
    header.attach(&body)?;
    Ok(body)
}

/// Checks that `bytes` are the certificates of `to` that `base` lacks, in the order of `to`, and nothing more.
pub(super) fn carried(bytes: &[u8], base: Option<&Manifest<'_>>, to: &Manifest<'_>) -> Result<(), Fault> {
    let mut rest = bytes;
    for (sha256, length) in to.blobs() {
        if base.is_some_and(|base| base.blobs().any(|(present, _)| present == sha256)) {
            continue;
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some((blob, after)) = rest.split_at_checked(length) else {
            return Err(Fault::Wrong("update_truncated", format!("ends before the certificate {sha256}")));
        };
        if Sha256::of(&[blob]) != sha256 {
            return Err(Fault::Wrong(
                "blob_digest",
                format!("carries other bytes for the certificate {sha256}"),
            ));
        }
        rest = after;
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(Fault::Wrong("update_trailing", format!("{} bytes follow the last certificate", rest.len())))
    }
}
