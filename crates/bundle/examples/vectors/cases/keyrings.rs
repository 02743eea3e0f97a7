//! How one keyring follows another, and how it must not.

use bundle::{
    Algorithm, ChannelId, Floor, Kind, Order, Role,
    write::{KeyContent, KeyringContent, RecoveryContent, Signature},
};

use super::case;
use crate::{
    fixture::{
        channel, document, first_keyring, keyring_content, keyring_document, public, recovery, role, sign,
        unsigned,
    },
    vector::Vector,
};

fn next(comment: &str, content: &KeyringContent, signers: &[u8]) -> Vector {
    case("keyring", comment, keyring_document(content, Order::new(0, 2), signers))
}

fn other_recovery() -> RecoveryContent {
    RecoveryContent { keys: [94, 95, 96].map(public).to_vec(), threshold: 2 }
}

fn revealed(set: &RecoveryContent, content: &KeyringContent, order: Order, signers: &[u8]) -> Vec<u8> {
    let shown = unsigned(Kind::Recovery, order, 0, set.encode()).assemble(&[]).expect("no signatures");
    [shown, keyring_document(content, order, signers)].concat()
}

pub(super) fn cases() -> Vec<(&'static str, Vector)> {
    let mut all = successions();
    all.extend(keys());
    all.extend(recoveries());
    all.extend(commitments());
    all
}

fn successions() -> Vec<(&'static str, Vector)> {
    let content = keyring_content();
    let moved = KeyringContent { keyring: role(2, &[3, 4, 5]), ..content.clone() };
    let leap = document(&unsigned(Kind::Keyring, Order::new(0, 1_026), 1, content.encode()), &[1, 2]);
    let mut twice = sign(&unsigned(Kind::Keyring, Order::new(0, 2), 1, content.encode()), &[1]);
    twice.push(Signature { key_id: public(2).as_key().id(), ..twice[0].clone() });
    let twice = unsigned(Kind::Keyring, Order::new(0, 2), 1, content.encode())
        .assemble(&twice)
        .expect("a small table");
    let floor = Floor { channel: channel(), role: Role::Head, epoch: 0, number: 3 };
    let kept = KeyringContent { head: role(1, &[22, 23]), floors: vec![floor], ..content.clone() };
    let replaced = KeyringContent { head: role(1, &[23, 24]), ..kept.clone() };
    let ahead = KeyringContent { floors: vec![Floor { epoch: 1, ..floor }], ..replaced.clone() };
    let misplaced = KeyringContent { floors: vec![Floor { role: Role::Echo, ..floor }], ..content.clone() };
    let manifest = crate::fixture::manifest_document(&crate::fixture::manifest_content(&[b"first"]), 2);
    let channelled = bundle::write::Unsigned::new(
        Kind::Keyring,
        ChannelId::of("prod"),
        Order::new(0, 2),
        1,
        crate::fixture::ISSUED,
        content.encode(),
    );
    vec![
        ("keyring_accepted", next("The same keys again, signed by two of three.", &content, &[1, 3])),
        ("keyring_moved", next("Two keys replaced; both thresholds signed.", &moved, &[1, 3, 4])),
        ("keyring_without_old_threshold", next("One old key too few.", &moved, &[1, 4, 5])),
        ("keyring_without_new_threshold", next("One new key too few.", &moved, &[1, 2, 4])),
        ("keyring_key_counted_twice", case("keyring", "One signature under two ids.", twice)),
        ("keyring_replayed", case("keyring", "The keyring in force, once more.", first_keyring())),
        ("keyring_leaps", case("keyring", "A step above 1,024 generations.", leap)),
        (
            "keyring_skips_its_parent",
            case(
                "keyring",
                "Generation 3 that names generation 2 as the lowest acceptable one.",
                keyring_document(&content, Order::new(0, 3), &[1, 2]),
            ),
        ),
        (
            "keyring_with_a_channel",
            case(
                "keyring",
                "Keyrings belong to the fleet, not to a channel.",
                document(&channelled.expect("a small body"), &[1, 2]),
            ),
        ),
        ("keyring_is_a_manifest", case("keyring", "A manifest where a keyring belongs.", manifest)),
        (
            "keyring_floor_kept_key",
            next("A floor restated although a key of the role was kept.", &kept, &[1, 2]),
        ),
        (
            "keyring_floor_restated",
            next("A floor restated with every key of the role replaced.", &replaced, &[1, 2]),
        ),
        (
            "keyring_floor_of_next_epoch",
            next(
                "A floor in an epoch that only a recovery could open, and that would outlast it.",
                &ahead,
                &[1, 2],
            ),
        ),
        ("keyring_floor_of_echo", next("Echoes have no floor.", &misplaced, &[1, 2])),
    ]
}

fn keys() -> Vec<(&'static str, Vector)> {
    let content = keyring_content();
    let with_key = |bytes: Vec<u8>, algorithm: Algorithm| {
        let mut changed = content.clone();
        changed.head.keys[0] = KeyContent { algorithm, bytes, name: "other".into() };
        changed
    };
    let mut identity = vec![0; 32];
    identity[0] = 1;
    let mut second_encoding = vec![0xff; 32];
    (second_encoding[0], second_encoding[31]) = (0xee, 0x7f);
    let mut no_point = vec![0; 32];
    no_point[0] = 2;
    let threshold = |threshold| KeyringContent { release: role(threshold, &[11, 12, 13]), ..content.clone() };
    vec![
        (
            "keyring_weak_key",
            next(
                "The identity: one signature fits any message.",
                &with_key(identity, Algorithm::ED25519),
                &[1, 2],
            ),
        ),
        (
            "keyring_second_encoding",
            next(
                "A point in its non-canonical encoding.",
                &with_key(second_encoding, Algorithm::ED25519),
                &[1, 2],
            ),
        ),
        (
            "keyring_no_point",
            next("Bytes that are no point of the curve.", &with_key(no_point, Algorithm::ED25519), &[1, 2]),
        ),
        (
            "keyring_short_key",
            next("A key of 31 bytes.", &with_key(vec![7; 31], Algorithm::ED25519), &[1, 2]),
        ),
        (
            "keyring_unknown_algorithm",
            next("A key of a later algorithm is kept.", &with_key(vec![7; 1_312], Algorithm(2)), &[1, 2]),
        ),
        ("keyring_threshold_zero", next("A threshold of zero.", &threshold(0), &[1, 2])),
        ("keyring_threshold_out_of_reach", next("Four of three.", &threshold(4), &[1, 2])),
    ]
}

fn recoveries() -> Vec<(&'static str, Vector)> {
    let opened = Order::new(1, 2);
    let fresh = KeyringContent {
        keyring: role(2, &[4, 5, 6]),
        recovery_commitment: other_recovery().commitment(),
        ..keyring_content()
    };
    let same = KeyringContent { recovery_commitment: recovery().commitment(), ..fresh.clone() };
    let file = |set: &RecoveryContent, content: &KeyringContent, order, signers: &[u8]| {
        revealed(set, content, order, signers)
    };
    let plain = keyring_document(&fresh, opened, &[4, 5, 91, 92]);
    vec![
        (
            "recovery_accepted",
            case(
                "keyring",
                "The recovery keys open the next epoch.",
                file(&recovery(), &fresh, opened, &[4, 5, 91, 92]),
            ),
        ),
        (
            "recovery_below_threshold",
            case("keyring", "One recovery key too few.", file(&recovery(), &fresh, opened, &[4, 5, 91])),
        ),
        (
            "recovery_without_new_threshold",
            case("keyring", "One new key too few.", file(&recovery(), &fresh, opened, &[4, 91, 92])),
        ),
        (
            "recovery_other_set",
            case(
                "keyring",
                "A recovery set that nobody committed to.",
                file(&other_recovery(), &fresh, opened, &[4, 5, 94, 95]),
            ),
        ),
        ("recovery_not_shown", case("keyring", "The next epoch without the recovery set.", plain)),
        (
            "recovery_keeps_commitment",
            case(
                "keyring",
                "A recovery must commit to other keys.",
                file(&recovery(), &same, opened, &[4, 5, 91, 92]),
            ),
        ),
        (
            "recovery_two_epochs",
            case(
                "keyring",
                "An epoch is skipped.",
                file(&recovery(), &fresh, Order::new(2, 2), &[4, 5, 91, 92]),
            ),
        ),
    ]
}

fn commitments() -> Vec<(&'static str, Vector)> {
    let changed = KeyringContent { recovery_commitment: other_recovery().commitment(), ..keyring_content() };
    vec![
        (
            "commitment_changed_alone",
            case(
                "keyring",
                "Another commitment without the recovery keys.",
                keyring_document(&changed, Order::new(0, 2), &[1, 2, 3]),
            ),
        ),
        (
            "commitment_changed_shown",
            case(
                "keyring",
                "Another commitment with the recovery keys' signatures.",
                revealed(&recovery(), &changed, Order::new(0, 2), &[1, 2, 91, 92]),
            ),
        ),
    ]
}
