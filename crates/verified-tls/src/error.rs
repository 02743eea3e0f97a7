//! What can go wrong with a connection, with a stable code for each.

use core::fmt;

use embedded_io::ErrorKind;

/// Why a connection could not be made or cannot be used any more.
///
/// Nothing of a peer's is copied into it, so it is a few bytes whatever the peer sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The server sent an alert (RFC 8446 §6).
    Alert {
        /// Its description, where it was sent in the clear.
        description: Option<u8>,
    },
    /// The server sent more certificates, or more bytes of them, than the limits allow.
    ChainTooLong,
    /// This side closed the connection, or the server did.
    Closed,
    /// The server finished the handshake without a Certificate and a CertificateVerify: it proved nothing.
    Unauthenticated,
    /// A certificate or its list cannot be read.
    Certificate,
    /// The server asks for a key share on another curve than P-256.
    HelloRetry,
    /// A future of this connection was dropped before it ended, or an error ended it before.
    Interrupted,
    /// The server wants to change its keys (RFC 8446 §4.6.3), which is not supported.
    KeyUpdate,
    /// A message stands where it must not, or its length is not that of its content.
    MessageNotAllowed,
    /// A handshake message is split over several records. They are not put together.
    MessageSplit,
    /// Server and client have no suite, curve or signature algorithm in common.
    NothingInCommon,
    /// An encrypted record that is too short to be one.
    RecordEmpty,
    /// A record of a type or version that does not belong there.
    RecordNotAllowed,
    /// A record that was not encrypted with the connection's keys, or was changed on the way.
    RecordNotAuthentic,
    /// A record that is longer than RFC 8446 §5 allows.
    RecordTooLong,
    /// The server's hello cannot be read, or answers something that was not offered.
    ServerHello,
    /// The server's CertificateVerify is not a signature of this handshake by its certificate's key.
    Signature,
    /// The server signed with an algorithm that TLS 1.3 does not allow or that does not fit its key.
    SignatureAlgorithm,
    /// The socket returned more than was asked for.
    Socket,
    /// The transport failed.
    Transport(ErrorKind),
    /// More records came than a handshake has, or too many in a row that bring no data.
    TooManyRecords,
    /// The connection ended without the server saying so: data may be missing.
    Truncated,
    /// The server speaks no TLS 1.3.
    Version,
    /// `embedded-tls` refused for a reason of its own; not known to be reachable.
    Internal,
}

impl Error {
    /// The stable code, for reports and logs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Alert { .. } => "tls_alert",
            Self::ChainTooLong => "tls_chain_too_long",
            Self::Closed => "tls_closed",
            Self::Unauthenticated => "tls_unauthenticated",
            Self::Certificate => "tls_certificate",
            Self::HelloRetry => "tls_hello_retry",
            Self::Interrupted => "tls_interrupted",
            Self::KeyUpdate => "tls_key_update",
            Self::MessageNotAllowed => "tls_message_not_allowed",
            Self::MessageSplit => "tls_message_split",
            Self::NothingInCommon => "tls_nothing_in_common",
            Self::RecordEmpty => "tls_record_empty",
            Self::RecordNotAllowed => "tls_record_not_allowed",
            Self::RecordNotAuthentic => "tls_record_not_authentic",
            Self::RecordTooLong => "tls_record_too_long",
            Self::ServerHello => "tls_server_hello",
            Self::Signature => "tls_signature",
            Self::SignatureAlgorithm => "tls_signature_algorithm",
            Self::Socket => "tls_socket",
            Self::Transport(_) => "tls_transport",
            Self::TooManyRecords => "tls_too_many_records",
            Self::Truncated => "tls_truncated",
            Self::Version => "tls_version",
            Self::Internal => "tls_internal",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alert { description: Some(description) } => {
                return write!(f, "the server ended the handshake with alert {description}");
            }
            Self::Alert { description: None } => "the server ended the connection with an alert",
            Self::ChainTooLong => "the server sent more certificates than are taken",
            Self::Closed => "the connection is closed",
            Self::Unauthenticated => "the server did not prove that it holds a certificate's key",
            Self::Certificate => "a certificate of the server cannot be read",
            Self::HelloRetry => "the server wants a key share that is not P-256",
            Self::Interrupted => "the connection was interrupted before and cannot be used",
            Self::KeyUpdate => "the server wants to change keys, which is not supported",
            Self::MessageNotAllowed => "the server sent a message that does not belong there",
            Self::MessageSplit => "the server split a message over several records",
            Self::NothingInCommon => "the server accepts no suite, curve or signature that is offered",
            Self::RecordEmpty => "the server sent an encrypted record without content",
            Self::RecordNotAllowed => "the server sent a record that does not belong there",
            Self::RecordNotAuthentic => "a record was changed on the way",
            Self::RecordTooLong => "the server sent a record that is too long",
            Self::ServerHello => "the server's hello answers something that was not offered",
            Self::Signature => "the server's signature over the handshake is wrong",
            Self::SignatureAlgorithm => "the server signed with an algorithm that is not allowed",
            Self::Socket => "the socket returned more bytes than were asked for",
            Self::Transport(kind) => return write!(f, "the transport failed: {kind}"),
            Self::TooManyRecords => "the server sent too many records that bring nothing",
            Self::Truncated => "the connection ended without a closing alert",
            Self::Version => "the server speaks no TLS 1.3",
            Self::Internal => "the TLS layer failed",
        })
    }
}

impl core::error::Error for Error {}

impl embedded_io::Error for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Transport(kind) => *kind,
            Self::Truncated => ErrorKind::ConnectionReset,
            Self::Closed | Self::Interrupted => ErrorKind::NotConnected,
            _ => ErrorKind::InvalidData,
        }
    }
}
