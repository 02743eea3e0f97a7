//! Decoding that accepts one encoding only: what decodes must re-encode to the very same bytes.

use serde::{Deserialize, Serialize};

use crate::{DecodeError, DecodeErrorKind};

/// A postcard output that writes nothing and compares instead, so that the check needs no heap.
struct Compare<'a> {
    expected: &'a [u8],
}

impl postcard::ser_flavors::Flavor for Compare<'_> {
    type Output = bool;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        let rest = self.expected.strip_prefix(bytes).ok_or(postcard::Error::SerializeBufferFull)?;
        self.expected = rest;
        Ok(())
    }

    fn finalize(self) -> postcard::Result<bool> {
        Ok(self.expected.is_empty())
    }
}

/// Decodes one value from the front of `bytes` and returns it with the rest.
///
/// postcard itself takes overlong integers; here they are `NonCanonical`.
pub(crate) fn take<'a, T>(
    bytes: &'a [u8],
    field: &'static str,
    offset: usize,
) -> Result<(T, &'a [u8]), DecodeError>
where
    T: Deserialize<'a> + Serialize,
{
    let fail = |kind| DecodeError::new(field, offset, kind);
    let (value, rest) =
        postcard::take_from_bytes::<T>(bytes).map_err(|_| fail(DecodeErrorKind::Malformed))?;
    let length = bytes.len().saturating_sub(rest.len());
    let expected = bytes.get(..length).unwrap_or_default();
    match postcard::serialize_with_flavor(&value, Compare { expected }) {
        Ok(true) => Ok((value, rest)),
        Ok(false) | Err(_) => Err(fail(DecodeErrorKind::NonCanonical)),
    }
}

/// Decodes a whole body: one value and nothing after it.
pub(crate) fn whole<'a, T>(bytes: &'a [u8], field: &'static str) -> Result<T, DecodeError>
where
    T: Deserialize<'a> + Serialize,
{
    let (value, rest) = take(bytes, field, 0)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        let offset = bytes.len().saturating_sub(rest.len());
        Err(DecodeError::new(field, offset, DecodeErrorKind::Trailing))
    }
}
