//! Bodies of all kinds, truly signed, so that what decodes them is reached.

use bundle::{
    Authentic, ChannelId, Document as _, Echo, Envelope, Head, Keyring, Kind, Manifest, Order, RecoverySet,
    Role, in_share, limits,
    write::{KeyContent, KeyringContent, ManifestContent, RoleContent},
};

use crate::{
    fleet::{self, ECHO_SIGNERS, HEAD_SIGNERS, KEYRING_SIGNERS, RELEASE_SIGNERS},
    input::{cuts, selector},
};

/// A kind and a body of it.
///
/// # Panics
/// Where a body that is accepted has another form, a part of it is accepted too, or a limit is passed.
pub fn body(input: &[u8]) {
    let (selector, body) = selector(input);
    let (kind, decodes): (_, fn(Kind, &[u8]) -> bool) = match selector % 6 {
        0 => (Kind::Manifest, manifest),
        1 => (Kind::RevokeAll, manifest),
        2 => (Kind::Head, head),
        3 => (Kind::Echo, echo),
        4 => (Kind::Keyring, keyring),
        _ => (Kind::Recovery, recovery),
    };
    let fits = |body: &[u8]| u32::try_from(body.len()).is_ok_and(|length| length <= kind.body_bytes_max());
    if !fits(body) {
        assert!(fleet::unsigned(kind, Order::new(0, 2), 1, body.to_vec()).is_none());
        return;
    }
    if decodes(kind, body) {
        // One encoding: no part of a body is a body, and neither is more of it.
        for cut in cuts(body.len()).take(8) {
            assert!(!decodes(kind, body.split_at(cut).0), "cut at {cut}");
        }
        let longer = [body, &[0]].concat();
        assert!(!fits(&longer) || !decodes(kind, &longer), "with a byte behind it");
    }
}

fn sign(kind: Kind, body: &[u8]) -> Vec<u8> {
    let by: &[u8] = match kind {
        Kind::Manifest => &RELEASE_SIGNERS,
        Kind::Head => &HEAD_SIGNERS,
        Kind::Echo => &ECHO_SIGNERS,
        _ => &KEYRING_SIGNERS,
    };
    fleet::signed(kind, Order::new(0, 2), 1, body.to_vec(), by)
}

/// What the decoder is given: these signatures are true.
fn verified(document: &[u8]) -> Authentic<'_> {
    let envelope = Envelope::parse_whole(document).expect("a document that was just made");
    envelope.verify(&fleet::keyring(), fleet::channel()).expect("signed by those who may")
}

fn manifest(kind: Kind, body: &[u8]) -> bool {
    let document = sign(kind, body);
    let Ok(manifest) = Manifest::decode(verified(&document)) else { return false };
    let content = ManifestContent::of(&manifest);
    let says_all = manifest.extensions().is_empty()
        && manifest.intermediates().iter().all(|intermediate| intermediate.extensions.is_empty());
    if says_all {
        assert_eq!(content.encode(), body, "a manifest that is read and written again is the same");
    }
    assert_eq!(manifest.is_revoke_all(), kind == Kind::RevokeAll);
    assert_eq!(manifest.all_anchors().is_empty(), manifest.is_revoke_all());
    assert!(manifest.all_anchors().count() <= limits::ANCHORS_MAX);
    assert!(manifest.denials().count() <= limits::DENIALS_MAX);
    assert!(manifest.urls().iter().all(|url| url.0.len() <= limits::URL_BYTES_MAX));
    let anchors = manifest.all_anchors().count();
    for service in manifest.services() {
        assert!(service.hosts.iter().all(|host| host.is_well_formed() && !host.host().is_empty()));
        assert!(service.anchors.indexes().all(|index| usize::from(index.0) < anchors));
        // A name without a star is one that its own pattern answers to.
        let first = service.hosts.iter().next().expect("a service has hosts");
        assert!(first.is_wildcard() || service.answers_on(first.host(), first.port()));
    }
    for (_, anchor) in manifest.anchors() {
        assert!(manifest.denials().iter().all(|denial| !denial.names_certificate(anchor.sha256)));
    }
    let none = manifest.verify_blobs(&[]);
    assert_eq!(none.is_ok(), manifest.blob_bytes() == 0, "no certificate has no bytes");
    true
}

fn head(kind: Kind, body: &[u8]) -> bool {
    let document = sign(kind, body);
    let Ok(head) = Head::decode(verified(&document)) else { return false };
    let refresh = limits::REFRESH_SECONDS_MIN..=limits::REFRESH_SECONDS_MAX;
    assert!(refresh.contains(&head.refresh_seconds()));
    let lifetime = head.expires_at().since(head.header().issued_at);
    assert!((1..=u64::from(limits::HEAD_LIFETIME_SECONDS_MAX)).contains(&lifetime));
    assert!(head.share() <= limits::SHARE_MAX && head.groups().count() <= limits::GROUPS_MAX);
    assert!(head.previous().is_none_or(|previous| previous.order() < head.release()));
    if head.share() == limits::SHARE_MAX {
        assert!(in_share(&head, "device", &[]), "everybody is everybody");
    }
    true
}

fn echo(kind: Kind, body: &[u8]) -> bool {
    let document = sign(kind, body);
    let Ok(echo) = Echo::decode(verified(&document)) else { return false };
    let mut other = echo.nonce;
    other.0[0] ^= 1;
    assert!(echo.proves(echo.nonce, echo.head_digest) && !echo.proves(other, echo.head_digest));
    true
}

fn keyring(kind: Kind, body: &[u8]) -> bool {
    // What a journal keeps: header and body. Its keys were checked when it was accepted.
    let document = sign(kind, body);
    let envelope = Envelope::parse_whole(&document).expect("a document that was just made");
    let kept = [envelope.header_bytes(), body].concat();
    let restored = Keyring::restored(&kept);
    let accepted = fleet::keyring().accept(&document);
    if let Ok(accepted) = &accepted {
        assert!(restored.is_ok(), "what is accepted can be kept");
        // What a journal keeps was checked when it was accepted, so this is said of what is accepted.
        let keys = accepted.keyring.keys();
        assert!(keys.count() <= limits::KEYS_MAX && keys.iter().all(|key| key.check().is_ok()));
        assert!(accepted.keyring.floors().count() <= limits::FLOORS_MAX);
        assert!(Keyring::provisioned(&document).is_ok(), "and can be provisioned");
        assert_eq!(fleet::keyring().recovery_commitment(), accepted.keyring.recovery_commitment());
    }
    let Ok(keyring) = restored else { return false };
    for role in [Role::Keyring, Role::Release, Role::Head, Role::Echo] {
        if let Some(keys) = keyring.role(role) {
            assert!((1..=keyring.keys_of(keys).count()).contains(&usize::from(keys.threshold)));
        }
    }
    written_again(&keyring, body);
    true
}

/// A keyring that says nothing that a content cannot say has one form: all its keys have a role, and stand in order,
/// which is not looked at where a journal is read.
fn written_again(keyring: &Keyring<'_>, body: &[u8]) {
    if keyring.keys().check(0).is_err() {
        return;
    }
    let content = |role| {
        let keys = keyring.role(role)?;
        let key = |key: bundle::Key<'_>| KeyContent {
            algorithm: key.algorithm,
            bytes: key.bytes.to_vec(),
            name: key.name.to_owned(),
        };
        Some(RoleContent { threshold: keys.threshold, keys: keyring.keys_of(keys).map(key).collect() })
    };
    let content = KeyringContent {
        fleet: keyring.fleet().to_owned(),
        keyring: content(Role::Keyring).expect("every keyring has it"),
        release: content(Role::Release).expect("every keyring has it"),
        head: content(Role::Head).expect("every keyring has it"),
        echo: content(Role::Echo),
        recovery_commitment: keyring.recovery_commitment(),
        floors: keyring.floors().iter().collect(),
        time_floor: keyring.time_floor(),
    };
    let written = content.encode();
    let roles = [Role::Keyring, Role::Release, Role::Head, Role::Echo].map(|role| keyring.role(role));
    let has_role = |key: &bundle::Key<'_>| {
        let mut keys = roles.iter().flatten().flat_map(|keys| keyring.keys_of(*keys));
        keys.any(|listed| listed.is_same_key(key))
    };
    // The last byte is the length of no extensions.
    if keyring.keys().iter().all(|key| has_role(&key)) && written.len() == body.len() {
        assert_eq!(written, body, "a keyring that is read and written again is the same");
    }
}

fn recovery(kind: Kind, body: &[u8]) -> bool {
    let document = fleet::signed(kind, Order::new(1, 2), 0, body.to_vec(), &[]);
    let envelope = Envelope::parse_whole(&document).expect("a document that was just made");
    let commitment = RecoverySet::commitment(body);
    let mut other = commitment;
    other.0[0] ^= 1;
    assert!(RecoverySet::reveal(&envelope, other).is_err(), "another set than the one committed to");
    let verdict = envelope.verify(&fleet::keyring(), ChannelId::FLEET);
    assert!(verdict.is_err(), "a recovery set is not verified by a keyring");
    let Ok(set) = RecoverySet::reveal(&envelope, commitment) else { return false };
    assert!((1..=set.keys().count()).contains(&usize::from(set.threshold())));
    assert!(set.keys().all(|key| key.check().is_ok()));
    true
}
