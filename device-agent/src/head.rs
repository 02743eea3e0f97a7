//! The head: accepted, ignored or refused, by order, digest and step; clamped in everything it says.

use bundle::{
    Document as _, Envelope, Head, Keyring, Order, Sha256, UnixSeconds, VerifyError, in_share,
    limits::HEAD_STEP_MAX,
};
use store::{HeadNote, Storage};

use crate::{Agent, Clock, Freshness, Now, Reason, agent::Deferred, content::in_force, cycle::known, limits};

/// What is kept of an accepted head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AcceptedHead {
    pub(crate) order: Order,
    pub(crate) digest: Sha256,
    /// From when it vouches for freshness: its date, or when it came where the date lies ahead.
    valid_from: UnixSeconds,
    lifetime_seconds: u32,
    pub(crate) refresh_seconds: u32,
    pub(crate) keyring_version: u32,
    pub(crate) release: Order,
    pub(crate) release_digest: Sha256,
    pub(crate) in_share: bool,
    pub(crate) previous: Option<(Order, Sha256)>,
}

/// Why a head is not the newest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadFault {
    /// Nothing is known yet: one more signature is to be checked.
    Deferred,
    /// It needs a newer keyring: this version at least.
    Keyring(u32),
    /// It is of a newer recovery epoch.
    Epoch,
    /// Another keyring may change the judgement.
    Unverified(Reason),
    /// No keyring changes the judgement.
    Refused(Reason),
}

impl AcceptedHead {
    /// When it ceases to vouch for freshness.
    pub(crate) fn expires_at(&self) -> UnixSeconds {
        self.valid_from.plus(u64::from(self.lifetime_seconds))
    }

    /// What the journal keeps of it.
    pub(crate) const fn note(&self) -> HeadNote {
        HeadNote {
            order: self.order,
            digest: self.digest,
            // Not the signer's date where that lies ahead: a restart must not make the head fresh for longer.
            valid_from: self.valid_from,
            lifetime_seconds: self.lifetime_seconds,
        }
    }
}

impl<S: Storage> Agent<'_, S> {
    /// Judges the head that has arrived, and goes on with keyrings or with the release it names.
    pub(crate) fn judge_head(&mut self, now: Now) {
        let incoming = core::mem::take(&mut self.memory.incoming);
        let head = match self.keyring_below_floor() {
            Some(fault) => Err(fault),
            None => self.read_head(incoming.get(..self.gathered).unwrap_or_default(), now),
        };
        self.memory.incoming = incoming;
        match head.and_then(|head| self.place(head)) {
            Err(HeadFault::Deferred) => self.deferred = Some(Deferred::Complete),
            Ok(head) => self.accept_head(now, head),
            Err(HeadFault::Keyring(version)) => {
                self.cycle.head_fault = Some(Reason::KeyringUnavailable);
                self.catch_up(now, version);
            }
            Err(HeadFault::Epoch) => {
                self.cycle.head_fault = Some(Reason::KeyringUnavailable);
                // The recovery answers to the newest commitment, and a generation in between may have changed it.
                if self.cycle.keyrings_asked { self.ask_recovery(now) } else { self.ask_next_keyrings(now) }
            }
            Err(HeadFault::Unverified(reason)) if !self.cycle.keyrings_asked => {
                self.cycle.head_fault = Some(reason);
                self.ask_next_keyrings(now);
            }
            Err(HeadFault::Unverified(reason) | HeadFault::Refused(reason)) => {
                self.head_unusable(now, reason);
            }
        }
    }

    /// There is no head to be used: the daily questions are asked all the same, or whoever writes the head's file
    /// could hide a keyring for ever with a head that is older, spoilt or gone.
    pub(crate) fn head_unusable(&mut self, now: Now, reason: Reason) {
        if self.cycle.keyrings_asked || !self.daily_due(now) {
            return self.finish(now, reason, None);
        }
        (self.cycle.head_fault, self.cycle.head_unusable) = (Some(reason), Some(reason));
        self.ask_next_keyrings(now);
    }

    fn accept_head(&mut self, now: Now, head: AcceptedHead) {
        self.head = Some(head);
        self.cycle.head_accepted = true;
        self.memo.offline = false;
        let behind = self.keyring().is_some_and(|keyring| head.keyring_version > keyring.version());
        if behind {
            self.catch_up(now, head.keyring_version);
        } else if self.daily_due(now) && !self.cycle.daily_done && !self.cycle.keyrings_asked {
            self.ask_next_keyrings(now);
        } else {
            self.decide(now);
        }
    }

    /// What the floor says of the keyring in force: one below it judges nothing.
    pub(crate) fn keyring_below_floor(&self) -> Option<HeadFault> {
        let (current, floor) = (self.keyring_order()?, self.floors().keyring);
        match current < floor {
            true if floor.epoch > current.epoch => Some(HeadFault::Epoch),
            true => Some(HeadFault::Keyring(floor.number)),
            false => None,
        }
    }

    /// Verifies and decodes; nothing is compared with earlier heads yet.
    pub(crate) fn read_head(&mut self, document: &[u8], now: Now) -> Result<AcceptedHead, HeadFault> {
        let malformed = |_| HeadFault::Refused(Reason::HeadMalformed);
        let keyring = Keyring::restored(in_force(self.newer_keyring.as_ref(), &self.store))
            .map_err(|_| HeadFault::Refused(Reason::KeyringUnavailable))?;
        let envelope = Envelope::parse_whole(document).map_err(malformed)?;
        let authentic =
            envelope.verify_in_steps(&keyring, self.channel, &mut self.signatures).map_err(fault)?;
        let head = Head::decode(authentic).map_err(|_| HeadFault::Refused(Reason::HeadMalformed))?;
        let issued_at = head.header().issued_at;
        let lifetime = head.expires_at().since(issued_at);
        let valid_from = self.set_clock(now.clock).map_or(issued_at, |time| issued_at.min(time));
        Ok(AcceptedHead {
            order: head.order(),
            digest: envelope.digest(),
            valid_from,
            lifetime_seconds: u32::try_from(lifetime).unwrap_or(u32::MAX),
            refresh_seconds: head.refresh_seconds(),
            keyring_version: head.keyring_version(),
            release: head.release(),
            release_digest: head.release_digest(),
            in_share: in_share(&head, self.configuration.device, self.configuration.groups),
            previous: head.previous().map(|previous| (previous.order(), previous.digest)),
        })
    }

    /// Compares a head with the newest one: older is ignored, another one of the same number is equivocation,
    /// and a jump above the named maximum is refused.
    pub(crate) fn place(&self, head: AcceptedHead) -> Result<AcceptedHead, HeadFault> {
        let refused = |reason| Err(HeadFault::Refused(reason));
        let newest = self.newest_head();
        match newest {
            Some((order, _)) if head.order < order => refused(Reason::HeadOlder),
            Some((order, digest))
                if head.order == order && digest.is_some_and(|digest| digest != head.digest) =>
            {
                refused(Reason::HeadEquivocation)
            }
            Some((order, _)) if !order.steps_to(head.order, HEAD_STEP_MAX) => {
                refused(Reason::HeadFastForward)
            }
            _ => Ok(self.as_first_seen(head)),
        }
    }

    /// The same head again is as fresh as when it first came, and so it is after a restart.
    fn as_first_seen(&self, head: AcceptedHead) -> AcceptedHead {
        let in_ram = self.head.filter(|known| known.digest == head.digest).map(|known| known.valid_from);
        let noted =
            self.store.record().head.filter(|note| note.digest == head.digest).map(|note| note.valid_from);
        let earlier = in_ram.or(noted).map_or(head.valid_from, |seen| seen.min(head.valid_from));
        AcceptedHead { valid_from: earlier, ..head }
    }

    /// A head that came before the clock was set counts from the first moment that is known.
    pub(crate) fn clamp_head(&mut self, clock: Clock) {
        let time = self.set_clock(clock);
        if let Some((head, time)) = self.head.as_mut().zip(time) {
            head.valid_from = head.valid_from.min(time);
        }
    }

    /// The clock, but unknown where it stands before the image was made: nobody ever set it, or somebody set it wrongly.
    #[must_use]
    pub fn believed(&self, clock: Clock) -> Clock {
        let of_seed = self.seed.map_or(UnixSeconds(0), |seed| seed.content.issued_at);
        let made_at = self.configuration.build_time.max(of_seed);
        // A seed may be dated as far ahead as every other document.
        let set = known(clock).filter(|time| time.plus(limits::CLOCK_AHEAD_SECONDS_MAX) >= made_at);
        set.map_or(Clock::Unknown, Clock::Known)
    }

    /// The time, unless the clock is unknown or behind what has passed for certain.
    fn set_clock(&self, clock: Clock) -> Option<UnixSeconds> {
        let floor = self.floors().time;
        known(clock).filter(|time| time.plus(limits::CLOCK_AHEAD_SECONDS_MAX) >= floor)
    }

    /// Order of the newest accepted head, and its digest where it is known.
    fn newest_head(&self) -> Option<(Order, Option<Sha256>)> {
        let record = self.store.record();
        let lowest = self.floors().head;
        let noted = record.head.filter(|note| note.order == lowest).map(|note| note.digest);
        let floor = (lowest != Order::default()).then_some((lowest, noted));
        let in_ram = self.head.map(|head| (head.order, Some(head.digest)));
        match (in_ram, floor) {
            (Some(in_ram), Some(floor)) if floor.0 > in_ram.0 => Some(floor),
            (in_ram, floor) => in_ram.or(floor),
        }
    }

    /// Whether the newest head still vouches for freshness.
    pub(crate) fn freshness(&self, clock: Clock) -> Freshness {
        // A note from ahead of the clock was made without one: it vouches for nothing.
        let is_past = |from: UnixSeconds| {
            known(clock).is_none_or(|time| from <= time.plus(limits::CLOCK_AHEAD_SECONDS_MAX))
        };
        let noted = self.store.record().head.filter(|note| is_past(note.valid_from));
        let noted = noted.map(|note| note.valid_from.plus(u64::from(note.lifetime_seconds)));
        let Some(until) = self.head.map(|head| head.expires_at()).or(noted) else {
            return Freshness::Unknown;
        };
        let floor = self.floors().time;
        match clock {
            // A floor beyond the expiry proves that it has passed, whatever the clock says.
            _ if floor > until => Freshness::Stale { since: until },
            Clock::Known(time) if time > until => Freshness::Stale { since: until },
            Clock::Known(time) if time.plus(limits::CLOCK_AHEAD_SECONDS_MAX) >= floor => {
                Freshness::Fresh { until }
            }
            Clock::Known(_) | Clock::Unknown => Freshness::Unknown,
        }
    }
}

fn fault(error: VerifyError) -> HeadFault {
    match error {
        VerifyError::KeyringTooOld { needed, .. } => HeadFault::Keyring(needed),
        VerifyError::Epoch { .. } => HeadFault::Epoch,
        VerifyError::Deferred => HeadFault::Deferred,
        VerifyError::Channel => HeadFault::Refused(Reason::HeadOfOtherChannel),
        VerifyError::Threshold { .. } => HeadFault::Unverified(Reason::HeadUnsigned),
        _ => HeadFault::Refused(Reason::HeadMalformed),
    }
}
