//! A small publisher for the tests of `verify`: every published form, made with the writing half of the format.

use bundle::write::{
    AnchorContent, HeadContent, KeyContent, KeyringContent, ManifestContent, RecoveryContent, RoleContent,
    ServiceAnchors, ServiceContent, Signature, Unsigned, keyring_file, seed, update, usb,
};
use bundle::{
    Algorithm, AnchorState, ChannelId, Document as _, Envelope, Keyring, Kind, Manifest, Order, Previous,
    Purposes, Sha256, UnixSeconds,
};
use ed25519_dalek::{Signer as _, SigningKey};
use tempfile::TempDir;

use super::origin::Origin;
use super::record::Record;
use super::tree::Tree;
use super::trust::Ring;
use crate::server::kit::put;

/// The channel of all tests.
pub(super) const CHANNEL: &str = "prod";

/// When everything was issued.
pub(super) const ISSUED: UnixSeconds = UnixSeconds(1_800_000_000);

/// How long heads live.
pub(super) const LIFETIME_SECONDS: u32 = 1_209_600;

/// Seeds of the keys that sign keyrings and releases, 2 of 3 each, and heads, 1 of 1; recovery, 1 of 1.
const KEYRING: [u8; 3] = [1, 2, 3];
const RELEASE: [u8; 3] = [11, 12, 13];
const HEAD: [u8; 1] = [21];
const RECOVERY: u8 = 31;

/// A folder with three releases under two keyring generations.
pub(super) struct Published {
    /// Keeps the folder.
    pub(super) folder: TempDir,
    /// The keyring documents, oldest first.
    pub(super) keyrings: Vec<Vec<u8>>,
    /// The release documents, oldest first.
    pub(super) releases: Vec<Vec<u8>>,
    /// The head document.
    pub(super) head: Vec<u8>,
}

impl Published {
    /// Publishes everything.
    pub(super) fn new() -> Self {
        let keyrings = vec![keyring(Order::new(0, 1), RECOVERY), keyring(Order::new(0, 2), RECOVERY)];
        let releases: Vec<Vec<u8>> = (1..=3).map(|number| release(number, &RELEASE[..2])).collect();
        let head = head_of(&releases[2], &HEAD, 2);
        let published = Self { folder: tempfile::tempdir().unwrap(), keyrings, releases, head };
        for (number, document) in (1..).zip(&published.keyrings) {
            published.put(&format!("keyring/{number}"), &keyring_file(None, document));
        }
        published.put("keyring/1-2", &published.keyrings[1]);
        for (number, document) in (1..).zip(&published.releases) {
            published.put(&format!("{CHANNEL}/release/{number}"), document);
            for certificate in certificates(number) {
                let sha256 = Sha256::of(&[&certificate]);
                published.put(&format!("{CHANNEL}/blob/{sha256}"), &certificate);
            }
        }
        for from in 0..3 {
            published.put(&format!("{CHANNEL}/update/{from}-3"), &published.update(from));
        }
        published.put(&format!("{CHANNEL}/head"), &published.head);
        published
    }

    /// Writes one published file anew.
    pub(super) fn put(&self, path: &str, bytes: &[u8]) {
        put(self.folder.path(), path, bytes);
    }

    /// Takes one published file away.
    pub(super) fn remove(&self, path: &str) {
        std::fs::remove_file(self.folder.path().join(path)).unwrap();
    }

    /// The update from release `from` to release 3.
    pub(super) fn update(&self, from: u32) -> Vec<u8> {
        let keyring = Keyring::provisioned(&self.keyrings[1]).unwrap();
        let open = |document: &'static [u8]| {
            let authentic = Envelope::parse_whole(document).unwrap().verify(&keyring, ChannelId::of(CHANNEL));
            Manifest::decode(authentic.unwrap()).unwrap()
        };
        let leak = |number: u32| -> &'static [u8] { self.releases[number as usize - 1].clone().leak() };
        let base = (from > 0).then(|| open(leak(from)));
        let document = leak(3);
        let blobs = certificates(3);
        let blob = |sha256| blobs.iter().find(|blob| Sha256::of(&[blob]) == sha256).map(Vec::as_slice);
        update(base.as_ref(), document, &open(document), blob).unwrap()
    }

    /// A seed of keyring 1 and release 3.
    pub(super) fn seed(&self) -> Vec<u8> {
        seed(&self.keyrings[0], &release(3, &RELEASE[..2]), &self.blobs())
    }

    /// A USB file with both keyrings, the head and release 3.
    pub(super) fn usb(&self, with_head: bool) -> Vec<u8> {
        let head = with_head.then_some(self.head.as_slice());
        usb(&self.keyrings.concat(), head, &self.releases[2], &self.blobs()).unwrap()
    }

    /// The trusted keyring that a device would start from.
    pub(super) fn ring(&self) -> Ring {
        Ring::new(&self.keyrings[0], "keyring/1").unwrap()
    }

    /// What `verify` finds in the folder, an hour after everything was issued.
    pub(super) fn judge(&self) -> Record {
        self.judge_at(ISSUED.plus(3_600), Some(self.ring()))
    }

    /// What `verify` finds in the folder at a time, under a keyring or none.
    pub(super) fn judge_at(&self, now: UnixSeconds, ring: Option<Ring>) -> Record {
        let origin = Origin::Folder(self.folder.path().to_owned());
        let listed = origin.list().unwrap();
        judge(&origin, listed, now, ring)
    }

    /// The certificates of release 3, in its order.
    fn blobs(&self) -> Vec<u8> {
        let mut blobs = certificates(3);
        blobs.sort_by_key(|blob| Sha256::of(&[blob]));
        blobs.concat()
    }
}

/// What `verify` finds at `origin`.
pub(super) fn judge(
    origin: &Origin,
    listed: Option<Vec<String>>,
    now: UnixSeconds,
    ring: Option<Ring>,
) -> Record {
    let mut record = Record::default();
    let tree = Tree { origin, listed, channels: vec![CHANNEL.to_owned()], now, earlier: 4, explain: true };
    match ring {
        Some(ring) => {
            tree.check(ring, &mut record).unwrap();
        }
        None => tree.show(&mut record),
    }
    record
}

/// The certificates of a release: two stay, one is of this release alone. Devices judge certificates when they
/// build chains; for what is checked here any bytes will do.
fn certificates(number: u32) -> Vec<Vec<u8>> {
    let fresh = format!("the certificate that came with release {number}").into_bytes();
    vec![b"the first certificate".to_vec(), b"the second certificate".to_vec(), fresh]
}

/// A keyring document; epoch 0 is signed by two keyring keys, the next epoch by the recovery key too.
pub(super) fn keyring(order: Order, recovery: u8) -> Vec<u8> {
    let role = |threshold, seeds: &[u8]| RoleContent {
        threshold,
        keys: seeds.iter().map(|seed| key(*seed)).collect(),
    };
    let content = KeyringContent {
        fleet: "test fleet".to_owned(),
        keyring: role(2, &KEYRING),
        release: role(2, &RELEASE),
        head: role(1, &HEAD),
        echo: None,
        recovery_commitment: recovery_set(recovery).commitment(),
        floors: Vec::new(),
        time_floor: None,
    };
    let signers: &[u8] = if order.epoch == 0 { &KEYRING[..2] } else { &[KEYRING[0], KEYRING[1], RECOVERY] };
    let version = order.number.saturating_sub(1).max(1);
    sign(Kind::Keyring, ChannelId::FLEET, order, version, content.encode(), signers)
}

/// The recovery document for the recovery key of `seed`.
pub(super) fn recovery_document(seed: u8) -> Vec<u8> {
    let body = recovery_set(seed).encode();
    sign(Kind::Recovery, ChannelId::FLEET, Order::new(0, 1), 1, body, &[])
}

/// The file that opens epoch 1.
pub(super) fn recovery_file() -> Vec<u8> {
    keyring_file(Some(&recovery_document(RECOVERY)), &keyring(Order::new(1, 3), RECOVERY + 1))
}

/// A release with one probed service, signed by the keys of `signers`.
pub(super) fn release(number: u32, signers: &[u8]) -> Vec<u8> {
    let anchors = certificates(number).into_iter().map(|certificate| AnchorContent {
        sha256: Sha256::of(&[&certificate]),
        length: u32::try_from(certificate.len()).unwrap(),
        state: AnchorState::Active,
        purposes: Purposes::SERVER_AUTH,
        added_day: 20_000,
        retire_day: None,
        note: String::new(),
        constraints: Vec::new(),
        extensions: Vec::new(),
    });
    let service = ServiceContent {
        name: "hub".to_owned(),
        hosts: vec!["hub.example:443".to_owned()],
        anchors: ServiceAnchors::All,
        pins: Vec::new(),
        probe: true,
        extensions: Vec::new(),
    };
    let content =
        ManifestContent { anchors: anchors.collect(), services: vec![service], ..ManifestContent::default() };
    sign(Kind::Manifest, ChannelId::of(CHANNEL), Order::new(0, number), 1, content.encode(), signers)
}

/// A head for `release`, signed by the keys of `signers`.
pub(super) fn head_of(release: &[u8], signers: &[u8], keyring_version: u32) -> Vec<u8> {
    let envelope = Envelope::parse_whole(release).unwrap();
    let content = HeadContent {
        keyring_version,
        release: envelope.header().order,
        release_digest: envelope.digest(),
        lifetime_seconds: LIFETIME_SECONDS,
        refresh_seconds: 3_600,
        share: 2_500,
        previous: None::<Previous>,
        groups: Vec::new(),
    };
    sign(Kind::Head, ChannelId::of(CHANNEL), Order::new(0, 40), keyring_version, content.encode(), signers)
}

/// The seeds of release signers.
pub(super) const fn release_signers() -> [u8; 3] {
    RELEASE
}

/// The seeds of head signers.
pub(super) const fn head_signers() -> [u8; 1] {
    HEAD
}

fn recovery_set(seed: u8) -> RecoveryContent {
    RecoveryContent { keys: vec![key(seed)], threshold: 1 }
}

fn key(seed: u8) -> KeyContent {
    let bytes = SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes().to_vec();
    KeyContent { algorithm: Algorithm::ED25519, bytes, name: format!("key-{seed}") }
}

fn sign(
    kind: Kind,
    channel: ChannelId,
    order: Order,
    version: u32,
    body: Vec<u8>,
    signers: &[u8],
) -> Vec<u8> {
    let unsigned = Unsigned::new(kind, channel, order, version, ISSUED, body).unwrap();
    let signatures: Vec<Signature> = signers
        .iter()
        .map(|seed| Signature {
            key_id: key(*seed).as_key().id(),
            algorithm: Algorithm::ED25519,
            bytes: SigningKey::from_bytes(&[*seed; 32]).sign(&unsigned.message()).to_bytes().to_vec(),
        })
        .collect();
    unsigned.assemble(&signatures).unwrap()
}
