//! Documents that are written are read back; documents that are wrong are refused for the right reason.

use crate::fixture::{
    self, channel, first_keyring, head_content, manifest_content, manifest_document, unsigned,
};
use bundle::{
    DecodeErrorKind, Document as _, Envelope, Head, Keyring, Kind, Manifest, Order, ParseErrorKind, Previous,
    Seed, Sha256, UpdatePrefix, Usb, VerifyError, in_share, limits, write,
};

fn manifest<'a>(document: &'a [u8], keyring: &[u8]) -> Result<Manifest<'a>, VerifyError> {
    let keyring = Keyring::provisioned(keyring)?;
    Ok(Manifest::decode(Envelope::parse_whole(document)?.verify(&keyring, channel())?)?)
}

#[test]
fn a_manifest_that_is_written_is_read() {
    let document = manifest_document(&manifest_content(&[b"first", b"second"]), 7);
    let keyring = first_keyring();
    let manifest = manifest(&document, &keyring).expect("verifies");
    assert_eq!(manifest.order(), Order::new(0, 7));
    assert_eq!(manifest.anchors().count(), 2);
    assert_eq!(manifest.blob_bytes(), 11);
    let service = manifest.service("iot-hub").expect("listed");
    assert!(service.answers_on("hub.example", 8883) && service.answers_on("eu.hub.example", 443));
    assert_eq!(service.anchors.indexes().count(), 1);
    let content = write::ManifestContent::of(&manifest);
    assert_eq!(content.encode(), manifest.body_bytes(), "reading and writing again yields the same bytes");
}

#[test]
fn what_this_version_cannot_use_stays_in_the_next_draft() {
    let unknown = write::ExtensionContent { id: 9, critical: true, content: vec![1] };
    let mut content = manifest_content(&[b"first", b"second"]);
    content.services[0].extensions.push(unknown.clone());
    content.anchors[1].extensions.push(unknown);
    let (document, keyring) = (manifest_document(&content, 7), first_keyring());
    let manifest = manifest(&document, &keyring).expect("verifies");
    assert_eq!((manifest.services().count(), manifest.anchors().count()), (0, 1));
    let next = write::ManifestContent::of(&manifest);
    assert_eq!((next.services.len(), next.anchors.len()), (1, 2));
    assert_eq!(next.encode(), manifest.body_bytes());
}

#[test]
fn an_unchanged_check_costs_at_most_200_bytes() {
    let old = manifest_document(&manifest_content(&[b"first"]), 411);
    let document = manifest_document(&manifest_content(&[b"first"]), 412);
    let mut content = head_content(&document);
    let digest = Envelope::parse_whole(&old).expect("well-formed").digest();
    content.previous = Some(Previous { epoch: 0, number: 411, digest });
    content.share = 2_500;
    let head = fixture::document(&unsigned(Kind::Head, Order::new(0, 9_000), 1, content.encode()), &[21]);
    assert!(head.len() <= 200, "{} bytes", head.len());
    let keyring = first_keyring();
    let keyring = Keyring::provisioned(&keyring).expect("provisioned");
    let authentic =
        Envelope::parse_whole(&head).expect("parses").verify(&keyring, channel()).expect("verifies");
    let head = Head::decode(authentic).expect("decodes");
    assert_eq!((head.share(), head.release(), head.keyring_version()), (2_500, Order::new(0, 412), 1));
}

#[test]
fn rollout_steps_nest() {
    let document = manifest_document(&manifest_content(&[b"first"]), 2);
    let keyring = first_keyring();
    let keyring = Keyring::provisioned(&keyring).expect("provisioned");
    let at = |share: u16, groups: Vec<write::GroupContent>| {
        let content = write::HeadContent { share, groups, ..head_content(&document) };
        let head = fixture::document(&unsigned(Kind::Head, Order::new(0, 1), 1, content.encode()), &[21]);
        let authentic =
            Envelope::parse_whole(&head).expect("parses").verify(&keyring, channel()).expect("verifies");
        let head = Head::decode(authentic).expect("decodes");
        let ids = (0..500).map(|index| format!("device-{index}"));
        ids.filter(|id| in_share(&head, id, &["lab"])).collect::<Vec<_>>()
    };
    let (few, many) = (at(500, Vec::new()), at(5_000, Vec::new()));
    assert!(few.len() < many.len() && few.iter().all(|id| many.contains(id)));
    assert_eq!(at(0, Vec::new()).len(), 0);
    assert_eq!(at(0, vec![write::GroupContent { name: "lab".into(), share: limits::SHARE_MAX }]).len(), 500);
}

#[test]
fn an_update_yields_the_signed_manifest_and_the_missing_blobs() {
    let keyring = first_keyring();
    let old_document = manifest_document(&manifest_content(&[b"first", b"second"]), 1);
    let new_document = manifest_document(&manifest_content(&[b"first", b"third"]), 2);
    let old = manifest(&old_document, &keyring).expect("verifies");
    let new = manifest(&new_document, &keyring).expect("verifies");
    let blob =
        |sha256: Sha256| [&b"first"[..], b"third"].into_iter().find(|bytes| Sha256::of(&[bytes]) == sha256);
    let file = write::update(Some(&old), &new_document, &new, blob).expect("builds");
    let prefix = UpdatePrefix::parse(&file).expect("parses");
    assert_eq!(prefix.from(), 1);
    assert_eq!(&file[prefix.wire_bytes()..], b"third");
    let ring = Keyring::provisioned(&keyring).expect("provisioned");
    let header = prefix.verify_header(&ring, channel()).expect("verifies");
    let mut body = vec![0; usize::try_from(header.header().body_length).expect("fits")];
    prefix.patch().apply(old.body_bytes(), &mut body).expect("runs");
    let rebuilt = Manifest::decode(header.attach(&body).expect("is the signed body")).expect("decodes");
    assert_eq!(rebuilt.digest(), new.digest());
    assert_eq!(rebuilt.body_bytes(), new.body_bytes());
    for length in 0..file.len() - 5 {
        let error = UpdatePrefix::parse(&file[..length]).err();
        assert!(error.is_none_or(|error| error.is_truncated()), "a prefix of a stream asks for more");
    }
    let mut other = vec![0; body.len()];
    prefix.patch().apply(old.body_bytes(), &mut other).expect("runs");
    other[10] ^= 1;
    assert_eq!(header.attach(&other).err(), Some(VerifyError::BodyDigest));
}

#[test]
fn seeds_and_usb_files_hold_whole_releases() {
    let keyring = first_keyring();
    let document = manifest_document(&manifest_content(&[b"first"]), 3);
    let seed = write::seed(&keyring, &document, b"first");
    let (_, manifest) = Seed::parse(&seed).expect("parses").open(channel()).expect("opens");
    assert_eq!(manifest.order().number, 3);
    let spoilt = write::seed(&keyring, &document, b"worst");
    assert_eq!(Seed::parse(&spoilt).expect("parses").open(channel()).err(), Some(VerifyError::BodyDigest));
    let usb = write::usb(&keyring, None, &document, b"first").expect("builds");
    let usb = Usb::parse(&usb).expect("parses");
    assert_eq!((usb.keyrings, usb.head_document, usb.blobs), (&keyring[..], None, &b"first"[..]));
}

#[test]
fn every_truncation_and_every_flipped_bit_is_refused() {
    let keyring = first_keyring();
    let document = manifest_document(&manifest_content(&[b"first", b"second"]), 7);
    for length in 0..document.len() {
        let error = manifest(&document[..length], &keyring).expect_err("truncated");
        assert!(matches!(error, VerifyError::Parse(error) if error.is_truncated()), "{length}: {error}");
    }
    for bit in 0..document.len() * 8 {
        let mut flipped = document.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(manifest(&flipped, &keyring).is_err(), "bit {bit}");
    }
}

#[test]
fn bodies_have_one_encoding() {
    let keyring = first_keyring();
    let good = manifest_content(&[b"first"]).encode();
    let decode = |body: Vec<u8>| {
        let document = fixture::document(&unsigned(Kind::Manifest, Order::new(0, 1), 1, body), &[11, 12]);
        match manifest(&document, &keyring).map(|_| ()) {
            Err(VerifyError::Decode(error)) => Some(error.kind),
            Err(other) => panic!("refused for another reason: {other}"),
            Ok(()) => None,
        }
    };
    assert_eq!(decode(good.clone()), None);
    let mut trailing = good.clone();
    trailing.push(0);
    assert_eq!(decode(trailing), Some(DecodeErrorKind::Trailing));
    let mut overlong = good.clone();
    overlong[0] |= 0x80;
    overlong.insert(1, 0);
    assert_eq!(decode(overlong), Some(DecodeErrorKind::NonCanonical));
    assert_eq!(decode(good[..good.len() - 1].to_vec()), Some(DecodeErrorKind::Malformed));
    let mut content = manifest_content(&[b"first"]);
    content.anchors.clear();
    content.services.clear();
    assert_eq!(decode(content.encode()), Some(DecodeErrorKind::Empty));
    let mut doubled = manifest_content(&[b"first"]);
    doubled.anchors.push(doubled.anchors[0].clone());
    assert_eq!(decode(doubled.encode()), Some(DecodeErrorKind::Order));
}

#[test]
fn unknown_kinds_and_formats_are_named() {
    let document = manifest_document(&manifest_content(&[b"first"]), 7);
    let with = |offset: usize, value: u8| {
        let mut changed = document.clone();
        changed[offset] = value;
        Envelope::parse_whole(&changed).expect_err("refused").kind
    };
    assert_eq!(with(0, b'X'), ParseErrorKind::Magic);
    assert_eq!(with(4, 9), ParseErrorKind::Unknown(9));
    assert_eq!(with(5, 77), ParseErrorKind::Unknown(77));
}

#[test]
fn invariant_01_nothing_is_decoded_before_it_is_authenticated() {
    // A body that would not decode, under too few signatures: the signatures are what is reported.
    let keyring = first_keyring();
    let garbage = unsigned(Kind::Manifest, Order::new(0, 1), 1, vec![0xff; 64]);
    let code = |signers: &[u8]| {
        manifest(&fixture::document(&garbage, signers), &keyring).map(|_| ()).map_err(|error| error.code())
    };
    assert_eq!(code(&[11]), Err("threshold"));
    assert_eq!(code(&[11, 12]), Err("decode"));
}

#[test]
fn invariant_02_the_signed_bytes_are_the_kept_bytes() {
    let document = manifest_document(&manifest_content(&[b"first", b"second"]), 7);
    let envelope = Envelope::parse_whole(&document).expect("parses");
    let table = envelope.signatures().as_bytes();
    assert_eq!([envelope.header_bytes(), table, envelope.body()].concat(), document);
    let keyring = first_keyring();
    let manifest = manifest(&document, &keyring).expect("verifies");
    assert_eq!(
        manifest.body_bytes().as_ptr(),
        envelope.body().as_ptr(),
        "a decoded manifest is a view of the same bytes"
    );
}

/// The bytes of the fenced block that follows `heading` in SPEC.md: hexadecimal, comments after `#`.
fn spec_example(heading: &str) -> Vec<u8> {
    let spec = include_str!("../../SPEC.md");
    let block = spec.split_once(heading).expect("the heading").1.split("```").nth(1).expect("a block");
    let lines = block.lines().map(|line| line.split('#').next().unwrap_or_default());
    let digits: String = lines.flat_map(str::chars).filter(char::is_ascii_hexdigit).collect();
    (0..digits.len() / 2)
        .map(|index| u8::from_str_radix(&digits[2 * index..][..2], 16).expect("hexadecimal"))
        .collect()
}

#[test]
fn the_worked_example_of_the_specification_verifies() {
    let (public, head) = (spec_example("The public key"), spec_example("The head"));
    let mut content = fixture::keyring_content();
    content.head.keys = vec![write::KeyContent { bytes: public, ..fixture::public(21) }];
    let keyring = fixture::keyring_document(&content, Order::new(0, 1), &[1, 2]);
    let keyring = Keyring::provisioned(&keyring).expect("provisioned");
    let envelope = Envelope::parse_whole(&head).expect("parses");
    let head = Head::decode(envelope.verify(&keyring, channel()).expect("verifies")).expect("decodes");
    assert_eq!((head.order().number, head.release().number, head.share()), (30, 7, limits::SHARE_MAX));
}

/// Bytes in a slot of a release with `count` anchors of `bytes` each, two services and two signatures.
fn release_bytes(count: u16, bytes: usize) -> usize {
    let certificates: Vec<Vec<u8>> =
        (0..count).map(|index| [&index.to_be_bytes()[..], &vec![0; bytes - 2]].concat()).collect();
    let mut content = manifest_content(&certificates.iter().map(Vec::as_slice).collect::<Vec<_>>());
    content.services.push(write::ServiceContent { name: "storage".into(), ..content.services[0].clone() });
    manifest_document(&content, 1_000).len() + usize::from(count) * bytes
}

#[test]
fn the_capacity_table_of_the_specification_is_measured() {
    let spec = include_str!("../../SPEC.md");
    let slot = (65_536 - 16_384) / 2;
    for (count, bytes) in [(4, 888), (5, 1_082), (12, 1_100), (20, 1_100), (36, 600)] {
        let total = release_bytes(count, bytes);
        let fits = if total <= slot { "yes" } else { "no" };
        let row = format!("| {count} anchors of {bytes} bytes | {total} | {fits} |");
        assert!(spec.contains(&row), "SPEC.md lacks the row {row}");
    }
    let mut quantum = fixture::keyring_content();
    let hashed = |key: &mut write::KeyContent| key.algorithm = bundle::Algorithm(2);
    for role in [&mut quantum.keyring, &mut quantum.release, &mut quantum.head] {
        role.keys.iter_mut().for_each(hashed);
    }
    let row =
        format!("| keyring of nine post-quantum keys by hash | {} | yes |", quantum.encode().len() + 68);
    assert!(spec.contains(&row), "SPEC.md lacks the row {row}");
}
