//! How keyrings change hands: every refusal by its own name, and the ways back from loss and theft.

use crate::fixture::{
    self, channel, first_keyring, key_id, keyring_content, keyring_document, manifest_content,
    manifest_document, public, recovery, role, unsigned,
};
use bundle::{
    Algorithm, ChannelId, DecodeErrorKind, Document as _, Envelope, Floor, KeyDefect, Keyring, Kind,
    Manifest, Order, Role, Sha256, VerifyError,
    write::{KeyringContent, RecoveryContent, RoleContent, Signature, with_signatures},
};

fn accept(file: &[u8]) -> Result<Order, VerifyError> {
    let first = first_keyring();
    Keyring::provisioned(&first)?.accept(file).map(|accepted| accepted.keyring.order())
}

fn generation(content: &KeyringContent, order: Order, signers: &[u8]) -> Vec<u8> {
    keyring_document(content, order, signers)
}

fn recovery_document(content: &RecoveryContent, order: Order) -> Vec<u8> {
    unsigned(Kind::Recovery, order, 0, content.encode()).assemble(&[]).expect("no signatures")
}

fn other_recovery() -> RecoveryContent {
    RecoveryContent { keys: [94, 95, 96].map(public).to_vec(), threshold: 2 }
}

fn needs(role: Option<Role>, valid: u8, needed: u8) -> Result<Order, VerifyError> {
    Err(VerifyError::Threshold { role, valid, needed })
}

#[test]
fn a_keyring_needs_the_old_threshold_and_the_new() {
    let content = KeyringContent { keyring: role(2, &[3, 4, 5]), ..keyring_content() };
    let second = Order::new(0, 2);
    assert_eq!(accept(&generation(&content, second, &[1, 2, 4, 5])), Ok(second));
    assert_eq!(accept(&generation(&content, second, &[1, 3, 5])), Ok(second), "a key of both counts in both");
    assert_eq!(accept(&generation(&content, second, &[1, 4, 5])), needs(Some(Role::Keyring), 1, 2));
    assert_eq!(accept(&generation(&content, second, &[1, 2, 4])), needs(Some(Role::Keyring), 1, 2));
    assert_eq!(accept(&generation(&content, second, &[])), needs(Some(Role::Keyring), 0, 2));
}

#[test]
fn invariant_03_one_key_counts_once_under_whatever_id() {
    let unsigned = unsigned(Kind::Keyring, Order::new(0, 2), 1, keyring_content().encode());
    let mut signatures = fixture::sign(&unsigned, &[1]);
    let mut twin = signatures[0].clone();
    twin.bytes[40] ^= 1;
    signatures.push(twin.clone());
    signatures.push(Signature { key_id: key_id(2), ..signatures[0].clone() });
    let doubled = unsigned.assemble(&signatures).expect("a small table");
    assert_eq!(accept(&doubled), needs(Some(Role::Keyring), 1, 2));
    // The same key cannot enter a keyring twice either: sorting drops the copy, and a hand-made copy is out of order.
    let mut copied = keyring_content();
    copied.keyring.keys.push(copied.keyring.keys[0].clone());
    copied.keyring.threshold = 4;
    let refused = accept(&generation(&copied, Order::new(0, 2), &[1, 2, 3]));
    assert!(
        matches!(refused, Err(VerifyError::Decode(error)) if error.kind == DecodeErrorKind::Threshold),
        "{refused:?}"
    );
}

#[test]
fn invariant_03_a_forged_twin_cannot_hide_a_good_signature() {
    let unsigned = unsigned(Kind::Keyring, Order::new(0, 2), 1, keyring_content().encode());
    let good = fixture::sign(&unsigned, &[1, 2]);
    let forged = good.iter().map(|signature| Signature { bytes: vec![0; 64], ..signature.clone() });
    let all: Vec<_> = forged.chain(good.iter().cloned()).collect();
    assert_eq!(accept(&unsigned.assemble(&all).expect("a small table")), Ok(Order::new(0, 2)));
}

#[test]
fn invariant_03_a_threshold_of_zero_or_out_of_reach_cannot_be_built() {
    for threshold in [0, 4] {
        let content = KeyringContent { release: role(threshold, &[11, 12, 13]), ..keyring_content() };
        let refused = accept(&generation(&content, Order::new(0, 2), &[1, 2]));
        assert!(
            matches!(refused, Err(VerifyError::Decode(error)) if error.kind == DecodeErrorKind::Threshold)
        );
    }
}

#[test]
fn invariant_03_weak_and_non_canonical_keys_cannot_enter() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut second_encoding = [0xff; 32];
    (second_encoding[0], second_encoding[31]) = (0xee, 0x7f);
    for (bytes, defect) in [(identity, KeyDefect::Weak), (second_encoding, KeyDefect::NonCanonical)] {
        let mut content = keyring_content();
        content.head.keys[0].bytes = bytes.to_vec();
        let refused = accept(&generation(&content, Order::new(0, 2), &[1, 2]));
        let expected = DecodeErrorKind::Key(defect);
        assert!(matches!(refused, Err(VerifyError::Decode(error)) if error.kind == expected), "{refused:?}");
    }
}

#[test]
fn a_key_of_an_unknown_algorithm_is_kept_and_never_counts() {
    let mut content = keyring_content();
    content.release.keys[0] = bundle::write::KeyContent { algorithm: Algorithm(7), ..public(11) };
    let second = generation(&content, Order::new(0, 2), &[1, 2]);
    let first = first_keyring();
    let accepted = Keyring::provisioned(&first).expect("provisioned").accept(&second).expect("accepted");
    let document = manifest_document(&manifest_content(&[b"first"]), 1);
    let envelope = Envelope::parse_whole(&document).expect("parses");
    let refused = envelope.verify(&accepted.keyring, channel()).map(|_| ());
    assert_eq!(refused, Err(VerifyError::Threshold { role: Some(Role::Release), valid: 1, needed: 2 }));
    let more = fixture::sign(&bundle::write::Unsigned::of(&envelope), &[13]);
    let signed = with_signatures(&envelope, &more).expect("a small table");
    let envelope = Envelope::parse_whole(&signed).expect("parses");
    assert!(envelope.verify(&accepted.keyring, channel()).is_ok(), "signatures can be added later");
}

#[test]
fn invariant_04_keyrings_only_grow_and_not_by_leaps() {
    let content = keyring_content();
    let at = |order| accept(&generation(&content, order, &[1, 2]));
    let current = Order::new(0, 1);
    assert_eq!(at(current), Err(VerifyError::NotNewer { current, offered: current }));
    let leap = Order::new(0, 2_000);
    assert_eq!(
        at(leap).map_err(|error| error.code()),
        Err("keyring_too_old"),
        "the header names the generation before"
    );
    let body = content.encode();
    let document = fixture::document(&unsigned(Kind::Keyring, leap, 1, body), &[1, 2]);
    assert_eq!(accept(&document), Err(VerifyError::Step { current, offered: leap }));
    let far = Order::new(2, 2);
    assert_eq!(at(far), Err(VerifyError::Epoch { current: 0, offered: 2 }));
}

#[test]
fn invariant_04_a_floor_is_restated_only_where_every_key_of_the_role_is_replaced() {
    let floor = Floor { channel: channel(), role: Role::Head, epoch: 0, number: 3 };
    let kept = KeyringContent { head: role(1, &[22, 23]), floors: vec![floor], ..keyring_content() };
    let second = Order::new(0, 2);
    assert_eq!(accept(&generation(&kept, second, &[1, 2])), Err(VerifyError::FloorKept(Role::Head)));
    let replaced = KeyringContent { head: role(1, &[23, 24]), ..kept };
    assert_eq!(accept(&generation(&replaced, second, &[1, 2])), Ok(second));
}

#[test]
fn invariant_07_the_commitment_changes_only_with_the_recovery_keys() {
    let content = KeyringContent { recovery_commitment: other_recovery().commitment(), ..keyring_content() };
    let second = Order::new(0, 2);
    assert_eq!(accept(&generation(&content, second, &[1, 2, 3])), Err(VerifyError::CommitmentChanged));
    let shown = |signers: &[u8]| {
        [recovery_document(&recovery(), second), generation(&content, second, signers)].concat()
    };
    assert_eq!(accept(&shown(&[1, 2])), needs(None, 0, 2));
    assert_eq!(accept(&shown(&[1, 2, 91, 93])), Ok(second));
}

#[test]
fn invariant_07_a_stolen_keyring_threshold_is_recovered_from() {
    // The thief owns keys 1 and 2, moved devices to number 900, and locked everybody else out.
    let stolen = KeyringContent { keyring: role(1, &[66]), ..keyring_content() };
    let body = stolen.encode();
    let thief = fixture::document(&unsigned(Kind::Keyring, Order::new(0, 900), 1, body), &[1, 2, 66]);
    let first = first_keyring();
    let first = Keyring::provisioned(&first).expect("provisioned");
    let held = first.accept(&thief).expect("a thief with the threshold is obeyed").keyring;
    let floor = Floor { channel: channel(), role: Role::Release, epoch: 0, number: 5 };
    let fresh = KeyringContent {
        keyring: role(2, &[4, 5, 6]),
        recovery_commitment: other_recovery().commitment(),
        floors: vec![floor],
        ..keyring_content()
    };
    let opened = Order::new(1, 2);
    let file = |content: &KeyringContent, set: &RecoveryContent, signers: &[u8]| {
        [recovery_document(set, opened), generation(content, opened, signers)].concat()
    };
    let good = file(&fresh, &recovery(), &[4, 5, 91, 92]);
    for holder in [&first, &held] {
        let accepted = holder.accept(&good).expect("recovery beats every keyring of its parent epoch");
        assert!(accepted.recovered && accepted.keyring.order() == opened);
        assert_eq!(
            accepted.keyring.floors().iter().next().map(|floor| floor.order()),
            Some(Order::new(0, 5))
        );
    }
    let refusal = |bytes: &[u8]| held.accept(bytes).map(|_| ()).map_err(|error| error.code());
    assert_eq!(refusal(&file(&fresh, &recovery(), &[4, 5, 91])), Err("threshold"));
    assert_eq!(refusal(&file(&fresh, &other_recovery(), &[4, 5, 94, 95])), Err("recovery_commitment"));
    assert_eq!(refusal(&generation(&fresh, opened, &[4, 5, 91, 92])), Err("recovery_missing"));
    let same = KeyringContent { recovery_commitment: recovery().commitment(), ..fresh };
    assert_eq!(refusal(&file(&same, &recovery(), &[4, 5, 91, 92])), Err("commitment_changed"));
    assert_eq!(refusal(&generation(&stolen, Order::new(1, 901), &[66])), Err("recovery_missing"));
}

#[test]
fn a_pack_is_walked_one_generation_after_the_other() {
    let documents: Vec<_> =
        (2..40).map(|number| generation(&keyring_content(), Order::new(0, number), &[1, 3])).collect();
    let pack = documents.concat();
    let first = first_keyring();
    let mut keyring = Keyring::provisioned(&first).expect("provisioned");
    let mut rest = &pack[..];
    while !rest.is_empty() {
        let accepted = keyring.accept(rest).expect("accepted");
        assert_eq!(accepted.document.len(), documents[0].len());
        (keyring, rest) = (accepted.keyring, accepted.rest);
    }
    assert_eq!(keyring.version(), 39);
}

#[test]
fn a_keyring_of_the_journal_needs_no_signatures() {
    let document = first_keyring();
    let envelope = Envelope::parse_whole(&document).expect("parses");
    let kept = [envelope.header_bytes(), envelope.body()].concat();
    assert_eq!(Keyring::restored(&kept).expect("restored").order(), Order::new(0, 1));
    let mut spoilt = kept.clone();
    *spoilt.last_mut().expect("not empty") ^= 1;
    assert_eq!(Keyring::restored(&spoilt).err(), Some(VerifyError::BodyDigest));
}

#[test]
fn revoking_everything_needs_the_keyring_threshold() {
    let document = |signers: &[u8]| {
        let body = bundle::write::ManifestContent::default().encode();
        fixture::document(&unsigned(Kind::RevokeAll, Order::new(0, 9), 1, body), signers)
    };
    let first = first_keyring();
    let keyring = Keyring::provisioned(&first).expect("provisioned");
    let verify =
        |bytes: &[u8]| Envelope::parse_whole(bytes).expect("parses").verify(&keyring, channel()).map(|_| ());
    assert_eq!(verify(&document(&[11, 12, 13])).map_err(|error| error.code()), Err("threshold"));
    let signed = document(&[1, 2]);
    let authentic =
        Envelope::parse_whole(&signed).expect("parses").verify(&keyring, channel()).expect("verifies");
    assert!(Manifest::decode(authentic).expect("decodes").is_revoke_all());
}

#[test]
fn documents_of_another_channel_kind_or_keyring_are_refused() {
    let first = first_keyring();
    let keyring = Keyring::provisioned(&first).expect("provisioned");
    let document = manifest_document(&manifest_content(&[b"first"]), 1);
    let envelope = Envelope::parse_whole(&document).expect("parses");
    let refusal = |result: Result<_, VerifyError>| {
        result.map(|_: bundle::Authentic<'_>| ()).map_err(|error| error.code())
    };
    assert_eq!(refusal(envelope.verify(&keyring, ChannelId::of("staging"))), Err("channel"));
    let keyring_envelope = Envelope::parse_whole(&first).expect("parses");
    assert_eq!(refusal(keyring_envelope.verify(&keyring, channel())), Err("kind"));
    let body = manifest_content(&[b"first"]).encode();
    let later = fixture::document(&unsigned(Kind::Manifest, Order::new(0, 1), 2, body.clone()), &[11, 12]);
    assert_eq!(
        refusal(Envelope::parse_whole(&later).expect("parses").verify(&keyring, channel())),
        Err("keyring_too_old")
    );
    let epoch = fixture::document(&unsigned(Kind::Manifest, Order::new(1, 1), 1, body), &[11, 12]);
    assert_eq!(
        refusal(Envelope::parse_whole(&epoch).expect("parses").verify(&keyring, channel())),
        Err("epoch")
    );
    let authentic = envelope.verify(&keyring, channel()).expect("verifies");
    let as_head = bundle::Head::decode(authentic).map(|_| ()).map_err(|error| error.kind);
    assert_eq!(as_head, Err(DecodeErrorKind::WrongKind));
    assert_eq!(authentic.header_digest(), Sha256::of(&[envelope.header_bytes()]));
    let none =
        KeyringContent { echo: None, keyring: RoleContent { ..role(2, &[1, 2, 3]) }, ..keyring_content() };
    let no_echo = keyring_document(&none, Order::new(0, 1), &[1, 2]);
    let no_echo = Keyring::provisioned(&no_echo).expect("provisioned");
    let body = bundle::write::echo_body(bundle::Nonce([3; 16]), Sha256([4; 32]));
    let echo = fixture::document(&unsigned(Kind::Echo, Order::new(0, 1), 1, body), &[31]);
    let echo = Envelope::parse_whole(&echo).expect("parses");
    assert_eq!(refusal(echo.verify(&no_echo, channel())), Err("threshold"));
    let echo = bundle::Echo::decode(echo.verify(&keyring, channel()).expect("verifies")).expect("decodes");
    assert!(
        echo.proves(bundle::Nonce([3; 16]), Sha256([4; 32]))
            && !echo.proves(bundle::Nonce([3; 16]), Sha256([5; 32]))
    );
}
