//! Signers, certificates and contents, in the smallest form that the format takes.

use std::{format, string::String, vec, vec::Vec};

use bundle::{
    Algorithm, AnchorState, Denial, DenialKind, Envelope, Key, Purposes, Sha256,
    write::{
        AnchorContent, KeyContent, ManifestContent, ServiceAnchors, ServiceContent, Signature, Unsigned,
    },
};
use ed25519_dalek::{Signer as _, SigningKey};

/// A signer: the role's name, a number, and the generation of its key.
pub(crate) fn signer(name: &str, number: u8, generation: u8) -> SigningKey {
    SigningKey::from_bytes(&Sha256::of(&[name.as_bytes(), &[number, generation]]).0)
}

pub(crate) fn signers(name: &str, count: u8, generation: u8) -> Vec<SigningKey> {
    (0..count).map(|number| signer(name, number, generation)).collect()
}

pub(crate) fn public(key: &SigningKey) -> KeyContent {
    KeyContent {
        algorithm: Algorithm::ED25519,
        bytes: key.verifying_key().to_bytes().to_vec(),
        name: String::new(),
    }
}

pub(crate) fn sign(unsigned: &Unsigned, keys: &[SigningKey]) -> Vec<u8> {
    let message = unsigned.message();
    let signatures: Vec<Signature> = keys
        .iter()
        .map(|key| {
            let content = public(key);
            let as_key = Key { algorithm: content.algorithm, bytes: &content.bytes, name: "" };
            Signature {
                key_id: as_key.id(),
                algorithm: Algorithm::ED25519,
                bytes: key.sign(&message).to_bytes().to_vec(),
            }
        })
        .collect();
    unsigned.assemble(&signatures).unwrap()
}

/// A certificate made of nothing but its name and a length; the engine reads no DER.
pub(crate) fn certificate(name: &str) -> Vec<u8> {
    let length = 300 + 40 * name.len();
    name.bytes().cycle().take(length).collect()
}

pub(crate) fn anchor(name: &str) -> AnchorContent {
    let der = certificate(name);
    AnchorContent {
        sha256: Sha256::of(&[&der]),
        length: u32::try_from(der.len()).unwrap(),
        state: AnchorState::Active,
        purposes: Purposes::SERVER_AUTH,
        added_day: 1,
        retire_day: None,
        note: String::from(name),
        constraints: Vec::new(),
        extensions: Vec::new(),
    }
}

pub(crate) fn deny(name: &str) -> Denial {
    Denial { kind: DenialKind::Certificate, sha256: Sha256::of(&[&certificate(name)]) }
}

pub(crate) fn service(name: &str, anchors: &[&str]) -> ServiceContent {
    let listed = anchors.iter().map(|name| Sha256::of(&[&certificate(name)])).collect();
    ServiceContent {
        name: String::from(name),
        hosts: vec![format!("{name}.example")],
        anchors: ServiceAnchors::Listed(listed),
        pins: Vec::new(),
        probe: true,
        extensions: Vec::new(),
    }
}

/// A manifest with these anchors and one probed service, `hub`, on all of them.
pub(crate) fn manifest(anchors: &[&str]) -> ManifestContent {
    ManifestContent {
        anchors: anchors.iter().map(|name| anchor(name)).collect(),
        services: vec![service("hub", anchors)],
        ..ManifestContent::default()
    }
}

pub(crate) fn decoded(document: &[u8]) -> bundle::Manifest<'_> {
    let digest = Envelope::parse_whole(document).unwrap().digest();
    bundle::Manifest::restored(document, digest).unwrap()
}
