//! Every maximum of this crate, each with its reason.

/// Bytes of the buffer that holds one received record: the longest ciphertext that RFC 8446 §5.2 allows,
/// 2^14 + 256. Servers choose the length of their records, so a smaller one would fail with some of them.
pub const READ_BUFFER_BYTES: usize = 16_640;

/// Bytes of the buffer that holds one sent record.
///
/// The longest thing in it is a `ClientHello` with a name of 253 characters (434 bytes, measured by a test); 128 of
/// them are kept free for the record's own bytes when application data is sent, which leaves 379 bytes a record.
pub const WRITE_BUFFER_BYTES: usize = 512;

/// Bytes of one record's ciphertext that cannot be fewer: the content type and the tag of 16 bytes
/// (RFC 8446 §5.2). `embedded-tls` 0.19 panics on what is shorter.
pub const CIPHERTEXT_BYTES_MIN: usize = 17;

/// Bytes of the content of one record (RFC 8446 §5.1).
pub const PLAINTEXT_BYTES_MAX: usize = 16_384;

/// Bytes of the server's first record. A `ServerHello` with a P-256 share and no session is 123 bytes long;
/// the rest is room for extensions that a later server may add.
pub const SERVER_HELLO_BYTES_MAX: usize = 256;

/// Records of one handshake: the `ServerHello`, five messages in a record each, a `ChangeCipherSpec`, and as many
/// again for servers that pad or repeat. With it, a handshake ends after at most 16 × 16,645 bytes.
pub const HANDSHAKE_RECORDS_MAX: u8 = 16;

/// Records in a row that bring no application data, such as session tickets: OpenSSL sends two, the most that a
/// server is known to send by default is four. A read ends after so many, so that no poll is endless.
pub const QUIET_RECORDS_MAX: u8 = 16;

/// Certificates that a server may send: a leaf and every intermediate of a path of six, and one unrelated.
pub const CERTIFICATES_MAX: usize = 8;

/// Bytes of all certificates that a server may send. The chains of large clouds have 4 to 7 KiB; what is kept
/// stays on the heap beside the read buffer until it is judged, and a small device has no more room there.
pub const CHAIN_BYTES_MAX: usize = 8_192;

/// Times the server's public key that must be free on the heap before a proof is checked: the numbers of an RSA signature
/// are five of the key's size, as measured, and the error that names an unknown algorithm is smaller. A chain for whose
/// proof there is no room ends as one that is too long.
pub const PROOF_KEYS: usize = 5;

/// Bytes beside them: what is signed, and the bookkeeping of the heap.
pub const PROOF_BYTES: usize = 512;
