//! Names that would mean something in a URL or a path: none of them ever gets into one.

use device_agent::Reason;

use crate::{
    raw_keyring::RawKeyring,
    scene::{CERTIFICATES, DAY, Scene, content, service},
};

/// A path of the published tree is made of the channel's configured name, numbers and hexadecimal digits.
fn is_path_of_the_tree(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_range =
        |text: &str| text.split_once('-').is_some_and(|(from, to)| is_number(from) && is_number(to));
    let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match parts[..] {
        ["prod", "head"] => true,
        ["keyring", last] => is_number(last) || is_range(last),
        ["recovery", last] | ["prod", "release", last] => is_number(last),
        ["prod", "update", last] => is_range(last),
        ["prod", "blob", last] => is_hash(last),
        _ => false,
    }
}

/// As a service's name it is refused; as text for people it is kept, and no request holds it.
fn stays_out_of_paths(name: &str) {
    let mut scene = Scene::following();
    let mut next = content(&scene.publisher, &CERTIFICATES);
    next.services = vec![service("iot-hub"), service(name)];
    scene.publisher.publish(&next, &CERTIFICATES);
    let tree = scene.publisher.tree.clone();
    let before = scene.trust();
    assert_eq!(scene.check_against(&tree), Some(Reason::ReleaseMalformed), "{name}");
    assert_eq!(scene.trust().readable, before.readable);

    let mut scene = Scene::following();
    let mut raw = RawKeyring::first();
    raw.keys.iter_mut().for_each(|key| key.2 = name.to_owned());
    scene.publisher.tree.insert("keyring/2".into(), raw.second_generation());
    let mut next = content(&scene.publisher, &CERTIFICATES);
    next.anchors.iter_mut().for_each(|anchor| anchor.note = name.to_owned());
    scene.publisher.publish(&next, &CERTIFICATES);
    let mut tree = scene.publisher.tree.clone();
    tree.retain(|path, _| !path.contains("/update/"));
    scene.pass(DAY);
    assert_eq!(scene.check_against(&tree), Some(Reason::Confirmed), "{name}");
    assert_eq!((scene.installed(), scene.keyring().number), (3, 2));
    let strange: Vec<&str> = scene.requests().into_iter().filter(|path| !is_path_of_the_tree(path)).collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[test]
fn a_question_mark_stays_out_of_paths() {
    stays_out_of_paths("?");
}

#[test]
fn a_hash_sign_stays_out_of_paths() {
    stays_out_of_paths("#");
}

#[test]
fn a_slash_in_front_stays_out_of_paths() {
    stays_out_of_paths("/delegatedrole");
}

#[test]
fn a_way_up_stays_out_of_paths() {
    stays_out_of_paths("../delegatedrole");
}
