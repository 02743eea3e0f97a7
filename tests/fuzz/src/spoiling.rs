//! What an attacker can do to a signed document without its keys.

use arbitrary::{Result, Unstructured};
use bundle::{Envelope, write::Signature, write::Unsigned};

/// Where the length of the body stands in a header.
const BODY_LENGTH_AT: usize = 32;
/// Bytes of an entry of a table in front of its signature.
const ENTRY_HEADER_BYTES: usize = 11;

/// The document with something wrong with it, and what that is.
///
/// Every kind of change is one that spoils a document with no signature to spare.
pub(crate) fn spoil(document: &[u8], u: &mut Unstructured<'_>) -> Result<(Vec<u8>, &'static str)> {
    let mut changed = document.to_vec();
    Ok(match u.int_in_range(0..=7)? {
        0 => {
            let bit = u.choose_index(document.len() * 8)?;
            flip(&mut changed, bit);
            (changed, "a bit was flipped")
        }
        1 => (document.split_at(u.choose_index(document.len())?).0.to_vec(), "it was cut"),
        2 => {
            changed.push(u.arbitrary()?);
            (changed, "a byte stands behind it")
        }
        3 => {
            let length = u.int_in_range(1..=u8::MAX)?;
            if let Some(byte) = changed.get_mut(BODY_LENGTH_AT) {
                *byte = byte.wrapping_add(length);
            }
            (changed, "its body has another length")
        }
        4 => (without_one(document), "a signature was taken away"),
        5 => (exchanged(document), "two signatures changed places, their keys did not"),
        6 => (twice(document), "one signature stands there for all"),
        _ => {
            let (from, to) = (u.choose_index(document.len())?, u.choose_index(document.len())?);
            let piece = document.split_at(from).1.split_at(4.min(document.len() - from)).0;
            let end = (to + piece.len()).min(changed.len());
            changed.splice(to..end, piece.iter().copied());
            (changed, "a piece was copied over another")
        }
    })
}

/// The document with its signatures in another order: that is nobody's business, so it stays good.
pub(crate) fn reordered(document: &[u8]) -> Vec<u8> {
    let envelope = Envelope::parse_whole(document).expect("a document that was just made");
    let table = envelope.signatures().as_bytes();
    let mut entries: Vec<&[u8]> = Vec::new();
    let (count, mut rest) = table.split_at(1);
    for signature in envelope.signatures().iter() {
        let (entry, after) = rest.split_at(signature.bytes.len() + ENTRY_HEADER_BYTES);
        entries.push(entry);
        rest = after;
    }
    entries.reverse();
    [envelope.header_bytes(), count, &entries.concat(), envelope.body()].concat()
}

fn flip(bytes: &mut [u8], bit: usize) {
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
}

fn signatures(document: &[u8]) -> (Unsigned, Vec<Signature>) {
    let envelope = Envelope::parse_whole(document).expect("a document that was just made");
    let signatures = envelope.signatures().iter().map(|signature| Signature {
        key_id: signature.key_id,
        algorithm: signature.algorithm,
        bytes: signature.bytes.to_vec(),
    });
    (Unsigned::of(&envelope), signatures.collect())
}

fn without_one(document: &[u8]) -> Vec<u8> {
    let (unsigned, mut signatures) = signatures(document);
    signatures.pop();
    unsigned.assemble(&signatures).expect("fewer signatures than before")
}

/// Where there is only one signature, it is put under a stranger's id.
fn exchanged(document: &[u8]) -> Vec<u8> {
    let (unsigned, mut signatures) = signatures(document);
    match signatures.as_mut_slice() {
        [one, other, ..] => std::mem::swap(&mut one.bytes, &mut other.bytes),
        [one] => one.key_id.0[0] ^= 1,
        [] => {}
    }
    unsigned.assemble(&signatures).expect("as many signatures as before")
}

fn twice(document: &[u8]) -> Vec<u8> {
    let (unsigned, mut signatures) = signatures(document);
    let first = signatures.first().map(|signature| signature.bytes.clone()).unwrap_or_default();
    match signatures.as_mut_slice() {
        [_, others @ ..] if !others.is_empty() => {
            others.iter_mut().for_each(|other| other.bytes.clone_from(&first));
        }
        [one] => one.bytes.clear(),
        _ => {}
    }
    unsigned.assemble(&signatures).expect("as many signatures as before")
}
