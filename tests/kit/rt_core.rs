//! A real-time core under emulation: streams made by the real writer, and the same core on this machine to compare.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use bundle::{
    ChannelId, Order, Sha256, UnixSeconds,
    write::{KeyringContent, ManifestContent, ServiceAnchors, ServiceContent},
};
use intercore::{
    Image, Memory, Part, Progress, Receiver, Sender,
    limits::{ANSWER_BYTES, MESSAGE_BYTES_MAX},
};

use crate::{pki, process, publisher::Publisher, signers};

/// The channel of the sample's image.
const CHANNEL: &str = "prod-mcu";
/// The service of the sample's image.
const SERVICE: &str = "iot-hub";
/// The release floor of the sample's image.
const FLOOR: u32 = 5;
/// When everything here was issued.
const ISSUED: UnixSeconds = UnixSeconds(1_790_000_000);
/// Real roots: the two that serve the hub, then others of the same release.
const ROOTS: [&str; 5] = [
    "digicert-global-root-g2",
    "microsoft-rsa-root-ca-2017",
    "digicert-global-root-g3",
    "microsoft-ecc-root-ca-2017",
    "baltimore-cybertrust-root",
];
/// How many of them serve the hub.
const SERVING: usize = 2;
/// The sample's buffers, in bytes: keyring, document, one set.
const BUFFERS: [usize; 3] = [576, 896, 2_464];
/// Seconds after which an emulated core is taken for stuck: it needs two or three.
const DEADLINE_SECONDS: &str = "60";
/// What emulates a core.
pub(crate) const EMULATOR: &str = "qemu-system-arm";
/// Messages after which a transfer is taken for endless.
const MESSAGES_MAX: usize = 1_000;

/// One stream, and what the same core says of it on this machine.
#[derive(Clone, Debug)]
pub struct Stream {
    /// What it is, in a few words.
    pub name: &'static str,
    /// Messages, each behind its length, as the sample reads them.
    pub bytes: Vec<u8>,
    /// What must come of it: `accepted`, or the reason.
    pub expected: &'static str,
    /// What came of it here.
    pub ended: String,
    /// The lines that an emulated core must print: answers, then anchors.
    pub lines: Vec<String>,
}

/// What the neighbour of a core has.
#[derive(Clone, Debug)]
struct Stock {
    keyrings: Vec<Vec<u8>>,
    manifest: Vec<u8>,
    certificates: Vec<Vec<u8>>,
}

/// What one run of an emulated core showed.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its lines without figures.
    pub lines: Vec<String>,
    /// Its figures by name.
    pub figures: Vec<(String, u64)>,
    /// True where it ended by itself, with exit code 0.
    pub passed: bool,
}

fn publisher() -> Publisher {
    Publisher::new(CHANNEL, ISSUED)
}

/// The keyring that the sample's image carries.
#[must_use]
pub fn image_keyring() -> Vec<u8> {
    publisher().keyring.1
}

/// The sample's folder.
#[must_use]
pub fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../device-agent/samples/rtapp")
}

fn roots() -> io::Result<Vec<Vec<u8>>> {
    let one = |name: &&str| {
        let read = pki::read_pem(&pki::data().join("azure").join(format!("{name}.pem")))?;
        read.first().map(|der| der.to_vec()).ok_or_else(|| io::Error::other(format!("{name}: empty")))
    };
    ROOTS.iter().map(one).collect()
}

/// A release of all roots; the first ones serve the hub.
fn content(publisher: &Publisher, roots: &[Vec<u8>]) -> ManifestContent {
    let listed = roots.iter().take(SERVING).map(|der| Sha256::of(&[der])).collect();
    let service = |name: &str, host: &str, anchors| ServiceContent {
        name: name.into(),
        hosts: vec![host.into()],
        anchors,
        pins: Vec::new(),
        probe: true,
        extensions: Vec::new(),
    };
    ManifestContent {
        anchors: roots.iter().map(|der| publisher.anchor(der)).collect(),
        services: vec![
            service(SERVICE, "*.azure-devices.net:8883", ServiceAnchors::Listed(listed)),
            service("storage", "*.blob.core.windows.net:443", ServiceAnchors::All),
        ],
        ..ManifestContent::default()
    }
}

/// A keyring of other release keys, signed by the image's.
fn rotated(publisher: &Publisher) -> Vec<u8> {
    let next = KeyringContent { release: signers::role(2, &[14, 15, 16]), ..signers::first_keyring() };
    publisher.keyring_document(&next, Order::new(0, 2), &signers::KEYRING_KEYS[..2])
}

/// All streams: good ones, and one fault in each of the others.
///
/// # Errors
/// The certificates cannot be read.
pub fn streams() -> io::Result<Vec<Stream>> {
    let (publisher, mut roots) = (publisher(), roots()?);
    let content = content(&publisher, &roots);
    roots.sort_by_key(|der| Sha256::of(&[der]));
    let stock = |number, signers: &[u8]| Stock {
        keyrings: vec![image_keyring()],
        manifest: publisher.manifest_document(&content, number, signers),
        certificates: roots.clone(),
    };
    let signed = &signers::RELEASE_KEYS[..2];
    let good = stock(FLOOR, signed);
    let mut other = publisher.clone();
    other.channel = "staging".into();
    let foreign = Stock { manifest: other.manifest_document(&content, FLOOR, signed), ..good.clone() };
    let cut = Stock { manifest: good.manifest[..good.manifest.len() - 1].to_vec(), ..good.clone() };
    let mut spoilt = good.clone();
    spoilt.certificates.iter_mut().filter_map(|der| der.last_mut()).for_each(|byte| *byte ^= 1);
    let chain = vec![image_keyring(), rotated(&publisher)];
    let turned = Stock { keyrings: chain.clone(), ..stock(FLOOR + 1, &[14, 15]) };
    let replaced = Stock { keyrings: chain, ..stock(FLOOR + 1, signed) };
    let mut all = vec![
        record("a release of real roots", "accepted", &good, None),
        record("one signature of two", "threshold", &stock(FLOOR, &signed[..1]), None),
        record("below the floor of the image", "release_older", &stock(FLOOR - 1, signed), None),
        record("a manifest cut by one byte", "document_malformed", &cut, None),
        record("another channel's release", "channel", &foreign, None),
        record("a certificate with one other bit", "certificate_mismatch", &spoilt, None),
        record("keys rotated by a second keyring", "accepted", &turned, None),
        record("signed by keys that were replaced", "threshold", &replaced, None),
        record("back to an earlier release", "release_older", &stock(FLOOR + 1, signed), Some(&good)),
    ];
    all.push(torn(&all[0]));
    Ok(all)
}

/// Records one transfer against a core on this machine, and a second one behind it where there is one.
fn record(name: &'static str, expected: &'static str, first: &Stock, then: Option<&Stock>) -> Stream {
    let mut stream = Stream { name, bytes: Vec::new(), expected, ended: String::new(), lines: Vec::new() };
    let keyring = image_keyring();
    let [mut keyring_memory, mut document, mut one] = BUFFERS.map(|bytes| vec![0; bytes]);
    let mut other = one.clone();
    let memory =
        Memory { keyring: &mut keyring_memory, document: &mut document, sets: [&mut one, &mut other] };
    match Receiver::new(&image(&keyring), memory) {
        Ok(mut core) => {
            for (transfer, stock) in (1..).zip([Some(first), then].into_iter().flatten()) {
                stream.ended = transfer_to(&mut core, transfer, stock, &mut stream.bytes, &mut stream.lines);
            }
            let anchors = core.trust().into_iter().flat_map(|trust| trust.anchors());
            stream.lines.extend(anchors.map(|anchor| format!("anchor {}", anchor.sha256)));
        }
        Err(reason) => stream.ended = reason.code().into(),
    }
    stream
}

fn image(keyring: &[u8]) -> Image<'_> {
    Image {
        keyring,
        channel: ChannelId::of(CHANNEL),
        service: SERVICE,
        release_floor: Order::new(0, FLOOR),
        time_floor: ISSUED,
    }
}

/// Runs one transfer; the code of its end.
fn transfer_to(
    core: &mut Receiver<'_>,
    transfer: u32,
    stock: &Stock,
    bytes: &mut Vec<u8>,
    lines: &mut Vec<String>,
) -> String {
    let mut sender = Sender::new(transfer, u32::try_from(stock.keyrings.len()).unwrap_or(u32::MAX));
    for _ in 0..MESSAGES_MAX {
        let mut buffer = [0; MESSAGE_BYTES_MAX];
        let read = |part, offset, into: &mut [u8]| stock.read(part, offset, into);
        let Ok(message) = sender.message(&mut buffer, read) else { return "missing".into() };
        bytes.extend(u16::try_from(message.len()).unwrap_or(u16::MAX).to_le_bytes());
        bytes.extend(message);
        let mut answer = core.receive(message);
        while answer.is_none() {
            answer = core.proceed();
        }
        let Some(answer) = answer.map(|answer| answer.to_bytes()) else { return "silent".into() };
        lines.push(answer_line(&answer));
        match sender.on_answer(&answer) {
            Progress::Send => {}
            Progress::Accepted => return "accepted".into(),
            Progress::Refused(reason) => return reason.code().into(),
            Progress::Wait | Progress::Restart => return "stuck".into(),
        }
    }
    "endless".into()
}

fn answer_line(answer: &[u8; ANSWER_BYTES]) -> String {
    answer.iter().fold("answer ".to_owned(), |mut line, byte| {
        let _infallible = write!(line, "{byte:02x}");
        line
    })
}

/// A stream that breaks off in its last message: nothing is trusted.
fn torn(good: &Stream) -> Stream {
    let bytes = good.bytes[..good.bytes.len() - 1].to_vec();
    let answers = good.lines.iter().filter(|line| line.starts_with("answer "));
    let mut lines: Vec<String> = answers.cloned().collect();
    lines.pop();
    Stream { name: "broken off in its last message", bytes, expected: "torn", ended: "torn".into(), lines }
}

impl Stock {
    fn read(&self, part: Part, offset: u32, into: &mut [u8]) -> Option<u32> {
        let at = |item| usize::try_from(item).ok();
        let content = match part {
            Part::Keyring(item) => self.keyrings.get(at(item)?)?,
            Part::Manifest => &self.manifest,
            Part::Certificate(item) => self.certificates.get(at(item)?)?,
            Part::Begin | Part::End => return None,
        };
        intercore::copy(content, offset, into)
    }
}

/// Runs the program of a real-time core under emulation, with a stream.
///
/// # Errors
/// The emulator cannot be started, or its folder cannot be made.
pub fn emulate(program: &Path, stream: &[u8]) -> io::Result<Run> {
    let folder = tempfile::tempdir()?;
    fs::File::create(folder.path().join("stream"))?.write_all(stream)?;
    let mut command = Command::new("timeout");
    command.arg(DEADLINE_SECONDS).arg(EMULATOR).args(["-machine", "mps2-an386", "-cpu", "cortex-m4"]);
    command.args(["-nographic", "-monitor", "none", "-serial", "none"]);
    command.args(["-semihosting-config", "enable=on,target=native", "-kernel"]).arg(program);
    let ended = process::run(command.current_dir(folder.path()), "")?;
    let (mut lines, mut figures) = (Vec::new(), Vec::new());
    for line in ended.output.lines().chain(ended.errors.lines()) {
        let figure = line.strip_prefix("figure ").and_then(|figure| figure.split_once('='));
        match figure.and_then(|(name, value)| Some((name.to_owned(), value.parse().ok()?))) {
            Some(figure) => figures.push(figure),
            None => lines.push(line.to_owned()),
        }
    }
    Ok(Run { lines, figures, passed: ended.status.success() })
}

/// Runs every stream on an emulated core and compares each answer with this machine's core. The figures: of each
/// name the highest value of all runs, and `m4_ram_bytes`, static memory and stack together.
///
/// # Errors
/// The stream that did not lead where it must, and what the core said; or no figures of its memory.
pub fn check(program: &Path, streams: &[Stream]) -> io::Result<BTreeMap<String, u64>> {
    let mut highest = BTreeMap::new();
    for stream in streams {
        let run = emulate(program, &stream.bytes)?;
        if !run.passed || stream.ended != stream.expected || run.lines != stream.lines {
            return Err(io::Error::other(format!("{}: {}\n{run:#?}", stream.name, stream.ended)));
        }
        for (name, value) in run.figures {
            let figure = highest.entry(name).or_insert(0);
            *figure = value.max(*figure);
        }
    }
    let measured =
        |name: &str| highest.get(name).copied().ok_or_else(|| io::Error::other(format!("no {name}")));
    let ram = measured("m4_static_bytes")?.saturating_add(measured("m4_stack_bytes")?);
    highest.insert("m4_ram_bytes".to_owned(), ram);
    Ok(highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_s_keyring_is_the_kit_s() {
        assert!(fs::read(sample().join("image/keyring")).unwrap() == image_keyring());
    }

    #[test]
    fn every_stream_ends_as_it_must_on_this_machine() {
        for stream in streams().unwrap() {
            assert_eq!(stream.ended, stream.expected, "{}", stream.name);
            let anchors = stream.lines.iter().filter(|line| line.starts_with("anchor ")).count();
            let kept = matches!(stream.name, "back to an earlier release") || stream.expected == "accepted";
            assert_eq!(anchors, if kept { SERVING } else { 0 }, "{}", stream.name);
        }
    }

    #[test]
    fn the_sample_s_image_is_the_one_that_streams_are_made_for() {
        let text = fs::read_to_string(sample().join("src/image.rs")).unwrap();
        let text = text.replace('_', "");
        let [keyring, document, set] = BUFFERS;
        for part in [
            format!("ChannelId::of(\"{CHANNEL}\")"),
            format!("service: \"{SERVICE}\""),
            format!("Order::new(0, {FLOOR})"),
            format!("KEYRINGBYTES: usize = {keyring};"),
            format!("DOCUMENTBYTES: usize = {document};"),
            format!("SETBYTES: usize = {set};"),
        ] {
            assert!(text.contains(&part), "{part}");
        }
    }
}
