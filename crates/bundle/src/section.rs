//! A list inside a body: length-delimited bytes that hold postcard items back to back.
//!
//! Items are decoded as they are walked, from borrowed bytes, so a list of any length needs no heap. A whole
//! section is walked and checked once when its document is decoded.

use core::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{DecodeError, DecodeErrorKind, canonical};

/// Something that stands in a [`Section`].
pub trait Item<'a>: Deserialize<'a> + Serialize {
    /// The field's name in errors.
    const FIELD: &'static str;
    /// Most items in one section.
    const ITEMS_MAX: usize;

    /// Checks what the types cannot say, nested sections included.
    ///
    /// # Errors
    /// What is wrong, with the offset of the item in its body.
    fn check(&self, offset: usize) -> Result<(), DecodeError>;

    /// True where `next` may follow this item; sections of sets require a strictly ascending order.
    fn precedes(&self, next: &Self) -> bool;
}

/// A list of `T`, still encoded.
pub struct Section<'a, T> {
    bytes: &'a [u8],
    item: PhantomData<fn() -> T>,
}

/// Walks the items of a [`Section`].
#[derive(Clone, Debug)]
pub struct SectionIter<'a, T> {
    rest: &'a [u8],
    item: PhantomData<fn() -> T>,
}

impl<'a, T> Section<'a, T> {
    /// A section over encoded items; nothing is checked until its document is decoded.
    #[must_use]
    pub const fn from_bytes(bytes: &'a [u8]) -> Self {
        Self { bytes, item: PhantomData }
    }

    /// The section without items.
    #[must_use]
    pub const fn empty() -> Self {
        Self::from_bytes(&[])
    }

    /// True where it holds no item.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The encoded items.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a, T: Item<'a>> Section<'a, T> {
    /// The items in their order.
    #[must_use]
    pub const fn iter(&self) -> SectionIter<'a, T> {
        SectionIter { rest: self.bytes, item: PhantomData }
    }

    /// Number of items; walks them.
    #[must_use]
    pub fn count(&self) -> usize {
        self.iter().count()
    }

    /// Walks and checks every item; `offset` is where the section starts in its body.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self, offset: usize) -> Result<usize, DecodeError> {
        let mut rest = self.bytes;
        let mut previous: Option<T> = None;
        let mut count = 0_usize;
        while !rest.is_empty() {
            let at = offset.saturating_add(self.bytes.len().saturating_sub(rest.len()));
            let fail = |kind| DecodeError::new(T::FIELD, at, kind);
            if count >= T::ITEMS_MAX {
                return Err(fail(DecodeErrorKind::TooLarge));
            }
            let (item, after) = canonical::take::<T>(rest, T::FIELD, at)?;
            if after.len() == rest.len() {
                return Err(fail(DecodeErrorKind::Malformed));
            }
            item.check(at)?;
            if previous.as_ref().is_some_and(|previous| !previous.precedes(&item)) {
                return Err(fail(DecodeErrorKind::Order));
            }
            previous = Some(item);
            rest = after;
            count = count.saturating_add(1);
        }
        Ok(count)
    }
}

impl<'a, T: Item<'a>> Iterator for SectionIter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        // An item that does not decode ends the walk; in a decoded document every item was checked.
        let (item, rest) = postcard::take_from_bytes::<T>(self.rest).ok()?;
        let moved = rest.len() < self.rest.len();
        self.rest = rest;
        moved.then_some(item)
    }
}

impl<T> Clone for Section<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Section<'_, T> {}

impl<T> fmt::Debug for Section<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Section({} bytes)", self.bytes.len())
    }
}

impl<T> PartialEq for Section<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<T> Eq for Section<'_, T> {}

impl<T> Serialize for Section<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.bytes)
    }
}

impl<'de: 'a, 'a, T> Deserialize<'de> for Section<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&'a [u8]>::deserialize(deserializer).map(Self::from_bytes)
    }
}
