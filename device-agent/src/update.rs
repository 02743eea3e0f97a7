//! The way to a verified manifest: by an update's patch, else as a whole; and what a manifest must be.

use bundle::{
    AuthenticHeader, Document as _, Keyring, Kind, Manifest, Sha256, SignatureMemo, UpdatePrefix,
    VerifyError, join,
};
use store::{Denials, Storage};

use crate::{
    Agent, FetchFailure, Mode, Now, Reason,
    agent::{Deferred, State},
    content::{Content, Place, in_force},
    coverage,
    start::saturated,
    target::Target,
};

/// What a step of an update came to.
enum Step {
    /// More bytes are needed.
    More,
    /// The candidate is verified; the prefix has so many bytes.
    Verified(usize),
}

/// Why there is no candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing is known yet: one more signature is to be checked.
    Deferred,
    /// For this reason.
    Reason(Reason),
}

impl<S: Storage> Agent<'_, S> {
    /// Looks whether the update's prefix is complete, and makes the candidate's manifest out of it.
    pub(crate) fn try_update_prefix(&mut self, now: Now, from: u32) {
        match self.read_update_prefix(from) {
            Ok(Step::More) => {}
            Ok(Step::Verified(length)) => {
                let certificates = length..self.gathered;
                if let Err(reason) = self.admit_candidate() {
                    return self.turn_down(now, reason);
                }
                self.begin_staging(now);
                if matches!(self.state, State::Update { .. }) {
                    self.fill_from_incoming(now, certificates);
                }
            }
            Err(Fault::Deferred) => self.deferred = Some(Deferred::Arrived),
            // The update is only a shortcut: whatever is wrong with it, the manifest itself decides.
            Err(Fault::Reason(_)) => self.ask(State::Release),
        }
    }

    fn read_update_prefix(&mut self, from: u32) -> Result<Step, Fault> {
        let target = self.target.ok_or(Reason::UpdateRejected)?;
        let incoming = self.memory.incoming.get(..self.gathered).unwrap_or_default();
        let prefix = match UpdatePrefix::parse(incoming) {
            Ok(prefix) => prefix,
            Err(error) if error.is_truncated() => return Ok(Step::More),
            Err(_) => return Err(Fault::Reason(Reason::UpdateRejected)),
        };
        let keyring = in_force(self.newer_keyring.as_ref(), &self.store);
        let keyring = Keyring::restored(keyring).map_err(|_| Reason::KeyringUnavailable)?;
        let header = prefix
            .verify_header_in_steps(&keyring, self.channel, &mut self.signatures)
            .map_err(release_fault)?;
        if prefix.from() != from || !names(&header, target) {
            return Err(Fault::Reason(Reason::UpdateRejected));
        }
        let (envelope, length) = (prefix.manifest(), prefix.wire_bytes());
        let parts = [envelope.header_bytes(), envelope.signatures().as_bytes()];
        let start = join(self.memory.candidate, &parts).ok_or(Reason::ReleaseTooLarge)?;
        let body_bytes = usize::try_from(header.header().body_length).unwrap_or(usize::MAX);
        let end = start.saturating_add(body_bytes);
        let body = self.memory.candidate.get_mut(start..end).ok_or(Reason::ReleaseTooLarge)?;
        let base = match self.present {
            Some(content) if from != 0 => base_document(&content, self.seed.as_ref(), self.memory.present),
            _ => None,
        };
        let base = base.and_then(|document| bundle::Envelope::parse_whole(document).ok());
        let base = base.map_or(&[][..], |envelope| envelope.body());
        prefix.patch().apply(base, body).map_err(|_| Reason::UpdateRejected)?;
        let authentic = header.attach(body).map_err(|_| Reason::UpdateRejected)?;
        let manifest = Manifest::decode(authentic).map_err(|_| Reason::ReleaseMalformed)?;
        self.candidate = Some(candidate(&manifest, end));
        Ok(Step::Verified(length))
    }

    /// The update ended before its certificates did, or before it was an update at all.
    pub(crate) fn update_ended(&mut self, now: Now) {
        self.update_failed(now, FetchFailure::Server, Reason::AnswerTruncated);
    }

    /// No update: the manifest and single certificates lead to the same release.
    pub(crate) fn update_failed(&mut self, now: Now, failure: FetchFailure, reason: Reason) {
        let subject = self.target.map(|target| target.order);
        match failure {
            // What was written so far is lost with the connection: that wears the flash like any failed staging.
            FetchFailure::Unreachable if self.filling.is_some() => self.staging_failed(now, reason),
            FetchFailure::Unreachable => self.finish(now, reason, subject),
            FetchFailure::NotFound | FetchFailure::Server | FetchFailure::TooLarge => {
                if self.filling.take().is_some() {
                    self.begin_staging(now);
                    self.next_certificate(now);
                } else {
                    self.ask(State::Release);
                }
            }
        }
    }

    /// Judges the manifest that has arrived.
    pub(crate) fn judge_release(&mut self, now: Now) {
        match self.read_release().and_then(|()| self.admit_candidate().map_err(Fault::Reason)) {
            Ok(()) => {}
            Err(Fault::Deferred) => {
                self.deferred = Some(Deferred::Complete);
                return;
            }
            Err(Fault::Reason(reason)) => return self.turn_down(now, reason),
        }
        self.begin_staging(now);
        if self.filling.is_some() {
            self.next_certificate(now);
        }
    }

    fn read_release(&mut self) -> Result<(), Fault> {
        let target = self.target.ok_or(Reason::ReleaseMismatch)?;
        let document = self.memory.incoming.get(..self.gathered).unwrap_or_default();
        let (found, _) = verify_release(
            document,
            in_force(self.newer_keyring.as_ref(), &self.store),
            self.channel,
            self.memory.candidate,
            &mut self.signatures,
        )?;
        if (found.order, found.digest) != (target.order, target.digest) {
            return Err(Fault::Reason(Reason::ReleaseMismatch));
        }
        self.candidate = Some(found);
        Ok(())
    }

    /// What a verified manifest must be beside signed: small enough, useful, and its denials hold at once.
    pub(crate) fn admit_candidate(&mut self) -> Result<(), Reason> {
        let slot_bytes = u64::from(self.store.slot_bytes());
        let manifest = self.candidate_manifest().ok_or(Reason::ReleaseMalformed)?;
        let document_bytes = self.candidate.map_or(0, |content| u64::from(content.document_bytes));
        let total = document_bytes.saturating_add(manifest.blob_bytes());
        if !Denials::has_room() {
            return Err(Reason::StoreFailed);
        }
        let mut denials = Denials::default();
        denials.fill(manifest.order(), manifest.denials().iter()).ok_or(Reason::ReleaseTooLarge)?;
        let covered = coverage::check(&manifest);
        let total_bytes = u32::try_from(total).map_err(|_| Reason::ReleaseTooLarge)?;
        if let Some(content) = &mut self.candidate {
            content.total_bytes = total_bytes;
        }
        self.apply_denials(&denials)?;
        if total > slot_bytes {
            return Err(Reason::ReleaseTooLarge);
        }
        covered
    }

    /// The deny list of the newest verified manifest holds from now on, whatever becomes of the release.
    ///
    /// One that denies the same is not written down before its release is: that would cost a write for nothing.
    fn apply_denials(&mut self, denials: &Denials) -> Result<(), Reason> {
        let held = self.denials();
        let newest = self.memo.denials_order.max(Some(held.order));
        if self.configuration.mode == Mode::Observe || Some(denials.order) < newest {
            return Ok(());
        }
        let unchanged = denials.iter().eq(held.iter());
        self.memo.denials_order = Some(denials.order);
        if unchanged {
            return Ok(());
        }
        self.change(|change| change.replace_denials(denials)).map_err(|_| Reason::StoreFailed)
    }
}

/// Verifies a manifest document and copies it to where candidates live.
pub(crate) fn verify_release(
    document: &[u8],
    keyring: &[u8],
    channel: bundle::ChannelId,
    memory: &mut [u8],
    signatures: &mut SignatureMemo,
) -> Result<(Content, Kind), Fault> {
    let keyring = Keyring::restored(keyring).map_err(|_| Reason::KeyringUnavailable)?;
    let envelope = bundle::Envelope::parse_whole(document).map_err(|_| Reason::ReleaseMalformed)?;
    let authentic = envelope.verify_in_steps(&keyring, channel, signatures).map_err(release_fault)?;
    let manifest = Manifest::decode(authentic).map_err(|_| Reason::ReleaseMalformed)?;
    let length = join(memory, &[document]).ok_or(Reason::ReleaseTooLarge)?;
    Ok((candidate(&manifest, length), manifest.header().kind))
}

fn candidate(manifest: &Manifest<'_>, document_bytes: usize) -> Content {
    Content {
        order: manifest.order(),
        digest: manifest.digest(),
        issued_at: manifest.header().issued_at,
        committed_at: None,
        document_bytes: saturated(document_bytes),
        total_bytes: 0,
        place: Place::Sealed,
    }
}

fn names(header: &AuthenticHeader<'_>, target: Target) -> bool {
    let digest: Sha256 = header.digest();
    header.header().order == target.order && digest == target.digest
}

fn base_document<'m>(
    content: &Content,
    seed: Option<&crate::image::SeedContent<'m>>,
    memory: &'m [u8],
) -> Option<&'m [u8]> {
    match content.place {
        Place::Seed => seed.map(|seed| seed.manifest_document),
        Place::Slot(_) | Place::Sealed => crate::content::document(memory, content),
    }
}

impl From<Reason> for Fault {
    fn from(reason: Reason) -> Self {
        Self::Reason(reason)
    }
}

fn release_fault(error: VerifyError) -> Fault {
    Fault::Reason(match error {
        VerifyError::Deferred => return Fault::Deferred,
        VerifyError::Channel => Reason::ReleaseOfOtherChannel,
        VerifyError::Threshold { .. } => Reason::ReleaseUnsigned,
        VerifyError::KeyringTooOld { .. } | VerifyError::Epoch { .. } => Reason::KeyringUnavailable,
        _ => Reason::ReleaseMalformed,
    })
}
