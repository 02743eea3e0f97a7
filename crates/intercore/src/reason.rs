//! Why a message changed nothing, or why a transfer ended: numbers and names that never change their meaning.

use core::fmt;

use bundle::VerifyError;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $code:literal;)+) => {
        /// Why a message was ignored or a transfer refused. Numbers are on the wire: never renumber.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $variant = $number,)+
        }

        impl Reason {
            /// Every reason, in the order of the numbers.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number,)+ }
            }

            /// The stable name, for machines.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }
        }
    };
}

reasons! {
    /// The bytes end before the header or the payload does, or go on behind it.
    MessageLength = 1, "message_length";
    /// The first four bytes are others: not a message of this protocol.
    MessageMagic = 2, "message_magic";
    /// A layout that this version does not know.
    MessageFormat = 3, "message_format";
    /// A kind that this version does not know.
    MessageKind = 4, "message_kind";
    /// A field has a value that its kind does not allow.
    MessageField = 5, "message_field";
    /// A message of a transfer that was not begun here, or that has ended.
    NoTransfer = 10, "no_transfer";
    /// The message comes before its turn: one in front of it was lost.
    Ahead = 11, "ahead";
    /// The message brings another piece than the one that is wanted.
    Unexpected = 12, "unexpected";
    /// More keyring files than one transfer may have.
    KeyringsTooMany = 20, "keyrings_too_many";
    /// The document is longer than the buffer that this image has for it.
    DocumentTooLarge = 21, "document_too_large";
    /// The framing of a document is wrong.
    DocumentMalformed = 22, "document_malformed";
    /// A document is signed and does not decode: it is newer than this image.
    DocumentUndecodable = 23, "document_undecodable";
    /// A document of another kind than the one that must stand here.
    DocumentKind = 24, "document_kind";
    /// Too few valid signatures by different keys.
    Threshold = 30, "threshold";
    /// Signed for another channel.
    Channel = 31, "channel";
    /// The body is not the one that was signed.
    BodyMismatch = 32, "body_mismatch";
    /// Another recovery epoch than the one that the keyring in force can judge.
    Epoch = 33, "epoch";
    /// The document needs a keyring that has not come yet.
    KeyringTooOld = 34, "keyring_too_old";
    /// The recovery set is missing, not the one committed to, or the commitment changed without it.
    Recovery = 35, "recovery";
    /// A floor is restated for a role whose keys were not all replaced.
    FloorKept = 36, "floor_kept";
    /// The number grows by more than the format allows in one step.
    Step = 37, "step";
    /// A refusal that this version has no name for.
    Verification = 38, "verification";
    /// The keyring is longer than the buffer that this image has for it.
    KeyringTooLarge = 40, "keyring_too_large";
    /// The release is below the floor: the image's, or what this core has accepted since its start.
    ReleaseOlder = 50, "release_older";
    /// Another release under the number of the one that is installed.
    ReleaseEquivocation = 51, "release_equivocation";
    /// The release does not name the service of this image.
    ServiceUnknown = 52, "service_unknown";
    /// No anchor of the service is usable: the core would trust nobody.
    ServiceWithoutAnchor = 53, "service_without_anchor";
    /// The anchors of the service are more than the buffer that this image has for them.
    AnchorsTooLarge = 54, "anchors_too_large";
    /// A certificate is not the one that the release names.
    CertificateMismatch = 55, "certificate_mismatch";
}

impl Reason {
    /// The reason with this number.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.number() == number)
    }
}

impl From<VerifyError> for Reason {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::BodyDigest | VerifyError::BodyLength => Self::BodyMismatch,
            VerifyError::Channel => Self::Channel,
            VerifyError::CommitmentChanged
            | VerifyError::RecoveryCommitment
            | VerifyError::RecoveryMissing => Self::Recovery,
            VerifyError::Decode(_) => Self::DocumentUndecodable,
            VerifyError::Epoch { .. } => Self::Epoch,
            VerifyError::FloorKept(_) => Self::FloorKept,
            VerifyError::KeyringTooOld { .. } => Self::KeyringTooOld,
            VerifyError::Kind(_) => Self::DocumentKind,
            VerifyError::Parse(_) => Self::DocumentMalformed,
            VerifyError::Step { .. } => Self::Step,
            VerifyError::Threshold { .. } => Self::Threshold,
            _ => Self::Verification,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
