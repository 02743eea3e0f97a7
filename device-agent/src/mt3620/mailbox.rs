//! The mailbox between the driver and one conversation: one wish at a time, and what has arrived.
//!
//! The conversation is a future that the driver polls by hand, on the same thread; neither ever waits for the other
//! inside a borrow.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::Poll;

use super::limits::INCOMING_BYTES;
use super::{Interest, Shown};

/// Bytes that a conversation reads at a time.
pub(crate) const PIECE_BYTES: usize = 512;

/// What passes between driver and conversation.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    wish: RefCell<Wish>,
    served: RefCell<Option<Shown>>,
    admission: Cell<Option<Admission>>,
    incoming: RefCell<Vec<u8>>,
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
        *self.wish.borrow_mut() = wish;
    }

    /// True where the last wish was granted.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(*self.wish.borrow(), Wish::Nothing)
    }

    /// True where nothing has arrived that was not looked at.
    pub(crate) fn is_empty(&self) -> bool {
        self.incoming.borrow().is_empty()
    }

    /// The chain that waits for a judgement.
    pub(crate) fn take_served(&self) -> Option<Shown> {
        self.served.borrow_mut().take()
    }

    /// The driver's judgement on it.
    pub(crate) fn admit(&self, admission: Admission) {
        self.admission.set(Some(admission));
    }

    /// Shows what has arrived to `look`, which says how many bytes are done with; `is_full` is true where no further
    /// piece fits.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&[u8], bool) -> (usize, T)) -> T {
        let mut incoming = self.incoming.borrow_mut();
        let is_full = !has_room(&incoming);
        let (consumed, seen) = look(&incoming, is_full);
        let consumed = consumed.min(incoming.len());
        incoming.drain(..consumed);
        seen
    }

    /// What the conversation waits for at its socket.
    pub(crate) const fn interest(&self) -> &Cell<Interest> {
        &self.interest
    }

    /// For the conversation: the next wish, once there is one that can be granted.
    pub(crate) async fn next_wish(&self) -> Wish {
        poll_fn(|_| {
            let mut wish = self.wish.borrow_mut();
            match *wish {
                Wish::Nothing => Poll::Pending,
                Wish::Bytes if !has_room(&self.incoming.borrow()) => Poll::Pending,
                // Bytes stay wished for until they are there.
                Wish::Bytes => Poll::Ready(Wish::Bytes),
                Wish::Request(_) => Poll::Ready(core::mem::replace(&mut *wish, Wish::Bytes)),
            }
        })
        .await
    }

    /// For the conversation: bytes that were wished for.
    pub(crate) fn deliver(&self, bytes: &[u8]) {
        let mut incoming = self.incoming.borrow_mut();
        if incoming.capacity() < INCOMING_BYTES {
            let more = INCOMING_BYTES.saturating_sub(incoming.len());
            incoming.reserve_exact(more);
        }
        incoming.extend_from_slice(bytes);
        *self.wish.borrow_mut() = Wish::Nothing;
    }

    /// For the conversation: shows a chain and waits for the judgement on it.
    pub(crate) async fn ask_admission(&self, served: Shown) -> Admission {
        *self.served.borrow_mut() = Some(served);
        poll_fn(|_| self.admission.take().map_or(Poll::Pending, Poll::Ready)).await
    }

    /// For the conversation: leaves a chain behind at its end.
    pub(crate) fn leave_served(&self, served: Shown) {
        *self.served.borrow_mut() = Some(served);
    }
}

fn has_room(incoming: &[u8]) -> bool {
    incoming.len().saturating_add(PIECE_BYTES) <= INCOMING_BYTES
}
