//! Seeds of the targets that are given to devices.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bundle::{Denial, DenialKind, Order, Sha256, UnixSeconds};
use intercore::{Message, Part, limits::MESSAGE_BYTES_MAX};
use store::{
    CheckNote, Denials, HeadNote, KeyringBytes, Refusal, Region, Release, Restated, Store, fault::Medium,
    limits::BLOCK_BYTES,
};

use super::{patterns, selected};
use crate::{fleet, input::joined};

/// The folder of the data of tests.
pub(super) fn data() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data")
}

/// The certificates of the data of tests that are small.
#[must_use]
pub fn certificate() -> Vec<Vec<u8>> {
    const BYTES_MAX: usize = 1_000;
    let folder = data();
    let mut text = fs::read_to_string(folder.join("mozilla-history/certs.pem")).expect("the data is there");
    for entry in fs::read_dir(folder.join("azure")).expect("the data is there") {
        text.push_str(&fs::read_to_string(entry.expect("a file").path()).expect("PEM is text"));
    }
    let mut all = certificates(&text);
    all.sort();
    all.dedup();
    all.retain(|der| der.len() <= BYTES_MAX);
    all
}

/// The certificates of a PEM file.
///
/// # Panics
/// Where a block is no base64.
#[must_use]
pub fn certificates(text: &str) -> Vec<Vec<u8>> {
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let letters = blocks.filter_map(|block| block.split("-----END").next());
    let decode = |block: &str| STANDARD.decode(block.split_whitespace().collect::<String>());
    letters.map(|block| decode(block).expect("the data is in PEM")).collect()
}

/// What happens to an engine.
#[must_use]
pub fn engine() -> Vec<Vec<u8>> {
    patterns(600)
}

/// Answers as servers send them.
#[must_use]
pub fn http_answer() -> Vec<Vec<u8>> {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let texts = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".to_owned(),
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi".to_owned(),
        format!("{chunked}5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n"),
        format!("{chunked}zz\r\n"),
        format!("{chunked}2\r\nhello\r\n"),
        "HTTP/1.1 304 Not Modified\r\n\r\n".to_owned(),
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx".to_owned(),
        "HTTP/1.1 101 Switching Protocols\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Encoding: gzip\r\n\r\nx".to_owned(),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(60)),
        format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(4_200)),
        "SSH-2.0-server\r\n".to_owned(),
    ];
    texts.iter().map(|text| selected(b'\n', text.as_bytes())).collect()
}

/// The journal of a device that has been through something.
#[must_use]
pub fn journal() -> Vec<Vec<u8>> {
    const JOURNAL_AT: usize = 16_384;
    let medium = used().into_storage();
    let journal = medium.bytes().split_at(JOURNAL_AT).1;
    let (first, second) = journal.split_at(BLOCK_BYTES.min(journal.len()));
    let front = |block: &[u8]| {
        let end = block.iter().take(store::limits::RECORD_BYTES).rposition(|byte| *byte != 0);
        block.split_at(end.map_or(0, |end| end + 1)).0.to_vec()
    };
    let (first, second) = (front(first), front(second));
    vec![
        selected(0, &joined(b"", b"")),
        selected(3, &joined(&first, &second)),
        selected(1, &joined(&first, b"")),
        selected(2, &joined(b"", &second)),
        selected(0, &joined(&first, &second)),
    ]
}

fn used() -> Store<Medium> {
    let region = Region::new(0, 32_768).expect("the smallest region");
    let mut store = Store::open(Medium::new(BLOCK_BYTES), region).expect("an empty medium opens");
    for number in 1..=3 {
        let release = Release {
            order: Order::new(0, number),
            digest: Sha256([2; 32]),
            document_bytes: 3,
            issued_at: UnixSeconds(9),
        };
        let mut staging = store.begin().expect("no trial is open");
        store.append(&mut staging, b"a bundle").expect("it fits");
        let sealed = store.seal(staging).expect("no fault is set");
        let changed = store.change(|change| {
            if number == 1 {
                change.change_channel(fleet::channel())?;
            }
            change.commit_trial(&sealed, release, Some(UnixSeconds(10)))?;
            if number < 3 { change.confirm() } else { change.record_failure().map(drop) }
        });
        changed.expect("no fault is set");
    }
    noted(&mut store);
    store
}

/// A keyring, denials, a refusal, a head and a check.
fn noted(store: &mut Store<Medium>) {
    let denial = Denial { kind: DenialKind::Spki, sha256: Sha256([4; 32]) };
    let denials = Denials::new(Order::new(0, 3), [denial].into_iter()).expect("one fits");
    let keyring = KeyringBytes::new(b"a keyring").expect("short");
    let (order, digest) = (Order::new(0, 4), Sha256([6; 32]));
    let changed = store.change(|change| {
        change.update_keyring(&keyring, Order::new(0, 1), UnixSeconds(3), Restated::default())?;
        change.replace_denials(&denials)?;
        change.record_refusal(Refusal { order, digest, reason: 5, attempts: 1, retry_at: None });
        change.note_head(HeadNote { order, digest, valid_from: UnixSeconds(9), lifetime_seconds: 60 });
        change.note_check(CheckNote { at: Some(UnixSeconds(77)), reason: 3 });
        Ok(())
    });
    changed.expect("no fault is set");
}

/// Single messages, and what happens to many.
#[must_use]
pub fn message() -> Vec<Vec<u8>> {
    let parts = [Part::Begin, Part::Keyring(1), Part::Manifest, Part::Certificate(2), Part::End];
    let single = (0_u32..).zip(parts).map(|(sequence, part)| {
        let (total, payload): (_, &[u8]) = match part {
            Part::Begin => (2, b""),
            Part::End => (0, b""),
            _ => (9, b"payload"),
        };
        let mut into = [0; MESSAGE_BYTES_MAX];
        let message = Message { transfer: 7, sequence, part, offset: 0, total, payload };
        let length = message.write(&mut into).expect("a short payload");
        into.split_at(length).0.to_vec()
    });
    let mut seeds: Vec<Vec<u8>> = single.chain(patterns(300)).collect();
    // A piece that ends behind its part.
    let mut past = seeds[2].clone();
    past[20] = 9;
    seeds.push(past);
    seeds
}

/// Records of a server.
#[must_use]
pub fn tls_record() -> Vec<Vec<u8>> {
    let share = [vec![0, 51, 0, 69, 0, 23, 0, 65, 4], vec![0x11; 64]].concat();
    let extensions = [share, vec![0, 43, 0, 2, 3, 4]].concat();
    let length = u8::try_from(extensions.len()).expect("short");
    let body = [vec![3, 3], vec![7; 32], vec![0, 0x13, 1, 0, 0, length], extensions].concat();
    let length = u8::try_from(body.len()).expect("short");
    let hello = [vec![2, 0, 0, length], body].concat();
    let record = |kind: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).expect("short").to_be_bytes();
        [&[kind, 3, 3], &length[..], content].concat()
    };
    let encrypted = record(23, &[0x55; 40]);
    let stream = [record(22, &hello), record(20, &[1]), encrypted].concat();
    let messages: &[&[u8]] = &[
        &[8, 0, 0, 2, 0, 0, 22],
        &[13, 0, 0, 3, 0, 0, 0, 22],
        &[15, 0, 0, 5, 4, 3, 0, 1, 0, 22],
        &[11, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 0, 22],
        &[1, 0, 21],
        &[24, 0, 0, 1, 0, 22],
        &[4, 0, 0, 1, 0, 22],
        &[1, 2, 3, 23, 0, 0],
    ];
    let mut seeds = vec![
        selected(0, &stream),
        selected(4, &stream),
        selected(1, &hello),
        selected(3, &stream),
        selected(0, &record(21, &[2, 40])),
    ];
    for message in messages {
        seeds.push(selected(2, message));
        seeds.push(selected(6, message));
    }
    seeds
}
