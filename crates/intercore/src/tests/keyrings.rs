//! Keyrings: a chain of generations is followed, and a link that is not signed breaks it.

use std::{vec, vec::Vec};

use bundle::{
    ChannelId, Kind, Order, Role, UnixSeconds,
    write::{KeyringContent, keyring_file},
};

use super::fixture::{
    FLOOR, ISSUED, Stock, accepted, certificate, channel, content, document, first_keyring, keyring_content,
    keyring_document, new_core, recovery, refused, role, stock,
};
use crate::{Reason, limits::KEYRINGS_MAX};

/// Four generations: new release keys, new keyring keys, new release keys again.
fn chain() -> Vec<Vec<u8>> {
    let second = KeyringContent { release: role(2, &[14, 15]), ..keyring_content() };
    let third = KeyringContent { keyring: role(2, &[4, 5, 6]), ..second.clone() };
    let fourth = KeyringContent { release: role(1, &[16]), ..third.clone() };
    vec![
        first_keyring(),
        keyring_document(&second, Order::new(0, 2), &[1, 2]),
        keyring_document(&third, Order::new(0, 3), &[2, 3, 4, 5]),
        keyring_document(&fourth, Order::new(0, 4), &[5, 6]),
    ]
}

/// A release that these keys signed, behind this chain.
fn signed_by(keyrings: Vec<Vec<u8>>, order: Order, signers: &[u8]) -> Stock {
    let certificates = [certificate("one", 0)];
    let body = content(&certificates, &[0]).encode();
    let manifest = document(Kind::Manifest, channel(), order, 1, body, signers);
    Stock { keyrings, ..Stock::new(manifest, &certificates) }
}

#[test]
fn a_chain_of_generations_leads_to_the_newest_keys() {
    let mut core = new_core();
    let order = Order::new(0, FLOOR);
    accepted(&mut core, &signed_by(chain(), order, &[16]));
    assert_eq!(core.keyring(), Order::new(0, 4));
    assert_eq!(core.time_floor(), ISSUED.plus(u64::from(FLOOR)));
    // The keys of the image have nothing to say any more, though the neighbour withholds the chain.
    refused(&mut core, &stock(FLOOR + 1), Reason::Threshold);
}

#[test]
fn a_chain_that_was_followed_stays_in_force_when_the_release_is_refused() {
    let mut core = new_core();
    refused(&mut core, &signed_by(chain(), Order::new(0, FLOOR), &[11, 12]), Reason::Threshold);
    assert_eq!(core.keyring(), Order::new(0, 4));
    // What is in force already is passed over, so the chain may be offered again and again.
    accepted(&mut core, &signed_by(chain(), Order::new(0, FLOOR), &[16]));
}

#[test]
fn a_generation_without_the_old_threshold_breaks_the_chain() {
    let mut core = new_core();
    let stolen = KeyringContent { keyring: role(1, &[7]), ..keyring_content() };
    for signers in [&[7][..], &[1, 7], &[11, 12, 7]] {
        let keyrings = vec![keyring_document(&stolen, Order::new(0, 2), signers)];
        refused(&mut core, &signed_by(keyrings, Order::new(0, FLOOR), &[11, 12]), Reason::Threshold);
        assert_eq!(core.keyring(), Order::new(0, 1));
    }
}

#[test]
fn a_missing_generation_breaks_the_chain() {
    let mut chain = chain();
    chain.remove(1);
    let stock = signed_by(chain, Order::new(0, FLOOR), &[16]);
    refused(&mut new_core(), &stock, Reason::KeyringTooOld);
}

#[test]
fn a_release_whose_keyring_has_not_come_is_refused() {
    let certificates = [certificate("one", 0)];
    let body = content(&certificates, &[0]).encode();
    let manifest = document(Kind::Manifest, channel(), Order::new(0, FLOOR), 2, body, &[11, 12]);
    refused(&mut new_core(), &Stock::new(manifest, &certificates), Reason::KeyringTooOld);
}

#[test]
fn the_recovery_keys_open_the_next_epoch_and_restate_the_floor() {
    let mut core = new_core();
    accepted(&mut core, &stock(FLOOR + 1_000));
    let floor = bundle::Floor { channel: channel(), role: Role::Release, epoch: 1, number: FLOOR };
    let content = KeyringContent {
        keyring: role(2, &[41, 42]),
        release: role(1, &[43]),
        recovery_commitment: recovery(&[94, 95, 96]).commitment(),
        floors: vec![floor],
        time_floor: Some(UnixSeconds(1_700_000_000)),
        ..keyring_content()
    };
    let order = Order::new(1, 2);
    let keyring = keyring_document(&content, order, &[41, 42, 91, 92]);
    let shown = document(Kind::Recovery, ChannelId::FLEET, order, 0, recovery(&[91, 92, 93]).encode(), &[]);
    let without = signed_by(vec![keyring.clone()], Order::new(1, FLOOR), &[43]);
    refused(&mut core, &without, Reason::Recovery);
    let file = keyring_file(Some(&shown), &keyring);
    accepted(&mut core, &signed_by(vec![file.clone()], Order::new(1, FLOOR), &[43]));
    assert_eq!(core.keyring(), order);
    refused(&mut core, &signed_by(vec![file], Order::new(1, FLOOR - 1), &[43]), Reason::ReleaseOlder);
}

#[test]
fn a_keyring_file_holds_one_keyring_and_nothing_else() {
    let mut core = new_core();
    let mut two = chain();
    two[1] = [two[1].clone(), two[2].clone()].concat();
    refused(&mut core, &signed_by(two, Order::new(0, FLOOR), &[16]), Reason::DocumentMalformed);
    let manifest = stock(FLOOR).manifest;
    refused(&mut core, &signed_by(vec![manifest], Order::new(0, FLOOR), &[16]), Reason::DocumentKind);
}

#[test]
fn a_keyring_that_does_not_fit_is_refused_and_the_old_one_stays() {
    let names = (30..50).collect::<Vec<u8>>();
    let large = KeyringContent { release: role(2, &names), ..keyring_content() };
    let keyrings = vec![keyring_document(&large, Order::new(0, 2), &[1, 2])];
    let mut core = new_core();
    refused(&mut core, &signed_by(keyrings, Order::new(0, FLOOR), &[30, 31]), Reason::KeyringTooLarge);
    assert_eq!(core.keyring(), Order::new(0, 1));
    accepted(&mut core, &stock(FLOOR));
}

#[test]
fn a_transfer_has_so_many_keyring_files_and_no_more() {
    let count = usize::try_from(KEYRINGS_MAX).unwrap();
    let mut stock = stock(FLOOR);
    stock.keyrings = vec![first_keyring(); count];
    accepted(&mut new_core(), &stock);
    stock.keyrings.push(first_keyring());
    refused(&mut new_core(), &stock, Reason::KeyringsTooMany);
}
