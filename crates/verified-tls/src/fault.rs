//! Why the guard ended a connection, small enough to be passed in one word.

use crate::Error;

/// What the guard found wrong below the record layer's encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server sent an alert with this description in the clear.
    Alert(u8),
    /// The server asks for another key share.
    HelloRetry,
    /// The record has a type that does not belong here, or another version than RFC 8446 §5.2 has.
    RecordNotAllowed,
    /// The record is too short to be an encrypted one.
    RecordEmpty,
    /// The record is longer than RFC 8446 §5.2 allows.
    RecordTooLong,
    /// The server's hello is none that answers ours.
    ServerHello,
    /// The socket broke its own contract.
    Socket,
    /// The server chose a suite that was not offered.
    Suite,
    /// More records came than are allowed.
    TooManyRecords,
    /// The connection ended without the server saying so.
    Truncated,
    /// The server chose an older version of TLS.
    Version,
}

impl Fault {
    pub(crate) const fn to_word(self) -> u32 {
        match self {
            Self::Alert(description) => u32::from_be_bytes([0, 0, description, 1]),
            Self::HelloRetry => 2,
            Self::RecordNotAllowed => 3,
            Self::RecordEmpty => 4,
            Self::RecordTooLong => 5,
            Self::ServerHello => 6,
            Self::Socket => 7,
            Self::Suite => 8,
            Self::TooManyRecords => 9,
            Self::Truncated => 10,
            Self::Version => 11,
        }
    }

    pub(crate) const fn from_word(word: u32) -> Option<Self> {
        let [_, _, description, kind] = word.to_be_bytes();
        Some(match kind {
            1 => Self::Alert(description),
            2 => Self::HelloRetry,
            3 => Self::RecordNotAllowed,
            4 => Self::RecordEmpty,
            5 => Self::RecordTooLong,
            6 => Self::ServerHello,
            7 => Self::Socket,
            8 => Self::Suite,
            9 => Self::TooManyRecords,
            10 => Self::Truncated,
            11 => Self::Version,
            _ => return None,
        })
    }

    pub(crate) const fn error(self) -> Error {
        /// handshake_failure and insufficient_security (RFC 8446 §6.2): no common suite, group or signature.
        const NOTHING_IN_COMMON: [u8; 2] = [40, 71];
        /// protocol_version.
        const OTHER_VERSION: u8 = 70;
        match self {
            Self::Alert(OTHER_VERSION) | Self::Version => Error::Version,
            Self::Alert(description)
                if description == NOTHING_IN_COMMON[0] || description == NOTHING_IN_COMMON[1] =>
            {
                Error::NothingInCommon
            }
            Self::Alert(description) => Error::Alert { description: Some(description) },
            Self::HelloRetry => Error::HelloRetry,
            Self::RecordNotAllowed => Error::RecordNotAllowed,
            Self::RecordEmpty => Error::RecordEmpty,
            Self::RecordTooLong => Error::RecordTooLong,
            Self::ServerHello => Error::ServerHello,
            Self::Socket => Error::Socket,
            Self::Suite => Error::NothingInCommon,
            Self::TooManyRecords => Error::TooManyRecords,
            Self::Truncated => Error::Truncated,
        }
    }
}
