//! When one keyring follows another: by the old threshold and the new, or by the recovery keys.

use crate::{
    Authority, ChannelId, Document as _, Envelope, Header, Keyring, Kind, Order, RecoverySet, Role,
    SignatureLog, SignatureMemo, VerifyError, limits, memo::Pace,
};

/// A keyring that may replace the one in force.
#[derive(Clone, Copy, Debug)]
pub struct Accepted<'a> {
    /// The new keyring.
    pub keyring: Keyring<'a>,
    /// Its whole document.
    pub document: &'a [u8],
    /// True where it opened the next recovery epoch.
    pub recovered: bool,
    /// What follows it in a pack.
    pub rest: &'a [u8],
}

/// A keyring file, split.
struct File<'a> {
    recovery: Option<RecoverySet<'a>>,
    envelope: Envelope<'a>,
    /// What follows the file.
    rest: &'a [u8],
    /// The keyring's document and what follows.
    start: &'a [u8],
}

impl Keyring<'_> {
    /// Judges the next generation at the front of `bytes`: a keyring document, with a recovery set in front of it
    /// where one is shown.
    ///
    /// Within an epoch the thresholds of this keyring and of the new one must both have signed, and the recovery
    /// keys too if the commitment changes. The next epoch needs the recovery keys and the new threshold, and must
    /// commit to other recovery keys. A floor may be restated for a role all of whose keys are replaced, and for
    /// every role in a recovery.
    ///
    /// # Errors
    /// [`VerifyError`]; the keyring in force stays what it was.
    pub fn accept<'b>(&self, bytes: &'b [u8]) -> Result<Accepted<'b>, VerifyError> {
        self.judge_next(bytes, &mut Pace::AtOnce)
    }

    /// As [`Keyring::accept`], with no more signatures than `memo` allows in this call.
    ///
    /// # Errors
    /// [`VerifyError::Deferred`] where one more is to be checked: the same call again goes on.
    pub fn accept_in_steps<'b>(
        &self,
        bytes: &'b [u8],
        memo: &mut SignatureMemo,
    ) -> Result<Accepted<'b>, VerifyError> {
        self.judge_next(bytes, &mut Pace::InSteps(memo))
    }

    /// As [`Keyring::accept`], with one signature more in each call; `log` is that of `bytes` alone.
    ///
    /// # Errors
    /// [`VerifyError::Deferred`] where one more is to be checked: the same call again goes on.
    pub fn accept_by_one<'b>(
        &self,
        bytes: &'b [u8],
        log: &mut SignatureLog,
    ) -> Result<Accepted<'b>, VerifyError> {
        let replay = log.replay(self, ChannelId::FLEET, [bytes, &[], &[]]);
        self.judge_next(bytes, &mut Pace::ByOne(replay))
    }

    fn judge_next<'b>(&self, bytes: &'b [u8], pace: &mut Pace<'_>) -> Result<Accepted<'b>, VerifyError> {
        // Both are read where they lie: on a small core a copy would be beside them while signatures are checked.
        let file = self.split(bytes);
        let File { recovery, envelope, rest, start } = file.as_ref().map_err(|error| *error)?;
        let recovered = self.check_header(envelope.header())?;
        if recovered {
            let set = recovery.as_ref().ok_or(VerifyError::RecoveryMissing)?;
            envelope.require_recovery(set, pace)?;
        } else {
            envelope.require_keyring_role(self, pace)?;
        }
        let next = self.decode_next(envelope, recovered);
        let keyring = next.as_ref().map_err(|error| *error)?;
        envelope.require_keyring_role(keyring, pace)?;
        self.check_commitment(keyring, envelope, recovery.as_ref(), recovered, pace)?;
        self.check_restated_floors(keyring, recovered)?;
        let length = start.len().saturating_sub(rest.len());
        let document = start.get(..length).unwrap_or_default();
        Ok(Accepted { keyring: *keyring, document, recovered, rest })
    }

    /// Splits a keyring file: a recovery set where one is shown, which must be the one committed to, and the keyring.
    #[inline(never)] // what it needs is off the stack again when signatures are checked
    fn split<'b>(&self, bytes: &'b [u8]) -> Result<File<'b>, VerifyError> {
        let (first, after) = Envelope::parse(bytes)?;
        if first.header().kind != Kind::Recovery {
            return Ok(File { recovery: None, envelope: first, rest: after, start: bytes });
        }
        let recovery = Some(RecoverySet::reveal(&first, self.recovery_commitment())?);
        let (envelope, rest) = Envelope::parse(after)?;
        Ok(File { recovery, envelope, rest, start: after })
    }

    /// Decodes the new keyring, whose old threshold or recovery keys have signed.
    #[inline(never)] // as above
    fn decode_next<'b>(&self, envelope: &Envelope<'b>, recovered: bool) -> Result<Keyring<'b>, VerifyError> {
        let authority = if recovered {
            Authority::Commitment
        } else {
            Authority::Threshold { role: Role::Keyring, keyring: self.order() }
        };
        Ok(Keyring::decode(envelope.believe(authority).attach(envelope.body())?)?)
    }

    /// Kind, channel and order; true where the header opens the next epoch.
    fn check_header(&self, header: &Header) -> Result<bool, VerifyError> {
        let (current, offered) = (self.order(), header.order);
        if header.kind != Kind::Keyring {
            return Err(VerifyError::Kind(header.kind));
        }
        if header.channel != ChannelId::FLEET {
            return Err(VerifyError::Channel);
        }
        if offered <= current {
            return Err(VerifyError::NotNewer { current, offered });
        }
        let recovered = Some(offered.epoch) == current.epoch.checked_add(1);
        if !recovered && offered.epoch != current.epoch {
            return Err(VerifyError::Epoch { current: current.epoch, offered: offered.epoch });
        }
        if !recovered && header.keyring_version > current.number {
            let needed = header.keyring_version;
            return Err(VerifyError::KeyringTooOld { current: current.number, needed });
        }
        if !current.steps_to(Order::new(current.epoch, offered.number), limits::KEYRING_STEP_MAX) {
            return Err(VerifyError::Step { current, offered });
        }
        Ok(recovered)
    }

    fn check_commitment(
        &self,
        next: &Keyring<'_>,
        envelope: &Envelope<'_>,
        recovery: Option<&RecoverySet<'_>>,
        recovered: bool,
        pace: &mut Pace<'_>,
    ) -> Result<(), VerifyError> {
        let changed = next.recovery_commitment() != self.recovery_commitment();
        match (recovered, changed) {
            (true, true) | (false, false) => Ok(()),
            // Recovery keys were shown: the next theft must find other ones.
            (true, false) => Err(VerifyError::CommitmentChanged),
            (false, true) => envelope.require_recovery(recovery.ok_or(VerifyError::CommitmentChanged)?, pace),
        }
    }

    fn check_restated_floors(&self, next: &Keyring<'_>, recovered: bool) -> Result<(), VerifyError> {
        let kept = next.floors().iter().find(|floor| !recovered && !next.replaces_role_of(self, floor.role));
        kept.map_or(Ok(()), |floor| Err(VerifyError::FloorKept(floor.role)))
    }
}
