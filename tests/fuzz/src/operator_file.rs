//! Files that travel between operators and signers: drafts, signatures, public keys, key files.

use bundle::Envelope;
use cloud_updater::{
    document::{DraftFile, SignatureFile},
    fuzzing,
    key::PublicKey,
};

use crate::input::selector;

/// One of the kinds, and a file of it.
///
/// # Panics
/// Where a file that is read and written again says something else.
pub fn operator_file(input: &[u8]) {
    let (selector, bytes) = selector(input);
    if selector % 4 == 0 {
        return draft(bytes);
    }
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    match selector % 4 {
        1 => signature(text),
        2 => public_key(text),
        // No passphrase is tried: what is known before must not cost anything either.
        _ => drop(fuzzing::key_file(text)),
    }
}

fn draft(bytes: &[u8]) {
    let Ok(draft) = DraftFile::parse(bytes) else { return };
    let written = draft.encode();
    assert!(written.len() <= bytes.len(), "nothing is added");
    assert!(DraftFile::parse(&written).is_ok_and(|again| again == draft), "as it was written");
    let unsigned = draft.unsigned().expect("a draft holds a document");
    let envelope = Envelope::parse_whole(&draft.document).expect("a draft holds a document");
    assert_eq!(unsigned.header(), envelope.header());
    if let Some(channel) = &draft.channel {
        let shown = bundle::ChannelId::of(channel);
        assert_eq!(shown, envelope.header().channel, "the channel shown is the channel signed");
    }
}

fn signature(text: &str) {
    let Ok(signature) = SignatureFile::parse(text) else { return };
    let written = signature.to_string();
    assert_eq!(written.lines().count(), 1);
    assert!(SignatureFile::parse(&written).is_ok_and(|again| again == signature), "as it was written");
}

fn public_key(text: &str) {
    let Ok(key) = PublicKey::parse(text) else { return };
    assert_eq!(key.content().as_key().check(), Ok(()), "it may enter a keyring");
    assert!(key.name().len() <= bundle::limits::NAME_BYTES_MAX);
    let written = key.to_string();
    assert!(PublicKey::parse(&written).is_ok_and(|again| again == key), "as it was written");
}
