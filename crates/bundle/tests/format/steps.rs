//! Decisions made in steps of one signature each: the same answers, in a bounded number of calls.

use bundle::{
    Algorithm, ChannelId, Envelope, Keyring, Kind, Order, SignatureMemo, UpdatePrefix, VerifyError,
    limits::{MEMO_ENTRIES, SIGNATURES_MAX},
    write::Signature,
};

use crate::{
    fixture::{self, channel, first_keyring, key_id, keyring_content, unsigned},
    vector::Vector,
    vectors,
};

/// What is decided about a vector, at once or in steps.
pub(crate) fn decide(vector: &Vector, memo: Option<&mut SignatureMemo>) -> Result<Order, VerifyError> {
    let channel = ChannelId::of(&vector.channel);
    let keyring = Keyring::provisioned(&vector.keyring)?;
    match (vector.kind.as_str(), memo) {
        ("keyring", None) => keyring.accept(&vector.input).map(|accepted| accepted.keyring.order()),
        ("keyring", Some(memo)) => {
            keyring.accept_in_steps(&vector.input, memo).map(|accepted| accepted.keyring.order())
        }
        ("update", memo) => {
            let prefix = UpdatePrefix::parse(&vector.input)?;
            let header = match memo {
                None => prefix.verify_header(&keyring, channel)?,
                Some(memo) => prefix.verify_header_in_steps(&keyring, channel, memo)?,
            };
            Ok(header.header().order)
        }
        (_, None) => Ok(Envelope::parse_whole(&vector.input)?.verify(&keyring, channel)?.header().order),
        (_, Some(memo)) => {
            let envelope = Envelope::parse_whole(&vector.input)?;
            Ok(envelope.verify_in_steps(&keyring, channel, memo)?.header().order)
        }
    }
}

/// Asks again until something is decided; the answer, and how many calls it took.
fn in_steps<R>(
    mut decide: impl FnMut(&mut SignatureMemo) -> Result<R, VerifyError>,
) -> (Result<R, VerifyError>, u64) {
    let mut memo = SignatureMemo::new();
    let mut calls = 0;
    loop {
        calls += 1;
        assert!(calls <= 100, "no decision after 100 calls");
        memo.allow(1);
        let before = memo.checked();
        let result = decide(&mut memo);
        assert!(memo.checked() - before <= 1, "one call checks one signature");
        if !matches!(result, Err(VerifyError::Deferred)) {
            return (result, calls);
        }
        assert_eq!(memo.checked(), calls, "every call comes one signature further");
    }
}

#[test]
fn every_vector_is_decided_in_steps_as_at_once() {
    for (name, vector) in vectors::files() {
        let (result, calls) = in_steps(|memo| decide(&vector, Some(memo)));
        assert_eq!(result, decide(&vector, None), "{name}");
        assert!(calls <= 17, "{name} took {calls} calls");
    }
}

#[test]
fn a_threshold_of_two_takes_two_calls() {
    let vector =
        vectors::files().into_iter().find(|(name, _)| name == "manifest_accepted").expect("exists").1;
    let (result, calls) = in_steps(|memo| decide(&vector, Some(memo)));
    assert!(result.is_ok());
    assert_eq!(calls, 2);
}

/// A keyring document with a full table under the ids of two keys in force.
pub(crate) fn flood(good: &[Signature]) -> Vec<u8> {
    let unsigned = unsigned(Kind::Keyring, Order::new(0, 2), 1, keyring_content().encode());
    let forged = (0_u8..).map(|byte| Signature {
        key_id: key_id(1 + byte % 2),
        algorithm: Algorithm::ED25519,
        bytes: vec![byte; 64],
    });
    let signatures: Vec<_> = forged.take(SIGNATURES_MAX - good.len()).chain(good.iter().cloned()).collect();
    unsigned.assemble(&signatures).expect("a full table")
}

#[test]
fn a_flood_of_forged_signatures_ends_after_as_many_calls_as_it_has_signatures() {
    let first = first_keyring();
    let keyring = Keyring::provisioned(&first).expect("provisioned");
    let body = unsigned(Kind::Keyring, Order::new(0, 2), 1, keyring_content().encode());
    for good in [Vec::new(), fixture::sign(&body, &[1, 2])] {
        let document = flood(&good);
        let (result, calls) = in_steps(|memo| keyring.accept_in_steps(&document, memo).map(|_| ()));
        assert_eq!(result, keyring.accept(&document).map(|_| ()));
        assert_eq!(result.is_ok(), !good.is_empty());
        assert_eq!(calls, SIGNATURES_MAX as u64);
    }
}

#[test]
fn what_one_signature_was_found_to_be_answers_for_no_other_message_and_no_other_key() {
    let first = first_keyring();
    let keyring = Keyring::provisioned(&first).expect("provisioned");
    let file = |name: &str| {
        let vector = vectors::files().into_iter().find(|(of, _)| of == name).expect(name).1;
        (vector.keyring, vector.input)
    };
    let mut memo = SignatureMemo::new();
    memo.allow(100);
    let (of_good, good) = file("manifest_accepted");
    let good_keyring = Keyring::provisioned(&of_good).expect("provisioned");
    let verify = |keyring: &Keyring<'_>, document: &[u8], memo: &mut SignatureMemo| {
        Envelope::parse_whole(document)?.verify_in_steps(keyring, channel(), memo).map(|_| ())
    };
    assert_eq!(verify(&good_keyring, &good, &mut memo), Ok(()));
    // The same signatures in front of another message are other signatures.
    let (_, changed) = file("envelope_number_changed");
    let refused = verify(&good_keyring, &changed, &mut memo);
    assert!(matches!(refused, Err(VerifyError::Threshold { valid: 0, .. })), "{refused:?}");
    // And so are the same bytes under other keys: nothing is allowed, so nothing is found out.
    memo.allow(0);
    let body = unsigned(Kind::Keyring, Order::new(0, 2), 1, keyring_content().encode());
    let document = body.assemble(&fixture::sign(&body, &[1, 2])).expect("a small table");
    assert_eq!(keyring.accept_in_steps(&document, &mut memo).map(|_| ()), Err(VerifyError::Deferred));
}

#[test]
fn a_full_memo_answers_as_an_empty_one_does() {
    let first = first_keyring();
    let keyring = Keyring::provisioned(&first).expect("provisioned");
    let document = flood(&[]);
    let mut memo = SignatureMemo::new();
    memo.allow(1_000);
    // Other floods have filled the table.
    for number in 2..=3 {
        let other = unsigned(Kind::Keyring, Order::new(0, number), 1, keyring_content().encode());
        let forged =
            |byte| Signature { key_id: key_id(1), algorithm: Algorithm::ED25519, bytes: vec![byte; 64] };
        let signatures: Vec<_> = (100..116).map(forged).collect();
        let other = other.assemble(&signatures).expect("a full table");
        assert!(keyring.accept_in_steps(&other, &mut memo).is_err());
    }
    assert_eq!(memo.checked(), MEMO_ENTRIES as u64);
    memo.allow(0);
    let result = keyring.accept_in_steps(&document, &mut memo).map(|_| ());
    assert_eq!(result, keyring.accept(&document).map(|_| ()));
}
