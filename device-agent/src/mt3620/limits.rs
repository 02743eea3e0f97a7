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
/// Seconds of one wait at most: the longest refresh that a head may ask for, its jitter, and a little more.
pub const WAIT_SECONDS_MAX: u64 = 8 * 86_400;
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

#[cfg(test)]
mod tests {
    use std::{string::String, vec::Vec};

    use super::*;

    #[test]
    fn invariant_12_the_limits_of_this_driver_stand_in_the_design() {
        let design = include_str!("../../DESIGN.md");
        let (_, section) = design.split_once("\n### Its limits\n").unwrap();
        let (section, _) = section.split_once("\n#").unwrap_or((section, ""));
        let table: Vec<(String, u64)> = section
            .lines()
            .filter_map(|line| {
                let mut cells = line.strip_prefix("| `")?.split('|');
                let name = cells.next()?.trim().strip_suffix('`')?;
                Some((String::from(name), cells.next()?.trim().replace(',', "").parse().unwrap()))
            })
            .collect();
        let constants: [(&str, u64); 22] = [
            ("BASE_URLS_MAX", BASE_URLS_MAX as u64),
            ("CHUNK_LINE_BYTES_MAX", CHUNK_LINE_BYTES_MAX as u64),
            ("CLOCK_LOOK_MILLISECONDS", CLOCK_LOOK_MILLISECONDS),
            ("CONNECTION_BYTES", CONNECTION_BYTES as u64),
            ("CONNECT_MILLISECONDS", CONNECT_MILLISECONDS),
            ("CONVERSATION_BYTES", CONVERSATION_BYTES as u64),
            ("FETCH_MILLISECONDS", FETCH_MILLISECONDS),
            ("HEADERS_MAX", HEADERS_MAX as u64),
            ("HOST_BYTES_MAX", HOST_BYTES_MAX as u64),
            ("IDLE_MILLISECONDS", IDLE_MILLISECONDS),
            ("INCOMING_BYTES", INCOMING_BYTES as u64),
            ("INFORMATIONAL_MAX", INFORMATIONAL_MAX.into()),
            ("NUDGE_MILLISECONDS", NUDGE_MILLISECONDS),
            ("PROBE_MILLISECONDS", PROBE_MILLISECONDS),
            ("REPORT_BYTES_MAX", REPORT_BYTES_MAX as u64),
            ("REPORT_MILLISECONDS", REPORT_MILLISECONDS),
            ("REQUEST_BYTES_MAX", REQUEST_BYTES_MAX as u64),
            ("SELECTION_BYTES_MAX", SELECTION_BYTES_MAX as u64),
            ("SERVED_BYTES_MAX", SERVED_BYTES_MAX as u64),
            ("SERVED_CERTIFICATES_MAX", SERVED_CERTIFICATES_MAX as u64),
            ("TRAILER_BYTES_MAX", TRAILER_BYTES_MAX as u64),
            ("WAIT_SECONDS_MAX", WAIT_SECONDS_MAX),
        ];
        let expected: Vec<(String, u64)> =
            constants.into_iter().map(|(name, value)| (String::from(name), value)).collect();
        assert_eq!(table, expected);
        let source = include_str!("limits.rs");
        let written = source.lines().filter(|line| line.starts_with("pub const ")).count();
        assert_eq!(written, expected.len(), "every constant of this file stands in the table");
    }
}
