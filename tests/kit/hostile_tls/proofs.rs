//! Scripts in which the server's proof is missing or wrong: everything else of the handshake is as it should be.

use std::io;

use super::scripts::{NOT_ALLOWED, Script, answer, greeted, script};
use super::session::{Session, message, vector};

/// All of them.
pub(super) fn scripts() -> Vec<Script> {
    [orders(), signatures(), certificates()].concat()
}

/// EncryptedExtensions, these messages, and a Finished that is right; then an invitation to talk.
fn finish(session: &mut Session, parts: fn(&Session) -> Vec<Vec<u8>>) -> io::Result<()> {
    greeted(session)?;
    session.messages(&[Session::extensions()])?;
    for message in parts(session) {
        session.messages(&[message])?;
    }
    let finished = session.finished(&[]);
    session.messages(&[finished])?;
    session.switch();
    answer(session)
}
fn proof(session: &Session) -> [Vec<u8>; 2] {
    let certificate = session.certificate();
    let verify = session.verify(&certificate);
    [certificate, verify]
}

/// What is left out, repeated or out of order.
fn orders() -> Vec<Script> {
    vec![
        script("no_certificate", "failed tls_unauthenticated", |session| finish(session, |_| Vec::new())),
        script("no_certificate_verify", "failed tls_unauthenticated", |session| {
            finish(session, |session| vec![session.certificate()])
        }),
        script("certificate_verify_only", NOT_ALLOWED, |session| {
            finish(session, |session| vec![session.verify(&[])])
        }),
        script("empty_certificate", "failed tls_unauthenticated", |session| {
            finish(session, |_| vec![Session::certificate_of(&[])])
        }),
        script("another_certificate_after_the_proof", NOT_ALLOWED, |session| {
            finish(session, |session| {
                let [certificate, verify] = proof(session);
                vec![certificate.clone(), verify, certificate]
            })
        }),
        script("two_certificates_before_the_proof", NOT_ALLOWED, |session| {
            finish(session, |session| vec![session.certificate(), session.certificate()])
        }),
    ]
}

/// Signatures that prove nothing.
fn signatures() -> Vec<Script> {
    vec![
        script("signature_of_another_handshake", "failed tls_signature", |session| {
            finish(session, |session| vec![session.certificate(), session.verify(b"something else")])
        }),
        script("signature_cut_short", "failed tls_signature", |session| {
            finish(session, |session| vec![session.certificate(), message(15, &[4, 3, 0, 0])])
        }),
        script("signature_of_pkcs_1", "failed tls_signature_algorithm", |session| {
            finish(session, |session| vec![session.certificate(), message(15, &[4, 1, 0, 1, 0])])
        }),
        script("signature_of_unknown_algorithm", "failed tls_signature_algorithm", |session| {
            finish(session, |session| vec![session.certificate(), message(15, &[0xfe, 0xfe, 0, 1, 0])])
        }),
        script("signature_that_does_not_fit_the_key", "failed tls_signature_algorithm", |session| {
            finish(session, |session| vec![session.certificate(), message(15, &[8, 7, 0, 1, 0])])
        }),
    ]
}

/// Certificates that are none or too many, and a Finished that is wrong.
fn certificates() -> Vec<Script> {
    vec![
        script("certificate_that_is_none", "failed tls_certificate", |session| {
            finish(session, |session| vec![Session::certificate_of(&[vec![0x30, 0]]), session.verify(&[])])
        }),
        script("certificates_that_lie_about_their_length", NOT_ALLOWED, |session| {
            finish(session, |_| vec![message(11, &[0, 0xff, 0xff, 0xff])])
        }),
        script("chain_of_200_certificates", "failed tls_message_not_allowed", |session| {
            finish(session, |_| vec![Session::certificate_of(&vec![vec![0x30, 0]; 200])])
        }),
        script("chain_of_12_certificates", "failed tls_chain_too_long", |session| {
            finish(session, |_| vec![Session::certificate_of(&vec![vec![0x30, 0]; 12])])
        }),
        script("chain_of_16_kib", "failed tls_chain_too_long", |session| {
            finish(session, |_| vec![Session::certificate_of(&vec![vec![0x30; 4_000]; 4])])
        }),
        script("wrong_finished", "failed tls_record_not_authentic", |session| {
            greeted(session)?;
            session.messages(&[Session::extensions()])?;
            for message in proof(session) {
                session.messages(&[message])?;
            }
            session.messages(&[message(20, &[0x5a; 32])])
        }),
        script("finished_of_48_bytes", NOT_ALLOWED, |session| {
            greeted(session)?;
            session.messages(&[Session::extensions(), message(20, &[0x5a; 48])])
        }),
        script("certificate_with_a_signed_ocsp_response", "failed tls_unauthenticated", |session| {
            finish(session, |_| {
                let entry = [vector(3, &[0x30, 0]), vector(2, &[0, 5, 0, 1, 0])].concat();
                vec![message(11, &[vec![0], vector(3, &entry)].concat())]
            })
        }),
    ]
}
