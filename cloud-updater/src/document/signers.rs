//! Who has to sign a document, who has, and who is missing.

use bundle::write::{KeyContent, RoleContent, Signature};
use bundle::{Envelope, KeyId, Keyring, Kind, RecoverySet, Role};

use super::review::role_content;
use super::{DraftFile, keyring_content};
use crate::Error;

/// One threshold that a document has to meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// What it is, in words: `release role`, `recovery set`.
    pub label: String,
    /// How many different keys must sign.
    pub threshold: u8,
    /// The keys that count.
    pub keys: Vec<KeyContent>,
}

/// All thresholds that a document has to meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signers {
    requirements: Vec<Requirement>,
}

impl Signers {
    /// Who has to sign a manifest or revoke-all under `keyring`.
    #[must_use]
    pub fn of_release(kind: Kind, keyring: &Keyring<'_>) -> Self {
        let role = if kind == Kind::RevokeAll { Role::Keyring } else { Role::Release };
        let label = format!("{role} role of keyring {}", keyring.order());
        let content = role_content(keyring, role).unwrap_or_default();
        Self { requirements: vec![Requirement::new(label, content)] }
    }

    /// Who has to sign a release again so that it stands under the keyring of `draft`.
    ///
    /// # Errors
    /// Exit code 3 where the draft is none of a keyring.
    pub fn of_next_release(kind: Kind, draft: &DraftFile) -> Result<Self, Error> {
        let content = keyring_content(&draft.document)?;
        let (role, keys) = if kind == Kind::RevokeAll {
            (Role::Keyring, content.keyring)
        } else {
            (Role::Release, content.release)
        };
        let label = format!("{role} role of keyring {}", draft.unsigned()?.header().order);
        Ok(Self { requirements: vec![Requirement::new(label, keys)] })
    }

    /// Who has to sign the draft: the old threshold and the new one for a keyring, and the recovery set where it
    /// is shown; in a recovery the old threshold is not asked.
    ///
    /// # Errors
    /// Exit code 3 where a document of the draft is malformed.
    pub fn of_draft(draft: &DraftFile) -> Result<Self, Error> {
        let header = *draft.unsigned()?.header();
        if header.kind != Kind::Keyring {
            let keyring = provisioned(&draft.keyring)?;
            return Ok(Self::of_release(header.kind, &keyring));
        }
        let next = keyring_content(&draft.document)?;
        let mut requirements = Vec::new();
        let mut opens_epoch = false;
        if !draft.keyring.is_empty() {
            let current = provisioned(&draft.keyring)?;
            opens_epoch = header.order.epoch > current.order().epoch;
            if !opens_epoch {
                let label = format!("keyring role of keyring {}", current.order());
                requirements
                    .push(Requirement::new(label, role_content(&current, Role::Keyring).unwrap_or_default()));
            }
            if !draft.recovery.is_empty() {
                requirements.push(recovery_requirement(&draft.recovery, &current)?);
            }
        }
        if opens_epoch && draft.recovery.is_empty() {
            return Err(
                Error::input("draft_file", "is missing: a recovery shows the recovery set").field("recovery")
            );
        }
        requirements
            .push(Requirement::new(format!("keyring role of keyring {}", header.order), next.keyring));
        Ok(Self { requirements })
    }

    /// The thresholds.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// The key with this id, if it may sign.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<&KeyContent> {
        self.requirements.iter().flat_map(|requirement| &requirement.keys).find(|key| key.as_key().id() == id)
    }

    /// Of `signatures`, which are valid, as few as meet every threshold: a release carries no more bytes than it
    /// needs. Keys come in the keyring's order, so that the same set gives the same document.
    ///
    /// # Errors
    /// Exit code 4 naming who is missing.
    pub fn choose(&self, signatures: &[Signature], what: &str) -> Result<Vec<Signature>, Error> {
        let mut chosen: Vec<Signature> = Vec::new();
        for requirement in &self.requirements {
            let is_chosen = |key: &KeyContent, chosen: &[Signature]| {
                chosen.iter().any(|signature| signature.key_id == key.as_key().id())
            };
            let mut met = requirement.keys.iter().filter(|key| is_chosen(key, &chosen)).count();
            for key in &requirement.keys {
                if met >= usize::from(requirement.threshold) {
                    break;
                }
                let id = key.as_key().id();
                let offered = signatures.iter().find(|signature| signature.key_id == id);
                if let Some(signature) = offered.filter(|_| !is_chosen(key, &chosen)) {
                    chosen.push(signature.clone());
                    met = met.saturating_add(1);
                }
            }
            if met < usize::from(requirement.threshold) {
                return Err(requirement.missing(signatures, what));
            }
        }
        Ok(chosen)
    }
}

impl Requirement {
    fn new(label: String, content: RoleContent) -> Self {
        Self { label, threshold: content.threshold, keys: content.keys }
    }

    /// Names of the keys that have signed, and of those that have not.
    #[must_use]
    pub fn split<'a>(&'a self, signatures: &[Signature]) -> (Vec<&'a str>, Vec<&'a str>) {
        let has_signed =
            |key: &&KeyContent| signatures.iter().any(|signature| signature.key_id == key.as_key().id());
        let (signed, missing): (Vec<&KeyContent>, Vec<&KeyContent>) = self.keys.iter().partition(has_signed);
        // People look for names, so they come by name and not by the ids of their keys.
        let names = |keys: Vec<&'a KeyContent>| {
            let mut names: Vec<&str> = keys.into_iter().map(|key| key.name.as_str()).collect();
            names.sort_unstable();
            names
        };
        (names(signed), names(missing))
    }

    fn missing(&self, signatures: &[Signature], what: &str) -> Error {
        let (signed, missing) = self.split(signatures);
        let message =
            format!("{what} has {} of {} signatures of the {}", signed.len(), self.threshold, self.label);
        let error = Error::signatures("signatures_missing", message);
        error
            .hint(format!("not signed yet: {}; each signs with: cloud-updater sign FILE", missing.join(", ")))
    }
}

fn provisioned(document: &[u8]) -> Result<Keyring<'_>, Error> {
    Keyring::provisioned(document).map_err(|error| {
        Error::input("draft_file", "is not a keyring that signs itself").field("keyring").because(error)
    })
}

fn recovery_requirement(document: &[u8], keyring: &Keyring<'_>) -> Result<Requirement, Error> {
    let wrong = || {
        Error::input("draft_file", "is not the recovery set that the keyring commits to").field("recovery")
    };
    let envelope = Envelope::parse_whole(document).map_err(|error| wrong().because(error))?;
    let set = RecoverySet::reveal(&envelope, keyring.recovery_commitment())
        .map_err(|error| wrong().because(error))?;
    let keys = set.keys().map(|key| KeyContent {
        algorithm: key.algorithm,
        bytes: key.bytes.to_vec(),
        name: key.name.to_owned(),
    });
    Ok(Requirement { label: "recovery set".to_owned(), threshold: set.threshold(), keys: keys.collect() })
}
