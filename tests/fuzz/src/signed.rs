//! Documents made of contents: what was signed verifies and says what it was to say, and nothing else verifies.

use arbitrary::{Result, Unstructured};
use bundle::{
    Authentic, DecodeError, Document as _, Envelope, Head, Keyring, Kind, Manifest, Nonce, Order, Sha256,
    VerifyError,
    write::{self, ManifestContent},
};

use crate::{
    content, fleet,
    fleet::{ECHO_SIGNERS, HEAD_SIGNERS, KEYRING_SIGNERS, RECOVERY_SIGNERS, RELEASE_SIGNERS},
    spoiling::{reordered, spoil},
};

/// Says whether a document is believed.
type Judge = fn(&[u8]) -> bool;

/// How often each document is spoilt.
const SPOILT: usize = 8;

/// What a document is made from, and what is done to it.
///
/// # Panics
/// Where a good document is refused, or a spoilt one is not.
pub fn signed(input: &[u8]) {
    // An input that ends early makes no document.
    let _made = make(&mut Unstructured::new(input));
}

fn make(u: &mut Unstructured<'_>) -> Result<()> {
    let (document, judge): (_, Judge) = match u.int_in_range(0..=5)? {
        0 => (manifest(u)?, verifies),
        1 => {
            let body = content::manifest(u, false)?.encode();
            (fleet::signed(Kind::RevokeAll, Order::new(0, 2), 1, body, &KEYRING_SIGNERS), verifies)
        }
        2 => {
            let body = content::head(u)?.encode();
            (fleet::signed(Kind::Head, Order::new(0, u.arbitrary()?), 1, body, &HEAD_SIGNERS), verifies)
        }
        3 => {
            let body = write::echo_body(Nonce(u.arbitrary()?), Sha256(u.arbitrary()?));
            (fleet::signed(Kind::Echo, Order::new(0, 1), 1, body, &ECHO_SIGNERS), verifies)
        }
        4 => {
            let body = content::keyring(u)?.encode();
            (fleet::signed(Kind::Keyring, Order::new(0, 2), 1, body, &KEYRING_SIGNERS), is_next)
        }
        _ => (recovery(u)?, is_next),
    };
    assert!(judge(&document), "a good document is refused");
    let starts_with_set = document.get(5) == Some(&Kind::Recovery.to_wire());
    if !starts_with_set {
        assert!(judge(&reordered(&document)), "the order of signatures is nobody's business");
    }
    for _ in 0..SPOILT {
        let (spoilt, what) = if starts_with_set { cut_or_flip(&document, u)? } else { spoil(&document, u)? };
        assert!(spoilt == document || !judge(&spoilt), "{what}, and nobody saw it");
    }
    Ok(())
}

/// A recovery: the set that was committed to, and the keyring that opens the next epoch.
fn recovery(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut content = content::keyring(u)?;
    content.recovery_commitment = Sha256::of(&[b"the next set", &u.arbitrary::<[u8; 4]>()?]);
    let set = fleet::recovery().encode();
    let shown = fleet::signed(Kind::Recovery, Order::new(1, 2), 0, set, &[]);
    let by = [KEYRING_SIGNERS, RECOVERY_SIGNERS].concat();
    let keyring = fleet::signed(Kind::Keyring, Order::new(1, 2), 0, content.encode(), &by);
    Ok(write::keyring_file(Some(&shown), &keyring))
}

/// The header of a recovery set is signed by nobody, and only its body counts, so not every change spoils it; one of
/// the keyring behind it does.
fn cut_or_flip(file: &[u8], u: &mut Unstructured<'_>) -> Result<(Vec<u8>, &'static str)> {
    let (_, keyring) = Envelope::parse(file).expect("a recovery set in front");
    let start = file.len() - keyring.len();
    let place = start + u.choose_index(keyring.len())?;
    if u.arbitrary()? {
        return Ok((file.split_at(place).0.to_vec(), "it was cut"));
    }
    let mut changed = file.to_vec();
    if let Some(byte) = changed.get_mut(place) {
        *byte ^= 1 << u.int_in_range(0..=7)?;
    }
    Ok((changed, "a bit was flipped"))
}

fn manifest(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let content = content::manifest(u, true)?;
    let number = u.int_in_range(1..=u32::MAX)?;
    let document =
        fleet::signed(Kind::Manifest, Order::new(0, number), 1, content.encode(), &RELEASE_SIGNERS);
    let read = open(&document).and_then(|authentic| Ok(Manifest::decode(authentic)?));
    let read = ManifestContent::of(&read.expect("a good manifest is read"));
    assert_eq!(read.encode(), content.encode());
    assert_eq!((read.anchors, read.services.len()), (content.anchors, content.services.len()));
    Ok(document)
}

fn open(document: &[u8]) -> core::result::Result<Authentic<'_>, VerifyError> {
    Envelope::parse_whole(document)?.verify(&fleet::keyring(), fleet::channel())
}

/// True where a document verifies and decodes.
fn verifies(document: &[u8]) -> bool {
    let decodes = |authentic: Authentic<'_>| -> core::result::Result<(), DecodeError> {
        match authentic.header().kind {
            Kind::Head => Head::decode(authentic).map(drop),
            Kind::Echo => bundle::Echo::decode(authentic).map(drop),
            _ => Manifest::decode(authentic).map(drop),
        }
    };
    // A signature that is left when enough are there is not looked at, so "verifies" is about those that count.
    open(document).is_ok_and(|authentic| decodes(authentic).is_ok())
}

/// True where a file holds the next generation, and nothing behind it.
fn is_next(file: &[u8]) -> bool {
    let keyring: Keyring<'_> = fleet::keyring();
    keyring.accept(file).is_ok_and(|accepted| accepted.rest.is_empty())
}
