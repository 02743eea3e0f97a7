//! Decisions made one signature a call, with a log instead of names: the same answers, and none for other bytes.

use bundle::{ChannelId, Envelope, Keyring, Kind, Order, SignatureLog, VerifyError, limits::SIGNATURES_MAX};

use crate::{
    fixture::{channel, first_keyring, keyring_content, sign, unsigned},
    steps::{self, flood},
    vector::Vector,
    vectors,
};

/// What is decided about a vector, one signature further; updates are no document of a core.
fn decide(vector: &Vector, log: &mut SignatureLog) -> Option<Result<Order, VerifyError>> {
    let keyring = Keyring::provisioned(&vector.keyring);
    let verify = || Envelope::parse_whole(&vector.input).map_err(VerifyError::Parse);
    Some(match vector.kind.as_str() {
        "update" => return None,
        "keyring" => keyring.and_then(|keyring| {
            keyring.accept_by_one(&vector.input, log).map(|accepted| accepted.keyring.order())
        }),
        _ => keyring.and_then(|keyring| {
            let channel = ChannelId::of(&vector.channel);
            verify()?.verify_by_one(&keyring, channel, log).map(|authentic| authentic.header().order)
        }),
    })
}

/// Asks again until something is decided; the answer, and how many calls it took.
fn by_one<R>(
    mut decide: impl FnMut(&mut SignatureLog) -> Result<R, VerifyError>,
) -> (Result<R, VerifyError>, u32) {
    let (mut log, mut call) = (SignatureLog::new(), 0);
    loop {
        call += 1;
        assert!(call <= 100, "no decision after 100 calls");
        let result = decide(&mut log);
        assert!(log.checked() <= call, "one call checks one signature");
        if !matches!(result, Err(VerifyError::Deferred)) {
            return (result, call);
        }
        assert_eq!(log.checked(), call, "every call comes one signature further");
    }
}

#[test]
fn every_vector_is_decided_by_one_as_at_once() {
    let mut decided = 0;
    for (name, vector) in vectors::files() {
        if decide(&vector, &mut SignatureLog::new()).is_none() {
            continue;
        }
        let (result, calls) = by_one(|log| decide(&vector, log).expect("a document"));
        assert_eq!(result, steps::decide(&vector, None), "{name}");
        assert!(calls <= 17, "{name} took {calls} calls");
        decided += 1;
    }
    assert!(decided > 50, "{decided} vectors");
}

#[test]
fn a_flood_of_forged_signatures_ends_after_as_many_calls_as_it_has_signatures() {
    let first = first_keyring();
    let keyring = Keyring::provisioned(&first).expect("provisioned");
    let body = unsigned(Kind::Keyring, Order::new(0, 2), 1, keyring_content().encode());
    for good in [Vec::new(), sign(&body, &[1, 2])] {
        let document = flood(&good);
        let (result, calls) = by_one(|log| keyring.accept_by_one(&document, log).map(|_| ()));
        assert_eq!(result, keyring.accept(&document).map(|_| ()));
        // A log has no names: where the old threshold was met the new one, of the same keys, walks the table again.
        let thresholds = if good.is_empty() { 1 } else { 2 };
        assert_eq!(calls, thresholds * u32::try_from(SIGNATURES_MAX).expect("few"));
    }
}

/// What a log of one good signature under `of` says of another document, keyring or channel.
fn refused_after_one_good(of: &Vector, other: &[u8], keyring: &[u8], channel: ChannelId) -> VerifyError {
    let mut log = SignatureLog::new();
    assert_eq!(decide(of, &mut log), Some(Err(VerifyError::Deferred)));
    assert_eq!(log.checked(), 1);
    let keyring = Keyring::provisioned(keyring).expect("provisioned");
    let envelope = Envelope::parse_whole(other).expect("parses");
    loop {
        match envelope.verify_by_one(&keyring, channel, &mut log) {
            Err(VerifyError::Deferred) => {}
            result => return result.map(|_| ()).expect_err("refused"),
        }
    }
}

#[test]
fn what_was_found_out_about_one_document_answers_for_no_other() {
    let good = vectors::files().into_iter().find(|(name, _)| name == "manifest_accepted").expect("exists").1;
    // Every byte of the signatures: the first is good in the log, and spoilt in the document that comes next.
    for at in [68 + 1 + 11, 68 + 1 + 11 + 63] {
        let mut spoilt = good.input.clone();
        spoilt[at] ^= 1;
        let error = refused_after_one_good(&good, &spoilt, &good.keyring, channel());
        assert!(matches!(error, VerifyError::Threshold { valid: 1, .. }), "{at}: {error:?}");
    }
    let number =
        vectors::files().into_iter().find(|(name, _)| name == "envelope_number_changed").expect("exists");
    let error = refused_after_one_good(&good, &number.1.input, &good.keyring, channel());
    assert!(matches!(error, VerifyError::Threshold { valid: 0, .. }), "{error:?}");
}
