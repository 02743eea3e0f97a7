//! Every limit of this driver, each with its reason; the table in DESIGN.md repeats them and a test compares.

/// Bytes that arrive before they are looked at: the largest head of an answer, and the piece that the engine is
/// given at a time. Content networks send up to two KiB of headers.
pub const INCOMING_BYTES: usize = 4_096;
/// Header fields of an answer that are looked at; an answer with more is no answer.
pub const HEADERS_MAX: usize = 48;
/// Informational answers (1xx) in front of the real one.
pub const INFORMATIONAL_MAX: u8 = 4;
/// Bytes of a request: path, host and four fields.
pub const REQUEST_BYTES_MAX: usize = 512;
/// Bytes of a line that announces a chunk (RFC 9112 §7.1), extensions included.
pub const CHUNK_LINE_BYTES_MAX: usize = 64;
/// Bytes of trailer fields behind the last chunk; they are skipped.
pub const TRAILER_BYTES_MAX: usize = 1_024;
/// Milliseconds until a name must be resolved, a connection made and a handshake done.
pub const CONNECT_MILLISECONDS: u64 = 30_000;
/// Milliseconds without a byte that end a fetch.
pub const IDLE_MILLISECONDS: u64 = 20_000;
/// Milliseconds that one fetch may take: a full slot over a link of ten kilobits a second, eight times over. It is
/// what ends a server that sends a byte now and then.
pub const FETCH_MILLISECONDS: u64 = 180_000;
/// Milliseconds of one probe, made here or by the application.
pub const PROBE_MILLISECONDS: u64 = 30_000;
/// Milliseconds that the application has for a report.
pub const REPORT_MILLISECONDS: u64 = 60_000;
/// Milliseconds between two checks that somebody asks for.
pub const NUDGE_MILLISECONDS: u64 = 60_000;
/// Milliseconds of one wait at most, while the clock is unknown: what time brings must not wait for the next check.
pub const CLOCK_LOOK_MILLISECONDS: u64 = 60_000;
/// Seconds of one wait at most: a board that sleeps longer forgets why.
pub const WAIT_SECONDS_MAX: u64 = 7 * 86_400;
/// Base URLs, the manifest's further ones included.
pub const BASE_URLS_MAX: usize = 8;
/// Bytes of a base URL's host: what a server name indication can say (RFC 1035 §2.3.4).
pub const HOST_BYTES_MAX: usize = 253;
/// Bytes that a report may have.
pub const REPORT_BYTES_MAX: usize = bundle::limits::REPORT_BYTES_MAX;
/// Bytes of a chain that the application serves from its own handshake: as many as a server may send here.
pub const SERVED_BYTES_MAX: usize = verified_tls::limits::CHAIN_BYTES_MAX;
/// Certificates of a chain that the application serves from its own handshake.
pub const SERVED_CERTIFICATES_MAX: usize = 10;
/// Bytes of the conversation over one connection, as a future: the state of TLS, and the piece that is read at a time.
pub const CONVERSATION_BYTES: usize = 4_096;
/// Bytes of the heap that must be free before a connection is begun: its buffers, the conversation, the request, and what
/// a server's hello takes. What a server then sends is asked room for when its length is known.
pub const CONNECTION_BYTES: usize = verified_tls::limits::READ_BUFFER_BYTES
    + verified_tls::limits::WRITE_BUFFER_BYTES
    + CONVERSATION_BYTES
    + REQUEST_BYTES_MAX
    + 2 * verified_tls::limits::SERVER_HELLO_BYTES_MAX;
/// Bytes of the heap that the part of a bundle may take which one chain is judged under. There may be less, and then
/// the set is held to that.
pub const SELECTION_BYTES_MAX: usize = 24_576;
