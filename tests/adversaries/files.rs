//! Certificates and updates on their way: swapped, lengthened, too large, or changed between two looks.

use bundle::Sha256;
use device_agent::Reason;
use system_tests::{device::all_verify, publisher::Tree};

use crate::scene::{CERTIFICATES, Scene, content};

/// A device at release 2, and a tree with release 3 that must be put together from its parts.
fn in_parts() -> (Scene, Tree) {
    let mut scene = Scene::following();
    scene.release(&CERTIFICATES);
    let mut tree = scene.publisher.tree.clone();
    tree.retain(|path, _| !path.contains("/update/"));
    (scene, tree)
}

#[test]
fn a_release_in_parts_arrives_byte_for_byte() {
    let (mut scene, tree) = in_parts();
    assert_eq!(scene.check_against(&tree), Some(Reason::Confirmed));
    assert_eq!(scene.trust().readable, scene.as_published(3));
    assert!(scene.device.anchors().contains(&Sha256::of(&[CERTIFICATES[3]])));
}

#[test]
fn a_swapped_certificate_is_refused_and_the_release_in_use_stays() {
    let (mut scene, mut tree) = in_parts();
    let before = scene.trust();
    for swapped in [&b"a root of mine"[..], b"fourth rooT", b"", b"first root"] {
        tree.insert(scene.newest_blob(), swapped.to_vec());
        let reason = scene.check_against(&tree).unwrap();
        assert!(
            [Reason::CertificateMismatch, Reason::AnswerTruncated, Reason::Waiting].contains(&reason),
            "{}",
            reason.name()
        );
        assert_eq!((scene.trust().readable, scene.installed()), (before.readable, 2));
    }
}

#[test]
fn eleven_rounds_of_change_and_swap_install_what_was_signed_and_nothing_else() {
    let mut scene = Scene::following();
    for round in 0_u8..11 {
        let roots = [[b'a' + round; 40], [b'A' + round; 40]];
        let roots: Vec<&[u8]> = roots.iter().map(<[u8; 40]>::as_slice).collect();
        let number = scene.release(&roots);
        // Only every third release is offered: the device skips the others.
        if round % 3 != 2 {
            continue;
        }
        let mut swapped = scene.publisher.tree.clone();
        for root in &roots {
            swapped.insert(format!("prod/blob/{}", Sha256::of(&[root])), vec![b'!'; 40]);
        }
        swapped.retain(|path, _| !path.contains("/update/"));
        let before = scene.trust();
        assert_eq!(scene.check_against(&swapped), Some(Reason::CertificateMismatch), "round {round}");
        assert_eq!(scene.trust().readable, before.readable, "round {round}");
        assert_eq!(scene.check(), Some(Reason::Confirmed), "round {round}");
        assert_eq!(scene.trust().readable, scene.as_published(number), "round {round}");
    }
}

#[test]
fn bytes_behind_a_certificate_are_refused() {
    let (mut scene, mut tree) = in_parts();
    let longer = [CERTIFICATES[3], b"!"].concat();
    tree.insert(scene.newest_blob(), longer);
    let before = scene.trust();
    let reason = scene.check_against(&tree).unwrap();
    assert!([Reason::CertificateMismatch, Reason::UpdateRejected].contains(&reason), "{}", reason.name());
    assert_eq!(scene.trust().readable, before.readable);
}

#[test]
fn bytes_behind_an_update_are_not_installed() {
    let mut scene = Scene::following();
    scene.release(&CERTIFICATES);
    let mut tree = scene.publisher.tree.clone();
    tree.get_mut("prod/update/2-3").unwrap().extend_from_slice(b"and a root of mine");
    assert_eq!(scene.check_against(&tree), Some(Reason::Confirmed));
    assert_eq!(scene.trust().readable, scene.as_published(3));
}

#[test]
fn bytes_behind_a_document_make_it_none() {
    for (path, expect) in [("prod/head", Reason::HeadMalformed), ("prod/release/3", Reason::ReleaseMalformed)]
    {
        let (mut scene, mut tree) = in_parts();
        tree.get_mut(path).unwrap().push(0);
        let before = scene.trust();
        assert_eq!(scene.check_against(&tree), Some(expect), "{path}");
        assert_eq!(scene.trust().readable, before.readable, "{path}");
    }
}

#[test]
fn bytes_behind_a_file_of_a_stick_make_it_none() {
    let mut scene = Scene::following();
    scene.release(&CERTIFICATES);
    let document = scene.publisher.release_document(3).unwrap();
    let head = scene.publisher.head_document(scene.publisher.head_number, &[21]);
    let blobs = scene.publisher.release_blobs(3);
    let whole = bundle::write::usb(&[], Some(&head), document, &blobs).unwrap();
    let before = scene.trust();
    let longer = [&whole[..], b"!"].concat();
    assert_eq!(scene.device.install(&longer, &mut all_verify), Some(Reason::FileMalformed));
    assert_eq!(scene.trust(), before);
    assert_eq!(scene.device.install(&whole, &mut all_verify), Some(Reason::Confirmed));
    assert_eq!(scene.installed(), 3);
}

#[test]
fn what_does_not_fit_is_refused_before_a_certificate_is_fetched() {
    let mut scene = Scene::following();
    let large: Vec<Vec<u8>> = (0..9_u8).map(|root| vec![root; 4_000]).collect();
    let roots: Vec<&[u8]> = large.iter().map(Vec::as_slice).collect();
    scene.release(&roots);
    let mut tree = scene.publisher.tree.clone();
    tree.retain(|path, _| !path.contains("/update/"));
    let before = scene.trust();
    assert_eq!(scene.check_against(&tree), Some(Reason::ReleaseTooLarge));
    assert_eq!(scene.requests(), ["prod/head", "prod/update/2-3", "prod/release/3"]);
    assert_eq!(scene.trust(), before);
    scene.device.pass(60);
    let reason = scene.device.cycle(&mut |path| tree.get(path).cloned(), &mut all_verify);
    assert_eq!(reason, Some(Reason::ReleaseTooLarge));
    assert_eq!(scene.requests(), ["prod/head"], "it is not fetched again at every check");
}

#[test]
fn a_server_that_shows_something_else_at_the_second_look_gets_nothing_in() {
    // The manifest is judged on the bytes that stay; nothing is fetched a second time after it was judged.
    let (mut scene, tree) = in_parts();
    let mut looks = std::collections::BTreeMap::<String, u32>::new();
    let mut serve = |path: &str| {
        let look = looks.entry(path.to_owned()).or_default();
        *look += 1;
        let mut body = tree.get(path).cloned()?;
        if *look > 1 {
            body.iter_mut().for_each(|byte| *byte ^= 0xff);
        }
        Some(body)
    };
    scene.pass(3_600);
    assert_eq!(scene.device.cycle(&mut serve, &mut all_verify), Some(Reason::Confirmed));
    assert_eq!(scene.trust().readable, scene.as_published(3));
    assert!(looks.values().all(|looks| *looks == 1), "{looks:?}");
}

#[test]
fn a_release_of_two_signed_halves_is_neither() {
    // Mix-and-match: the manifest of one release, the certificates of another, both signed and both published.
    let (mut scene, mut tree) = in_parts();
    let other = content(&scene.publisher, &[CERTIFICATES[0], b"fifth  root"]);
    scene.publisher.publish(&other, &[CERTIFICATES[0], b"fifth  root"]);
    tree.insert(scene.newest_blob(), b"fifth  root".to_vec());
    let before = scene.trust();
    assert_eq!(scene.check_against(&tree), Some(Reason::CertificateMismatch));
    assert_eq!(scene.trust().readable, before.readable);
}
