//! Little-endian integers at fixed places; a place outside the bytes reads as nothing.

/// Two bytes at `at`.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let end = at.checked_add(2)?;
    bytes.get(at..end)?.try_into().ok().map(u16::from_le_bytes)
}

/// Four bytes at `at`.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let end = at.checked_add(4)?;
    bytes.get(at..end)?.try_into().ok().map(u32::from_le_bytes)
}

/// Copies `from` to `at`; `None` where it does not fit, and then nothing was written.
pub(crate) fn put(bytes: &mut [u8], at: usize, from: &[u8]) -> Option<()> {
    let end = at.checked_add(from.len())?;
    bytes.get_mut(at..end)?.copy_from_slice(from);
    Some(())
}

/// A length as messages count it; nothing here comes near the limit.
pub(crate) fn saturated(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// A count of a message as a length; one that this machine cannot address is longer than every buffer.
pub(crate) fn length(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
