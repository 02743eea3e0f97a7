//! Makes patches: greedy longest matches over an index of the base.

use alloc::{collections::BTreeMap, vec::Vec};

use crate::varint;

/// Shortest match worth a copy operation: its code takes two to four bytes.
const MATCH_BYTES_MIN: usize = 6;
/// Places of one key that are tried: bounds the work on repetitive bases.
const PLACES_MAX: usize = 32;

/// The shortest program that this greedy walk finds from `base` to `target`; running it yields `target`.
#[must_use]
pub fn build(base: &[u8], target: &[u8]) -> Vec<u8> {
    let index = index(base);
    let mut out = Vec::new();
    let mut cursor = 0;
    let mut literal_start = 0;
    let mut position = 0;
    while position < target.len() {
        let rest = target.get(position..).unwrap_or_default();
        match longest(base, rest, &index, cursor) {
            Some((start, length)) => {
                literal(&mut out, target.get(literal_start..position).unwrap_or_default());
                code(&mut out, length, true);
                varint::write(&mut out, zigzag(cursor, start));
                cursor = start.saturating_add(length);
                position = position.saturating_add(length);
                literal_start = position;
            }
            None => position = position.saturating_add(1),
        }
    }
    literal(&mut out, target.get(literal_start..).unwrap_or_default());
    out
}

type Index<'a> = BTreeMap<&'a [u8], Vec<usize>>;

fn index(base: &[u8]) -> Index<'_> {
    let mut index = Index::new();
    for (start, key) in base.windows(MATCH_BYTES_MIN).enumerate() {
        let places = index.entry(key).or_default();
        if places.len() < PLACES_MAX {
            places.push(start);
        }
    }
    index
}

/// The longest match for the front of `rest`; of equal ones the first after the cursor, whose code is short.
fn longest(base: &[u8], rest: &[u8], index: &Index<'_>, cursor: usize) -> Option<(usize, usize)> {
    let places = index.get(rest.get(..MATCH_BYTES_MIN)?)?;
    let candidates = places.iter().copied().chain(core::iter::once(cursor));
    let matches = candidates.map(|start| {
        let tail = base.get(start..).unwrap_or_default();
        (start, tail.iter().zip(rest).take_while(|(a, b)| a == b).count())
    });
    matches
        .filter(|(_, length)| *length >= MATCH_BYTES_MIN)
        .max_by_key(|(start, length)| (*length, core::cmp::Reverse(start.abs_diff(cursor))))
}

fn literal(out: &mut Vec<u8>, bytes: &[u8]) {
    if !bytes.is_empty() {
        code(out, bytes.len(), false);
        out.extend_from_slice(bytes);
    }
}

fn code(out: &mut Vec<u8>, length: usize, copy: bool) {
    // Bodies are at most 64 KiB, so lengths and distances fit 31 bits.
    let length = u32::try_from(length).unwrap_or(u32::MAX >> 1);
    varint::write(out, (length << 1) | u32::from(copy));
}

fn zigzag(cursor: usize, start: usize) -> u32 {
    let distance = |value: usize| u32::try_from(value).unwrap_or(u32::MAX >> 1) << 1;
    match start.checked_sub(cursor) {
        Some(forward) => distance(forward),
        None => distance(cursor.saturating_sub(start).saturating_sub(1)) | 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Patch;

    fn check(base: &[u8], target: &[u8], bytes_max: usize) {
        let patch = build(base, target);
        let mut output = alloc::vec![0; target.len()];
        Patch::from_bytes(&patch).apply(base, &mut output).expect("a built patch runs");
        assert_eq!(output, target);
        assert!(patch.len() <= bytes_max, "{} bytes of patch", patch.len());
    }

    #[test]
    fn patches_rebuild_their_target() {
        check(b"", b"", 0);
        check(b"", b"new", 4);
        check(b"abcdefgh", b"", 0);
        let base: Vec<u8> =
            (0..2_000_u32).flat_map(|value| value.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        check(&base, &base, 6);
        let mut changed = base.clone();
        changed.splice(4_000..4_038, [7; 38]);
        check(&base, &changed, 50);
        changed.splice(100..100, [9; 40]);
        changed.drain(6_000..6_200);
        check(&base, &changed, 110);
        check(&[5; 4_096], &[5; 5_000], 20);
    }
}
