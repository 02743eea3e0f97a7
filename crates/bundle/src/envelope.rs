//! The envelope: header, signature table, body; split, but not believed.

use crate::{
    Authentic, AuthenticHeader, Authority, ChannelId, Header, Key, Keyring, Kind, ParseError, RecoverySet,
    Role, Sha256, SignatureLog, SignatureMemo, SignatureTable, VerifyError, memo::Pace, threshold,
    threshold::SignedMessage, wire::Reader,
};

/// One document as it came. Reading it copies nothing and believes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    header: Header,
    header_bytes: &'a [u8],
    signatures: SignatureTable<'a>,
    body: Option<&'a [u8]>,
}

impl<'a> Envelope<'a> {
    /// Splits one document off the front of `bytes`; returns it with the rest.
    ///
    /// # Errors
    /// The field at fault; [`ParseError::is_truncated`] where more bytes may help.
    pub fn parse(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let mut reader = Reader::new(bytes);
        let mut envelope = Self::read_detached(&mut reader)?;
        let length = usize::try_from(envelope.header.body_length).unwrap_or(usize::MAX);
        envelope.body = Some(reader.take(length, "body")?);
        Ok((envelope, reader.rest()))
    }

    /// Splits header and signature table only: the body arrives separately, as in updates.
    ///
    /// # Errors
    /// The field at fault.
    pub fn parse_detached(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let mut reader = Reader::new(bytes);
        let envelope = Self::read_detached(&mut reader)?;
        Ok((envelope, reader.rest()))
    }

    /// A document that fills `bytes` and nothing after it.
    ///
    /// # Errors
    /// The field at fault, or trailing bytes.
    pub fn parse_whole(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let (envelope, rest) = Self::parse(bytes)?;
        if rest.is_empty() {
            return Ok(envelope);
        }
        let offset = bytes.len().saturating_sub(rest.len());
        Err(ParseError::new("document", offset, crate::ParseErrorKind::Trailing))
    }

    pub(crate) fn read_detached(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let all = reader.rest();
        let header = Header::read(reader)?;
        let header_bytes = all.get(..header.wire_bytes()).unwrap_or_default();
        let signatures = SignatureTable::read(reader)?;
        Ok(Self { header, header_bytes, signatures, body: None })
    }

    /// The header, not believed.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The header's exact bytes.
    #[must_use]
    pub const fn header_bytes(&self) -> &'a [u8] {
        self.header_bytes
    }

    /// The signature table, not believed.
    #[must_use]
    pub const fn signatures(&self) -> SignatureTable<'a> {
        self.signatures
    }

    /// The body's exact bytes, not believed; empty where they arrive separately.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body.unwrap_or_default()
    }

    /// SHA-256 of what was signed: of the header, and of the body where it is signed directly.
    #[must_use]
    pub fn digest(&self) -> Sha256 {
        Sha256::of(&[self.header_bytes, self.signed_body()])
    }

    /// Checks the signatures, and the body against the header.
    ///
    /// # Errors
    /// [`VerifyError::Threshold`] and its like; nothing was decoded.
    pub fn verify(&self, keyring: &Keyring<'_>, channel: ChannelId) -> Result<Authentic<'a>, VerifyError> {
        self.verify_header(keyring, channel)?.attach(self.body())
    }

    /// As [`Envelope::verify`], with no more signatures than `memo` allows in this call.
    ///
    /// # Errors
    /// [`VerifyError::Deferred`] where one more is to be checked: the same call again goes on.
    pub fn verify_in_steps(
        &self,
        keyring: &Keyring<'_>,
        channel: ChannelId,
        memo: &mut SignatureMemo,
    ) -> Result<Authentic<'a>, VerifyError> {
        self.verify_header_in_steps(keyring, channel, memo)?.attach(self.body())
    }

    /// As [`Envelope::verify`], with one signature more in each call; `log` is that of this document alone.
    ///
    /// # Errors
    /// [`VerifyError::Deferred`] where one more is to be checked: the same call again goes on.
    pub fn verify_by_one(
        &self,
        keyring: &Keyring<'_>,
        channel: ChannelId,
        log: &mut SignatureLog,
    ) -> Result<Authentic<'a>, VerifyError> {
        let document = [self.header_bytes, self.signatures.as_bytes(), self.body()];
        let replay = log.replay(keyring, channel, document);
        self.judge_header(keyring, channel, &mut Pace::ByOne(replay))?.attach(self.body())
    }

    /// Checks the signatures of a document whose body arrives separately.
    ///
    /// # Errors
    /// As [`Envelope::verify`], but for the body.
    pub fn verify_header(
        &self,
        keyring: &Keyring<'_>,
        channel: ChannelId,
    ) -> Result<AuthenticHeader<'a>, VerifyError> {
        self.judge_header(keyring, channel, &mut Pace::AtOnce)
    }

    /// As [`Envelope::verify_header`], with no more signatures than `memo` allows in this call.
    ///
    /// # Errors
    /// [`VerifyError::Deferred`] where one more is to be checked: the same call again goes on.
    pub fn verify_header_in_steps(
        &self,
        keyring: &Keyring<'_>,
        channel: ChannelId,
        memo: &mut SignatureMemo,
    ) -> Result<AuthenticHeader<'a>, VerifyError> {
        self.judge_header(keyring, channel, &mut Pace::InSteps(memo))
    }

    fn judge_header(
        &self,
        keyring: &Keyring<'_>,
        channel: ChannelId,
        pace: &mut Pace<'_>,
    ) -> Result<AuthenticHeader<'a>, VerifyError> {
        let role = match self.header.kind {
            Kind::Manifest => Role::Release,
            Kind::RevokeAll => Role::Keyring,
            Kind::Head => Role::Head,
            Kind::Echo => Role::Echo,
            kind @ (Kind::Keyring | Kind::Recovery) => return Err(VerifyError::Kind(kind)),
        };
        if self.header.channel != channel {
            return Err(VerifyError::Channel);
        }
        self.check_keyring_version(keyring)?;
        let role_keys = keyring.role(role);
        let (keys, needed) = match role_keys {
            Some(keys) => (keyring.keys_of(keys), keys.threshold),
            None => return Err(VerifyError::Threshold { role: Some(role), valid: 0, needed: 1 }),
        };
        self.require(keys, Some(role), needed, pace)?;
        Ok(self.believe(Authority::Threshold { role, keyring: keyring.order() }))
    }

    /// A document of a newer epoch, or one that names a newer keyring, is not this keyring's to judge.
    fn check_keyring_version(&self, keyring: &Keyring<'_>) -> Result<(), VerifyError> {
        let current = keyring.order();
        let epoch = self.header.order.epoch;
        if epoch > current.epoch {
            return Err(VerifyError::Epoch { current: current.epoch, offered: epoch });
        }
        if epoch == current.epoch && self.header.keyring_version > current.number {
            let needed = self.header.keyring_version;
            return Err(VerifyError::KeyringTooOld { current: current.number, needed });
        }
        Ok(())
    }

    /// The threshold of one role of `keyring`, for a document of the keyring kind.
    pub(crate) fn require_keyring_role(
        &self,
        keyring: &Keyring<'_>,
        pace: &mut Pace<'_>,
    ) -> Result<(), VerifyError> {
        let role = keyring.keyring_role();
        self.require(keyring.keys_of(role), Some(Role::Keyring), role.threshold, pace)
    }

    /// The threshold of a recovery set.
    pub(crate) fn require_recovery(
        &self,
        recovery: &RecoverySet<'_>,
        pace: &mut Pace<'_>,
    ) -> Result<(), VerifyError> {
        self.require(recovery.keys(), None, recovery.threshold(), pace)
    }

    fn require<'k>(
        &self,
        keys: impl Iterator<Item = Key<'k>>,
        role: Option<Role>,
        needed: u8,
        pace: &mut Pace<'_>,
    ) -> Result<(), VerifyError> {
        let message =
            SignedMessage::new(&[self.header_bytes, self.signed_body()]).ok_or(VerifyError::BodyLength)?;
        threshold::require(&message, self.signatures, keys, role, needed, pace)
    }

    fn signed_body(&self) -> &'a [u8] {
        if self.header.kind.signs_body_directly() { self.body() } else { &[] }
    }

    pub(crate) const fn believe(&self, authority: Authority) -> AuthenticHeader<'a> {
        AuthenticHeader { header: self.header, header_bytes: self.header_bytes, authority }
    }
}
