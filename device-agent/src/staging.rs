//! Filling the idle slot: the manifest, then every certificate in its order, out of what is there or what comes.

use bundle::{Manifest, Sha256};
use sha2::Digest as _;
use store::{Error as StoreError, Sealed, Staging, Storage, Store};

use crate::{
    Agent, Now, Reason,
    agent::State,
    content::{self, Content, Place},
    cycle::Then,
    image::SeedContent,
    limits::COPY_BYTES,
};

/// A candidate on its way into the idle slot.
#[derive(Debug)]
pub(crate) struct Filling {
    staging: Option<Staging>,
    /// The slot, once it is whole, durable and read back.
    pub(crate) sealed: Option<Sealed>,
    /// The certificate that comes next, by its place in the manifest.
    next: usize,
    /// Its SHA-256 and length, once bytes of it were asked for.
    under_way: Option<(Sha256, u32)>,
    /// Bytes of it that were written.
    written: u32,
    hasher: sha2::Sha256,
    /// True where the source has every certificate, those included that are here already.
    source_is_whole: bool,
}

/// How far a filling has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Every certificate is in.
    Complete,
    /// Bytes of this certificate are needed next.
    Wants(Sha256),
}

impl<S: Storage> Agent<'_, S> {
    /// Starts to fill the idle slot with the verified candidate; nothing was written before it was verified.
    ///
    /// A release on trial gives way first: the journal points back at the fallback before its slot is touched.
    pub(crate) fn begin_staging(&mut self, now: Now) {
        if let Err(reason) = self.start_filling(false) {
            self.staging_failed(now, reason);
        }
    }

    pub(crate) fn start_filling(&mut self, source_is_whole: bool) -> Result<(), Reason> {
        self.filling = None;
        if self.store.record().phase.is_trial() {
            // Where there is nothing to go back to, what is on trial is what this device has, and stays.
            let has_base = self.base().is_some();
            self.change(|change| if has_base { change.revert() } else { change.confirm() })
                .map_err(|error| store_reason(&error))?;
        }
        let content = self.candidate.ok_or(Reason::ReleaseMalformed)?;
        let document = content::document(self.memory.candidate, &content).ok_or(Reason::ReleaseMalformed)?;
        let mut staging = self.store.begin().map_err(|error| store_reason(&error))?;
        self.store.append(&mut staging, document).map_err(|error| store_reason(&error))?;
        self.filling = Some(Filling {
            staging: Some(staging),
            sealed: None,
            next: 0,
            under_way: None,
            written: 0,
            hasher: sha2::Sha256::new(),
            source_is_whole,
        });
        Ok(())
    }

    /// Bytes of an update that arrived together with its prefix.
    pub(crate) fn fill_from_incoming(&mut self, now: Now, range: core::ops::Range<usize>) {
        let incoming = core::mem::take(&mut self.memory.incoming);
        let progress = self.fill(incoming.get(range).unwrap_or_default());
        self.memory.incoming = incoming;
        self.update_progressed(now, progress);
    }

    /// The next bytes of an update's certificates.
    pub(crate) fn fill_from_update(&mut self, now: Now, bytes: &[u8]) {
        let progress = self.fill(bytes);
        self.update_progressed(now, progress);
    }

    fn update_progressed(&mut self, now: Now, progress: Result<Progress, Reason>) {
        match progress {
            Ok(Progress::Wants(_)) => {}
            Ok(Progress::Complete) => self.seal(now),
            Err(Reason::CertificateMismatch | Reason::UpdateRejected) => {
                self.begin_staging(now);
                if self.filling.is_some() {
                    self.next_certificate(now);
                }
            }
            Err(reason) => self.staging_failed(now, reason),
        }
    }

    /// The next bytes of one certificate.
    pub(crate) fn fill_from_blob(&mut self, now: Now, bytes: &[u8]) {
        match self.fill(bytes) {
            Ok(Progress::Wants(_)) => {}
            Ok(Progress::Complete) => self.seal(now),
            Err(reason) => self.staging_failed(now, reason),
        }
    }

    /// A certificate's answer is complete; it must have been a whole one.
    pub(crate) fn blob_ended(&mut self, now: Now) {
        let asked = self.state;
        let partly = self.filling.as_ref().is_some_and(|filling| filling.written > 0);
        self.next_certificate(now);
        if partly || self.state == asked {
            self.staging_failed(now, Reason::AnswerTruncated);
        }
    }

    /// Takes what is here already, and asks for the first certificate that is not.
    pub(crate) fn next_certificate(&mut self, now: Now) {
        match self.fill(&[]) {
            Ok(Progress::Wants(sha256)) => self.ask(State::Blob(sha256)),
            Ok(Progress::Complete) => self.seal(now),
            Err(reason) => self.staging_failed(now, reason),
        }
    }

    /// Makes the slot durable, reads it back, and goes on to prove the candidate.
    pub(crate) fn seal(&mut self, now: Now) {
        let staging = self.filling.as_mut().and_then(|filling| filling.staging.take());
        let sealed = match staging.map(|staging| self.store.seal(staging)) {
            Some(Ok(sealed)) => sealed,
            Some(Err(error)) => return self.staging_failed(now, store_reason(&error)),
            None => return self.staging_failed(now, Reason::StoreFailed),
        };
        if let Some(filling) = &mut self.filling {
            filling.sealed = Some(sealed);
        }
        if let Err(reason) = self.check_staged_coverage() {
            return self.turn_down(now, reason);
        }
        self.export_then(now, Then::Prove);
    }

    /// Writes certificates until one is missing or all are in; every one is hashed on its way.
    pub(crate) fn fill(&mut self, bytes: &[u8]) -> Result<Progress, Reason> {
        let Self { memory, candidate, present, store, seed, filling, .. } = self;
        let (Some(candidate), Some(filling)) = (candidate, filling) else { return Err(Reason::StoreFailed) };
        // In the middle of a certificate the manifest has nothing to say, and need not be read for every chunk.
        if let Some((sha256, length)) = filling.under_way
            && bytes.len() < filling.missing_bytes(length)
        {
            filling.take(store, bytes)?;
            return Ok(Progress::Wants(sha256));
        }
        let document = content::document(memory.candidate, candidate).ok_or(Reason::ReleaseMalformed)?;
        let manifest =
            Manifest::restored(document, candidate.digest).map_err(|_| Reason::ReleaseMalformed)?;
        let mut held = present.and_then(|content| HeldBlobs::open(content, seed.as_ref(), memory.present));
        let mut bytes = bytes;
        for (sha256, length) in manifest.blobs().skip(filling.next) {
            let at = held.as_mut().filter(|_| !filling.source_is_whole && filling.written == 0);
            if let Some((content, offset)) = at.and_then(|held| held.find(sha256)) {
                let staging = filling.staging.as_mut().ok_or(Reason::StoreFailed)?;
                copy(store, seed.as_ref(), staging, &content, (offset, length), sha256)?;
            } else {
                let (part, rest) =
                    bytes.split_at_checked(filling.missing_bytes(length)).unwrap_or((bytes, &[]));
                filling.take(store, part)?;
                bytes = rest;
                if filling.written < length {
                    filling.under_way = Some((sha256, length));
                    return Ok(Progress::Wants(sha256));
                }
                if Sha256(filling.hasher.finalize_reset().into()) != sha256 {
                    return Err(Reason::CertificateMismatch);
                }
            }
            filling.next = filling.next.saturating_add(1);
            (filling.under_way, filling.written) = (None, 0);
        }
        if bytes.is_empty() { Ok(Progress::Complete) } else { Err(Reason::UpdateRejected) }
    }
}

impl Filling {
    /// Bytes that the certificate under way still lacks.
    fn missing_bytes(&self, length: u32) -> usize {
        usize::try_from(length.saturating_sub(self.written)).unwrap_or(usize::MAX)
    }

    /// Writes and hashes the next bytes of the certificate under way.
    fn take<S: Storage>(&mut self, store: &mut Store<S>, part: &[u8]) -> Result<(), Reason> {
        let staging = self.staging.as_mut().ok_or(Reason::StoreFailed)?;
        store.append(staging, part).map_err(|error| store_reason(&error))?;
        self.hasher.update(part);
        self.written = self.written.saturating_add(crate::start::saturated(part.len()));
        Ok(())
    }
}

/// The certificates of the bundle that is here, found by SHA-256.
struct HeldBlobs<'m> {
    content: Content,
    manifest: Manifest<'m>,
    /// Where the last search ended: certificates are sorted, so the next one is usually the next.
    index: usize,
    offset: u32,
}

impl<'m> HeldBlobs<'m> {
    fn open(content: Content, seed: Option<&SeedContent<'m>>, memory: &'m [u8]) -> Option<Self> {
        let document = match content.place {
            Place::Seed => seed?.manifest_document,
            Place::Slot(_) | Place::Sealed => content::document(memory, &content)?,
        };
        let manifest = Manifest::restored(document, content.digest).ok()?;
        Some(Self { content, manifest, index: 0, offset: content.document_bytes })
    }

    /// Where a certificate is in the content; the search goes round once from where the last one ended.
    fn find(&mut self, wanted: Sha256) -> Option<(Content, u32)> {
        let (start, mut index, mut offset) = (self.index, self.index, self.offset);
        for (sha256, length) in self.manifest.blobs().skip(start) {
            let at = offset;
            index = index.saturating_add(1);
            offset = offset.saturating_add(length);
            if sha256 == wanted {
                (self.index, self.offset) = (index, offset);
                return Some((self.content, at));
            }
        }
        let mut offset = self.content.document_bytes;
        for (sha256, length) in self.manifest.blobs().take(start) {
            if sha256 == wanted {
                return Some((self.content, offset));
            }
            offset = offset.saturating_add(length);
        }
        None
    }
}

/// Copies one certificate out of the bundle that is here; it is hashed as one that came from outside.
fn copy<S: Storage>(
    store: &mut Store<S>,
    seed: Option<&SeedContent<'_>>,
    staging: &mut Staging,
    content: &Content,
    (offset, length): (u32, u32),
    sha256: Sha256,
) -> Result<(), Reason> {
    let mut hasher = sha2::Sha256::new();
    let mut done = 0_u32;
    let mut buffer = [0; COPY_BYTES];
    while done < length {
        let left = usize::try_from(length.saturating_sub(done)).unwrap_or(COPY_BYTES);
        let Some(part) = buffer.get_mut(..left.min(COPY_BYTES)) else { break };
        content::read(store, seed, None, content, offset.saturating_add(done), part)
            .map_err(|_| Reason::StoreFailed)?;
        hasher.update(&*part);
        store.append(staging, part).map_err(|error| store_reason(&error))?;
        done = done.saturating_add(crate::start::saturated(part.len()));
    }
    if Sha256(hasher.finalize().into()) == sha256 { Ok(()) } else { Err(Reason::StoreMismatch) }
}

/// What a store's error means to the release.
pub(crate) const fn store_reason<E>(error: &StoreError<E>) -> Reason {
    match error {
        StoreError::Full { .. } => Reason::ReleaseTooLarge,
        StoreError::Mismatch => Reason::StoreMismatch,
        StoreError::Foreign => Reason::StoreOfOtherChannel,
        StoreError::NewerFormat { .. } => Reason::StoreNewerFormat,
        _ => Reason::StoreFailed,
    }
}
