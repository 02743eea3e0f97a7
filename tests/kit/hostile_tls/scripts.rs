//! What a hostile server does, one fault each, and what must come of it.

use std::io;

use super::proofs;
use super::session::{ALERT, DATA, HANDSHAKE, Hello, Session, message, record};

/// One way to be hostile.
#[derive(Clone, Copy)]
pub struct Script {
    /// What it does.
    pub name: &'static str,
    /// What the client must answer; see [`crate::tls_rows::Client`].
    pub expect: &'static str,
    /// How it is done, after the client's hello.
    pub play: fn(&mut Session) -> io::Result<()>,
}

pub(super) const NOT_ALLOWED: &str = "failed tls_message_not_allowed";
const RECORD: &str = "failed tls_record_not_allowed";
const SERVER_HELLO: &str = "failed tls_server_hello";

/// SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

pub(super) fn script(
    name: &'static str,
    expect: &'static str,
    play: fn(&mut Session) -> io::Result<()>,
) -> Script {
    Script { name, expect, play }
}

/// Every script; the first ones are honest, to show that the others are refused for what they do.
#[must_use]
pub fn scripts() -> Vec<Script> {
    [honest(), in_the_clear(), in_the_handshake(), proofs::scripts(), after_it(), without_end()].concat()
}

pub(super) fn greeted(session: &mut Session) -> io::Result<()> {
    session.hello(Hello::default())
}

/// Sends one thing in the middle of the handshake.
fn inside(session: &mut Session, inner: &[u8]) -> io::Result<()> {
    greeted(session)?;
    session.inner(inner)
}

/// Sends one thing when the handshake is over.
fn late(session: &mut Session, inner: &[u8]) -> io::Result<()> {
    session.shake_hands()?;
    session.inner(inner)?;
    session.data(b"and more")?;
    session.close()
}

pub(super) fn answer(session: &mut Session) -> io::Result<()> {
    session.data(b"welcome")?;
    session.close()
}

fn honest() -> Vec<Script> {
    vec![
        script("honest", "verified", |session| {
            session.shake_hands()?;
            answer(session)
        }),
        script("one_record_for_everything", "verified", |session| {
            greeted(session)?;
            let mut all = vec![Session::extensions(), session.certificate()];
            all.push(session.verify(&all.concat()));
            all.push(session.finished(&all.concat()));
            session.messages(&all)?;
            session.switch();
            answer(session)
        }),
        script("change_cipher_spec_for_middleboxes", "verified", |session| {
            session.raw(&record(20, &[1]))?;
            session.shake_hands()?;
            answer(session)
        }),
        script("padded_records", "verified", |session| {
            session.shake_hands()?;
            session.inner(&[b"welcome".as_slice(), &[DATA], &[0; 500]].concat())?;
            session.inner(&[&[DATA], [0; 16].as_slice()].concat())?;
            session.close()
        }),
        script("tickets_of_any_kind", "verified", |session| {
            let ticket = message(4, &[0xff; 700]);
            late(session, &[ticket.as_slice(), &ticket, &[HANDSHAKE]].concat())
        }),
        script("trickled_bytes", "verified", |session| {
            greeted(session)?;
            let extensions = Session::extensions();
            session.messages(&[extensions])?;
            let certificate = session.certificate();
            let verify = session.verify(&certificate);
            for message in [certificate, verify] {
                session.trickle(message)?;
            }
            let finished = session.finished(&[]);
            session.trickle(finished)?;
            session.switch();
            answer(session)
        }),
    ]
}

/// Before anything is encrypted.
fn in_the_clear() -> Vec<Script> {
    let bent = |name, expect, play| script(name, expect, play);
    vec![
        bent("hello_retry_request", "failed tls_hello_retry", |session| {
            session.hello(Hello { random: RETRY, ..Hello::default() })
        }),
        bent("older_version", "failed tls_version", |session| {
            session.hello(Hello { version: None, ..Hello::default() })
        }),
        bent("version_that_was_not_offered", "failed tls_version", |session| {
            session.hello(Hello { version: Some(0x0305), ..Hello::default() })
        }),
        bent("suite_that_was_not_offered", "failed tls_nothing_in_common", |session| {
            session.hello(Hello { suite: 0x1303, ..Hello::default() })
        }),
        bent("share_on_another_curve", SERVER_HELLO, |session| {
            session.hello(Hello { group: 29, ..Hello::default() })
        }),
        bent("share_that_is_no_point", SERVER_HELLO, |session| {
            let mut hello = session.hello_message(Hello::default())?;
            let at = hello.windows(4).position(|part| part == [0, 23, 0, 65]).map_or(0, |at| at + 5);
            hello[at..at + 64].fill(0xff);
            session.raw(&record(HANDSHAKE, &hello))
        }),
        bent("hello_cut_short", SERVER_HELLO, |session| {
            let hello = session.hello_message(Hello::default())?;
            session.raw(&record(HANDSHAKE, &hello[..hello.len() - 9]))
        }),
        bent("hello_and_more", SERVER_HELLO, |session| {
            let hello = session.hello_message(Hello::default())?;
            session.raw(&record(HANDSHAKE, &[hello, message(8, &[0, 0])].concat()))
        }),
        bent("hello_of_16_kib", SERVER_HELLO, |session| session.raw(&record(HANDSHAKE, &[2; 16_384]))),
        bent("empty_hello", SERVER_HELLO, |session| session.raw(&record(HANDSHAKE, &[]))),
        bent("fatal_alert", "failed tls_alert", |session| session.raw(&record(ALERT, &[2, 80]))),
        bent("alert_without_description", RECORD, |session| session.raw(&record(ALERT, &[2]))),
        bent("data_before_the_hello", RECORD, |session| session.raw(&record(DATA, &[0; 64]))),
        bent("unknown_record_type", RECORD, |session| session.raw(&record(99, &[0; 64]))),
        bent("no_tls_at_all", RECORD, |session| session.raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        bent("change_of_two_bytes", RECORD, |session| session.raw(&record(20, &[1, 1]))),
        bent("second_hello", RECORD, |session| {
            let hello = session.hello_message(Hello::default())?;
            session.raw(&[record(HANDSHAKE, &hello), record(HANDSHAKE, &hello)].concat())
        }),
        bent("rest_of_the_handshake_in_the_clear", RECORD, |session| {
            greeted(session)?;
            session.raw(&record(HANDSHAKE, &Session::extensions()))
        }),
        bent("alert_in_the_clear_after_the_hello", RECORD, |session| {
            greeted(session)?;
            session.raw(&record(ALERT, &[2, 40]))
        }),
        bent("silence_cut_off", "failed tls_truncated", |_| Ok(())),
        bent("half_a_header", "failed tls_truncated", |session| session.raw(&[22, 3])),
        bent("hello_then_nothing", "failed tls_truncated", greeted),
    ]
}

/// Under encryption, before the server has proved anything.
fn in_the_handshake() -> Vec<Script> {
    vec![
        script("ciphertext_of_16_bytes", "failed tls_record_empty", |session| {
            greeted(session)?;
            let empty = session.sealed(&[]);
            session.raw(&empty)
        }),
        script("ciphertext_of_0_bytes", "failed tls_record_empty", |session| {
            greeted(session)?;
            session.raw(&record(DATA, &[]))
        }),
        script("ciphertext_of_15_bytes", "failed tls_record_empty", |session| {
            greeted(session)?;
            session.raw(&record(DATA, &[0; 15]))
        }),
        script("nothing_but_padding", NOT_ALLOWED, |session| inside(session, &[0; 40])),
        script("one_zero", NOT_ALLOWED, |session| inside(session, &[0])),
        script("empty_handshake_record", NOT_ALLOWED, |session| inside(session, &[HANDSHAKE])),
        script("empty_alert", NOT_ALLOWED, |session| inside(session, &[ALERT])),
        script("empty_data", NOT_ALLOWED, |session| inside(session, &[DATA])),
        script("alert_of_three_bytes", NOT_ALLOWED, |session| inside(session, &[2, 40, 1, ALERT])),
        script("alert_of_unknown_level", "failed tls_alert", |session| inside(session, &[77, 250, ALERT])),
        script("unknown_content_type", NOT_ALLOWED, |session| inside(session, &[1, 2, 3, 99])),
        script("data_in_the_handshake", NOT_ALLOWED, |session| inside(session, &[1, 2, 3, DATA])),
        script("unknown_message", NOT_ALLOWED, |session| inside(session, &[77, 0, 0, 0, HANDSHAKE])),
        script("ticket_in_the_handshake", NOT_ALLOWED, |session| {
            inside(session, &[message(4, &[0; 13]).as_slice(), &[HANDSHAKE]].concat())
        }),
        script("hello_in_the_handshake", NOT_ALLOWED, |session| {
            inside(session, &[message(2, &[0; 40]).as_slice(), &[HANDSHAKE]].concat())
        }),
        script("message_split_over_records", "failed tls_message_split", |session| {
            inside(session, &[8, 0, 0, 2, 0, HANDSHAKE])
        }),
        script("message_longer_than_its_content", NOT_ALLOWED, |session| {
            inside(session, &[message(8, &[0, 0, 9, 9]).as_slice(), &[HANDSHAKE]].concat())
        }),
        script("extensions_that_lie_about_their_length", NOT_ALLOWED, |session| {
            inside(session, &[message(8, &[0xff, 0xff]).as_slice(), &[HANDSHAKE]].concat())
        }),
        script("forged_record", "failed tls_record_not_authentic", |session| {
            greeted(session)?;
            session.raw(&record(DATA, &[0x5a; 64]))
        }),
        script("record_of_another_version", RECORD, |session| {
            greeted(session)?;
            let mut sealed = session.sealed(&[0, HANDSHAKE]);
            sealed[1] = 0x83;
            session.raw(&sealed)
        }),
        script("record_longer_than_allowed", "failed tls_record_too_long", |session| {
            greeted(session)?;
            session.raw(&record(DATA, &[0; 16_641]))
        }),
        script("plaintext_longer_than_allowed", NOT_ALLOWED, |session| {
            inside(session, &[&[8; 16_400], [HANDSHAKE].as_slice()].concat())
        }),
    ]
}

/// From a server that has proved who it is.
fn after_it() -> Vec<Script> {
    vec![
        script("late_key_update", "failed tls_key_update", |session| {
            late(session, &[24, 0, 0, 1, 0, HANDSHAKE])
        }),
        script("late_key_update_without_content", NOT_ALLOWED, |session| {
            late(session, &[24, 0, 0, 0, HANDSHAKE])
        }),
        script("late_certificate_request", NOT_ALLOWED, |session| {
            late(session, &[13, 0, 0, 3, 0, 0, 0, HANDSHAKE])
        }),
        script("late_certificate", NOT_ALLOWED, |session| {
            let certificate = session.certificate();
            late(session, &[certificate.as_slice(), &[HANDSHAKE]].concat())
        }),
        script("late_finished", NOT_ALLOWED, |session| {
            late(session, &[message(20, &[0; 32]).as_slice(), &[HANDSHAKE]].concat())
        }),
        script("late_extensions", NOT_ALLOWED, |session| late(session, &[8, 0, 0, 2, 0, 0, HANDSHAKE])),
        script("late_hello", NOT_ALLOWED, |session| {
            late(session, &[message(2, &[0; 40]).as_slice(), &[HANDSHAKE]].concat())
        }),
        script("late_message_split_over_records", "failed tls_message_split", |session| {
            late(session, &[4, 0, 0, 99, 1, HANDSHAKE])
        }),
        script("late_empty_handshake", NOT_ALLOWED, |session| late(session, &[HANDSHAKE])),
        script("late_padding_only", NOT_ALLOWED, |session| late(session, &[0; 40])),
        script("late_alert_of_one_byte", NOT_ALLOWED, |session| late(session, &[1, ALERT])),
        script("late_fatal_alert", "failed tls_alert", |session| late(session, &[2, 80, ALERT])),
        script("late_change_cipher_spec", RECORD, |session| {
            session.shake_hands()?;
            // The client takes it as a part of the handshake until it has read the server's Finished.
            session.data(b"welcome")?;
            session.raw(&record(20, &[1]))
        }),
        script("late_record_in_the_clear", RECORD, |session| {
            session.shake_hands()?;
            session.raw(&record(HANDSHAKE, &message(4, &[0; 13])))
        }),
        script("late_ciphertext_of_16_bytes", "failed tls_record_empty", |session| {
            session.shake_hands()?;
            let empty = session.sealed(&[]);
            session.raw(&empty)
        }),
        script("data_under_the_handshakes_keys", "failed tls_record_not_authentic", |session| {
            session.hello(Hello::default())?;
            session.messages(&[Session::extensions()])?;
            let certificate = session.certificate();
            let verify = session.verify(&certificate);
            session.messages(&[certificate, verify])?;
            let finished = session.finished(&[]);
            session.messages(&[finished])?;
            session.data(b"welcome")
        }),
        script("end_that_was_not_announced", "failed tls_truncated", |session| {
            session.shake_hands()?;
            session.data(b"half of the ans")
        }),
        script("end_in_the_middle_of_a_record", "failed tls_truncated", |session| {
            session.shake_hands()?;
            let sealed = session.sealed(&[b'a', DATA]);
            session.raw(&sealed[..sealed.len() - 3])
        }),
    ]
}

/// Servers that would go on for ever.
fn without_end() -> Vec<Script> {
    const FOR_EVER: usize = 10_000;
    const TOO_MANY: &str = "failed tls_too_many_records";
    vec![
        script("change_cipher_spec_without_end", TOO_MANY, |session| {
            (0..FOR_EVER).try_for_each(|_| session.raw(&record(20, &[1])))
        }),
        script("extensions_without_end", TOO_MANY, |session| {
            greeted(session)?;
            (0..FOR_EVER).try_for_each(|_| session.messages(&[Session::extensions()]))
        }),
        script("empty_data_without_end", TOO_MANY, |session| {
            session.shake_hands()?;
            (0..FOR_EVER).try_for_each(|_| session.data(&[]))
        }),
        script("tickets_without_end", TOO_MANY, |session| {
            session.shake_hands()?;
            let ticket = [message(4, &[0; 13]).as_slice(), &[HANDSHAKE]].concat();
            (0..FOR_EVER).try_for_each(|_| session.inner(&ticket))
        }),
    ]
}
