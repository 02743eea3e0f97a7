//! What may stand inside an encrypted record (RFC 8446 §5.2), judged before `embedded-tls` reads it.

use crate::limits::PLAINTEXT_BYTES_MAX;
use crate::mark::Phase;

/// What `embedded-tls` is given to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// What was decrypted.
    Whole,
    /// This in its place: something short that makes `embedded-tls` do, or say, a thing that is known.
    Instead(&'static [u8]),
}

/// An empty piece of application data: `embedded-tls` goes on to the next record.
pub(crate) const NOTHING: &[u8] = &[APPLICATION_DATA];
/// A content type that does not exist inside: `Unimplemented`.
pub(crate) const NOT_ALLOWED: &[u8] = &[20];
/// A handshake message without a length: `InvalidHandshake`.
pub(crate) const SPLIT: &[u8] = &[ENCRYPTED_EXTENSIONS, HANDSHAKE];
/// Any alert but the closing one: `InvalidRecord` in the handshake, `InternalError` after it.
pub(crate) const ALERTED: &[u8] = &[2, 40, ALERT];
/// The closing alert: `ConnectionClosed`.
pub(crate) const CLOSED: &[u8] = &[1, 0, ALERT];
/// A CertificateVerify with an unknown algorithm: `InvalidSignatureScheme`, which nothing else is after the
/// handshake.
pub(crate) const UPDATED: &[u8] = &[CERTIFICATE_VERIFY, 0, 0, 2, 0xff, 0xff, HANDSHAKE];

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

const NEW_SESSION_TICKET: u8 = 4;
const ENCRYPTED_EXTENSIONS: u8 = 8;
const CERTIFICATE: u8 = 11;
const CERTIFICATE_REQUEST: u8 = 13;
const CERTIFICATE_VERIFY: u8 = 15;
const FINISHED: u8 = 20;
const KEY_UPDATE: u8 = 24;

/// Judges one decrypted record: content, content type, and zeros to any number.
pub(crate) fn admit(phase: Phase, record: &[u8], hash_bytes: usize) -> Admission {
    let padding = record.iter().rev().take_while(|octet| **octet == 0).count();
    let unpadded = record.len().checked_sub(padding).and_then(|length| record.get(..length));
    let Some((kind, content)) = unpadded.and_then(<[u8]>::split_last) else {
        return Admission::Instead(NOT_ALLOWED);
    };
    if record.len() > PLAINTEXT_BYTES_MAX.saturating_add(1) {
        return Admission::Instead(NOT_ALLOWED);
    }
    match (*kind, phase) {
        (APPLICATION_DATA, Phase::Application) => Admission::Whole,
        (ALERT, phase) => alert(phase, content),
        (HANDSHAKE, Phase::Handshake) => handshake(content, hash_bytes),
        (HANDSHAKE, Phase::Application) => late(content),
        _ => Admission::Instead(NOT_ALLOWED),
    }
}

/// An alert is two bytes in a record of its own (RFC 8446 §5.1), and its level is ignored (§6).
const fn alert(phase: Phase, content: &[u8]) -> Admission {
    /// close_notify.
    const CLOSE: u8 = 0;
    Admission::Instead(match (content, phase) {
        ([_, CLOSE], Phase::Application) => CLOSED,
        ([_, _], _) => ALERTED,
        _ => NOT_ALLOWED,
    })
}

/// Messages of the handshake: known ones, whole, each as long as what stands in it, so that `embedded-tls`, which
/// does not look at their lengths, begins each where this does.
fn handshake(content: &[u8], hash_bytes: usize) -> Admission {
    let mut messages = Messages(content);
    if content.is_empty() {
        return Admission::Instead(NOT_ALLOWED);
    }
    while !messages.0.is_empty() {
        let Some((kind, body)) = messages.next() else { return Admission::Instead(SPLIT) };
        if !is_sound(kind, body, hash_bytes) {
            return Admission::Instead(NOT_ALLOWED);
        }
    }
    Admission::Whole
}

/// Messages after the handshake: session tickets are of no use here and are dropped, everything else ends it.
fn late(content: &[u8]) -> Admission {
    let mut messages = Messages(content);
    if content.is_empty() {
        return Admission::Instead(NOT_ALLOWED);
    }
    while !messages.0.is_empty() {
        match messages.next() {
            Some((NEW_SESSION_TICKET, _)) => {}
            Some((KEY_UPDATE, [_])) => return Admission::Instead(UPDATED),
            Some(_) => return Admission::Instead(NOT_ALLOWED),
            None => return Admission::Instead(SPLIT),
        }
    }
    Admission::Instead(NOTHING)
}

/// True where a message belongs to the handshake and fills its length.
fn is_sound(kind: u8, body: &[u8], hash_bytes: usize) -> bool {
    let mut rest = Fields(body);
    let read = match kind {
        ENCRYPTED_EXTENSIONS => rest.vector(2),
        CERTIFICATE => rest.vector(1).and_then(|_| rest.vector(3)),
        CERTIFICATE_REQUEST => rest.vector(1).and_then(|_| rest.vector(2)),
        CERTIFICATE_VERIFY => rest.take(2).and_then(|_| rest.vector(2)),
        FINISHED => rest.take(hash_bytes),
        _ => None,
    };
    read.is_some() && rest.0.is_empty()
}

/// Handshake messages, one after the other (RFC 8446 §4).
struct Messages<'a>(&'a [u8]);

impl<'a> Messages<'a> {
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let mut fields = Fields(self.0);
        let kind = *fields.take(1)?.first()?;
        let body = fields.vector(3)?;
        self.0 = fields.0;
        Some((kind, body))
    }
}

/// A cursor over the fields of a message.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    /// The next bytes, as many as asked for.
    pub(crate) const fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let Some((taken, rest)) = self.0.split_at_checked(count) else { return None };
        self.0 = rest;
        Some(taken)
    }

    /// A vector whose length stands before it in so many bytes (RFC 8446 §3.4).
    pub(crate) fn vector(&mut self, length_bytes: usize) -> Option<&'a [u8]> {
        let length = self.take(length_bytes)?;
        let length = length.iter().fold(0_usize, |sum, octet| (sum << 8) | usize::from(*octet));
        self.take(length)
    }

    /// A number of two bytes.
    pub(crate) fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::Phase::{Application, Handshake};

    fn check(phase: Phase, record: &[u8], expect: Admission) {
        assert_eq!(admit(phase, record, 32), expect, "{record:02x?}");
    }

    #[test]
    fn what_is_not_there_is_not_admitted() {
        for phase in [Handshake, Application] {
            for length in [0, 1, 17, PLAINTEXT_BYTES_MAX] {
                check(phase, &alloc::vec![0; length], Admission::Instead(NOT_ALLOWED));
            }
            check(phase, &[HANDSHAKE], Admission::Instead(NOT_ALLOWED));
            check(phase, &[ALERT], Admission::Instead(NOT_ALLOWED));
        }
    }

    #[test]
    fn data_is_admitted_after_the_handshake_only() {
        for record in [&[DATA][..], &[1, DATA], &[0, 0, DATA, 0, 0]] {
            check(Application, record, Admission::Whole);
            check(Handshake, record, Admission::Instead(NOT_ALLOWED));
        }
    }

    #[test]
    fn a_record_may_be_full_and_not_fuller() {
        let full = |length| [alloc::vec![1; length].as_slice(), &[DATA]].concat();
        check(Application, &full(PLAINTEXT_BYTES_MAX), Admission::Whole);
        check(Application, &full(PLAINTEXT_BYTES_MAX + 1), Admission::Instead(NOT_ALLOWED));
    }

    #[test]
    fn alerts_have_two_bytes() {
        check(Application, &[1, 0, ALERT], Admission::Instead(CLOSED));
        check(Application, &[9, 0, ALERT], Admission::Instead(CLOSED));
        check(Handshake, &[1, 0, ALERT], Admission::Instead(ALERTED));
        check(Application, &[2, 80, ALERT], Admission::Instead(ALERTED));
        check(Application, &[0, ALERT], Admission::Instead(NOT_ALLOWED));
    }

    #[test]
    fn every_message_type_is_refused_or_known() {
        for kind in 0..=u8::MAX {
            let record = [kind, 0, 0, 1, 0, HANDSHAKE];
            let expect = match kind {
                NEW_SESSION_TICKET => NOTHING,
                KEY_UPDATE => UPDATED,
                _ => NOT_ALLOWED,
            };
            check(Application, &record, Admission::Instead(expect));
            check(Handshake, &record, Admission::Instead(NOT_ALLOWED));
        }
    }

    #[test]
    fn a_message_ends_where_its_content_does() {
        check(Handshake, &[8, 0, 0, 2, 0, 0, HANDSHAKE], Admission::Whole);
        check(Handshake, &[8, 0, 0, 3, 0, 0, 0, HANDSHAKE], Admission::Instead(NOT_ALLOWED));
        check(Handshake, &[8, 0, 0, 2, 0, HANDSHAKE], Admission::Instead(SPLIT));
        check(Handshake, &[13, 0, 0, 3, 0, 0, 0, HANDSHAKE], Admission::Whole);
        check(Handshake, &[15, 0, 0, 5, 4, 3, 0, 1, 0, HANDSHAKE], Admission::Whole);
        let finished = |length: u8| {
            [&[20, 0, 0, length], alloc::vec![7; length.into()].as_slice(), &[HANDSHAKE]].concat()
        };
        check(Handshake, &finished(32), Admission::Whole);
        check(Handshake, &finished(48), Admission::Instead(NOT_ALLOWED));
        assert_eq!(admit(Handshake, &finished(48), 48), Admission::Whole);
    }

    const DATA: u8 = APPLICATION_DATA;
}
