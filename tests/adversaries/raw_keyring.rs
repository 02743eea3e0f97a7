//! A keyring body put together field by field, as only a thief's writer would: the product's own writes no key twice.

use bundle::{Kind, Order, Sha256, write::KeyringContent};
use system_tests::signers::{self, KEYRING_KEYS};

use crate::scene::START;

/// The fields of a keyring body, in the order of the wire.
#[derive(Clone)]
pub(crate) struct RawKeyring {
    /// Algorithm, key and name.
    pub(crate) keys: Vec<(u8, Vec<u8>, String)>,
    /// Threshold and indexes of the keyring, release and head roles.
    pub(crate) roles: [(u8, Vec<u8>); 3],
    /// The recovery commitment.
    pub(crate) commitment: Sha256,
    /// The section of extensions.
    pub(crate) extensions: Vec<u8>,
}

fn varint(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
    out
}

fn bytes(content: &[u8]) -> Vec<u8> {
    [varint(content.len()), content.to_vec()].concat()
}

impl RawKeyring {
    /// The first generation of the kit.
    pub(crate) fn first() -> Self {
        let content = signers::first_keyring();
        let roles = [&content.keyring, &content.release, &content.head];
        let mut keys: Vec<_> = roles.iter().flat_map(|role| role.keys.clone()).collect();
        keys.sort_by(|a, b| a.bytes.cmp(&b.bytes));
        let index = |key: &Vec<u8>| keys.iter().position(|other| other.bytes == *key).unwrap();
        let indexes = roles.map(|role| {
            let mut listed: Vec<u8> =
                role.keys.iter().map(|key| u8::try_from(index(&key.bytes)).unwrap()).collect();
            listed.sort_unstable();
            (role.threshold, listed)
        });
        let raw = |key: &bundle::write::KeyContent| (key.algorithm.0, key.bytes.clone(), key.name.clone());
        Self {
            keys: keys.iter().map(raw).collect(),
            roles: indexes,
            commitment: content.recovery_commitment,
            extensions: Vec::new(),
        }
    }

    /// The body.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let key = |(algorithm, key, name): &(u8, Vec<u8>, String)| {
            [vec![*algorithm], bytes(key), bytes(name.as_bytes())].concat()
        };
        let keys: Vec<u8> = self.keys.iter().flat_map(key).collect();
        let role = |(threshold, keys): &(u8, Vec<u8>)| [vec![*threshold], bytes(keys)].concat();
        let roles: Vec<u8> = self.roles.iter().flat_map(role).collect();
        // No echo role, no restated floors, no time floor.
        [
            bytes(b"test fleet"),
            bytes(&keys),
            roles,
            vec![0],
            self.commitment.0.to_vec(),
            bytes(&[]),
            vec![0],
            bytes(&self.extensions),
        ]
        .concat()
    }

    /// The document of generation 2, with the signatures of the first keyring's threshold.
    pub(crate) fn second_generation(&self) -> Vec<u8> {
        let order = Order::new(0, 2);
        let unsigned = signers::unsigned(Kind::Keyring, "", order, 1, START, self.encode());
        signers::signed(&unsigned, &KEYRING_KEYS[..2])
    }
}

#[test]
fn fields_put_together_by_hand_are_what_the_writer_makes() {
    let content = KeyringContent { fleet: "test fleet".into(), ..signers::first_keyring() };
    assert_eq!(RawKeyring::first().encode(), content.encode());
}
