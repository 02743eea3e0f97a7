//! The mailbox between the driver and one conversation: one wish at a time, and what has arrived.
//!
//! The conversation is a future that the driver polls by hand, on the same thread; what passes is taken out and put
//! back, so neither ever meets the other inside a borrow.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;
use core::future::poll_fn;
use core::task::Poll;

use verified_tls::ServedChain;

use super::Interest;
use super::limits::{INCOMING_BYTES, REQUEST_BYTES_MAX};

/// Bytes that a conversation reads at a time.
pub(crate) const PIECE_BYTES: usize = 512;

/// Bytes that must be left beside an open connection: for the next request, and for names that are copied.
const SPARE_BYTES: usize = 2 * REQUEST_BYTES_MAX;

/// What passes between driver and conversation.
#[derive(Default)]
pub(crate) struct Mailbox {
    wish: Cell<Wish>,
    served: Cell<Option<ServedChain>>,
    admission: Cell<Option<Admission>>,
    incoming: Cell<Vec<u8>>,
    interest: Cell<Interest>,
}

/// What the driver wants next.
#[derive(Debug, Default)]
pub(crate) enum Wish {
    /// Bytes that the server sends.
    Bytes,
    /// Nothing for now.
    #[default]
    Nothing,
    /// A request to be sent.
    Request(String),
}

/// What the driver says of a served chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It verifies under what is installed.
    Authenticated,
    /// It does not.
    Refused,
}

impl Mailbox {
    /// Puts the driver's wish.
    pub(crate) fn wish(&self, wish: Wish) {
        self.wish.set(wish);
    }

    /// True where the last wish was granted.
    pub(crate) fn is_idle(&self) -> bool {
        let wish = self.wish.take();
        let is_idle = matches!(wish, Wish::Nothing);
        self.wish.set(wish);
        is_idle
    }

    /// True where nothing has arrived that was not looked at.
    pub(crate) fn is_empty(&self) -> bool {
        let incoming = self.incoming.take();
        let is_empty = incoming.is_empty();
        self.incoming.set(incoming);
        is_empty
    }

    /// The chain that waits for a judgement.
    pub(crate) fn take_served(&self) -> Option<ServedChain> {
        self.served.take()
    }

    /// The driver's judgement on it.
    pub(crate) fn admit(&self, admission: Admission) {
        self.admission.set(Some(admission));
    }

    /// Shows what has arrived to `look`, which says how many bytes are done with; `is_full` is true where no further
    /// piece fits.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&[u8], bool) -> (usize, T)) -> T {
        let mut incoming = self.incoming.take();
        let is_full = !has_room(&incoming);
        let (consumed, seen) = look(&incoming, is_full);
        let left = incoming.len().saturating_sub(consumed);
        let cells = Cell::from_mut(incoming.as_mut_slice()).as_slice_of_cells();
        cells.iter().zip(cells.iter().skip(consumed)).for_each(|(to, from)| to.set(from.get()));
        incoming.truncate(left);
        self.incoming.set(incoming);
        seen
    }

    /// What the conversation waits for at its socket.
    pub(crate) const fn interest(&self) -> &Cell<Interest> {
        &self.interest
    }

    /// For the conversation: the next wish, once there is one that can be granted.
    pub(crate) async fn next_wish(&self) -> Wish {
        poll_fn(|_| {
            let incoming = self.incoming.take();
            let has_room = has_room(&incoming);
            self.incoming.set(incoming);
            match self.wish.take() {
                Wish::Nothing => return Poll::Pending,
                Wish::Bytes if !has_room => self.wish.set(Wish::Bytes),
                wish => {
                    // Bytes stay wished for until they are there.
                    self.wish.set(Wish::Bytes);
                    return Poll::Ready(wish);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// For the conversation: bytes that were wished for; `None` where there is no memory for them.
    pub(crate) fn deliver(&self, bytes: &[u8]) -> Option<()> {
        let mut incoming = self.incoming.take();
        if incoming.capacity() < INCOMING_BYTES {
            let more = INCOMING_BYTES.saturating_sub(incoming.len());
            incoming.try_reserve_exact(more).ok()?;
            if !super::has_room(SPARE_BYTES) {
                return None;
            }
        }
        incoming.extend_from_slice(bytes);
        self.incoming.set(incoming);
        self.wish.set(Wish::Nothing);
        Some(())
    }

    /// For the conversation: shows a chain and waits for the judgement on it.
    pub(crate) async fn ask_admission(&self, served: ServedChain) -> Admission {
        self.served.set(Some(served));
        poll_fn(|_| self.admission.take().map_or(Poll::Pending, Poll::Ready)).await
    }

    /// For the conversation: leaves a chain behind at its end.
    pub(crate) fn leave_served(&self, served: ServedChain) {
        self.served.set(Some(served));
    }
}

fn has_room(incoming: &[u8]) -> bool {
    incoming.len().saturating_add(PIECE_BYTES) <= INCOMING_BYTES
}
