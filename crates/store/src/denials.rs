//! The newest verified deny list, kept apart from any slot so that no revert can undo it.

use core::fmt;

use bundle::{Denial, DenialKind, Order, Sha256};

use crate::{
    bytes::{Bytes, Room},
    limits::{DENIAL_BYTES, DENIALS_MAX},
};

/// A deny list and the release that it came with.
#[derive(Clone, PartialEq, Eq)]
pub struct Denials {
    /// The release whose manifest carried the list.
    pub order: Order,
    entries: Bytes<{ DENIAL_BYTES * DENIALS_MAX }>,
    count: usize,
}

impl Denials {
    /// Keeps the entries; `None` above [`DENIALS_MAX`].
    #[must_use]
    pub fn new(order: Order, entries: impl Iterator<Item = Denial>) -> Option<Self> {
        let mut denials = Self::default();
        denials.fill(order, entries)?;
        Some(denials)
    }

    /// Keeps the entries in place of what was there; `None` above [`DENIALS_MAX`], and then the first of them are kept.
    pub fn fill(&mut self, order: Order, entries: impl Iterator<Item = Denial>) -> Option<()> {
        self.clear();
        self.order = order;
        for denial in entries {
            let entry = self.entries.as_chunks_mut::<DENIAL_BYTES>().0.get_mut(self.count)?;
            let bytes = core::iter::once(kind_byte(denial.kind)).chain(denial.sha256.0);
            entry.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
            self.count = self.count.checked_add(1)?;
        }
        Some(())
    }

    /// The entries.
    pub fn iter(&self) -> impl Iterator<Item = Denial> + Clone + '_ {
        let entries = self.entries.as_chunks::<DENIAL_BYTES>().0.iter().take(self.count);
        // Unreachable for an unknown kind, because neither `new` nor the journal lets one in.
        entries.filter_map(|[kind, sha256 @ ..]| {
            Some(Denial { kind: kind_of_byte(*kind)?, sha256: Sha256(*sha256) })
        })
    }

    /// Number of entries.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// True where the list has this entry.
    #[must_use]
    pub fn contains(&self, denial: &Denial) -> bool {
        self.iter().any(|entry| entry == *denial)
    }

    /// True where there is room for one more list. Without the feature `boxed` it needs none.
    #[must_use]
    pub fn has_room() -> bool {
        Self::room().is_some()
    }

    pub(crate) fn room() -> Option<Room> {
        Bytes::<{ DENIAL_BYTES * DENIALS_MAX }>::room()
    }

    /// Makes it the empty list of no release, in place.
    pub(crate) fn clear(&mut self) {
        self.order = Order::default();
        self.entries.fill(0);
        self.count = 0;
    }

    /// All bytes of the entries, with the zeros behind them.
    pub(crate) fn field(&self) -> &[u8] {
        &self.entries
    }

    /// Lets `fill` put the bytes of the entries in place; `None` where it fails, where an entry is of no known kind, or
    /// where something stands behind them.
    pub(crate) fn read(
        &mut self,
        order: Order,
        count: usize,
        fill: impl FnOnce(&mut [u8]) -> Option<()>,
    ) -> Option<()> {
        fill(&mut self.entries)?;
        let (used, unused) = self.entries.as_chunks::<DENIAL_BYTES>().0.split_at_checked(count)?;
        let kinds_are_known = used.iter().all(|[kind, ..]| kind_of_byte(*kind).is_some());
        let rest_is_zero = unused.iter().flatten().all(|byte| *byte == 0);
        (self.order, self.count) = (order, count);
        (kinds_are_known && rest_is_zero).then_some(())
    }

    /// True where both lists deny the same, in the same order.
    pub(crate) fn denies_the_same(&self, other: &Self) -> bool {
        self.count == other.count && self.entries == other.entries
    }
}

/// The kind's number on the medium: never renumber.
const fn kind_byte(kind: DenialKind) -> u8 {
    match kind {
        DenialKind::Certificate => 0,
        DenialKind::Spki => 1,
    }
}

/// The kind with this number.
const fn kind_of_byte(byte: u8) -> Option<DenialKind> {
    match byte {
        0 => Some(DenialKind::Certificate),
        1 => Some(DenialKind::Spki),
        _ => None,
    }
}

impl Default for Denials {
    fn default() -> Self {
        Self { order: Order::default(), entries: Bytes::new(), count: 0 }
    }
}

impl fmt::Debug for Denials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Denials({} of release {})", self.count, self.order)
    }
}
