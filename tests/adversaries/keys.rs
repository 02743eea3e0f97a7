//! Keys and signatures: thresholds that are missed or out of reach, keys that stand twice, signatures that are none.

use bundle::{
    Algorithm, Kind, Order,
    write::{KeyringContent, Signature, Unsigned},
};
use device_agent::Reason;
use system_tests::signers::{self, HEAD_KEYS, RELEASE_KEYS, role};

use crate::{
    raw_keyring::RawKeyring,
    scene::{CERTIFICATES, Scene, content},
};

/// Numbers under which a later format may know other signatures; this one knows Ed25519 alone.
const RSA: u8 = 200;
const ECDSA: u8 = 201;

/// Release 3, not signed yet.
fn unsigned_release(scene: &Scene) -> Unsigned {
    let body = content(&scene.publisher, &CERTIFICATES).encode();
    signers::unsigned(Kind::Manifest, "prod", Order::new(0, 3), 1, scene.publisher.now, body)
}

/// A document with this table of signatures, entry by entry, whatever stands twice in it.
fn with_table(unsigned: &Unsigned, signatures: &[Signature]) -> Vec<u8> {
    let bare = unsigned.assemble(&[]).unwrap();
    let header = bare.len() - unsigned.body().len() - 1;
    let mut table = vec![u8::try_from(signatures.len()).unwrap()];
    for signature in signatures {
        table.push(signature.algorithm.0);
        table.extend_from_slice(&signature.key_id.0);
        table.extend_from_slice(&u16::try_from(signature.bytes.len()).unwrap().to_le_bytes());
        table.extend_from_slice(&signature.bytes);
    }
    [&bare[..header], &table, unsigned.body()].concat()
}

/// What the device says of release 3 with this table of signatures.
fn judged(sign: impl FnOnce(&Unsigned) -> Vec<Signature>) -> (Scene, Option<Reason>) {
    let mut scene = Scene::following();
    let unsigned = unsigned_release(&scene);
    let document = with_table(&unsigned, &sign(&unsigned));
    scene.publisher.publish_document(3, document, &CERTIFICATES);
    let reason = scene.check();
    (scene, reason)
}

/// A device that was shown this keyring as generation 2: refused by name, and nothing changed.
fn keyring_refused(raw: &RawKeyring) {
    let mut scene = Scene::following();
    let mut tree = scene.publisher.tree.clone();
    tree.insert("keyring/2".into(), raw.second_generation());
    scene.pass(crate::scene::DAY);
    scene.refuse_and_note(&tree, Reason::KeyringRefused);
    assert_eq!(scene.keyring(), Order::new(0, 1));
}

#[test]
fn two_signatures_are_not_three() {
    let three = KeyringContent { release: role(3, &RELEASE_KEYS), ..signers::first_keyring() };
    let mut scene = Scene::fresh();
    scene.next_keyring(&three);
    scene.release(&CERTIFICATES[..3]);
    assert_eq!((scene.check(), scene.installed()), (Some(Reason::ReleaseUnsigned), 1));
    scene.publisher.release_signers = RELEASE_KEYS.to_vec();
    scene.release(&CERTIFICATES[..3]);
    assert_eq!((scene.check(), scene.installed()), (Some(Reason::Confirmed), 3));
}

#[test]
fn a_threshold_above_the_number_of_keys_is_no_keyring() {
    let mut raw = RawKeyring::first();
    raw.roles[1].0 = 4;
    keyring_refused(&raw);
}

#[test]
fn a_threshold_of_zero_is_no_keyring() {
    for role in 0..3 {
        let mut raw = RawKeyring::first();
        raw.roles[role].0 = 0;
        keyring_refused(&raw);
    }
}

#[test]
fn a_threshold_below_zero_cannot_be_written() {
    // The threshold is one unsigned byte: what other formats read as minus one is 255 here, and out of reach.
    let mut raw = RawKeyring::first();
    raw.roles[1].0 = u8::MAX;
    keyring_refused(&raw);
}

#[test]
fn a_key_that_stands_nine_times_in_a_keyring_makes_it_none() {
    let mut raw = RawKeyring::first();
    let (algorithm, key, _) = raw.keys[0].clone();
    let copies = (0..9).map(|copy| (algorithm, key.clone(), format!("copy {copy}")));
    raw.keys.splice(0..1, copies);
    for (_, indexes) in &mut raw.roles {
        indexes.iter_mut().filter(|index| **index > 0).for_each(|index| *index += 8);
    }
    raw.roles[1] = (6, (0..9).collect());
    keyring_refused(&raw);
}

#[test]
fn a_key_that_is_listed_twice_in_a_role_makes_the_keyring_none() {
    let mut raw = RawKeyring::first();
    let first = raw.roles[1].1[0];
    raw.roles[1].1 = vec![first, first];
    keyring_refused(&raw);
}

#[test]
fn one_signature_repeated_to_the_end_of_the_table_counts_once() {
    let (scene, reason) = judged(|unsigned| {
        let one = signers::signatures(unsigned, &RELEASE_KEYS[..1]).remove(0);
        vec![one; bundle::limits::SIGNATURES_MAX]
    });
    assert_eq!((reason, scene.installed()), (Some(Reason::ReleaseUnsigned), 2));
}

#[test]
fn an_id_that_stands_twice_beside_a_whole_threshold_neither_helps_nor_harms() {
    let (scene, reason) = judged(|unsigned| {
        let two = signers::signatures(unsigned, &RELEASE_KEYS[..2]);
        vec![two[0].clone(), two[0].clone(), two[1].clone()]
    });
    assert_eq!((reason, scene.installed()), (Some(Reason::Confirmed), 3));
}

#[test]
fn forged_twins_in_front_hide_no_good_signature() {
    let (scene, reason) = judged(|unsigned| {
        let good = signers::signatures(unsigned, &RELEASE_KEYS[..2]);
        let forged = good.iter().map(|good| Signature { bytes: vec![0; 64], ..good.clone() });
        forged.chain(good.iter().cloned()).collect()
    });
    assert_eq!((reason, scene.installed()), (Some(Reason::Confirmed), 3));
}

#[test]
fn a_wrong_third_signature_does_not_sink_two_good_ones() {
    let (scene, reason) = judged(|unsigned| {
        let mut three = signers::signatures(unsigned, &RELEASE_KEYS);
        three[0].bytes[7] ^= 1;
        three
    });
    assert_eq!((reason, scene.installed()), (Some(Reason::Confirmed), 3));
}

#[test]
fn an_empty_third_signature_does_not_sink_two_good_ones() {
    let (scene, reason) = judged(|unsigned| {
        let mut three = signers::signatures(unsigned, &RELEASE_KEYS);
        three[0].bytes.clear();
        three
    });
    assert_eq!((reason, scene.installed()), (Some(Reason::Confirmed), 3));
}

#[test]
fn a_key_of_ed25519_signs_and_a_spoilt_signature_of_it_does_not() {
    let (scene, reason) = judged(|unsigned| signers::signatures(unsigned, &RELEASE_KEYS[1..]));
    assert_eq!((reason, scene.installed()), (Some(Reason::Confirmed), 3));
    for bit in 0..8 {
        let (scene, reason) = judged(|unsigned| {
            let mut two = signers::signatures(unsigned, &RELEASE_KEYS[1..]);
            two[1].bytes[63] ^= 1 << bit;
            two
        });
        assert_eq!((reason, scene.installed()), (Some(Reason::ReleaseUnsigned), 2), "bit {bit}");
    }
}

/// A keyring whose release role holds a key of another algorithm, which stands last: `threshold` of its keys sign.
fn with_foreign_key(algorithm: u8, key: &[u8], threshold: u8) -> (Scene, Vec<Signature>) {
    let mut raw = RawKeyring::first();
    let index = u8::try_from(raw.keys.len()).unwrap();
    raw.keys.push((algorithm, key.to_vec(), "of another kind".into()));
    raw.roles[1].1.push(index);
    raw.roles[1].0 = threshold;
    let mut scene = Scene::following();
    scene.publisher.tree.insert("keyring/2".into(), raw.second_generation());
    scene.pass(crate::scene::DAY);
    assert_eq!(scene.check(), Some(Reason::UpToDate));
    assert_eq!(scene.keyring(), Order::new(0, 2), "the key is kept");
    let foreign = bundle::Key { algorithm: Algorithm(algorithm), bytes: key, name: "" }.id();
    let claims = [algorithm, Algorithm::ED25519.0].map(|algorithm| Signature {
        key_id: foreign,
        algorithm: Algorithm(algorithm),
        bytes: vec![1; 64],
    });
    (scene, claims.to_vec())
}

/// A key of another algorithm is kept and never counts: not towards a threshold, and not against one.
fn never_counts(algorithm: u8, key: &[u8]) {
    for (threshold, installed) in [(3, 3), (4, 2)] {
        let (mut scene, claims) = with_foreign_key(algorithm, key, threshold);
        let unsigned = unsigned_release(&scene);
        let signatures = [claims, signers::signatures(&unsigned, &RELEASE_KEYS)].concat();
        scene.publisher.publish_document(3, with_table(&unsigned, &signatures), &CERTIFICATES);
        scene.check();
        assert_eq!(scene.installed(), installed, "{threshold} signatures are needed");
    }
}

#[test]
fn an_rsa_key_is_kept_and_signs_nothing() {
    never_counts(RSA, &[0x30; 294]);
}

#[test]
fn an_ecdsa_key_is_kept_and_signs_nothing() {
    never_counts(ECDSA, &[4; 65]);
}

#[test]
fn a_misleading_name_of_a_key_changes_nothing() {
    let mut raw = RawKeyring::first();
    let names: Vec<String> = raw.keys.iter().map(|(_, _, name)| name.clone()).collect();
    raw.keys.iter_mut().zip(names.iter().rev()).for_each(|(key, name)| key.2.clone_from(name));
    let mut scene = Scene::following();
    scene.publisher.tree.insert("keyring/2".into(), raw.second_generation());
    scene.pass(crate::scene::DAY);
    scene.check();
    assert_eq!(scene.keyring(), Order::new(0, 2));
    scene.release(&CERTIFICATES);
    assert_eq!((scene.check(), scene.installed()), (Some(Reason::Confirmed), 3));
}

#[test]
fn keys_of_another_role_sign_nothing() {
    let (scene, reason) = judged(|unsigned| {
        signers::signatures(unsigned, &[HEAD_KEYS, [RELEASE_KEYS[0], signers::KEYRING_KEYS[0]]].concat())
    });
    assert_eq!((reason, scene.installed()), (Some(Reason::ReleaseUnsigned), 2));
}
