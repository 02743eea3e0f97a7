//! Installing from a USB file: the same verification, without a server to ask what is current.

use bundle::{Envelope, Keyring, Kind, Sha256, Usb, VerifyError};
use store::Storage;

use crate::{
    Agent, Clock, Now, Reason,
    agent::Deferred,
    content::in_force,
    cycle::Cycle,
    head::{AcceptedHead, HeadFault},
    limits::FILE_BYTES_MAX,
    staging::Progress,
    start::{replace_keyring, restated},
    target::Target,
    update::{Fault, verify_release},
};

impl<S: Storage> Agent<'_, S> {
    /// Installs the release of a USB file: keyrings first, then the head if there is a good one, then manifest
    /// and certificates. Without a fresh head only a release above the floor is taken.
    ///
    /// Where one more signature is to be checked, nothing but the accepted keyrings is kept of this call: the file
    /// comes again, and the same way is walked one signature further.
    pub(crate) fn install_file(&mut self, now: Now, file: &[u8]) {
        self.cycle = Cycle::default();
        self.target = None;
        self.filling = None;
        match self.stage_file(now, file) {
            Ok(()) => {}
            Err(Fault::Deferred) => self.deferred = Some(Deferred::File),
            Err(Fault::Reason(reason)) => self.file_refused(now, reason),
        }
    }

    /// The file was taken away while it was judged.
    pub(crate) fn file_gone(&mut self, now: Now) {
        self.write_keyring();
        self.file_refused(now, Reason::FileWithdrawn);
    }

    fn file_refused(&mut self, now: Now, reason: Reason) {
        let subject = self.target.map(|target| target.order);
        self.drop_candidate();
        self.finish(now, reason, subject);
    }

    fn stage_file(&mut self, now: Now, file: &[u8]) -> Result<(), Fault> {
        if u32::try_from(file.len()).map_or(true, |length| length > FILE_BYTES_MAX) {
            return Err(Fault::Reason(Reason::FileMalformed));
        }
        let usb = Usb::parse(file).map_err(|_| Reason::FileMalformed)?;
        self.accept_keyrings_of_file(usb.keyrings)?;
        if self.keyring_below_floor().is_some() {
            return Err(Fault::Reason(Reason::KeyringUnavailable));
        }
        let head = match usb.head_document {
            Some(document) => self.head_of_file(now, document)?,
            None => None,
        };
        let (found, _) = verify_release(
            usb.manifest_document,
            in_force(self.newer_keyring.as_ref(), &self.store),
            self.channel,
            self.memory.candidate,
            &mut self.signatures,
        )?;
        let target = Target { order: found.order, digest: found.digest };
        self.target = Some(target);
        self.judge_file(target)?;
        self.candidate = Some(found);
        // The file is there as a whole, so all of it is proven before anything of it is kept.
        let manifest = self.candidate_manifest().ok_or(Reason::ReleaseMalformed)?;
        manifest.verify_blobs(usb.blobs).map_err(|error| match error {
            VerifyError::BodyLength => Reason::FileMalformed,
            _ => Reason::CertificateMismatch,
        })?;
        let vouched = head.is_some_and(|head| {
            let named = [Some((head.release, head.release_digest)), head.previous];
            named.contains(&Some((target.order, target.digest)))
        });
        self.admit_candidate()?;
        self.start_filling(true)?;
        match self.fill(usb.blobs) {
            Ok(Progress::Complete) => {}
            // Unreachable because the certificates were counted and hashed above.
            Ok(Progress::Wants(_)) => return Err(Fault::Reason(Reason::FileMalformed)),
            Err(reason) => return Err(Fault::Reason(reason)),
        }
        if let Some(head) = head.filter(|_| vouched) {
            self.head = Some(head);
        }
        self.memo.offline = !vouched;
        self.seal(now);
        Ok(())
    }

    /// Only what is above the floor, whoever vouches for it.
    fn judge_file(&self, target: Target) -> Result<(), Reason> {
        if self.held() == Some(target) {
            return Err(Reason::UpToDate);
        }
        match self.judge_order(target) {
            Err(Reason::ReleaseOlder) => Err(Reason::FileNotNewer),
            Err(reason) => Err(reason),
            Ok(()) if target.order <= self.floors().release => Err(Reason::FileNotNewer),
            Ok(()) => Ok(()),
        }
    }

    /// Takes the generations that are newer than the keyring in force, one by one.
    fn accept_keyrings_of_file(&mut self, files: &[u8]) -> Result<(), Fault> {
        let mut rest = files;
        while !rest.is_empty() {
            let (length, newer) = self.next_generation(rest)?;
            let (generation, after) = rest.split_at_checked(length).ok_or(Reason::FileMalformed)?;
            rest = after;
            if newer {
                self.accept_generation(generation)?;
            }
        }
        self.write_keyring();
        Ok(())
    }

    /// Bytes of the keyring file at the front, and whether it is newer than the keyring in force.
    fn next_generation(&self, files: &[u8]) -> Result<(usize, bool), Reason> {
        let malformed = |_| Reason::FileMalformed;
        let (first, after) = Envelope::parse(files).map_err(malformed)?;
        let (keyring, after) = if first.header().kind == Kind::Recovery {
            Envelope::parse(after).map_err(malformed)?
        } else {
            (first, after)
        };
        // An old generation cannot be judged any more; that it is whole still can.
        if keyring.header().body_sha256 != Some(Sha256::of(&[keyring.body()])) {
            return Err(Reason::FileMalformed);
        }
        let in_force = self.keyring().map(|keyring| keyring.order()).ok_or(Reason::KeyringUnavailable)?;
        Ok((files.len().saturating_sub(after.len()), keyring.header().order > in_force))
    }

    fn accept_generation(&mut self, generation: &[u8]) -> Result<(), Fault> {
        let channel = self.channel;
        let keyring = in_force(self.newer_keyring.as_ref(), &self.store);
        let keyring = Keyring::restored(keyring).map_err(|_| Reason::KeyringUnavailable)?;
        let accepted =
            keyring.accept_in_steps(generation, &mut self.signatures).map_err(|error| match error {
                VerifyError::Deferred => Fault::Deferred,
                _ => Fault::Reason(Reason::KeyringRefused),
            })?;
        let replaced = restated(&accepted.keyring, channel);
        replace_keyring(&mut self.newer_keyring, accepted.document).ok_or(Reason::KeyringRefused)?;
        self.note_restated(replaced);
        self.signatures.forget();
        Ok(())
    }

    /// The file's head, where it is the newest one and still fresh; a spoilt one spoils the file.
    fn head_of_file(&mut self, now: Now, document: &[u8]) -> Result<Option<AcceptedHead>, Fault> {
        let head = match self.read_head(document, now).and_then(|head| self.place(head)) {
            Ok(head) => head,
            Err(HeadFault::Refused(Reason::HeadOlder)) => return Ok(None),
            Err(HeadFault::Deferred) => return Err(Fault::Deferred),
            Err(HeadFault::Refused(reason) | HeadFault::Unverified(reason)) => {
                return Err(Fault::Reason(reason));
            }
            Err(HeadFault::Keyring(_) | HeadFault::Epoch) => {
                return Err(Fault::Reason(Reason::KeyringUnavailable));
            }
        };
        Ok(match now.clock {
            Clock::Known(time) if time <= head.expires_at() => Some(head),
            Clock::Known(_) | Clock::Unknown => None,
        })
    }
}
