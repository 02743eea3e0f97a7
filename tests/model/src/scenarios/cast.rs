//! Who is there: the keys of every role by generation, and documents as their makers usually make them.

use bundle::Order;
use store::Restated;

use crate::{
    documents::{Anchors, Document, Head, Keyring, Keys, Release, RoleKeys},
    scenario::Step,
};

/// Keys of the keyring role, first generation.
pub(super) const KEYRING_1: Keys = 0b111;
/// Keys of the release role, first generation.
pub(super) const RELEASE_1: Keys = 0b111 << 3;
/// Keys of the head role, first generation.
pub(super) const HEAD_1: Keys = 0b11 << 6;
/// Keys of the keyring role, second generation.
pub(super) const KEYRING_2: Keys = 0b111 << 8;
/// Keys of the release role, second generation.
pub(super) const RELEASE_2: Keys = 0b111 << 11;
/// Keys of the head role, second generation.
pub(super) const HEAD_2: Keys = 0b11 << 14;
/// The first recovery set.
pub(super) const RECOVERY_1: Keys = 0b111 << 16;
/// The second recovery set.
pub(super) const RECOVERY_2: Keys = 0b111 << 19;
/// Keys of the keyring role, third generation.
pub(super) const KEYRING_3: Keys = 0b11 << 22;
/// Keys of the release role, third generation.
pub(super) const RELEASE_3: Keys = 0b11 << 27;
/// Keys of the head role, third generation.
pub(super) const HEAD_3: Keys = 0b11 << 29;
/// Keys that a thief made.
pub(super) const THIEF: Keys = 0b111 << 24;
/// One key of the first release role: below its threshold.
pub(super) const ONE_RELEASE_KEY: Keys = 1 << 3;

/// The anchor of the service.
pub(super) const A: Anchors = crate::scenario::SERVICE;
/// An anchor that goes.
pub(super) const B: Anchors = 2;
/// An anchor that comes.
pub(super) const C: Anchors = 4;
/// An anchor that was never there.
pub(super) const D: Anchors = 8;
/// A thief's anchor.
pub(super) const EVIL: Anchors = 16;

/// Two of a role's keys.
pub(super) const fn two_of(keys: Keys) -> RoleKeys {
    RoleKeys::new(keys, 2)
}

/// One of a role's keys.
pub(super) const fn one_of(keys: Keys) -> RoleKeys {
    RoleKeys::new(keys, 1)
}

/// Both recovery sets.
pub(super) fn recovery() -> Vec<RoleKeys> {
    vec![two_of(RECOVERY_1), two_of(RECOVERY_2)]
}

/// The keyring of the image.
pub(super) fn first_keyring() -> Keyring {
    Keyring {
        name: "keyring 1",
        order: Order::new(0, 1),
        parent: 0,
        keyring: two_of(KEYRING_1),
        release: two_of(RELEASE_1),
        head: one_of(HEAD_1),
        commitment: 0,
        shown: None,
        restated: Restated::default(),
        issued_at: 5,
        signed: KEYRING_1,
        is_forged: false,
    }
}

/// The next generation after `before`, signed by the keyring role of both.
pub(super) fn next_keyring(name: &'static str, before: &Keyring) -> Keyring {
    let number = before.order.number;
    Keyring {
        name,
        order: Order::new(before.order.epoch, number + 1),
        parent: number,
        restated: Restated::default(),
        shown: None,
        issued_at: before.issued_at + 1,
        ..*before
    }
}

/// A release of epoch 0 by the first release keys.
pub(super) fn release(name: &'static str, number: u32, anchors: Anchors, denies: Anchors) -> Release {
    Release {
        name,
        order: Order::new(0, number),
        keyring_version: 1,
        anchors,
        denies,
        issued_at: u64::from(number),
        signed: RELEASE_1,
        is_forged: false,
    }
}

/// A head of epoch 0 by the first head keys, for everybody.
pub(super) fn head(name: &'static str, number: u32, release: u8) -> Head {
    Head {
        name,
        order: Order::new(0, number),
        keyring_version: 1,
        names_keyring: 1,
        release,
        previous: None,
        in_share: true,
        signed: HEAD_1,
        is_forged: false,
    }
}

/// One step of the operator.
pub(super) fn step<const N: usize>(name: &'static str, documents: [Document; N]) -> Step {
    Step { name, documents: documents.to_vec() }
}

/// Floors that a keyring restates.
pub(super) const fn floors(release: Option<Order>, head: Option<Order>) -> Restated {
    Restated { release, head, time: None }
}
