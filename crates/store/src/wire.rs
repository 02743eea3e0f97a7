//! A writer and a reader over one record's bytes: fixed layout, little-endian.

use bundle::{Order, Sha256, UnixSeconds, join};

/// Writes fields one after the other; what does not fit is seen at [`Writer::finish`].
pub(crate) struct Writer<'a> {
    bytes: &'a mut [u8],
    offset: Option<usize>,
}

/// Reads fields one after the other; `None` past the end.
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, offset: Some(0) }
    }

    pub(crate) fn put(&mut self, field: &[u8]) {
        self.offset = self.offset.and_then(|offset| {
            let written = join(self.bytes.get_mut(offset..)?, &[field])?;
            offset.checked_add(written)
        });
    }

    pub(crate) fn zeros(&mut self, count: usize) {
        (0..count).for_each(|_| self.put(&[0]));
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }

    pub(crate) fn order(&mut self, order: Order) {
        self.u16(order.epoch);
        self.u32(order.number);
    }

    pub(crate) fn sha256(&mut self, digest: &Sha256) {
        self.put(&digest.0);
    }

    /// A time, with zero for one that was not known.
    pub(crate) fn time(&mut self, time: Option<UnixSeconds>) {
        self.u64(time.map_or(0, |time| time.0));
    }

    /// A presence byte and the fields, or as many zeros.
    pub(crate) fn optional<T>(&mut self, value: Option<&T>, bytes: usize, write: impl FnOnce(&mut Self, &T)) {
        self.u8(u8::from(value.is_some()));
        match value {
            Some(value) => write(self, value),
            None => self.zeros(bytes),
        }
    }

    /// Bytes written; `None` where something did not fit.
    pub(crate) const fn finish(self) -> Option<usize> {
        self.offset
    }
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (field, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(field)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn order(&mut self) -> Option<Order> {
        Some(Order::new(self.u16()?, self.u32()?))
    }

    pub(crate) fn sha256(&mut self) -> Option<Sha256> {
        self.array().map(Sha256)
    }

    pub(crate) fn time(&mut self) -> Option<Option<UnixSeconds>> {
        self.u64().map(|seconds| (seconds != 0).then_some(UnixSeconds(seconds)))
    }

    /// The other half of [`Writer::optional`]; an absent value must be all zeros.
    pub(crate) fn optional<T>(
        &mut self,
        bytes: usize,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.u8()? {
            0 => self.take(bytes)?.iter().all(|byte| *byte == 0).then_some(None),
            1 => read(self).map(Some),
            _ => None,
        }
    }
}
