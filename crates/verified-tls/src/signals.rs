//! What guard and connection tell each other while `embedded-tls` holds the guard.
//!
//! `embedded-tls` owns the transport it is given and never shows it again. These few words lie beside the
//! buffers, so that both sides reach them.

use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use crate::fault::Fault;

/// Words shared by the guard and the connection around it. One task uses both, so no order is needed.
#[derive(Default)]
pub(crate) struct Signals {
    is_open: AtomicBool,
    records_left: AtomicU8,
    fault: AtomicU32,
}

impl Signals {
    /// Begins a connection: nothing went wrong yet, and `records` records may come.
    pub(crate) fn begin(&self, records: u8) {
        self.is_open.store(false, Ordering::Relaxed);
        self.records_left.store(records, Ordering::Relaxed);
        self.fault.store(0, Ordering::Relaxed);
    }

    /// The handshake is over: what comes now is application data.
    pub(crate) fn open(&self) {
        self.is_open.store(true, Ordering::Relaxed);
    }

    /// True once the handshake is over.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }

    /// Allows so many records until the next call.
    pub(crate) fn allow(&self, records: u8) {
        self.records_left.store(records, Ordering::Relaxed);
    }

    /// Takes one record from what is allowed; false where nothing is left.
    pub(crate) fn take_record(&self) -> bool {
        let left = self.records_left.load(Ordering::Relaxed).checked_sub(1);
        if let Some(left) = left {
            self.records_left.store(left, Ordering::Relaxed);
        }
        left.is_some()
    }

    /// Notes what the guard refused.
    pub(crate) fn report(&self, fault: Fault) {
        self.fault.store(fault.to_word(), Ordering::Relaxed);
    }

    /// What the guard refused, if it refused anything.
    pub(crate) fn fault(&self) -> Option<Fault> {
        Fault::from_word(self.fault.load(Ordering::Relaxed))
    }
}
