//! Faults of the envelope, shown on heads and manifests.

use bundle::{
    Envelope, Kind, Order, Previous, Sha256,
    write::{GroupContent, HeadContent, Signature},
};

use super::case;
use crate::{
    fixture,
    fixture::{head_content, key_id, manifest_content, manifest_document, sign, unsigned},
    vector::Vector,
};

fn manifest() -> Vec<u8> {
    manifest_document(&manifest_content(&[b"first", b"second"]), 7)
}

fn head(content: &HeadContent, signers: &[u8]) -> Vec<u8> {
    fixture::document(&unsigned(Kind::Head, Order::new(0, 30), 1, content.encode()), signers)
}

fn plain() -> HeadContent {
    head_content(&manifest())
}

fn edited(mut document: Vec<u8>, offset: usize, bytes: &[u8]) -> Vec<u8> {
    document.splice(offset..offset + bytes.len(), bytes.iter().copied());
    document
}

fn signed_with(signatures: impl FnOnce(Vec<Signature>) -> Vec<Signature>) -> Vec<u8> {
    let content = manifest_content(&[b"first", b"second"]);
    let unsigned = unsigned(Kind::Manifest, Order::new(0, 7), 1, content.encode());
    let made = signatures(sign(&unsigned, &[11, 12]));
    unsigned.assemble(&made).expect("a small table")
}

pub(super) fn cases() -> Vec<(&'static str, Vector)> {
    let previous = Previous { epoch: 0, number: 6, digest: Sha256([6; 32]) };
    let groups = vec![GroupContent { name: "lab".into(), share: 10_000 }];
    let staged = HeadContent { share: 2_500, previous: Some(previous), ..plain() };
    let mut all = framing();
    all.extend(signatures());
    all.extend(signers());
    all.extend([
        ("head_accepted", case("head", "A head, fully rolled out.", head(&plain(), &[21]))),
        (
            "head_in_rollout",
            case("head", "A quarter of the fleet, the release before for the rest.", head(&staged, &[22])),
        ),
        (
            "head_group",
            case(
                "head",
                "A group ahead of everybody else.",
                head(&HeadContent { share: 0, groups, ..plain() }, &[21]),
            ),
        ),
        (
            "head_share_above_everybody",
            case("head", "A share above 10,000.", head(&HeadContent { share: 10_001, ..plain() }, &[21])),
        ),
        (
            "head_without_lifetime",
            case("head", "A lifetime of zero.", head(&HeadContent { lifetime_seconds: 0, ..plain() }, &[21])),
        ),
        (
            "head_immortal",
            case(
                "head",
                "A lifetime beyond ninety days.",
                head(&HeadContent { lifetime_seconds: 7_776_001, ..plain() }, &[21]),
            ),
        ),
        (
            "head_previous_is_newer",
            case(
                "head",
                "The previous release is not older than the release.",
                head(&HeadContent { previous: Some(Previous { number: 7, ..previous }), ..plain() }, &[21]),
            ),
        ),
        (
            "head_names_release_zero",
            case(
                "head",
                "Releases count from one.",
                head(&HeadContent { release: Order::new(0, 0), ..plain() }, &[21]),
            ),
        ),
        ("head_by_release_key", case("head", "A release key cannot sign heads.", head(&plain(), &[11, 12]))),
    ]);
    all
}

fn framing() -> Vec<(&'static str, Vector)> {
    let mut trailing = manifest();
    trailing.push(0);
    let other_channel =
        Vector { channel: "staging".into(), ..case("manifest", "Signed for another channel.", manifest()) };
    let cut = |length: usize| manifest()[..length].to_vec();
    vec![
        ("envelope_empty", case("manifest", "No bytes at all.", Vec::new())),
        ("envelope_wrong_magic", case("manifest", "Another kind of file.", edited(manifest(), 0, b"PK"))),
        ("envelope_newer_format", case("manifest", "An envelope of format 2.", edited(manifest(), 4, &[2]))),
        ("envelope_unknown_kind", case("manifest", "A document of kind 200.", edited(manifest(), 5, &[200]))),
        ("envelope_header_cut", case("manifest", "The header ends early.", cut(50))),
        ("envelope_table_cut", case("manifest", "The signature table ends early.", cut(100))),
        ("envelope_body_cut", case("manifest", "The body ends early.", cut(manifest().len() - 1))),
        ("envelope_trailing_byte", case("manifest", "One byte after the body.", trailing)),
        (
            "envelope_body_too_long",
            case("manifest", "A body length above the limit.", edited(manifest(), 32, &[1, 0, 1, 0])),
        ),
        (
            "envelope_too_many_signatures",
            case("manifest", "Seventeen signatures.", edited(manifest(), 68, &[17])),
        ),
        (
            "envelope_signature_too_long",
            case(
                "manifest",
                "A signature longer than any algorithm's.",
                edited(manifest(), 78, &[0xff, 0xff]),
            ),
        ),
        ("envelope_other_channel", other_channel),
        (
            "envelope_keyring_as_manifest",
            case("manifest", "A keyring where a manifest belongs.", fixture::first_keyring()),
        ),
        (
            "envelope_number_changed",
            case("manifest", "Number 8 under signatures for number 7.", edited(manifest(), 16, &[8])),
        ),
        (
            "envelope_body_changed",
            case("manifest", "A byte of the body flipped.", {
                let at = manifest().len() - 3;
                edited(manifest(), at, &[0xaa])
            }),
        ),
    ]
}

fn signatures() -> Vec<(&'static str, Vector)> {
    let forged = |signature: &Signature| Signature { bytes: vec![0; 64], ..signature.clone() };
    vec![
        ("manifest_accepted", case("manifest", "Two of three release keys.", manifest())),
        (
            "manifest_one_signature",
            case("manifest", "One of two needed signatures.", signed_with(|mut made| made.split_off(1))),
        ),
        ("manifest_no_signature", case("manifest", "An empty signature table.", signed_with(|_| Vec::new()))),
        (
            "manifest_signature_twice",
            case(
                "manifest",
                "The same key under two ids counts once.",
                signed_with(|made| {
                    vec![made[0].clone(), Signature { key_id: key_id(12), ..made[0].clone() }]
                }),
            ),
        ),
        (
            "manifest_forged_twins",
            case(
                "manifest",
                "Forged twins in front do not hide good signatures.",
                signed_with(|made| made.iter().map(forged).chain(made.iter().cloned()).collect()),
            ),
        ),
        (
            "manifest_spare_garbage",
            case(
                "manifest",
                "A third, broken signature does not sink two good ones.",
                signed_with(|mut made| {
                    made.push(Signature { key_id: key_id(13), bytes: vec![9; 10], ..made[0].clone() });
                    made
                }),
            ),
        ),
    ]
}

fn signers() -> Vec<(&'static str, Vector)> {
    let body = manifest_content(&[b"first", b"second"]).encode();
    let future = unsigned(Kind::Manifest, Order::new(0, 7), 2, body.clone());
    let epoch = unsigned(Kind::Manifest, Order::new(1, 7), 1, body);
    let short = head(&plain(), &[21]);
    let length = Envelope::parse_whole(&short).expect("well-formed").body().len();
    vec![
        (
            "manifest_by_stranger",
            case(
                "manifest",
                "Keys that the keyring does not hold.",
                fixture::document(
                    &unsigned(Kind::Manifest, Order::new(0, 7), 1, manifest_content(&[b"first"]).encode()),
                    &[71, 72],
                ),
            ),
        ),
        (
            "manifest_by_head_keys",
            case(
                "manifest",
                "Head keys cannot sign manifests.",
                fixture::document(
                    &unsigned(Kind::Manifest, Order::new(0, 7), 1, manifest_content(&[b"first"]).encode()),
                    &[21, 22],
                ),
            ),
        ),
        (
            "manifest_needs_newer_keyring",
            case(
                "manifest",
                "The lowest acceptable keyring is generation 2.",
                fixture::document(&future, &[11, 12]),
            ),
        ),
        (
            "manifest_of_next_epoch",
            case(
                "manifest",
                "A document of an epoch that was not opened.",
                fixture::document(&epoch, &[11, 12]),
            ),
        ),
        (
            "head_body_changed",
            case("head", "A head's body is signed directly: one flipped bit.", {
                let at = short.len() - length;
                let byte = short[at] ^ 1;
                edited(short, at, &[byte])
            }),
        ),
    ]
}
