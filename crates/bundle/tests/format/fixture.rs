//! Keys, keyrings, manifests and heads for the tests of this crate, all made from fixed seeds.

use bundle::{
    Algorithm, AnchorState, ChannelId, Envelope, KeyId, Kind, Order, Purposes, Sha256, UnixSeconds,
    write::{
        AnchorContent, HeadContent, KeyContent, KeyringContent, ManifestContent, RecoveryContent,
        RoleContent, ServiceAnchors, ServiceContent, Signature, Unsigned,
    },
};
use ed25519_dalek::{Signer as _, SigningKey};

/// The channel of every document here.
pub(crate) fn channel() -> ChannelId {
    ChannelId::of("prod")
}

/// When everything here was issued.
pub(crate) const ISSUED: UnixSeconds = UnixSeconds(1_790_000_000);

/// The signing key with this number.
pub(crate) fn signer(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

pub(crate) fn public(number: u8) -> KeyContent {
    KeyContent {
        algorithm: Algorithm::ED25519,
        bytes: signer(number).verifying_key().to_bytes().to_vec(),
        name: format!("key-{number}"),
    }
}

pub(crate) fn role(threshold: u8, numbers: &[u8]) -> RoleContent {
    RoleContent { threshold, keys: numbers.iter().copied().map(public).collect() }
}

pub(crate) fn recovery() -> RecoveryContent {
    RecoveryContent { keys: [91, 92, 93].map(public).to_vec(), threshold: 2 }
}

/// Keys 1–3 sign keyrings, 11–13 releases, 21–22 heads, 31 echoes; recovery by 91–93.
pub(crate) fn keyring_content() -> KeyringContent {
    KeyringContent {
        fleet: "fleet".into(),
        keyring: role(2, &[1, 2, 3]),
        release: role(2, &[11, 12, 13]),
        head: role(1, &[21, 22]),
        echo: Some(role(1, &[31])),
        recovery_commitment: recovery().commitment(),
        floors: Vec::new(),
        time_floor: None,
    }
}

pub(crate) fn sign(unsigned: &Unsigned, numbers: &[u8]) -> Vec<Signature> {
    let message = unsigned.message();
    let one = |number: &u8| Signature {
        key_id: key_id(*number),
        algorithm: Algorithm::ED25519,
        bytes: signer(*number).sign(&message).to_bytes().to_vec(),
    };
    numbers.iter().map(one).collect()
}

pub(crate) fn key_id(number: u8) -> KeyId {
    public(number).as_key().id()
}

pub(crate) fn document(unsigned: &Unsigned, numbers: &[u8]) -> Vec<u8> {
    unsigned.assemble(&sign(unsigned, numbers)).expect("a small table")
}

pub(crate) fn unsigned(kind: Kind, order: Order, keyring_version: u32, body: Vec<u8>) -> Unsigned {
    let channel = if matches!(kind, Kind::Keyring | Kind::Recovery) { ChannelId::FLEET } else { channel() };
    Unsigned::new(kind, channel, order, keyring_version, ISSUED, body).expect("a small body")
}

pub(crate) fn keyring_document(content: &KeyringContent, order: Order, numbers: &[u8]) -> Vec<u8> {
    document(&unsigned(Kind::Keyring, order, order.number.saturating_sub(1), content.encode()), numbers)
}

/// Generation 1, as images carry it.
pub(crate) fn first_keyring() -> Vec<u8> {
    keyring_document(&keyring_content(), Order::new(0, 1), &[1, 2])
}

pub(crate) fn anchor(certificate: &[u8]) -> AnchorContent {
    AnchorContent {
        sha256: Sha256::of(&[certificate]),
        length: u32::try_from(certificate.len()).expect("short"),
        state: AnchorState::Active,
        purposes: Purposes::SERVER_AUTH,
        added_day: 20_700,
        retire_day: None,
        note: String::new(),
        constraints: Vec::new(),
        extensions: Vec::new(),
    }
}

pub(crate) fn manifest_content(certificates: &[&[u8]]) -> ManifestContent {
    ManifestContent {
        anchors: certificates.iter().map(|certificate| anchor(certificate)).collect(),
        services: vec![ServiceContent {
            name: "iot-hub".into(),
            hosts: vec!["hub.example:8883".into(), "*.hub.example".into()],
            anchors: ServiceAnchors::Listed(vec![Sha256::of(&[certificates[0]])]),
            pins: Vec::new(),
            probe: true,
            extensions: Vec::new(),
        }],
        ..ManifestContent::default()
    }
}

pub(crate) fn manifest_document(content: &ManifestContent, number: u32) -> Vec<u8> {
    document(&unsigned(Kind::Manifest, Order::new(0, number), 1, content.encode()), &[11, 12])
}

pub(crate) fn head_content(manifest_document: &[u8]) -> HeadContent {
    let envelope = Envelope::parse_whole(manifest_document).expect("well-formed");
    HeadContent {
        keyring_version: 1,
        release: envelope.header().order,
        release_digest: envelope.digest(),
        lifetime_seconds: 14 * 86_400,
        refresh_seconds: 21_600,
        share: 10_000,
        previous: None,
        groups: Vec::new(),
    }
}
