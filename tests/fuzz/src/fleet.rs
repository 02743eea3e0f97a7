//! A fleet with fixed keys and documents, so that an input means the same in every run.

use std::sync::OnceLock;

use bundle::{
    Algorithm, AnchorState, ChannelId, Envelope, Keyring, Kind, Order, Purposes, Role, Sha256, UnixSeconds,
    write::{
        AnchorContent, HeadContent, KeyContent, KeyringContent, ManifestContent, RecoveryContent,
        RoleContent, ServiceAnchors, ServiceContent, Signature, Unsigned,
    },
};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

/// The channel of every document.
pub(crate) const CHANNEL: &str = "prod";
/// When everything was issued.
pub(crate) const ISSUED: UnixSeconds = UnixSeconds(1_790_000_000);
/// Who signs keyrings, releases, heads and echoes, as many as each threshold asks for.
pub(crate) const KEYRING_SIGNERS: [u8; 2] = [1, 2];
/// Who signs releases.
pub(crate) const RELEASE_SIGNERS: [u8; 2] = [11, 12];
/// Who signs heads.
pub(crate) const HEAD_SIGNERS: [u8; 1] = [21];
/// Who signs echoes.
pub(crate) const ECHO_SIGNERS: [u8; 1] = [31];
/// Two of the recovery keys.
pub(crate) const RECOVERY_SIGNERS: [u8; 2] = [91, 92];
/// The key of the device that reports.
pub(crate) const DEVICE: u8 = 77;
/// What stands in for certificates: documents name bytes by their hash, whatever they are.
pub(crate) const CERTIFICATES: [&[u8]; 3] = [b"first root", b"second root", b"third root"];

/// The signing key with this number.
pub(crate) fn signing_key(number: u8) -> &'static SigningKey {
    static KEYS: OnceLock<Vec<SigningKey>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| (0..100).map(|number| SigningKey::from_bytes(&[number; 32])).collect());
    keys.get(usize::from(number)).expect("numbers are below a hundred")
}

/// The public key with this number.
pub(crate) fn public_key(number: u8) -> KeyContent {
    KeyContent {
        algorithm: Algorithm::ED25519,
        bytes: signing_key(number).verifying_key().to_bytes().to_vec(),
        name: format!("key-{number}"),
    }
}

/// A role of these keys.
pub(crate) fn role(threshold: u8, numbers: &[u8]) -> RoleContent {
    RoleContent { threshold, keys: numbers.iter().copied().map(public_key).collect() }
}

/// The recovery set that the keyring commits to.
pub(crate) fn recovery() -> RecoveryContent {
    RecoveryContent { keys: [91, 92, 93].map(public_key).to_vec(), threshold: 2 }
}

/// The first generation, as the vectors have it.
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

/// The signatures of these keys.
pub(crate) fn signatures(unsigned: &Unsigned, numbers: &[u8]) -> Vec<Signature> {
    let message = unsigned.message();
    let sign = |number: &u8| Signature {
        key_id: public_key(*number).as_key().id(),
        algorithm: Algorithm::ED25519,
        bytes: signing_key(*number).sign(&message).to_bytes().to_vec(),
    };
    numbers.iter().map(sign).collect()
}

/// A document before its signatures; `None` where its body is too large for its kind.
pub(crate) fn unsigned(kind: Kind, order: Order, keyring_version: u32, body: Vec<u8>) -> Option<Unsigned> {
    let of_fleet = matches!(kind, Kind::Keyring | Kind::Recovery);
    let channel = if of_fleet { ChannelId::FLEET } else { channel() };
    Unsigned::new(kind, channel, order, keyring_version, ISSUED, body).ok()
}

/// A document with the signatures of these keys.
pub(crate) fn signed(kind: Kind, order: Order, keyring_version: u32, body: Vec<u8>, by: &[u8]) -> Vec<u8> {
    let unsigned = unsigned(kind, order, keyring_version, body).expect("the body fits its kind");
    unsigned.assemble(&signatures(&unsigned, by)).expect("a table takes a few signatures")
}

/// The channel's id.
pub(crate) fn channel() -> ChannelId {
    ChannelId::of(CHANNEL)
}

/// The document of the first generation.
pub(crate) fn keyring_document() -> &'static [u8] {
    static DOCUMENT: OnceLock<Vec<u8>> = OnceLock::new();
    let make = || signed(Kind::Keyring, Order::new(0, 1), 0, keyring_content().encode(), &KEYRING_SIGNERS);
    DOCUMENT.get_or_init(make)
}

/// The first generation.
pub(crate) fn keyring() -> Keyring<'static> {
    static KEYRING: OnceLock<Keyring<'static>> = OnceLock::new();
    *KEYRING.get_or_init(|| Keyring::provisioned(keyring_document()).expect("a keyring that is signed"))
}

/// A manifest of some of the [`CERTIFICATES`], with one service that is probed.
pub(crate) fn manifest_content(certificates: &[&[u8]]) -> ManifestContent {
    let anchor = |certificate: &&[u8]| AnchorContent {
        sha256: Sha256::of(&[certificate]),
        length: u32::try_from(certificate.len()).expect("short"),
        state: AnchorState::Active,
        purposes: Purposes::SERVER_AUTH,
        added_day: 20_700,
        retire_day: None,
        note: String::new(),
        constraints: Vec::new(),
        extensions: Vec::new(),
    };
    ManifestContent {
        anchors: certificates.iter().map(anchor).collect(),
        services: vec![ServiceContent {
            name: "iot-hub".into(),
            hosts: vec!["hub.example:8883".into()],
            anchors: ServiceAnchors::All,
            pins: Vec::new(),
            probe: true,
            extensions: Vec::new(),
        }],
        ..ManifestContent::default()
    }
}

/// A signed release of these certificates.
pub(crate) fn manifest_document(number: u32, certificates: &[&[u8]]) -> Vec<u8> {
    let body = manifest_content(certificates).encode();
    signed(Kind::Manifest, Order::new(0, number), 1, body, &RELEASE_SIGNERS)
}

/// The certificates of a release, in the order of their hashes.
pub(crate) fn blobs(certificates: &[&[u8]]) -> Vec<u8> {
    let mut sorted = certificates.to_vec();
    sorted.sort_by_key(|certificate| Sha256::of(&[certificate]));
    sorted.concat()
}

/// A signed head that names this release.
pub(crate) fn head_document(number: u32, manifest_document: &[u8]) -> Vec<u8> {
    let envelope = Envelope::parse_whole(manifest_document).expect("a document of this fleet");
    let content = HeadContent {
        keyring_version: 1,
        release: envelope.header().order,
        release_digest: envelope.digest(),
        lifetime_seconds: 14 * 86_400,
        refresh_seconds: 21_600,
        share: bundle::limits::SHARE_MAX,
        previous: None,
        groups: Vec::new(),
    };
    signed(Kind::Head, Order::new(0, number), 1, content.encode(), &HEAD_SIGNERS)
}

/// How many keys of `role` have truly signed: counted without any code of the format's own.
pub(crate) fn true_signatures(envelope: &Envelope<'_>, keyring: &Keyring<'_>, role: Role) -> usize {
    let unsigned = Unsigned::of(envelope);
    let message = unsigned.message();
    let Some(keys) = keyring.role(role) else { return 0 };
    let has_signed = |key: &bundle::Key<'_>| {
        let Ok(bytes) = <&[u8; 32]>::try_from(key.bytes) else { return false };
        let Ok(verifying) = VerifyingKey::from_bytes(bytes) else { return false };
        envelope.signatures().iter().any(|signature| {
            ed25519_dalek::Signature::from_slice(signature.bytes)
                .is_ok_and(|signature| verifying.verify_strict(&message, &signature).is_ok())
        })
    };
    keyring.keys_of(keys).filter(has_signed).count()
}
