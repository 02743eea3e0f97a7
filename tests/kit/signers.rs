//! Signing keys from fixed numbers, and the documents they sign: they protect nothing but a test.

use bundle::{
    Algorithm, ChannelId, Kind, Order, UnixSeconds,
    write::{KeyContent, KeyringContent, RecoveryContent, RoleContent, Signature, Unsigned},
};
use ed25519_dalek::{Signer as _, SigningKey};

/// Numbers of the keyring keys of the first generation.
pub const KEYRING_KEYS: [u8; 3] = [1, 2, 3];
/// Numbers of the release keys of the first generation.
pub const RELEASE_KEYS: [u8; 3] = [11, 12, 13];
/// Numbers of the head keys of the first generation.
pub const HEAD_KEYS: [u8; 2] = [21, 22];
/// Numbers of the recovery keys that the first generation commits to.
pub const RECOVERY_KEYS: [u8; 3] = [91, 92, 93];
/// Numbers of the recovery keys that a recovery commits to.
pub const NEXT_RECOVERY_KEYS: [u8; 3] = [94, 95, 96];

/// The signing key with this number.
#[must_use]
pub fn signing_key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// The public key with this number.
#[must_use]
pub fn public_key(number: u8) -> KeyContent {
    KeyContent {
        algorithm: Algorithm::ED25519,
        bytes: signing_key(number).verifying_key().to_bytes().to_vec(),
        name: format!("key-{number}"),
    }
}

/// A role of these keys.
#[must_use]
pub fn role(threshold: u8, numbers: &[u8]) -> RoleContent {
    RoleContent { threshold, keys: numbers.iter().copied().map(public_key).collect() }
}

/// A recovery set of these keys, two of which must sign.
#[must_use]
pub fn recovery_set(numbers: &[u8]) -> RecoveryContent {
    RecoveryContent { keys: numbers.iter().copied().map(public_key).collect(), threshold: 2 }
}

/// The first generation: two of three for keyrings and releases, one of two for heads, recovery prepared.
#[must_use]
pub fn first_keyring() -> KeyringContent {
    KeyringContent {
        fleet: "test fleet".into(),
        keyring: role(2, &KEYRING_KEYS),
        release: role(2, &RELEASE_KEYS),
        head: role(1, &HEAD_KEYS),
        echo: None,
        recovery_commitment: recovery_set(&RECOVERY_KEYS).commitment(),
        floors: Vec::new(),
        time_floor: None,
    }
}

/// The signatures of these keys over a document.
#[must_use]
pub fn signatures(unsigned: &Unsigned, numbers: &[u8]) -> Vec<Signature> {
    let message = unsigned.message();
    let sign = |number: &u8| Signature {
        key_id: public_key(*number).as_key().id(),
        algorithm: Algorithm::ED25519,
        bytes: signing_key(*number).sign(&message).to_bytes().to_vec(),
    };
    numbers.iter().map(sign).collect()
}

/// A document with its signatures.
#[must_use]
pub fn signed(unsigned: &Unsigned, numbers: &[u8]) -> Vec<u8> {
    unsigned.assemble(&signatures(unsigned, numbers)).unwrap_or_default()
}

/// An unsigned document; keyrings and recovery sets belong to the fleet, everything else to `channel`.
///
/// # Panics
/// Where the body is larger than its kind allows.
#[must_use]
#[expect(clippy::expect_used, reason = "a test whose own input cannot be made stops there")]
pub fn unsigned(
    kind: Kind,
    channel: &str,
    order: Order,
    keyring_version: u32,
    issued_at: UnixSeconds,
    body: Vec<u8>,
) -> Unsigned {
    let of_fleet = matches!(kind, Kind::Keyring | Kind::Recovery);
    let channel = if of_fleet { ChannelId::FLEET } else { ChannelId::of(channel) };
    Unsigned::new(kind, channel, order, keyring_version, issued_at, body).expect("the body fits its kind")
}
