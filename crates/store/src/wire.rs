//! A writer and a reader over one record's bytes: fixed layout, little-endian.

use bundle::{Order, Sha256, UnixSeconds};

/// Bytes that zeros are written and compared in.
const ZEROS: [u8; 64] = [0; 64];

/// Writes fields one after the other.
pub(crate) trait Writer {
    /// Writes bytes.
    fn put(&mut self, field: &[u8]);

    /// Writes as many zeros.
    fn zeros(&mut self, count: usize) {
        let mut left = count;
        while let Some(zeros) = ZEROS.get(..left.min(ZEROS.len())).filter(|zeros| !zeros.is_empty()) {
            self.put(zeros);
            left = left.saturating_sub(zeros.len());
        }
    }

    fn u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    fn u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }

    fn order(&mut self, order: Order) {
        self.u16(order.epoch);
        self.u32(order.number);
    }

    fn sha256(&mut self, digest: &Sha256) {
        self.put(&digest.0);
    }

    /// A time, with zero for one that was not known.
    fn time(&mut self, time: Option<UnixSeconds>) {
        self.u64(time.map_or(0, |time| time.0));
    }

    /// A presence byte and the fields, or as many zeros.
    fn optional<T>(&mut self, value: Option<&T>, bytes: usize, write: impl FnOnce(&mut Self, &T)) {
        self.u8(u8::from(value.is_some()));
        match value {
            Some(value) => write(self, value),
            None => self.zeros(bytes),
        }
    }
}

/// Reads fields one after the other; `None` past the end.
pub(crate) trait Fields {
    /// Reads as many bytes as `into` has.
    fn fill(&mut self, into: &mut [u8]) -> Option<()>;

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut array = [0; N];
        self.fill(&mut array)?;
        Some(array)
    }

    /// Reads so many bytes; true where all of them are zeros.
    fn are_zeros(&mut self, count: usize) -> Option<bool> {
        let (mut left, mut are_zeros) = (count, true);
        let mut bytes = ZEROS;
        while let Some(part) = bytes.get_mut(..left.min(ZEROS.len())).filter(|part| !part.is_empty()) {
            self.fill(part)?;
            are_zeros &= part.iter().all(|byte| *byte == 0);
            left = left.saturating_sub(part.len());
        }
        Some(are_zeros)
    }

    /// Reads over so many bytes.
    fn skip(&mut self, count: usize) -> Option<()> {
        self.are_zeros(count).map(|_| ())
    }

    fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn order(&mut self) -> Option<Order> {
        Some(Order::new(self.u16()?, self.u32()?))
    }

    fn sha256(&mut self) -> Option<Sha256> {
        self.array().map(Sha256)
    }

    fn time(&mut self) -> Option<Option<UnixSeconds>> {
        self.u64().map(|seconds| (seconds != 0).then_some(UnixSeconds(seconds)))
    }

    /// The other half of [`Writer::optional`]; an absent value must be all zeros.
    fn optional<T>(&mut self, bytes: usize, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.u8()? {
            0 => self.are_zeros(bytes)?.then_some(None),
            1 => read(self).map(Some),
            _ => None,
        }
    }
}

impl Fields for &[u8] {
    fn fill(&mut self, into: &mut [u8]) -> Option<()> {
        let (field, rest) = self.split_at_checked(into.len())?;
        into.copy_from_slice(field);
        *self = rest;
        Some(())
    }
}
