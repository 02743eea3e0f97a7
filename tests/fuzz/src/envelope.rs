//! The envelope: splitting is exact, and nothing verifies that was not signed.

use bundle::{
    Envelope, ParseError, Role, SignatureLog, SignatureMemo, VerifyError, limits, write::with_signatures,
};

use crate::{fleet, input::cuts};

/// Calls after which a judgement in steps is taken for endless: one for each signature of a table, and the last.
const CALLS_MAX: usize = limits::SIGNATURES_MAX + 2;

/// A document that may be one.
///
/// # Panics
/// Where the split is not exact, a part of a document is taken for a whole one, or something verifies that too few
/// keys have signed.
pub fn envelope(input: &[u8]) {
    let Ok((envelope, rest)) = Envelope::parse(input) else {
        assert!(Envelope::parse_whole(input).is_err(), "what has no document in front is none");
        return;
    };
    let (document, _) = input.split_at(input.len() - rest.len());
    split_is_exact(document, &envelope);
    assert_eq!(Envelope::parse_whole(input).is_ok(), rest.is_empty(), "a document ends where its body does");
    for cut in cuts(document.len()) {
        let (part, _) = document.split_at(cut);
        assert!(Envelope::parse(part).is_err_and(|error| error.is_truncated()), "cut at {cut}");
    }
    judge(&envelope);
}

fn split_is_exact(document: &[u8], envelope: &Envelope<'_>) {
    let table = envelope.signatures();
    assert_eq!([envelope.header_bytes(), table.as_bytes(), envelope.body()].concat(), document);
    let (header, length) = envelope.header().to_bytes();
    assert_eq!(header.get(..length), Some(envelope.header_bytes()), "a header has one form");
    assert!(table.iter().count() <= limits::SIGNATURES_MAX);
    assert!(table.as_bytes().len() <= limits::SIGNATURE_TABLE_BYTES_MAX);
    let entries: usize = table.iter().map(|signature| signature.wire_bytes()).sum();
    assert_eq!(entries + 1, table.as_bytes().len(), "every entry of the table is walked");
    // A table that is written again is sorted and holds nothing twice, and the rest stays what it was.
    let written: Result<Vec<u8>, ParseError> = with_signatures(envelope, &[]);
    let written = written.expect("what was read can be written");
    let again = Envelope::parse_whole(&written).expect("what was written can be read");
    assert_eq!((again.header(), again.body()), (envelope.header(), envelope.body()));
    assert_eq!(again.digest(), envelope.digest(), "signatures are no part of the digest");
}

/// Three ways to judge, one verdict; and a good one only over true signatures.
fn judge(envelope: &Envelope<'_>) {
    let (keyring, channel) = (fleet::keyring(), fleet::channel());
    let verdict = envelope.verify(&keyring, channel);
    let told = |verdict: &Result<bundle::Authentic<'_>, VerifyError>| {
        verdict.as_ref().map(|authentic| authentic.header_digest()).map_err(|error| *error)
    };
    let mut memo = SignatureMemo::new();
    let in_steps = until_decided(|| {
        memo.allow(1);
        envelope.verify_in_steps(&keyring, channel, &mut memo)
    });
    assert_eq!(told(&in_steps), told(&verdict), "in steps");
    let mut log = SignatureLog::new();
    let by_one = until_decided(|| envelope.verify_by_one(&keyring, channel, &mut log));
    assert_eq!(told(&by_one), told(&verdict), "by one");
    if let Ok(authentic) = verdict {
        let role = match envelope.header().kind {
            bundle::Kind::Manifest => Role::Release,
            bundle::Kind::RevokeAll => Role::Keyring,
            bundle::Kind::Head => Role::Head,
            bundle::Kind::Echo => Role::Echo,
            other => panic!("a {other} is judged by another function"),
        };
        let threshold = keyring.role(role).expect("the keyring has every role").threshold;
        assert!(fleet::true_signatures(envelope, &keyring, role) >= usize::from(threshold));
        assert_eq!(authentic.body(), envelope.body());
    }
}

/// Calls until the answer is not "later".
pub(crate) fn until_decided<T>(mut judge: impl FnMut() -> Result<T, VerifyError>) -> Result<T, VerifyError> {
    for _ in 0..CALLS_MAX {
        match judge() {
            Err(VerifyError::Deferred) => {}
            decided => return decided,
        }
    }
    panic!("no verdict after {CALLS_MAX} calls");
}
