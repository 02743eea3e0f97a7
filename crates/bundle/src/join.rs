//! Spans of bytes, written one after the other into a buffer.

/// Writes `parts` one after the other to the front of `into`, and returns how many bytes they have; `None` where they do
/// not fit, and what was written then means nothing.
///
/// Unlike the library's copy it has no two lengths that must agree, so nothing in it can panic, which
/// `cargo xtask panics` shows; whatever is copied on a device is copied by it.
pub fn join(into: &mut [u8], parts: &[&[u8]]) -> Option<usize> {
    let (mut free, mut length) = (into, 0_usize);
    for part in parts {
        let (room, rest) = free.split_at_mut_checked(part.len())?;
        room.iter_mut().zip(*part).for_each(|(to, from)| *to = *from);
        free = rest;
        length = length.saturating_add(part.len());
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(room: usize, parts: &[&[u8]], expect: Option<&[u8]>) {
        let mut buffer = [0; 8];
        let length = join(buffer.get_mut(..room).unwrap(), parts);
        assert_eq!(length.and_then(|length| buffer.get(..length)), expect);
    }

    #[test]
    fn parts_stand_one_after_the_other_or_do_not_fit() {
        check(4, &[], Some(b""));
        check(4, &[b"ab", b"", b"c"], Some(b"abc"));
        check(4, &[b"ab", b"cd"], Some(b"abcd"));
        check(4, &[b"ab", b"cde"], None);
        check(0, &[b"a"], None);
    }
}
