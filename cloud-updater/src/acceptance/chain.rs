//! The keyring generations of a published tree, followed from the one that is trusted.

use bundle::{Keyring, Order, VerifyError};

use super::origin::Origin;
use super::record::Record;
use super::trust::Ring;
use crate::server::PublishedName;

/// Most generations followed: a keyring a week for twenty years, and more.
const GENERATIONS_MAX: usize = 1_024;

/// Keyrings, each vouched for by the one before it; never empty.
pub(super) struct Chain {
    first: Ring,
    later: Vec<Ring>,
}

impl Chain {
    /// The chain that is `first` alone.
    pub(super) const fn new(first: Ring) -> Self {
        Self { first, later: Vec::new() }
    }

    /// The newest generation.
    pub(super) fn newest(&self) -> &Ring {
        self.later.last().unwrap_or(&self.first)
    }

    /// All generations, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Ring> {
        self.later.iter().rev().chain(std::iter::once(&self.first))
    }

    /// All generations, oldest first.
    pub(super) fn oldest_first(&self) -> impl Iterator<Item = &Ring> {
        std::iter::once(&self.first).chain(&self.later)
    }

    /// Follows the generations that `origin` publishes, as a device that holds `first` would.
    pub(super) fn follow(first: Ring, origin: &Origin, record: &mut Record) -> Result<Self, VerifyError> {
        let mut chain = Self::new(first);
        for _ in 0..GENERATIONS_MAX {
            let order = chain.newest().keyring()?.order();
            let next = PublishedName::Keyring { number: order.number.saturating_add(1) };
            let recovery = PublishedName::Recovery { epoch: u32::from(order.epoch).saturating_add(1) };
            // A keyring that a thief signed far ahead is passed by way of the recovery that answers it.
            if !chain.step(&next, origin, record)? && !chain.step(&recovery, origin, record)? {
                break;
            }
        }
        Ok(chain)
    }

    /// Takes the generations at the front of `bytes`, one after the other; returns how many there were.
    pub(super) fn accept_all(&mut self, bytes: &[u8], source: &str) -> Result<usize, VerifyError> {
        let mut rest = bytes;
        let mut count = 0;
        while !rest.is_empty() {
            let accepted = self.newest().keyring()?.accept(rest)?;
            let ring = Ring::new(accepted.document, source)?;
            rest = accepted.rest;
            self.later.push(ring);
            count += 1;
        }
        Ok(count)
    }

    /// Reads and judges one file; true where it led to a newer generation.
    fn step(
        &mut self,
        name: &PublishedName,
        origin: &Origin,
        record: &mut Record,
    ) -> Result<bool, VerifyError> {
        let subject = name.to_string();
        let bytes = match origin.read(name) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(false),
            Err(error) => {
                record.unreachable(subject, error.to_string());
                return Ok(false);
            }
        };
        let before = self.newest().keyring()?.order();
        match self.accept_all(&bytes, &subject) {
            Ok(1) => {
                let detail = describe(&self.newest().keyring()?, before);
                record.good(subject, detail);
                Ok(true)
            }
            Ok(count) => {
                record.bad(subject, "keyring_count", format!("holds {count} keyrings, one belongs there"));
                Ok(count > 0)
            }
            Err(error) => {
                record.refused(subject, &error);
                Ok(self.newest().keyring()?.order() > before)
            }
        }
    }
}

fn describe(keyring: &Keyring<'_>, before: Order) -> String {
    let by = if keyring.order().epoch == before.epoch {
        format!("the thresholds of keyring {before} and its own")
    } else {
        format!("the recovery keys that keyring {before} committed to, and its own threshold")
    };
    format!("keyring {}, signed by {by}", keyring.order())
}
