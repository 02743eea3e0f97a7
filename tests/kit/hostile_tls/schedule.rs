//! The key schedule of TLS 1.3 (RFC 8446 §7.1) for TLS_AES_128_GCM_SHA256, on `ring`.

use ring::{aead, digest, hmac};

/// The secrets of one side in one phase.
#[derive(Debug)]
pub(super) struct Keys {
    secret: hmac::Key,
    key: aead::LessSafeKey,
    iv: [u8; 12],
    sequence: u64,
}

/// Where the schedule stands.
#[derive(Debug)]
pub(super) struct Schedule {
    secret: hmac::Tag,
}

fn mac(key: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key)
}

/// SHA-256.
#[must_use]
pub(super) fn hash(bytes: &[u8]) -> digest::Digest {
    digest::digest(&digest::SHA256, bytes)
}

/// HKDF-Expand-Label (RFC 8446 §7.1) for at most 32 bytes: one block.
fn expand(secret: &hmac::Key, label: &str, context: &[u8], length: u8) -> hmac::Tag {
    let label = [b"tls13 ", label.as_bytes()].concat();
    let mut info = vec![0, length, u8::try_from(label.len()).expect("labels are short")];
    info.extend(label);
    info.push(u8::try_from(context.len()).expect("hashes are short"));
    info.extend_from_slice(context);
    info.push(1);
    hmac::sign(secret, &info)
}

impl Schedule {
    /// The handshake secret, from the shared one.
    #[must_use]
    pub(super) fn handshake(shared: &[u8]) -> Self {
        let early = hmac::sign(&mac(&[0; 32]), &[0; 32]);
        Self { secret: hmac::sign(&mac(derived(&early).as_ref()), shared) }
    }

    /// The master secret.
    #[must_use]
    pub(super) fn master(&self) -> Self {
        Self { secret: hmac::sign(&mac(derived(&self.secret).as_ref()), &[0; 32]) }
    }

    /// The keys that a label stands for, after this transcript.
    #[must_use]
    pub(super) fn keys(&self, label: &str, transcript: &[u8]) -> Keys {
        let secret = expand(&mac(self.secret.as_ref()), label, hash(transcript).as_ref(), 32);
        let secret = mac(secret.as_ref());
        let (key, iv) = (expand(&secret, "key", &[], 16), expand(&secret, "iv", &[], 12));
        let key = aead::UnboundKey::new(&aead::AES_128_GCM, &key.as_ref()[..16]).expect("16 bytes are a key");
        let iv = iv.as_ref()[..12].try_into().expect("12 bytes");
        Keys { secret, key: aead::LessSafeKey::new(key), iv, sequence: 0 }
    }
}

fn derived(secret: &hmac::Tag) -> hmac::Tag {
    expand(&mac(secret.as_ref()), "derived", hash(&[]).as_ref(), 32)
}

impl Keys {
    /// The content of a Finished (RFC 8446 §4.4.4).
    #[must_use]
    pub(super) fn finished(&self, transcript: &[u8]) -> Vec<u8> {
        let key = expand(&self.secret, "finished", &[], 32);
        hmac::sign(&mac(key.as_ref()), hash(transcript).as_ref()).as_ref().to_vec()
    }

    /// One record around this inner plaintext, content type and padding included (RFC 8446 §5.2).
    #[must_use]
    pub(super) fn seal(&mut self, inner: &[u8]) -> Vec<u8> {
        let length = u16::try_from(inner.len() + 16).expect("a record's length").to_be_bytes();
        let header = [23, 3, 3, length[0], length[1]];
        let mut sealed = inner.to_vec();
        let nonce = self.nonce();
        let result = self.key.seal_in_place_append_tag(nonce, aead::Aad::from(header), &mut sealed);
        result.expect("a record is short");
        [&header, sealed.as_slice()].concat()
    }

    fn nonce(&mut self) -> aead::Nonce {
        let mut nonce = self.iv;
        let sequence = self.sequence.to_be_bytes();
        nonce[4..].iter_mut().zip(sequence).for_each(|(octet, mask)| *octet ^= mask);
        self.sequence += 1;
        aead::Nonce::assume_unique_for_key(nonce)
    }
}
