//! Anchors by their subject or their key's id, for stacks that ask for the issuer of one certificate at a time.
//!
//! The index is made once for a release, while its certificates are read anyway. A lookup is a binary search over bytes
//! of the installed bundle: it reads no certificate and no manifest, and allocates nothing.

use core::ops::Range;

use bundle::AnchorIndex;
use chain::{Certificate, Judge};

/// Where the names of all usable anchors are.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    entries: Vec<Entry>,
    /// Places in `entries`, ascending by subject.
    by_subject: Vec<u16>,
    /// Places in `entries` of those with a key id, ascending by it.
    by_key_id: Vec<u16>,
}

/// One anchor, as places in the release's certificates.
#[derive(Debug)]
struct Entry {
    index: AnchorIndex,
    der: Range<usize>,
    subject: Range<usize>,
    key_id: Range<usize>,
}

/// The anchors of one service, found by what another certificate says of its issuer.
///
/// Names are compared byte for byte, as webpki does and as RFC 5280 §7.1 lets an implementation do: CAs copy their
/// subject into what they issue.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) certificates: &'a [u8],
    pub(crate) judge: Judge<'a>,
}

impl Directory {
    /// The directory of anchors that lie back to back in `certificates`, without those that are not usable.
    pub(crate) fn new<'a>(
        certificates: &[u8],
        anchors: impl Iterator<Item = (AnchorIndex, &'a [u8])>,
        is_usable: impl Fn(AnchorIndex) -> bool,
    ) -> Self {
        let (mut directory, mut at) = (Self::default(), 0_usize);
        for (index, der) in anchors {
            let start = at;
            at = at.saturating_add(der.len());
            // One that cannot be read is not usable either, and an anchor set has named it.
            let Some(certificate) = Certificate::parse(der).ok().filter(|_| is_usable(index)) else {
                continue;
            };
            let place = |part: &[u8]| {
                let from = part.as_ptr().addr().saturating_sub(der.as_ptr().addr()).saturating_add(start);
                from..from.saturating_add(part.len())
            };
            let Ok(entry) = u16::try_from(directory.entries.len()) else { break };
            let key_id = certificate.subject_key_id();
            directory.by_subject.push(entry);
            directory.by_key_id.extend(key_id.map(|_| entry));
            directory.entries.push(Entry {
                index,
                der: start..at,
                subject: place(certificate.subject().as_der()),
                key_id: key_id.map_or(0..0, place),
            });
        }
        let Self { entries, by_subject, by_key_id } = &mut directory;
        let key = |entry: u16, part: fn(&Entry) -> &Range<usize>| part_of(entries, entry, part, certificates);
        by_subject.sort_by_key(|entry| key(*entry, subject));
        by_key_id.sort_by_key(|entry| key(*entry, key_id));
        directory
    }
}

impl<'a> Lookup<'a> {
    /// The certificates of the anchors with this subject: a whole `Name` in DER, as the issuer field of a served
    /// certificate has it. Two generations of one CA may share a name.
    pub fn by_subject(self, name: &[u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.find(&self.directory.by_subject, subject, name)
    }

    /// The certificates of the anchors whose subject key identifier this is, as the authority key identifier of a
    /// served certificate has it. Not every anchor has one.
    pub fn by_key_id(self, id: &[u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.find(&self.directory.by_key_id, key_id, id)
    }

    fn find(
        self,
        sorted: &'a [u16],
        part: fn(&Entry) -> &Range<usize>,
        wanted: &[u8],
    ) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let Directory { entries, .. } = self.directory;
        let key = |entry: &u16| part_of(entries, *entry, part, self.certificates);
        let start = sorted.partition_point(|entry| key(entry) < wanted);
        let length = sorted.get(start..).unwrap_or_default().partition_point(|entry| key(entry) == wanted);
        let found = sorted.get(start..).unwrap_or_default().iter().take(length);
        let found = found.filter_map(|entry| entries.get(usize::from(*entry)));
        found
            .filter(move |entry| self.judge.includes(entry.index))
            .filter_map(move |entry| self.certificates.get(entry.der.clone()))
    }
}

const fn subject(entry: &Entry) -> &Range<usize> {
    &entry.subject
}

const fn key_id(entry: &Entry) -> &Range<usize> {
    &entry.key_id
}

fn part_of<'a>(
    entries: &[Entry],
    entry: u16,
    part: fn(&Entry) -> &Range<usize>,
    certificates: &'a [u8],
) -> &'a [u8] {
    entries
        .get(usize::from(entry))
        .and_then(|entry| certificates.get(part(entry).clone()))
        .unwrap_or_default()
}
