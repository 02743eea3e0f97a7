//! Judging in steps: what signatures have been found to be, so that one call checks at most one more.
//!
//! webpki cannot be stopped in the middle of its search. So the search is run again with what is known by then:
//! each of its algorithms is wrapped in one that looks a signature up, and only where it is unknown, and nothing
//! has been checked in this call yet, verifies it. A search that needed more than that is thrown away, whatever it
//! found, and its like is run in the next call.

use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use bundle::Sha256;
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use webpki::ALL_VERIFICATION_ALGS;

/// Most signatures that one judgement in steps checks, and so most calls that it takes, but for one: a path has at
/// most seven, and bundles in a change of roots have a few paths. It is far below the 100 of webpki, because every
/// one of them costs a small device up to a tenth of a second and 33 bytes.
pub const STEPS_MAX: usize = 32;

/// Bytes that the list of what is known takes beside itself while it grows.
pub(crate) const STEPS_BYTES: usize = STEPS_MAX * size_of::<Known>();

/// What a judgement in steps knows by now. It belongs to one served chain; judging that chain under several sets
/// with the same steps checks no signature twice.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    known: Vec<Known>,
}

/// One signature that was checked: algorithm, key, message and signature by one hash, and the result.
#[derive(Clone, Copy, Debug)]
struct Known {
    name: Sha256,
    is_valid: bool,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Everything that was asked for was known: what was found counts.
    Whole,
    /// Something was put off: what was found does not count.
    Deferred,
    /// Something was put off, and no further signature may be checked.
    Exhausted,
}

/// One call's view of the steps. webpki wants its algorithms to be `Sync`, so what changes is atomic; one thread
/// uses it.
pub(crate) struct Ledger<'s> {
    known: &'s [Known],
    /// The signature that this call checked: one of [`NOTHING`], [`VALID`], [`INVALID`], and its name.
    fresh: AtomicU8,
    fresh_name: [AtomicU32; 8],
    is_deferred: AtomicBool,
}

const NOTHING: u8 = 0;
const VALID: u8 = 1;
const INVALID: u8 = 2;

/// One of webpki's algorithms, asking the ledger first.
#[derive(Debug)]
pub(crate) struct Stepped<'l, 's> {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    place: u8,
    ledger: &'l Ledger<'s>,
}

impl Steps {
    /// Nothing known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { known: Vec::new() }
    }

    /// How many signatures have been checked.
    #[must_use]
    pub fn signatures(&self) -> usize {
        self.known.len()
    }

    pub(crate) fn ledger(&self) -> Ledger<'_> {
        Ledger {
            known: &self.known,
            fresh: AtomicU8::new(NOTHING),
            fresh_name: Default::default(),
            is_deferred: AtomicBool::new(false),
        }
    }

    /// Keeps what a call found out.
    pub(crate) fn keep(&mut self, found: Option<(Sha256, bool)>) {
        // One at a time: a list that doubles would take its memory twice, and half of it for nothing.
        self.known.reserve_exact(usize::from(found.is_some()));
        self.known.extend(found.map(|(name, is_valid)| Known { name, is_valid }));
    }
}

impl<'s> Ledger<'s> {
    /// webpki's algorithms, each asking this ledger.
    pub(crate) fn algorithms(&self) -> Vec<Stepped<'_, 's>> {
        let places = (0_u8..).zip(ALL_VERIFICATION_ALGS);
        places.map(|(place, algorithm)| Stepped { algorithm: *algorithm, place, ledger: self }).collect()
    }

    /// How the call ended.
    pub(crate) fn step(&self) -> Step {
        if !self.is_deferred.load(Ordering::Relaxed) {
            Step::Whole
        } else if self.known.len() >= STEPS_MAX {
            Step::Exhausted
        } else {
            Step::Deferred
        }
    }

    /// The signature that this call checked.
    pub(crate) fn found(&self) -> Option<(Sha256, bool)> {
        let fresh = self.fresh.load(Ordering::Relaxed);
        let mut name = [0; 32];
        for (to, from) in name.chunks_exact_mut(4).zip(&self.fresh_name) {
            to.iter_mut().zip(from.load(Ordering::Relaxed).to_ne_bytes()).for_each(|(to, from)| *to = from);
        }
        (fresh != NOTHING).then_some((Sha256(name), fresh == VALID))
    }

    fn result(&self, name: Sha256) -> Option<bool> {
        let known = self.known.iter().find(|known| known.name == name).map(|known| known.is_valid);
        known.or_else(|| self.found().filter(|(fresh, _)| *fresh == name).map(|(_, is_valid)| is_valid))
    }

    /// Notes the result of the one check of this call.
    fn note(&self, name: Sha256, is_valid: bool) {
        for (to, from) in self.fresh_name.iter().zip(name.0.chunks_exact(4)) {
            let from = from.try_into().unwrap_or_default();
            to.store(u32::from_ne_bytes(from), Ordering::Relaxed);
        }
        self.fresh.store(if is_valid { VALID } else { INVALID }, Ordering::Relaxed);
    }

    fn may_check(&self) -> bool {
        self.known.len() < STEPS_MAX
            && self.fresh.load(Ordering::Relaxed) == NOTHING
            && !self.is_deferred.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Ledger<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

impl SignatureVerificationAlgorithm for Stepped<'_, '_> {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        // Lengths stand before the parts, so that no two questions have one name.
        let length = |part: &[u8]| u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes();
        let lengths = [length(public_key), length(message), length(signature)];
        let [key_length, message_length, signature_length] = &lengths;
        let parts: [&[u8]; 7] =
            [&[self.place], key_length, public_key, message_length, message, signature_length, signature];
        let name = Sha256::of(&parts);
        let result = self.ledger.result(name).or_else(|| {
            let result = self
                .ledger
                .may_check()
                .then(|| self.algorithm.verify_signature(public_key, message, signature).is_ok())?;
            self.ledger.note(name, result);
            Some(result)
        });
        match result {
            Some(true) => Ok(()),
            Some(false) => Err(InvalidSignature),
            None => {
                self.ledger.is_deferred.store(true, Ordering::Relaxed);
                Err(InvalidSignature)
            }
        }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}
