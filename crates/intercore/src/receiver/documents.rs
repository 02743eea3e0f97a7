//! Documents: gathered piece by piece, judged when they are whole, each accepted or refused on its own.

use bundle::{
    Authentic, ChannelId, Document as _, Envelope, Keyring, Kind, Manifest, Order, Role, SignatureLog,
    UnixSeconds, VerifyError, limits::RELEASE_STEP_MAX,
};

use super::{Halt, Receiver, Release, State, Step, keep_keyring};
use crate::{
    Message, Part, Reason,
    bytes::{length, put},
    trust,
};

impl Receiver<'_> {
    /// Adds a piece to the document that is coming; a whole one is to be judged.
    pub(super) fn take_document(&mut self, message: &Message<'_>, gathered: usize) -> Step {
        let total = length(message.total);
        if total > self.memory.document.len() {
            return Err(Reason::DocumentTooLarge.into());
        }
        let gathered_now = gathered.saturating_add(message.payload.len());
        put(self.memory.document, gathered, message.payload).ok_or(Reason::DocumentTooLarge)?;
        if gathered_now < total {
            return Ok(State::Document { part: message.part, gathered: gathered_now });
        }
        self.log = SignatureLog::new();
        Ok(State::Judgement { part: message.part, total })
    }

    /// Judges the document that is whole, one signature further.
    pub(super) fn judge(&mut self, part: Part, total: usize) -> Step {
        let Part::Keyring(item) = part else { return self.judge_manifest(total) };
        self.judge_keyring(total)?;
        let next = item.saturating_add(1);
        let more = self.transfer.is_some_and(|transfer| next < transfer.keyrings);
        let part = if more { Part::Keyring(next) } else { Part::Manifest };
        Ok(State::Document { part, gathered: 0 })
    }

    /// Accepts the keyring file in the buffer, or passes over one that is in force or older.
    #[inline(never)] // its locals must not lie on the stack below another step's
    fn judge_keyring(&mut self, total: usize) -> Result<(), Halt> {
        let bytes = self.memory.document.get(..total).unwrap_or_default();
        if keyring_of(bytes)?.header().order <= self.keyring {
            return Ok(());
        }
        let in_force = self.memory.keyring.get(..self.keyring_bytes).unwrap_or_default();
        let Next { restated, time_floor } = accept(in_force, bytes, self.channel, &mut self.log)?;
        self.keep_keyring(total)?;
        if let Some(time) = time_floor {
            self.time = time;
        }
        // Restated by keys that replaced all those of the role: the one way in which a floor may go back.
        self.floor = restated.unwrap_or(self.floor);
        Ok(())
    }

    /// Puts the accepted keyring in the buffer in force.
    #[inline(never)] // as above
    fn keep_keyring(&mut self, total: usize) -> Result<(), Reason> {
        let envelope = keyring_of(self.memory.document.get(..total).unwrap_or_default())?;
        self.keyring_bytes = keep_keyring(self.memory.keyring, &envelope).ok_or(Reason::KeyringTooLarge)?;
        self.keyring = envelope.header().order;
        self.time = self.time.max(envelope.header().issued_at);
        Ok(())
    }

    /// Verifies the manifest in the buffer, and chooses what is wanted of its release.
    #[inline(never)] // as above
    fn judge_manifest(&mut self, total: usize) -> Step {
        let in_force = self.memory.keyring.get(..self.keyring_bytes).unwrap_or_default();
        let document = self.memory.document.get(..total).unwrap_or_default();
        let authentic = verify(in_force, document, self.channel, &mut self.log)?;
        let header = *authentic.header();
        if !matches!(header.kind, Kind::Manifest | Kind::RevokeAll) {
            return Err(Reason::DocumentKind.into());
        }
        let denials = Manifest::decode(authentic).map_err(VerifyError::Decode)?.denials();
        let digest = authentic.header_digest();
        let release = Release { order: header.order, digest, issued_at: header.issued_at };
        self.judge_order(&release)?;
        if self.installed.is_some_and(|installed| installed.release == release) {
            return Ok(State::Over);
        }
        // The newest verified deny list holds at once, whatever becomes of the rest of its release.
        if let Some(installed) = self.installed
            && let Some(set) = self.memory.sets.get_mut(installed.set)
        {
            trust::mark_denied(set.get_mut(..installed.set_bytes).unwrap_or_default(), denials);
        }
        self.begin_set(release, total)
    }

    /// Order and equivocation: never below the floor, and one release has one number.
    fn judge_order(&self, release: &Release) -> Result<(), Reason> {
        if release.order < self.floor {
            return Err(Reason::ReleaseOlder);
        }
        // What stands above a floor that was restated since is no release to compare with.
        let known = self.installed.filter(|installed| installed.release.order <= self.floor);
        if known.is_some_and(|known| {
            known.release.order == release.order && known.release.digest != release.digest
        }) {
            return Err(Reason::ReleaseEquivocation);
        }
        if self.floor.steps_to(release.order, RELEASE_STEP_MAX) { Ok(()) } else { Err(Reason::Step) }
    }
}

/// What an accepted keyring restates.
struct Next {
    restated: Option<Order>,
    time_floor: Option<UnixSeconds>,
}

/// Judges a keyring file under the keyring in force.
#[inline(never)] // as below
fn accept(
    in_force: &[u8],
    file: &[u8],
    channel: ChannelId,
    log: &mut SignatureLog,
) -> Result<Next, VerifyError> {
    let restored = Keyring::restored(in_force);
    let accepted = read(&restored)?.accept_by_one(file, log);
    let keyring = &read(&accepted)?.keyring;
    let mut floors = keyring.floors().iter();
    let restated = floors.find(|floor| floor.channel == channel && floor.role == Role::Release);
    Ok(Next { restated: restated.map(|floor| floor.order()), time_floor: keyring.time_floor() })
}

/// Checks a document's signatures under the keyring in force, with as little on the stack as may be: nothing in
/// this crate goes deeper.
#[inline(never)]
fn verify<'d>(
    in_force: &[u8],
    document: &'d [u8],
    channel: ChannelId,
    log: &mut SignatureLog,
) -> Result<Authentic<'d>, VerifyError> {
    let restored = Keyring::restored(in_force);
    let envelope = Envelope::parse_whole(document).map_err(VerifyError::Parse);
    read(&envelope)?.verify_by_one(read(&restored)?, channel, log)
}

/// What was read, where it lies: a copy of it would be on the stack beside it while signatures are checked.
fn read<T>(result: &Result<T, VerifyError>) -> Result<&T, VerifyError> {
    result.as_ref().map_err(|error| *error)
}

/// The keyring of a keyring file, read and not believed: behind a recovery set where one is shown.
#[inline(never)] // as above
fn keyring_of(bytes: &[u8]) -> Result<Envelope<'_>, Reason> {
    let (first, rest) = Envelope::parse(bytes).map_err(VerifyError::Parse)?;
    let (keyring, rest) = if first.header().kind == Kind::Recovery {
        Envelope::parse(rest).map_err(VerifyError::Parse)?
    } else {
        (first, rest)
    };
    match (keyring.header().kind, rest.is_empty()) {
        (Kind::Keyring, true) => Ok(keyring),
        (Kind::Keyring, false) => Err(Reason::DocumentMalformed),
        _ => Err(Reason::DocumentKind),
    }
}
