//! Messages between cores: one form each, and a core that trusts nothing but what was signed.

use std::sync::OnceLock;

use arbitrary::{Result, Unstructured};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bundle::{Kind, Order, Sha256, UnixSeconds};
use intercore::{
    Answer, AnswerKind, Image, Memory, Message, Part, Progress, Receiver, Sender, copy,
    limits::MESSAGE_BYTES_MAX,
};

use crate::fleet::{self, ISSUED, KEYRING_SIGNERS, RELEASE_SIGNERS};

/// Messages after which a run ends.
const MESSAGES_MAX: u32 = 64;
/// Calls after which a judgement is taken for endless.
const CALLS_MAX: usize = 64;

/// What arrives at the core, message by message.
///
/// # Panics
/// Where a message has two forms, the core gives no answer, goes back, or trusts what was not signed.
pub fn message(input: &[u8]) {
    one(input);
    // An input that ends early ends the run.
    let _ended = run(&mut Unstructured::new(input));
}

fn one(bytes: &[u8]) {
    if let Ok(message) = Message::parse(bytes) {
        let mut written = [0; MESSAGE_BYTES_MAX];
        let length = message.write(&mut written).expect("what was read can be written");
        assert_eq!(written.get(..length), Some(bytes), "a message has one form");
        let end =
            u64::from(message.offset) + u64::try_from(message.payload.len()).expect("a message is short");
        let carries = !matches!(message.part, Part::Begin | Part::End);
        assert!(!carries || end <= u64::from(message.total), "a piece lies within its part");
        assert_eq!(carries, !message.payload.is_empty());
        assert!(Message::parse(bytes.split_last().expect("a message has bytes").1).is_err());
    }
    if let Some(answer) = Answer::parse(bytes) {
        assert_eq!(Answer::parse(&answer.to_bytes()), Some(answer), "an answer reads back as it was written");
    }
}

/// What the neighbour has.
struct Stock {
    keyrings: Vec<Vec<u8>>,
    manifests: Vec<Vec<u8>>,
    certificates: Vec<Vec<u8>>,
}

impl Stock {
    fn shared() -> &'static Self {
        static STOCK: OnceLock<Stock> = OnceLock::new();
        STOCK.get_or_init(Self::new)
    }

    fn new() -> Self {
        let files = [
            include_str!("../../data/azure/digicert-global-root-g3.pem"),
            include_str!("../../data/azure/microsoft-ecc-root-ca-2017.pem"),
        ];
        let mut certificates: Vec<Vec<u8>> = files.iter().map(|text| der(text)).collect();
        certificates.sort_by_key(|certificate| Sha256::of(&[certificate]));
        let all: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
        let next = fleet::signed(
            Kind::Keyring,
            Order::new(0, 2),
            1,
            fleet::keyring_content().encode(),
            &KEYRING_SIGNERS,
        );
        let by_one = |signers: &[u8]| {
            let body = fleet::manifest_content(&all).encode();
            fleet::signed(Kind::Manifest, Order::new(0, 8), 1, body, signers)
        };
        // The last one is a release that too few have signed.
        let manifests =
            vec![fleet::manifest_document(7, &all), by_one(&RELEASE_SIGNERS), by_one(&RELEASE_SIGNERS[..1])];
        Self { keyrings: vec![fleet::keyring_document().to_vec(), next], manifests, certificates }
    }

    fn read(&self, manifest: usize, part: Part, offset: u32, into: &mut [u8]) -> Option<u32> {
        let place = |item: u32| usize::try_from(item).ok();
        let content = match part {
            Part::Keyring(item) => self.keyrings.get(place(item)?)?,
            Part::Manifest => self.manifests.get(manifest)?,
            Part::Certificate(item) => self.certificates.get(place(item)?)?,
            Part::Begin | Part::End => return None,
        };
        copy(content, offset, into)
    }
}

/// The one certificate of a file of the test data.
fn der(pem: &str) -> Vec<u8> {
    let letters: String =
        pem.lines().filter(|line| !line.starts_with('-') && !line.starts_with('#')).collect();
    STANDARD.decode(letters.trim()).expect("the data is in PEM")
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let stock = Stock::shared();
    let (mut keyring, mut document) = (vec![0; 1_536], vec![0; 2_048]);
    let (mut one, mut other) = (vec![0; 3_072], vec![0; 3_072]);
    let image = Image {
        keyring: fleet::keyring_document(),
        channel: fleet::channel(),
        service: "iot-hub",
        release_floor: Order::new(0, 5),
        time_floor: UnixSeconds(ISSUED.0 - 1),
    };
    let memory = Memory { keyring: &mut keyring, document: &mut document, sets: [&mut one, &mut other] };
    let mut core = Receiver::new(&image, memory).expect("a good image starts");
    let mut manifest = usize::from(u.int_in_range(0_u8..=2)?);
    let mut sender = Sender::new(1, 2);
    let mut earlier: Vec<Vec<u8>> = Vec::new();
    for count in 0..MESSAGES_MAX {
        let mut buffer = [0; MESSAGE_BYTES_MAX];
        let due = sender.message(&mut buffer, |part, offset, into| stock.read(manifest, part, offset, into));
        let mut message = due.map(<[u8]>::to_vec).unwrap_or_default();
        match u.int_in_range(0..=9)? {
            6 => message = u.arbitrary::<&[u8]>()?.to_vec(),
            7 if !message.is_empty() => {
                let at = u.choose_index(message.len())?;
                if let Some(byte) = message.get_mut(at) {
                    *byte ^= u.int_in_range(1..=u8::MAX)?;
                }
            }
            8 if !earlier.is_empty() => message.clone_from(u.choose(&earlier)?),
            9 => {
                manifest = usize::from(u.int_in_range(0_u8..=2)?);
                sender = Sender::new(count + 2, u.int_in_range(0..=3)?);
                continue;
            }
            _ => {}
        }
        let answer = take(&mut core, &message);
        earlier.push(message);
        if sender.on_answer(&answer.to_bytes()) != Progress::Send && u.is_empty() {
            break;
        }
    }
    Ok(())
}

fn take(core: &mut Receiver<'_>, message: &[u8]) -> Answer {
    let before = (core.release(), core.keyring(), core.time_floor(), trusted(core));
    let mut answer = core.receive(message);
    for _ in 0..CALLS_MAX {
        if answer.is_some() {
            break;
        }
        answer = core.proceed();
    }
    let answer = answer.expect("every message is answered in the end");
    assert_eq!(Answer::parse(&answer.to_bytes()), Some(answer));
    let after = (core.release(), core.keyring(), core.time_floor(), trusted(core));
    assert!(after.0 >= before.0 && after.1 >= before.1 && after.2 >= before.2, "nothing goes back");
    if matches!(answer.kind, AnswerKind::Ignored(_)) {
        assert_eq!(after, before, "what is ignored changes nothing");
    }
    answer
}

/// What the core trusts: certificates of releases that enough have signed, and nothing else.
fn trusted(core: &Receiver<'_>) -> Vec<Sha256> {
    let anchors = core.trust().into_iter().flat_map(|trust| trust.anchors());
    let known = |der: &[u8]| Stock::shared().certificates.iter().any(|certificate| certificate == der);
    anchors
        .inspect(|anchor| {
            assert!(known(anchor.der) && anchor.sha256 == Sha256::of(&[anchor.der]), "a stranger is trusted");
        })
        .map(|anchor| anchor.sha256)
        .collect()
}
