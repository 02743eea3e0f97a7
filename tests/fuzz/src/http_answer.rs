//! Answers of HTTP servers: the same in whatever pieces they arrive, and no longer than they say.

use device_agent::mt3620::fuzzing::{End, Outcome, answer};

use crate::input::selector;

/// Bytes of an answer that is looked at in small pieces.
const SHORT_BYTES: usize = 400;

/// An answer, and how long its pieces are.
///
/// # Panics
/// Where the pieces change what comes of it, or the body is another than the head says.
pub fn http_answer(input: &[u8]) {
    let (selector, bytes) = selector(input);
    let whole = answer(core::iter::once(bytes));
    // A head is looked at again with every piece of it, so small pieces of long answers take long.
    let small: &[usize] = if bytes.len() <= SHORT_BYTES { &[1, 2, 3] } else { &[] };
    for length in small.iter().copied().chain([61, usize::from(selector) + 40]) {
        assert_eq!(answer(bytes.chunks(length)), whole, "in pieces of {length} bytes");
    }
    let uneven = bytes.split_inclusive(|byte| *byte == selector);
    assert_eq!(answer(uneven), whole, "in uneven pieces");
    says_no_more(&whole, bytes);
    // An answer that is complete is complete without what follows it.
    if let End::Complete { .. } = whole.end {
        let (own, _) = bytes.split_at(whole.taken);
        assert_eq!(answer(core::iter::once(own)), whole);
        for cut in crate::input::cuts(own.len()).take(16) {
            let part = answer(core::iter::once(own.split_at(cut).0));
            assert!(!matches!(part.end, End::Complete { .. }), "cut at {cut}");
        }
    }
}

fn says_no_more(outcome: &Outcome, bytes: &[u8]) {
    assert!(outcome.taken <= bytes.len());
    assert!(outcome.body.len() <= bytes.len());
    let Some(status) = outcome.status else {
        assert!(outcome.body.is_empty() && !matches!(outcome.end, End::Complete { .. }));
        return;
    };
    assert!(!(100..200).contains(&status), "an interim answer is none");
    if let Some(length) = outcome.length {
        let body = u64::try_from(outcome.body.len()).expect("a body fits memory");
        assert!(body <= length);
        if let End::Complete { .. } = outcome.end {
            assert_eq!(body, length, "a complete body is as long as it was to be");
        }
        if matches!(status, 204 | 304) {
            assert_eq!(length, 0, "these have no body");
        }
    }
}
