//! How an input is taken apart.

/// Places to cut something of this length: all of them where it is short, else some all over it and the last ones.
pub(crate) fn cuts(length: usize) -> impl Iterator<Item = usize> {
    const SOME: usize = 48;
    let step = (length / SOME).max(1);
    (0..length).step_by(step).chain(length.saturating_sub(8)..length)
}

/// The first byte, or zero, and the rest.
pub(crate) fn selector(input: &[u8]) -> (u8, &[u8]) {
    input.split_first().map_or((0, input), |(first, rest)| (*first, rest))
}

/// Two parts: the first two bytes say where the second one begins.
pub(crate) fn halves(input: &[u8]) -> (&[u8], &[u8]) {
    let Some(([low, high], rest)) = input.split_first_chunk::<2>() else { return (input, &[]) };
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    rest.split_at(length.min(rest.len()))
}

/// The input of which [`halves`] makes these parts.
pub(crate) fn joined(first: &[u8], second: &[u8]) -> Vec<u8> {
    let length = u16::try_from(first.len()).expect("seeds are short").to_le_bytes();
    [&length[..], first, second].concat()
}
