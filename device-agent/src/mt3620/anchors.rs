//! The anchors of a service, written into a buffer of the application's in the form that its TLS stack reads.

use alloc::vec;
use core::fmt;

use bundle::{Anchor, AnchorIndex, Denial, ExportPolicy, Sha256, check_exportable, join};
use chain::Certificate;
use store::Storage;

use super::memory::{collected, has_room};
use crate::{Agent, Held, OpenBundle, Unreadable};

/// A form that TLS stacks read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Certificates in DER, back to back.
    Der,
    /// Certificates in PEM (RFC 7468) without comments, and a NUL behind the last one.
    Pem,
}

/// Why there are no anchors to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnchorsError {
    /// There is no such bundle.
    NoBundle,
    /// There is no memory for one certificate, or for the deny list, now; there is once a connection or a judgement is over.
    NoMemory,
    /// The bundle has no service of this name.
    UnknownService,
    /// The store could not be read.
    Unreadable,
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----\n";
const END: &[u8] = b"-----END CERTIFICATE-----\n";
/// Bytes that give one line of 64 characters (RFC 7468 §2).
const LINE_BYTES: usize = 48;

/// Writes the anchors of `service` into `into`; returns how many bytes they have in all. Where that is more than
/// `into` holds, what was written is of no use.
///
/// An anchor is left out where it is denied, where it is not for TLS servers, and where it is trusted under
/// constraints that the form cannot carry and the manifest does not allow their loss. A service's policy about what
/// files lose is not read here: such an anchor stays out whatever that says, and nothing else does.
///
/// # Errors
/// [`AnchorsError`].
pub fn anchors<S: Storage>(
    agent: &mut Agent<'_, S>,
    held: Held,
    service: &str,
    form: Form,
    into: &mut [u8],
) -> Result<usize, AnchorsError> {
    let mut out = Out { into, length: 0 };
    each(agent, held, service, form, &mut |der| out.certificate(der, form))?;
    if form == Form::Pem {
        out.put(&[0]);
    }
    Ok(out.length)
}

/// Writes one anchor of `service` in DER, by its place among those that may leave the bundle in this form; returns
/// its length, and zero past the last one.
///
/// # Errors
/// [`AnchorsError`].
pub fn anchor<S: Storage>(
    agent: &mut Agent<'_, S>,
    held: Held,
    service: &str,
    index: usize,
    into: &mut [u8],
) -> Result<usize, AnchorsError> {
    let (mut place, mut out) = (0_usize, Out { into, length: 0 });
    each(agent, held, service, Form::Der, &mut |der| {
        if place == index {
            out.put(der);
        }
        place = place.saturating_add(1);
    })?;
    Ok(out.length)
}

fn each<S: Storage>(
    agent: &mut Agent<'_, S>,
    held: Held,
    service: &str,
    form: Form,
    take: &mut dyn FnMut(&[u8]),
) -> Result<(), AnchorsError> {
    // The newest verified deny list applies to every bundle.
    let denials = collected(agent.denials().iter()).ok_or(AnchorsError::NoMemory)?;
    agent.open(held, |open| each_of(open, &denials, service, form, take)).ok_or(AnchorsError::NoBundle)?
}

fn each_of(
    open: OpenBundle<'_>,
    denials: &[Denial],
    service: &str,
    form: Form,
    take: &mut dyn FnMut(&[u8]),
) -> Result<(), AnchorsError> {
    let OpenBundle { manifest, content, read } = open;
    let service = manifest.service(service).ok_or(AnchorsError::UnknownService)?;
    let is_denied = |names: &dyn Fn(&Denial) -> bool| {
        denials.iter().any(names) || manifest.denials().iter().any(|denial| names(&denial))
    };
    let mut offset = content.document_bytes;
    for (index, entry) in (0..).map(AnchorIndex).zip(manifest.all_anchors().iter()) {
        let at = offset;
        offset = offset.saturating_add(entry.length);
        let leaves = entry.is_usable() && service.anchors.include(index) && may_leave(&entry, form);
        if !leaves || is_denied(&|denial| denial.names_certificate(entry.sha256)) {
            continue;
        }
        let length = usize::try_from(entry.length).unwrap_or(usize::MAX);
        if !has_room(length) {
            return Err(AnchorsError::NoMemory);
        }
        let mut der = vec![0; length];
        read(at, &mut der).map_err(|Unreadable| AnchorsError::Unreadable)?;
        if Sha256::of(&[&der]) != entry.sha256 {
            return Err(AnchorsError::Unreadable);
        }
        // What this version cannot read it cannot hold against the deny list either.
        let Ok(certificate) = Certificate::parse(&der) else { continue };
        let spki = certificate.spki_sha256();
        if !is_denied(&|denial| denial.names_spki(spki)) {
            take(&der);
        }
    }
    Ok(())
}

fn may_leave(entry: &Anchor<'_>, form: Form) -> bool {
    let name = match form {
        Form::Der => "der",
        Form::Pem => "pem",
    };
    check_exportable(entry, ExportPolicy::default(), name).is_ok()
}

/// A buffer that counts on where it is full.
struct Out<'b> {
    into: &'b mut [u8],
    length: usize,
}

impl Out<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let end = self.length.saturating_add(bytes.len());
        // Past the end of the buffer, only the length is of interest.
        let _fits = self.into.get_mut(self.length..).and_then(|room| join(room, &[bytes]));
        self.length = end;
    }

    fn certificate(&mut self, der: &[u8], form: Form) {
        if form == Form::Der {
            return self.put(der);
        }
        self.put(BEGIN);
        for line in der.chunks(LINE_BYTES) {
            line.chunks(3).for_each(|octets| self.put(&base64(octets)));
            self.put(b"\n");
        }
        self.put(END);
    }
}

/// Up to three octets as four letters (RFC 4648 §4).
fn base64(octets: &[u8]) -> [u8; 4] {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let octet = |place: usize| octets.get(place).copied().map_or(0, u32::from);
    let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
    let letter = |place: usize, shift: u32| {
        let sextet = usize::try_from(bits >> shift & 63).unwrap_or(0);
        if place > octets.len() { b'=' } else { LETTERS.get(sextet).copied().unwrap_or(b'=') }
    };
    [letter(0, 18), letter(1, 12), letter(2, 6), letter(3, 0)]
}

impl fmt::Display for AnchorsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoBundle => "there is no such bundle",
            Self::NoMemory => "there is no memory for a certificate now",
            Self::UnknownService => "the bundle has no service of this name",
            Self::Unreadable => "the bundle cannot be read from the store",
        })
    }
}

impl core::error::Error for AnchorsError {}

#[cfg(test)]
mod tests {
    use super::base64;

    fn check(octets: &[u8], expect: &[u8; 4]) {
        assert_eq!(base64(octets), *expect);
    }

    #[test]
    fn letters_are_those_of_the_rfc() {
        check(b"foo", b"Zm9v");
        check(b"fo", b"Zm8=");
        check(b"f", b"Zg==");
        check(&[0xff, 0xef, 0xfe], b"/+/+");
    }
}
