//! The judge: one service of one bundle, asked about served chains.

use alloc::vec::Vec;

use bundle::{AnchorIndex, Denial, Expectation, Pin, Section, UnixSeconds};
use rustls_pki_types::{ServerName, SignatureVerificationAlgorithm};
use webpki::ALL_VERIFICATION_ALGS;

use crate::anchor_set::{Scope, SetAnchor};
use crate::link::Links;
use crate::paths::{self, Walk};
use crate::pool::Pool;
use crate::steps::{Step, Steps};
use crate::{
    Acceptance, AnchorSet, Certificate, ChainFault, Inconclusive, Path, Profile, Purpose, Refusal, Served,
    Time, Verdict,
};

/// Judges the chains of one service under one [`AnchorSet`].
#[derive(Clone, Copy, Debug)]
pub struct Judge<'s> {
    set: &'s AnchorSet,
    scope: &'s Scope,
    profile: Profile,
}

/// What every path is measured against.
pub(crate) struct Rules<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) server_name: Option<&'a ServerName<'a>>,
    pub(crate) denials: &'a [Denial],
    pub(crate) pins: &'a [Pin],
    pub(crate) expectations: Section<'a, Expectation<'a>>,
    /// A moment that is certainly past.
    pub(crate) earliest: UnixSeconds,
    pub(crate) profile: Profile,
}

impl AnchorSet {
    /// The verdict of the first of the set's services that verifies a chain, else of the last that does not; of a
    /// set without services, the verdict for any peer. In steps, as [`Judge::verdict_step`].
    ///
    /// It is what a set made by [`AnchorSet::select`] is asked.
    pub fn verdict_step(&self, served: &Served<'_>, time: Time, steps: &mut Steps) -> Option<Verdict> {
        let (mut refused, checked) = (None, steps.signatures());
        for judge in self.judges() {
            // The one before may have ended with a signature of its own.
            if steps.signatures() > checked {
                return None;
            }
            match judge.verdict_step(served, time, steps)? {
                verified @ Verdict::Verified(_) => return Some(verified),
                other => refused = Some(other),
            }
        }
        refused
    }
}

impl<'s> Judge<'s> {
    pub(crate) const fn new(set: &'s AnchorSet, scope: &'s Scope) -> Self {
        Self { set, scope, profile: scope.profile }
    }

    /// The same judge, looking as closely as this profile has it, whatever the service asks for.
    #[must_use]
    pub const fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// The judgement on one chain.
    ///
    /// Verified means: a path from the served certificate to an anchor of the service whose signatures, dates,
    /// key usages, path lengths and name constraints hold (RFC 5280 §6), whose anchor is valid now and trusted
    /// for the purpose and, if constrained, by at least one of its constraint sets, which holds a pinned
    /// certificate or key where the service has pins in force, whose leaf has an expected issuer and subject where
    /// the service has such expectations in force, of which nothing is denied; and the name fits.
    pub fn verdict(&self, served: &Served<'_>, time: Time) -> Verdict {
        self.verdict_with(ALL_VERIFICATION_ALGS, served, time, &|links| links.path())
    }

    /// As [`Judge::verdict`], without the path's certificates: those are then hashed only where a denial or a pin
    /// asks for it.
    pub fn acceptance(&self, served: &Served<'_>, time: Time) -> Verdict<Acceptance> {
        self.verdict_with(ALL_VERIFICATION_ALGS, served, time, &|links| Acceptance {
            anchor: links.anchor.index,
            valid_until: links.valid_until,
        })
    }

    /// As [`Judge::verdict`], checking at most one signature a call; `None` means that there is more to do: call
    /// again with the same chain, time and steps.
    ///
    /// It is the same verdict, after at most [`STEPS_MAX`](crate::STEPS_MAX) + 1 calls; a chain that needs more
    /// signatures is [`Inconclusive::TooComplex`].
    pub fn verdict_step(&self, served: &Served<'_>, time: Time, steps: &mut Steps) -> Option<Verdict> {
        let too_complex = || Verdict::Inconclusive(Inconclusive::TooComplex);
        stepped(steps, too_complex, |algorithms| {
            self.verdict_with(algorithms, served, time, &|links| links.path())
        })
    }

    /// `tell` says what the verdict is to say of the path.
    fn verdict_with<V>(
        &self,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
        served: &Served<'_>,
        time: Time,
        tell: &dyn Fn(&Links<'_, '_>) -> V,
    ) -> Verdict<V> {
        let leaf = match Certificate::parse(served.end_entity) {
            Ok(leaf) => leaf,
            Err(error) => return Verdict::Refused(malformed(&error)),
        };
        let mut pool = Pool::new(leaf, served, self.set, self.scope);
        let mut verified = None;
        let mut refusal: Option<Refusal> = None;
        let mut too_complex = false;
        for moment in pool.moments(time) {
            let walk = paths::walk(&pool, &self.rules(served, time), algorithms, moment, &mut |judged| {
                match judged {
                    Ok(path) => verified = Some(tell(&path)),
                    Err(reason) => refusal = Some(reason.or_better(refusal.take())),
                }
                verified.is_none()
            });
            match walk {
                Walk::Ended(reason) => refusal = Some(better(refusal.take(), reason)),
                Walk::Stopped => break,
                Walk::TooComplex => too_complex = true,
            }
        }
        let name = served.server_name.map_or(Ok(()), |name| paths::check_name(&pool, name));
        match (verified, name, refusal) {
            (Some(path), Ok(()), _) => Verdict::Verified(path),
            (Some(_), Err(name), _) => Verdict::Refused(name),
            (None, Ok(()), _) if too_complex || pool.is_cut => {
                Verdict::Inconclusive(Inconclusive::TooComplex)
            }
            (None, Err(name), refusal) => Verdict::Refused(name.or_better(refusal)),
            (None, Ok(()), Some(refusal)) => Verdict::Refused(refusal),
            // Not reached: there is at least one moment, and every walk ends with a path, a reason or neither.
            (None, Ok(()), None) => Verdict::Inconclusive(Inconclusive::TooComplex),
        }
    }

    /// True where the chain verifies and every acceptable path runs through something that `denials` names:
    /// invariant 10's one excuse for losing a service.
    ///
    /// False where no path verifies, where one is free of the denials, and where the limits ended the search
    /// before every path was seen.
    #[must_use]
    pub fn every_path_is_denied_by(&self, denials: &[Denial], served: &Served<'_>, time: Time) -> bool {
        self.are_all_denied(ALL_VERIFICATION_ALGS, denials, served, time)
    }

    /// As [`Judge::every_path_is_denied_by`], checking at most one signature a call, as [`Judge::verdict_step`].
    pub fn every_path_is_denied_by_step(
        &self,
        denials: &[Denial],
        served: &Served<'_>,
        time: Time,
        steps: &mut Steps,
    ) -> Option<bool> {
        stepped(steps, || false, |algorithms| self.are_all_denied(algorithms, denials, served, time))
    }

    /// As [`AnchorSet::judging_bytes`], for this service alone.
    #[must_use]
    pub fn judging_bytes(&self, served: &Served<'_>) -> usize {
        self.set.judging_bytes(served)
    }

    /// Every acceptable path; `None` where the limits ended the search before every path was seen.
    #[must_use]
    pub fn verified_paths(&self, served: &Served<'_>, time: Time) -> Option<Vec<Path>> {
        self.paths_with(ALL_VERIFICATION_ALGS, served, time)
    }

    fn paths_with(
        &self,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
        served: &Served<'_>,
        time: Time,
    ) -> Option<Vec<Path>> {
        let mut found: Vec<Path> = Vec::new();
        let is_whole = self.each_path(algorithms, served, time, &mut |links| {
            let path = links.path();
            if !found.contains(&path) {
                found.push(path);
            }
        });
        is_whole.then_some(found)
    }

    /// True where there are acceptable paths and every one is denied. None is kept: there may be many.
    fn are_all_denied(
        &self,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
        denials: &[Denial],
        served: &Served<'_>,
        time: Time,
    ) -> bool {
        let (mut denied, mut free) = (false, false);
        let is_whole = self.each_path(algorithms, served, time, &mut |path| {
            let is_denied = path.is_denied_by(denials);
            (denied, free) = (denied || is_denied, free || !is_denied);
        });
        is_whole && denied && !free
    }

    /// Shows every acceptable path; false where the limits ended the search before every path was seen.
    fn each_path(
        &self,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
        served: &Served<'_>,
        time: Time,
        see: &mut dyn FnMut(&Links<'_, '_>),
    ) -> bool {
        let Ok(leaf) = Certificate::parse(served.end_entity) else { return true };
        let mut pool = Pool::new(leaf, served, self.set, self.scope);
        if served.server_name.is_some_and(|name| paths::check_name(&pool, name).is_err()) {
            return true;
        }
        for moment in pool.moments(time) {
            let walk = paths::walk(&pool, &self.rules(served, time), algorithms, moment, &mut |judged| {
                judged.iter().for_each(&mut *see);
                true
            });
            if matches!(walk, Walk::TooComplex) {
                return false;
            }
        }
        !pool.is_cut
    }

    /// True where the anchor at `index` serves, whatever the dates and the deny list say of it.
    #[must_use]
    pub fn includes(&self, index: AnchorIndex) -> bool {
        self.scope.includes(index)
    }

    /// The anchors that could end a path now: of the service, not denied, valid, and trusted for the purpose.
    ///
    /// Where there are none, the service cannot be verified at all.
    pub fn usable_anchors(&self, purpose: Purpose, time: Time) -> impl Iterator<Item = AnchorIndex> {
        let judge = *self;
        let is_valid = move |anchor: &&SetAnchor| match time {
            Time::Known(now) => (anchor.not_before..=anchor.not_after).contains(&now),
            Time::Unknown { floor } => anchor.not_after >= floor,
        };
        let anchors = judge.set.anchors.iter().filter(move |anchor| judge.scope.includes(anchor.index));
        anchors
            .filter(is_valid)
            .filter(move |anchor| anchor.purposes.contains(purpose.bit()))
            .filter(move |anchor| anchor.denial(&judge.set.denials).is_none())
            .map(|anchor| anchor.index)
    }

    fn rules<'a>(&'a self, served: &Served<'a>, time: Time) -> Rules<'a> {
        Rules {
            purpose: served.purpose,
            server_name: served.server_name,
            denials: &self.set.denials,
            pins: &self.scope.pins,
            expectations: self.scope.expectations(),
            earliest: time.earliest(),
            profile: self.profile,
        }
    }
}

/// One call of a judgement in steps: `judge`, if it needed no more than one signature that was not known.
fn stepped<T>(
    steps: &mut Steps,
    too_complex: impl FnOnce() -> T,
    judge: impl FnOnce(&[&dyn SignatureVerificationAlgorithm]) -> T,
) -> Option<T> {
    let ledger = steps.ledger();
    let algorithms = ledger.algorithms();
    let algorithms: Vec<&dyn SignatureVerificationAlgorithm> =
        algorithms.iter().map(|algorithm| -> &dyn SignatureVerificationAlgorithm { algorithm }).collect();
    let judged = judge(&algorithms);
    let (step, found) = (ledger.step(), ledger.found());
    drop(algorithms);
    steps.keep(found);
    match step {
        Step::Whole => Some(judged),
        Step::Deferred => None,
        Step::Exhausted => Some(too_complex()),
    }
}

fn better(known: Option<Refusal>, new: Refusal) -> Refusal {
    match known {
        Some(known) => known.or_better(Some(new)),
        None => new,
    }
}

fn malformed(error: &crate::DerError) -> Refusal {
    use alloc::string::ToString as _;
    Refusal::Chain(ChainFault::Malformed(error.to_string()))
}
