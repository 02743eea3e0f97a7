//! Faults of the files around documents: updates, seeds, USB files.

use bundle::{
    ChannelId, Document as _, Envelope, Keyring, Manifest, Sha256, UpdatePrefix, VerifyError,
    write::{ManifestContent, seed, update, usb},
};

use super::case;
use crate::{
    fixture::{anchor, channel, first_keyring, manifest_content, manifest_document},
    vector::Vector,
};

/// Certificates of the old release, of the new one, and what only the new one has.
const OLD: [&[u8]; 2] = [b"first", b"second"];
const NEW: [&[u8]; 2] = [b"first", b"third"];

fn parsed<'a>(document: &'a [u8], keyring: &[u8], channel: ChannelId) -> Result<Manifest<'a>, VerifyError> {
    let keyring = Keyring::provisioned(keyring)?;
    Ok(Manifest::decode(Envelope::parse_whole(document)?.verify(&keyring, channel)?)?)
}

fn content(certificates: &[&[u8]]) -> ManifestContent {
    ManifestContent {
        anchors: certificates.iter().map(|certificate| anchor(certificate)).collect(),
        ..manifest_content(&[b"first"])
    }
}

/// The update from release 1 to release 2, and the body that it starts from.
fn sample() -> (Vec<u8>, Vec<u8>) {
    let keyring = first_keyring();
    let (old, new) = (manifest_document(&content(&OLD), 1), manifest_document(&content(&NEW), 2));
    let from = parsed(&old, &keyring, channel()).expect("verifies");
    let to = parsed(&new, &keyring, channel()).expect("verifies");
    let blob = |sha256| NEW.into_iter().find(|bytes| Sha256::of(&[bytes]) == sha256);
    (update(Some(&from), &new, &to, blob).expect("builds"), from.body_bytes().to_vec())
}

fn update_case(comment: &str, change: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>)) -> Vector {
    let (mut input, mut base) = sample();
    change(&mut input, &mut base);
    Vector { base, ..case("update", comment, input) }
}

pub(super) fn cases() -> Vec<(&'static str, Vector)> {
    [containers(), updates()].concat()
}

fn containers() -> Vec<(&'static str, Vector)> {
    let (keyring, manifest) = (first_keyring(), manifest_document(&content(&OLD), 1));
    let blobs = |document: &[u8]| {
        let manifest = parsed(document, &keyring, channel()).expect("verifies");
        let order = manifest.blobs().map(|(sha256, _)| sha256).collect::<Vec<_>>();
        let find = |sha256: &Sha256| {
            OLD.into_iter().find(|bytes| Sha256::of(&[bytes]) == *sha256).unwrap_or_default()
        };
        order.iter().flat_map(|sha256| find(sha256).to_vec()).collect::<Vec<u8>>()
    };
    let all = blobs(&manifest);
    let stranger = crate::fixture::document(
        &crate::fixture::unsigned(
            bundle::Kind::Manifest,
            bundle::Order::new(0, 1),
            1,
            content(&OLD).encode(),
        ),
        &[71, 72],
    );
    let carrier = usb(&keyring, None, &manifest, &all).expect("builds");
    let mut flagged = carrier.clone();
    flagged[9 + keyring.len()] = 2;
    vec![
        (
            "seed_accepted",
            case("seed", "Keyring, release and blobs of an image.", seed(&keyring, &manifest, &all)),
        ),
        (
            "seed_blob_changed",
            case(
                "seed",
                "A blob that is not the one listed.",
                seed(&keyring, &manifest, &all.iter().map(|byte| byte ^ 1).collect::<Vec<_>>()),
            ),
        ),
        (
            "seed_blob_missing",
            case("seed", "The last blob is cut off.", seed(&keyring, &manifest, &all[..all.len() - 1])),
        ),
        (
            "seed_blob_trailing",
            case(
                "seed",
                "A byte after the last blob.",
                seed(&keyring, &manifest, &[&all[..], b"x"].concat()),
            ),
        ),
        (
            "seed_release_by_stranger",
            case("seed", "The image's keyring did not sign the release.", seed(&keyring, &stranger, &all)),
        ),
        (
            "seed_documents_swapped",
            case("seed", "The manifest stands first.", seed(&manifest, &keyring, &all)),
        ),
        ("usb_accepted", case("usb", "Everything an offline device needs.", carrier)),
        ("usb_unknown_flag", case("usb", "A head flag that is neither 0 nor 1.", flagged)),
        (
            "usb_blob_missing",
            case("usb", "The blobs are cut off.", usb(&keyring, None, &manifest, &all[..3]).expect("builds")),
        ),
    ]
}

fn updates() -> Vec<(&'static str, Vector)> {
    let prefix = UpdatePrefix::parse(&sample().0).expect("parses").wire_bytes();
    vec![
        ("update_accepted", update_case("One certificate exchanged.", |_, _| {})),
        (
            "update_wrong_base",
            update_case("The patch runs over another body: the digest sees it.", |_, base| {
                base.iter_mut().for_each(|byte| *byte ^= 1)
            }),
        ),
        (
            "update_short_base",
            update_case("The patch copies from beyond its base.", |_, base| base.truncate(10)),
        ),
        (
            "update_patch_changed",
            update_case("A literal of the patch flipped.", |input, _| input[prefix - 20] ^= 1),
        ),
        (
            "update_patch_cut",
            update_case("The file ends inside the patch.", |input, _| input.truncate(prefix - 4)),
        ),
        (
            "update_patch_too_long",
            update_case("A patch length above the limit.", |input, _| {
                input[9..13].copy_from_slice(&[0xff; 4])
            }),
        ),
        ("update_other_magic", update_case("Another kind of file.", |input, _| input[0] = b'X')),
        (
            "update_header_changed",
            update_case("The signed header says number 3.", |input, _| input[13 + 16] = 3),
        ),
    ]
}
