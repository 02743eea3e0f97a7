//! A fleet with fixed keys, its documents, a core with buffers of its own, and a neighbour that feeds it.

use std::{borrow::ToOwned as _, boxed::Box, format, string::String, vec, vec::Vec};

use bundle::{
    Algorithm, AnchorState, ChannelId, Kind, Order, Purposes, Sha256, UnixSeconds,
    write::{
        AnchorContent, KeyContent, KeyringContent, ManifestContent, RecoveryContent, RoleContent,
        ServiceAnchors, ServiceContent, Signature, Unsigned,
    },
};
use ed25519_dalek::{Signer as _, SigningKey};

use crate::{
    Answer, AnswerKind, Image, Memory, Part, Progress, Reason, Receiver, Sender, copy,
    limits::MESSAGE_BYTES_MAX,
};

pub(super) const SERVICE: &str = "iot-hub";
pub(super) const ISSUED: UnixSeconds = UnixSeconds(1_790_000_000);
/// The image's floor.
pub(super) const FLOOR: u32 = 5;
/// Messages after which a transfer is taken for endless.
const MESSAGES_MAX: usize = 2_000;
/// Calls after which a judgement is taken for endless: one for each signature of a document and a recovery set.
const CALLS_MAX: usize = 64;

fn signer(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn public(number: u8) -> KeyContent {
    let bytes = signer(number).verifying_key().to_bytes().to_vec();
    KeyContent { algorithm: Algorithm::ED25519, bytes, name: format!("key-{number}") }
}

pub(super) fn role(threshold: u8, numbers: &[u8]) -> RoleContent {
    RoleContent { threshold, keys: numbers.iter().copied().map(public).collect() }
}

pub(super) fn recovery(numbers: &[u8]) -> RecoveryContent {
    RecoveryContent { keys: numbers.iter().copied().map(public).collect(), threshold: 2 }
}

/// Keys 1–3 sign keyrings, 11–13 releases, 21 heads; recovery by 91–93.
pub(super) fn keyring_content() -> KeyringContent {
    KeyringContent {
        fleet: "fleet".into(),
        keyring: role(2, &[1, 2, 3]),
        release: role(2, &[11, 12, 13]),
        head: role(1, &[21]),
        echo: None,
        recovery_commitment: recovery(&[91, 92, 93]).commitment(),
        floors: Vec::new(),
        time_floor: None,
    }
}

pub(super) fn document(
    kind: Kind,
    channel: ChannelId,
    order: Order,
    version: u32,
    body: Vec<u8>,
    numbers: &[u8],
) -> Vec<u8> {
    let issued = ISSUED.plus(u64::from(order.number));
    let unsigned = Unsigned::new(kind, channel, order, version, issued, body).unwrap();
    let message = unsigned.message();
    let sign = |number: &u8| Signature {
        key_id: public(*number).as_key().id(),
        algorithm: Algorithm::ED25519,
        bytes: signer(*number).sign(&message).to_bytes().to_vec(),
    };
    unsigned.assemble(&numbers.iter().map(sign).collect::<Vec<_>>()).unwrap()
}

pub(super) fn keyring_document(content: &KeyringContent, order: Order, numbers: &[u8]) -> Vec<u8> {
    let version = order.number.saturating_sub(1);
    document(Kind::Keyring, ChannelId::FLEET, order, version, content.encode(), numbers)
}

pub(super) fn first_keyring() -> Vec<u8> {
    keyring_document(&keyring_content(), Order::new(0, 1), &[1, 2])
}

pub(super) fn channel() -> ChannelId {
    ChannelId::of("prod-mcu")
}

/// A self-signed certificate; `filler` makes it longer.
pub(super) fn certificate(name: &str, filler: usize) -> Vec<u8> {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    let name: String = [name, &"x".repeat(filler)].concat();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.self_signed(&key).unwrap().der().to_vec()
}

pub(super) fn anchor(certificate: &[u8]) -> AnchorContent {
    AnchorContent {
        sha256: Sha256::of(&[certificate]),
        length: u32::try_from(certificate.len()).unwrap(),
        state: AnchorState::Active,
        purposes: Purposes::SERVER_AUTH,
        added_day: 20_700,
        retire_day: None,
        note: String::new(),
        constraints: Vec::new(),
        extensions: Vec::new(),
    }
}

/// A manifest of these certificates; the service is served by the `serving` ones.
pub(super) fn content(certificates: &[Vec<u8>], serving: &[usize]) -> ManifestContent {
    let listed = serving.iter().map(|at| Sha256::of(&[&certificates[*at]])).collect();
    ManifestContent {
        anchors: certificates.iter().map(|certificate| anchor(certificate)).collect(),
        services: vec![ServiceContent {
            name: SERVICE.into(),
            hosts: vec!["hub.example:8883".into()],
            anchors: ServiceAnchors::Listed(listed),
            pins: Vec::new(),
            probe: true,
            extensions: Vec::new(),
        }],
        ..ManifestContent::default()
    }
}

pub(super) fn manifest(content: &ManifestContent, number: u32, signers: &[u8]) -> Vec<u8> {
    document(Kind::Manifest, channel(), Order::new(0, number), 1, content.encode(), signers)
}

/// What the neighbour has: keyring files, a manifest document, certificates in the manifest's order.
#[derive(Clone, Debug, Default)]
pub(super) struct Stock {
    pub(super) keyrings: Vec<Vec<u8>>,
    pub(super) manifest: Vec<u8>,
    pub(super) certificates: Vec<Vec<u8>>,
}

impl Stock {
    pub(super) fn new(manifest: Vec<u8>, certificates: &[Vec<u8>]) -> Self {
        let mut certificates = certificates.to_vec();
        certificates.sort_by_key(|certificate| Sha256::of(&[certificate]));
        Self { keyrings: Vec::new(), manifest, certificates }
    }

    pub(super) fn read(&self, part: Part, offset: u32, into: &mut [u8]) -> Option<u32> {
        let at = |item: u32| usize::try_from(item).unwrap();
        let content = match part {
            Part::Keyring(item) => self.keyrings.get(at(item))?,
            Part::Manifest => &self.manifest,
            Part::Certificate(item) => self.certificates.get(at(item))?,
            Part::Begin | Part::End => return None,
        };
        copy(content, offset, into)
    }
}

/// A release of three anchors, two of which serve, one of them in two messages.
pub(super) fn stock(number: u32) -> Stock {
    let certificates = [certificate("one", 0), certificate("two", 500), certificate("other", 0)];
    let content = content(&certificates, &[0, 1]);
    Stock::new(manifest(&content, number, &[11, 12]), &certificates)
}

/// A core with buffers that live as long as the tests do.
pub(super) fn core_with(document_bytes: usize, set_bytes: usize) -> Receiver<'static> {
    let buffer = |bytes: usize| &mut *Box::leak(vec![0; bytes].into_boxed_slice());
    let image = Image {
        keyring: Box::leak(first_keyring().into_boxed_slice()),
        channel: channel(),
        service: SERVICE,
        release_floor: Order::new(0, FLOOR),
        time_floor: ISSUED,
    };
    let memory = Memory {
        keyring: buffer(1_024),
        document: buffer(document_bytes),
        sets: [buffer(set_bytes), buffer(set_bytes)],
    };
    Receiver::new(&image, memory).unwrap()
}

pub(super) fn new_core() -> Receiver<'static> {
    core_with(2_048, 3_072)
}

/// The next message of a sender.
pub(super) fn next(sender: &Sender, stock: &Stock) -> Vec<u8> {
    let mut buffer = [0; MESSAGE_BYTES_MAX];
    let read = |part, offset, into: &mut [u8]| stock.read(part, offset, into);
    sender.message(&mut buffer, read).unwrap().to_owned()
}

/// Takes a message and judges what it completes.
pub(super) fn take(core: &mut Receiver<'_>, message: &[u8]) -> Answer {
    let mut answer = core.receive(message);
    for _ in 0..CALLS_MAX {
        match answer {
            Some(answer) => return answer,
            None => answer = core.proceed(),
        }
    }
    panic!("no answer after {CALLS_MAX} calls");
}

/// Runs a whole transfer on a perfect line; the messages, and how it ended.
pub(super) fn run(core: &mut Receiver<'_>, transfer: u32, stock: &Stock) -> (Vec<Vec<u8>>, Progress) {
    let mut sender = Sender::new(transfer, u32::try_from(stock.keyrings.len()).unwrap());
    let mut messages = Vec::new();
    while messages.len() < MESSAGES_MAX {
        let message = next(&sender, stock);
        let answer = take(core, &message).to_bytes();
        messages.push(message);
        match sender.on_answer(&answer) {
            Progress::Send => {}
            progress => return (messages, progress),
        }
    }
    panic!("the transfer does not end");
}

/// A transfer that must end like this; nothing but an accepted one changes what is trusted.
pub(super) fn expect(core: &mut Receiver<'_>, stock: &Stock, progress: Progress) {
    let before = (core.release(), trusted(core));
    let transfer = take(core, &[]).transfer + 1;
    let (_, ended) = run(core, transfer, stock);
    assert_eq!(ended, progress);
    if progress != Progress::Accepted {
        assert_eq!((core.release(), trusted(core)), before);
    }
}

pub(super) fn refused(core: &mut Receiver<'_>, stock: &Stock, reason: Reason) {
    expect(core, stock, Progress::Refused(reason));
}

pub(super) fn accepted(core: &mut Receiver<'_>, stock: &Stock) {
    expect(core, stock, Progress::Accepted);
}

/// SHA-256 of the anchors that the core trusts.
pub(super) fn trusted(core: &Receiver<'_>) -> Vec<Sha256> {
    let anchors = core.trust().into_iter().flat_map(|trust| trust.anchors());
    anchors
        .inspect(|anchor| assert_eq!(anchor.sha256, Sha256::of(&[anchor.der])))
        .map(|anchor| anchor.sha256)
        .collect()
}

/// The SHA-256s of these certificates, ascending, as a manifest has them.
pub(super) fn hashes(certificates: &[&Vec<u8>]) -> Vec<Sha256> {
    let mut hashes: Vec<_> = certificates.iter().map(|der| Sha256::of(&[der.as_slice()])).collect();
    hashes.sort();
    hashes
}

pub(super) fn ignored(answer: Answer, reason: Reason) {
    assert_eq!(answer.kind, AnswerKind::Ignored(reason));
}
