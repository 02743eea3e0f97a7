//! Throw-away keys in the place of the signers', one for each: whoever held a key in a role, or in several, or in
//! several generations, has one stand-in in all the same places.

use bundle::write::{
    KeyContent, KeyringContent, RecoveryContent, RoleContent, Signature, Unsigned, keyring_file,
};
use bundle::{Algorithm, Envelope, KeyId, Kind, RecoverySet, Sha256};

use crate::Error;
use crate::document::{Generation, keyring_content};
use crate::key::SigningKey;

/// Every stand-in, by the id of the key whose place it has.
#[derive(Default)]
pub(super) struct StandIns {
    pairs: Vec<(KeyId, SigningKey)>,
    recovery_sets: Vec<(Sha256, RecoveryContent)>,
}

impl StandIns {
    /// The key with the id `id`, which is a stand-in's or a new one's of the drill.
    pub(super) fn key(&self, id: KeyId) -> Option<&SigningKey> {
        self.pairs.iter().map(|(_, key)| key).find(|key| key.id() == id)
    }

    /// Makes a further key, which stands for one that a signer makes after a loss.
    pub(super) fn make(&mut self, name: &str) -> Result<&SigningKey, Error> {
        let key = SigningKey::throw_away(name)?;
        self.keep(key.id(), key)
    }

    /// Knows a recovery set of the repository, so that keyrings can commit to its stand-in.
    ///
    /// # Errors
    /// Exit code 3 where it is not the set with this commitment.
    pub(super) fn add_recovery_set(&mut self, document: &[u8], commitment: Sha256) -> Result<(), Error> {
        let wrong = || Error::input("recovery_set", "is not the recovery set that the keyring commits to");
        let envelope = Envelope::parse_whole(document).map_err(|error| wrong().because(error))?;
        let set = RecoverySet::reveal(&envelope, commitment).map_err(|error| wrong().because(error))?;
        let threshold = set.threshold();
        let real: Vec<KeyContent> = set
            .keys()
            .map(|key| KeyContent {
                algorithm: key.algorithm,
                bytes: key.bytes.to_vec(),
                name: key.name.to_owned(),
            })
            .collect();
        let keys = real.iter().map(|key| self.stand_in(key)).collect::<Result<_, _>>()?;
        self.recovery_sets.push((commitment, RecoveryContent { keys, threshold }));
        Ok(())
    }

    /// Takes the place of a recovery set that nobody has, so that the rest can be copied.
    pub(super) fn add_lost_set(&mut self, commitment: Sha256) -> Result<(), Error> {
        let keys = vec![SigningKey::throw_away("lost")?.public().content()];
        self.recovery_sets.push((commitment, RecoveryContent { keys, threshold: 1 }));
        Ok(())
    }

    /// The stand-in of the recovery set with this commitment.
    pub(super) fn recovery_set(&self, commitment: Sha256) -> Option<&RecoveryContent> {
        self.recovery_sets.iter().find(|(known, _)| *known == commitment).map(|(_, set)| set)
    }

    /// The stand-in set with this commitment of its own.
    pub(super) fn recovery_set_of(&self, commitment: Sha256) -> Option<&RecoveryContent> {
        self.recovery_sets.iter().map(|(_, set)| set).find(|set| set.commitment() == commitment)
    }

    /// The file of a generation, with stand-ins for all of its keys and signatures.
    ///
    /// # Errors
    /// Exit code 3 where it cannot be said with other keys.
    pub(super) fn generation(&mut self, generation: &Generation) -> Result<Vec<u8>, Error> {
        let real = keyring_content(&generation.document)?;
        let content = KeyringContent {
            fleet: real.fleet.clone(),
            keyring: self.role(&real.keyring)?,
            release: self.role(&real.release)?,
            head: self.role(&real.head)?,
            echo: real.echo.as_ref().map(|role| self.role(role)).transpose()?,
            recovery_commitment: self
                .recovery_set(real.recovery_commitment)
                .map_or(real.recovery_commitment, RecoveryContent::commitment),
            floors: real.floors.clone(),
            time_floor: real.time_floor,
        };
        let document = self.sign_again(&generation.document, content.encode())?;
        let shown = match Envelope::parse(&generation.file) {
            Ok((first, _)) if first.header().kind == Kind::Recovery => {
                let commitment = RecoverySet::commitment(first.body());
                let set = self.recovery_set(commitment).map(RecoveryContent::encode);
                set.map(|body| resealed(&first, body)?.assemble(&[]).map_err(unfit)).transpose()?
            }
            _ => None,
        };
        Ok(keyring_file(shown.as_deref(), &document))
    }

    /// A document with this body, signed by the stand-ins of those who signed it.
    ///
    /// # Errors
    /// Exit code 3 where it is no document, or somebody signed who stands in no keyring.
    pub(super) fn sign_again(&self, document: &[u8], body: Vec<u8>) -> Result<Vec<u8>, Error> {
        let envelope = Envelope::parse_whole(document).map_err(unfit)?;
        let unsigned = resealed(&envelope, body)?;
        let message = unsigned.message();
        let signatures: Vec<Signature> = envelope
            .signatures()
            .iter()
            .filter_map(|entry| self.stand_in_of(entry.key_id))
            .map(|key| key.sign(&message))
            .collect();
        unsigned.assemble(&signatures).map_err(unfit)
    }

    /// The keys of a role, replaced one for one.
    fn role(&mut self, role: &RoleContent) -> Result<RoleContent, Error> {
        let keys = role.keys.iter().map(|key| self.stand_in(key)).collect::<Result<_, _>>()?;
        Ok(RoleContent { threshold: role.threshold, keys })
    }

    fn stand_in(&mut self, real: &KeyContent) -> Result<KeyContent, Error> {
        if real.algorithm != Algorithm::ED25519 {
            let message =
                format!("the key {:?} has an algorithm that this version cannot rehearse", real.name);
            return Err(Error::input("unknown_algorithm", message));
        }
        let id = real.as_key().id();
        if let Some(key) = self.stand_in_of(id) {
            return Ok(KeyContent { name: real.name.clone(), ..key.public().content() });
        }
        let key = SigningKey::throw_away(&real.name)?;
        Ok(self.keep(id, key)?.public().content())
    }

    fn stand_in_of(&self, id: KeyId) -> Option<&SigningKey> {
        self.pairs.iter().find(|(real, _)| *real == id).map(|(_, key)| key)
    }

    fn keep(&mut self, id: KeyId, key: SigningKey) -> Result<&SigningKey, Error> {
        self.pairs.push((id, key));
        self.pairs.last().map(|(_, key)| key).ok_or_else(|| Error::bug("a stand-in was lost"))
    }
}

/// The header of a document over another body.
pub(super) fn resealed(envelope: &Envelope<'_>, body: Vec<u8>) -> Result<Unsigned, Error> {
    let header = envelope.header();
    Unsigned::new(header.kind, header.channel, header.order, header.keyring_version, header.issued_at, body)
        .map_err(unfit)
}

fn unfit(error: bundle::ParseError) -> Error {
    Error::input("malformed_document", "cannot be said again with other keys").because(error)
}
