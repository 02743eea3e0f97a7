//! Keyring files and packs: the order only grows, and three ways to judge come to one verdict.

use bundle::{Accepted, Envelope, Keyring, Role, SignatureLog, SignatureMemo, VerifyError, limits};

use crate::{envelope::until_decided, fleet};

/// Keyring files, one after the other.
///
/// # Panics
/// Where a keyring is accepted that is not newer, or that too few keys have signed, or where judging it in steps comes
/// to something else.
pub fn keyring(input: &[u8]) {
    let mut present = fleet::keyring();
    let mut rest = input;
    // What is accepted is shorter than what it was taken from, so this ends.
    while let Some(accepted) = next(&present, rest) {
        assert!(accepted.keyring.order() > present.order(), "the order only grows");
        assert!(accepted.rest.len() < rest.len(), "a keyring has bytes");
        let step = accepted.keyring.order().number.saturating_sub(present.order().number);
        assert!(step <= limits::KEYRING_STEP_MAX);
        is_truly_signed(&present, &accepted);
        (present, rest) = (accepted.keyring, accepted.rest);
    }
}

fn next<'a>(present: &Keyring<'_>, bytes: &'a [u8]) -> Option<Accepted<'a>> {
    let verdict = present.accept(bytes);
    let mut memo = SignatureMemo::new();
    let in_steps = until_decided(|| {
        memo.allow(1);
        present.accept_in_steps(bytes, &mut memo)
    });
    assert_eq!(told(&in_steps), told(&verdict), "in steps");
    let mut log = SignatureLog::new();
    let by_one = until_decided(|| present.accept_by_one(bytes, &mut log));
    assert_eq!(told(&by_one), told(&verdict), "by one");
    verdict.ok()
}

type Told<'a> = Result<(&'a [u8], bool, &'a [u8]), VerifyError>;

fn told<'a>(verdict: &Result<Accepted<'a>, VerifyError>) -> Told<'a> {
    verdict
        .as_ref()
        .map(|accepted| (accepted.document, accepted.recovered, accepted.rest))
        .map_err(|error| *error)
}

fn is_truly_signed(present: &Keyring<'_>, accepted: &Accepted<'_>) {
    let envelope = Envelope::parse_whole(accepted.document).expect("a document is whole");
    let enough = |keyring: &Keyring<'_>| {
        let threshold = usize::from(keyring.keyring_role().threshold);
        fleet::true_signatures(&envelope, keyring, Role::Keyring) >= threshold
    };
    assert!(enough(&accepted.keyring), "the new threshold");
    assert!(accepted.recovered || enough(present), "the old threshold");
    let opens_epoch = accepted.keyring.order().epoch > present.order().epoch;
    assert_eq!(accepted.recovered, opens_epoch, "an epoch is opened by a recovery");
    let changed = accepted.keyring.recovery_commitment() != present.recovery_commitment();
    assert!(changed || !accepted.recovered, "a recovery commits to other keys");
}
