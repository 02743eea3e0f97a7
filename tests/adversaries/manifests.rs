//! Fields that this version does not know: kept where they may be ignored, refused where they may not.

use bundle::{Envelope, Kind, Order, Sha256, write::ExtensionContent};
use device_agent::Reason;
use system_tests::{device::Device, signers};

use crate::{
    raw_keyring::RawKeyring,
    scene::{CERTIFICATES, DAY, REGION_BYTES, START, Scene, content},
};

/// Extension 77 with three bytes, as it stands in a section.
fn extension(critical: u8) -> Vec<u8> {
    vec![77, critical, 3, 1, 2, 3]
}

#[test]
fn unknown_fields_of_keyring_anchor_and_service_are_kept_and_ignored() {
    let mut scene = Scene::following();
    let raw = RawKeyring { extensions: extension(0), ..RawKeyring::first() };
    let document = raw.second_generation();
    scene.publisher.tree.insert("keyring/2".into(), document.clone());
    let mut next = content(&scene.publisher, &CERTIFICATES);
    let unknown = ExtensionContent { id: 77, critical: false, content: vec![1, 2, 3] };
    next.anchors.iter_mut().for_each(|anchor| anchor.extensions = vec![unknown.clone()]);
    next.services[0].extensions = vec![unknown];
    scene.publisher.publish(&next, &CERTIFICATES);
    scene.pass(DAY);
    assert_eq!((scene.check(), scene.installed()), (Some(Reason::Confirmed), 3));
    assert_eq!(scene.device.keyring_bytes(), crate::scene::unsigned_bytes(&document));
    assert_eq!(scene.trust().readable, scene.as_published(3));
}

#[test]
fn a_keyring_with_an_unknown_critical_field_is_refused() {
    let mut scene = Scene::following();
    let raw = RawKeyring { extensions: extension(1), ..RawKeyring::first() };
    scene.publisher.tree.insert("keyring/2".into(), raw.second_generation());
    let tree = scene.publisher.tree.clone();
    scene.pass(DAY);
    scene.refuse_and_note(&tree, Reason::KeyringRefused);
    assert_eq!(scene.keyring(), Order::new(0, 1));
}

#[test]
fn a_document_of_a_later_format_is_refused_by_name() {
    let mut scene = Scene::following();
    scene.release(&CERTIFICATES);
    for (path, expect) in [("prod/head", Reason::HeadMalformed), ("prod/release/3", Reason::ReleaseMalformed)]
    {
        let mut tree = scene.publisher.tree.clone();
        tree.retain(|path, _| !path.contains("/update/"));
        tree.get_mut(path).unwrap()[4] = 2;
        let before = scene.trust();
        assert_eq!(scene.check_against(&tree), Some(expect), "{path}");
        assert_eq!(scene.trust().readable, before.readable, "{path}");
    }
}

/// Bytes of the vector's input.
fn vector(name: &str) -> Vec<u8> {
    use base64::Engine as _;
    let path = format!("{}/vectors/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let input = text.lines().find_map(|line| line.strip_prefix("input: ")).unwrap();
    base64::engine::general_purpose::STANDARD.decode(input).unwrap()
}

#[test]
fn files_that_were_published_long_ago_lead_a_device_from_its_seed_to_the_release() {
    let head = vector("head_accepted");
    let manifest = vector("manifest_accepted");
    let usb = vector("usb_accepted");
    let blobs = bundle::Usb::parse(&usb).unwrap().blobs.to_vec();
    let envelope = Envelope::parse_whole(&manifest).unwrap();
    let content = bundle::Manifest::restored(&manifest, envelope.digest()).unwrap();
    let mut tree = system_tests::publisher::Tree::new();
    tree.insert("prod/head".into(), head);
    tree.insert(format!("prod/release/{}", envelope.header().order.number), manifest.clone());
    let mut rest = blobs.as_slice();
    for (sha256, length) in content.blobs() {
        let (blob, after) = rest.split_at(usize::try_from(length).unwrap());
        tree.insert(format!("prod/blob/{sha256}"), blob.to_vec());
        rest = after;
    }
    let mut device = Device::new("device-1", "prod", &vector("seed_accepted"), START, REGION_BYTES);
    device.cycle(&mut |path| tree.get(path).cloned(), &mut system_tests::device::all_verify);
    assert_eq!(device.status().installed.unwrap().order, envelope.header().order);
    assert_eq!(device.trust_state().readable, Sha256::of(&[&manifest, &blobs]));
}

#[test]
fn a_stick_that_was_written_long_ago_is_installed() {
    let keyring = vector("seed_accepted");
    let (first, _) = Envelope::parse(&keyring[5..]).unwrap();
    let document = &keyring
        [5..5 + first.header_bytes().len() + first.signatures().as_bytes().len() + first.body().len()];
    let mut device = Device::with_keyring("device-1", "prod", document, START, REGION_BYTES);
    let file = vector("usb_accepted");
    let usb = bundle::Usb::parse(&file).unwrap();
    device.install(&file, &mut system_tests::device::all_verify);
    let kept = Sha256::of(&[usb.manifest_document, usb.blobs]);
    assert_eq!(device.trust_state().readable, kept);
}

#[test]
fn an_order_to_revoke_everything_needs_the_keyring_threshold() {
    for (signers, installed) in
        [(&signers::RELEASE_KEYS[..], 2), (&signers::KEYRING_KEYS[..1], 2), (&signers::KEYRING_KEYS[..2], 3)]
    {
        let mut scene = Scene::following();
        let body = bundle::write::ManifestContent::default().encode();
        let unsigned =
            signers::unsigned(Kind::RevokeAll, "prod", Order::new(0, 3), 1, scene.publisher.now, body);
        scene.publisher.publish_document(3, signers::signed(&unsigned, signers), &[]);
        scene.check();
        assert_eq!(scene.installed(), installed, "{signers:?}");
    }
}
