//! Recoveries: the keyring's threshold is in a thief's hands, and only the recovery keys are left.

use bundle::Order;

use super::cast::{
    A, B, EVIL, HEAD_2, HEAD_3, KEYRING_1, KEYRING_2, KEYRING_3, RECOVERY_1, RECOVERY_2, RELEASE_2,
    RELEASE_3, THIEF, first_keyring, floors, head, next_keyring, one_of, recovery, release, step, two_of,
};
use crate::{
    device::Event,
    documents::{
        Document::{Head, Keyring, Release},
        Head as HeadDocument, Keyring as KeyringDocument, Keys, Release as ReleaseDocument,
    },
    scenario::{Hazards, Scenario},
};

/// The keyring with which the recovery keys open epoch 1.
fn recovery_keyring() -> KeyringDocument {
    KeyringDocument {
        order: Order::new(1, 2),
        keyring: two_of(KEYRING_2),
        release: two_of(RELEASE_2),
        head: one_of(HEAD_2),
        commitment: 1,
        shown: Some(0),
        restated: floors(Some(Order::new(1, 1)), Some(Order::new(1, 1))),
        signed: RECOVERY_1 | KEYRING_2,
        ..next_keyring("the recovery's keyring", &first_keyring())
    }
}

/// A keyring of the thief's, who holds the threshold of `before` and replaces every key.
fn thiefs(name: &'static str, before: &KeyringDocument) -> KeyringDocument {
    KeyringDocument {
        keyring: two_of(THIEF),
        release: two_of(THIEF),
        head: one_of(THIEF),
        signed: before.keyring.keys | THIEF,
        ..next_keyring(name, before)
    }
}

/// Keyrings that even the thief of the threshold cannot make anybody take.
fn refused() -> [KeyringDocument; 4] {
    let first = first_keyring();
    let other_commitment = KeyringDocument {
        commitment: 1,
        is_forged: true,
        ..thiefs("a keyring of the thief's that commits to other recovery keys", &first)
    };
    let same_keys = KeyringDocument {
        restated: floors(Some(Order::new(0, 0)), None),
        is_forged: true,
        ..next_keyring("a keyring of the thief's that restates the floor of keys that stay", &first)
    };
    let half_signed = KeyringDocument {
        signed: KEYRING_1,
        is_forged: true,
        ..thiefs("a keyring whose own keys have not signed", &first)
    };
    let self_signed = KeyringDocument {
        signed: THIEF,
        is_forged: true,
        ..thiefs("a keyring that only its own keys have signed", &first)
    };
    [other_commitment, same_keys, half_signed, self_signed]
}

fn in_epoch(epoch: u16, version: u32, signed: Keys, head: HeadDocument) -> HeadDocument {
    HeadDocument {
        order: Order::new(epoch, head.order.number),
        keyring_version: version,
        names_keyring: version,
        signed,
        ..head
    }
}

fn recovered(epoch: u16, version: u32, signed: Keys, release: ReleaseDocument) -> ReleaseDocument {
    ReleaseDocument {
        order: Order::new(epoch, release.order.number),
        keyring_version: version,
        signed,
        ..release
    }
}

fn thiefs_release() -> ReleaseDocument {
    ReleaseDocument { signed: THIEF, issued_at: 99, ..release("the thief's release 5", 5, A | EVIL, B) }
}

fn thiefs_head(release: u8) -> HeadDocument {
    HeadDocument {
        keyring_version: 2,
        names_keyring: 2,
        signed: THIEF,
        ..head("the thief's head 7", 7, release)
    }
}

/// The keyring threshold is stolen: only the recovery keys are left.
pub(super) fn keyring_keys() -> Scenario {
    let (first, opened) = (first_keyring(), recovery_keyring());
    let far = KeyringDocument { order: Order::new(0, 9), ..thiefs("the thief's keyring 9", &first) };
    let after = next_keyring("keyring 3 of the new epoch", &opened);
    let after = KeyringDocument { signed: KEYRING_2, ..after };
    let mut keyrings = vec![first, opened, thiefs("the thief's keyring 2", &first), far, after];
    keyrings.extend(refused());
    Scenario {
        keyrings,
        releases: vec![
            release("release 1", 1, A, 0),
            release("release 2", 2, A, 0),
            recovered(1, 2, RELEASE_2, release("the recovery's release", 2, A | B, 0)),
            thiefs_release(),
            recovered(1, 3, RELEASE_2, release("release 3 of the new epoch", 3, A, B | EVIL)),
        ],
        heads: vec![
            head("head 2", 2, 1),
            in_epoch(1, 2, HEAD_2, head("the recovery's head", 2, 2)),
            thiefs_head(3),
            in_epoch(1, 3, HEAD_2, head("head 3 of the new epoch", 3, 4)),
        ],
        recovery: recovery(),
        steps: vec![
            step("release 2 and head 2", [Release(1), Head(0)]),
            step("the recovery, its release and its head", [Keyring(1), Release(2), Head(1)]),
            step("keyring 3, release 3 and head 3 of the new epoch", [Keyring(4), Release(4), Head(3)]),
        ],
        loot: vec![
            Release(3),
            Head(2),
            Keyring(2),
            Keyring(3),
            Keyring(5),
            Keyring(6),
            Keyring(7),
            Keyring(8),
        ],
        answered_from: 2,
        evil: EVIL,
        hazards: Hazards { path: true, ..Scenario::empty("", "").hazards },
        sights: vec![Event::Confirmed, Event::Recovered, Event::OlderIgnored, Event::VetoOverruled],
        ..Scenario::empty(
            "keyring_keys_stolen",
            "a thief of the keyring's threshold runs away with devices; the recovery keys bring them back",
        )
    }
}

/// The threshold is stolen again in the new epoch, and the second recovery set opens the next one.
pub(super) fn twice() -> Scenario {
    let (first, opened) = (first_keyring(), recovery_keyring());
    let again = KeyringDocument {
        order: Order::new(2, 3),
        keyring: two_of(KEYRING_3),
        release: two_of(RELEASE_3),
        head: one_of(HEAD_3),
        commitment: 2,
        shown: Some(1),
        restated: floors(Some(Order::new(2, 2)), Some(Order::new(2, 2))),
        signed: RECOVERY_2 | KEYRING_3,
        ..next_keyring("the second recovery's keyring", &opened)
    };
    let second_theft = thiefs("the thief's keyring 3 of epoch 1", &opened);
    let far =
        KeyringDocument { order: Order::new(1, 40), ..thiefs("the thief's keyring 40 of epoch 1", &opened) };
    Scenario {
        keyrings: vec![first, opened, again, thiefs("the thief's keyring 2", &first), second_theft, far],
        releases: vec![
            release("release 1", 1, A, 0),
            recovered(1, 2, RELEASE_2, release("the recovery's release", 2, A | B, 0)),
            recovered(2, 3, RELEASE_3, release("the second recovery's release", 3, A, EVIL)),
            thiefs_release(),
        ],
        heads: vec![
            in_epoch(1, 2, HEAD_2, head("the recovery's head", 2, 1)),
            in_epoch(2, 3, HEAD_3, head("the second recovery's head", 3, 2)),
            thiefs_head(3),
        ],
        recovery: recovery(),
        steps: vec![
            step("the recovery, its release and its head", [Keyring(1), Release(1), Head(0)]),
            step("the second recovery, its release and its head", [Keyring(2), Release(2), Head(1)]),
        ],
        loot: vec![Release(3), Head(2), Keyring(3), Keyring(4), Keyring(5)],
        answered_from: 2,
        evil: EVIL,
        hazards: Hazards { path: true, ..Scenario::empty("", "").hazards },
        sights: vec![Event::Confirmed, Event::Recovered, Event::VetoOverruled],
        ..Scenario::empty("recovered_twice", "the threshold is stolen in two epochs, and recovered twice")
    }
}

/// The operator commits to other recovery keys while a thief has already run away with some devices: the one answer
/// that the recovery keys cannot give any more. No scenario of [`super::all`]: it shows a limit.
pub(super) fn commitment_behind_a_thief() -> Scenario {
    let first = first_keyring();
    let recommitted = KeyringDocument {
        commitment: 1,
        shown: Some(0),
        signed: KEYRING_1 | RECOVERY_1,
        ..next_keyring("keyring 2, which commits to other recovery keys", &first)
    };
    let opened = KeyringDocument {
        order: Order::new(1, 3),
        commitment: 2,
        shown: Some(1),
        signed: RECOVERY_2 | KEYRING_2,
        ..recovery_keyring()
    };
    Scenario {
        keyrings: vec![first, recommitted, opened, thiefs("the thief's keyring 2", &first)],
        releases: vec![
            release("release 1", 1, A, 0),
            recovered(1, 3, RELEASE_2, release("the recovery's release", 2, A | B, 0)),
        ],
        heads: vec![in_epoch(1, 3, HEAD_2, head("the recovery's head", 2, 1))],
        recovery: recovery(),
        steps: vec![
            step("keyring 2, which commits to other recovery keys", [Keyring(1)]),
            step("the recovery, its release and its head", [Keyring(2), Release(1), Head(0)]),
        ],
        loot: vec![Keyring(3)],
        answered_from: 2,
        ..Scenario::empty(
            "commitment_behind_a_thief",
            "the recovery commitment changes on a branch that a robbed device is not on",
        )
    }
}
