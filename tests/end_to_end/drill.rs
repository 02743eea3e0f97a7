//! A drill's scratch copy, followed by the real engine on its real store.

use std::{collections::BTreeMap, fs, path::Path};

use bundle::{ChannelId, Envelope, Kind, Order, UnixSeconds};
use system_tests::device::{Device, all_verify};

use crate::scene::Scene;

/// Bytes of a device's region: the smallest class's.
const REGION_BYTES: u32 = 64 * 1_024;
/// Seconds between two checks: a keyring that no head speaks of is asked for at least once a day.
const DAY: u64 = 86_400;

/// The keyring documents of a repository, by number.
fn keyrings(repository: &Path) -> BTreeMap<u32, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(repository.join("keyring")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(number) = path.file_name().unwrap().to_string_lossy().parse::<u32>() else { continue };
        let file = fs::read(path).unwrap();
        let (first, rest) = Envelope::parse(&file).unwrap();
        let document = if first.header().kind == Kind::Recovery { rest } else { &file };
        found.insert(number, document.to_vec());
    }
    found
}

/// Lets a device check every day until it has this keyring, for a week at most; says which release it has.
fn follow(mut device: Device, tree: &Path, wanted: Order) -> Order {
    let mut serve = |path: &str| fs::read(tree.join(path)).ok();
    for _ in 0..7 {
        device.cycle(&mut serve, &mut all_verify);
        let state = device.trust_state();
        if let Some((release, _)) = state.installed.filter(|_| state.keyring == wanted) {
            return release;
        }
        device = device.restart();
        device.pass(DAY);
    }
    let state = device.trust_state();
    assert_eq!(state.keyring, wanted, "it did not follow, with {:?}", state.installed);
    state.installed.unwrap().0
}

#[test]
fn a_drills_devices_follow_with_the_real_engine_and_store_from_every_keyring_and_the_seed() {
    let scene = Scene::new();
    scene.publish_both();
    let kept = scene.folder.path().join("kept");
    scene.operator.done(&["keyring", "drill", "--keep", &kept.to_string_lossy()]).unwrap();
    let (tree, keyrings) = (kept.join("tree"), keyrings(&kept.join("repository")));
    let orders: Vec<Order> =
        keyrings.values().map(|document| Envelope::parse_whole(document).unwrap().header().order).collect();
    let wanted = *orders.last().unwrap();
    assert!(
        orders.len() >= 9 && wanted.epoch == 1,
        "every role was replaced, and an epoch opened: {orders:?}"
    );
    let head = Envelope::parse_whole(&fs::read(tree.join("prod/head")).unwrap()).unwrap().header().issued_at;
    let now = UnixSeconds(head.0 + 60);
    for (number, document) in &keyrings {
        let device = Device::with_keyring("board", "prod", document, now, REGION_BYTES);
        assert_eq!(follow(device, &tree, wanted), Order::new(1, 3), "off since keyring {number}");
    }
    let release = fs::read(kept.join("repository/channels/prod/release/1")).unwrap();
    let keyring = bundle::Keyring::provisioned(&keyrings[&1]).unwrap();
    let envelope = Envelope::parse_whole(&release).unwrap();
    let authentic = envelope.verify(&keyring, ChannelId::of("prod"));
    assert!(authentic.is_ok(), "the first release stands under the first keyring, as the real one does");
    let old = scene.vendor.old_root.certificate().as_ref();
    let seed = bundle::write::seed(&keyrings[&1], &release, old);
    let device = Device::new("board", "prod", &seed, now, REGION_BYTES);
    assert_eq!(follow(device, &tree, wanted), Order::new(1, 3), "only the seed");
}

#[test]
fn a_thiefs_keyring_below_the_threshold_moves_no_engine() {
    let scene = Scene::new();
    let kept = scene.folder.path().join("kept");
    scene.operator.done(&["keyring", "drill", "--keep", &kept.to_string_lossy()]).unwrap();
    let (tree, keyrings) = (kept.join("tree"), keyrings(&kept.join("repository")));
    // One signature of the generation that opened the epoch is broken: what is left is less than its threshold.
    let newest = *keyrings.keys().last().unwrap();
    let mut file = fs::read(tree.join(format!("keyring/{newest}"))).unwrap();
    let document = keyrings[&newest].clone();
    let signature =
        Envelope::parse_whole(&document).unwrap().signatures().iter().next().unwrap().bytes.to_vec();
    let at = file.windows(signature.len()).rposition(|window| window == signature).unwrap();
    file[at] ^= 1;
    let issued_at = Envelope::parse_whole(&document).unwrap().header().issued_at;
    let before = &keyrings[&(newest - 1)];
    let order = Envelope::parse_whole(before).unwrap().header().order;
    let mut device =
        Device::with_keyring("board", "prod", before, UnixSeconds(issued_at.0 + 60), REGION_BYTES);
    let mut serve = |path: &str| {
        let is_newest = path.starts_with("recovery/")
            || path.strip_prefix("keyring/").is_some_and(|name| name.ends_with(&newest.to_string()));
        if is_newest { Some(file.clone()) } else { fs::read(tree.join(path)).ok() }
    };
    for _ in 0..3 {
        device.cycle(&mut serve, &mut all_verify);
        assert_eq!(device.trust_state().keyring, order, "it stays where it is");
        device.pass(DAY);
    }
    assert!(
        device.requests.iter().any(|(path, _)| path.starts_with("keyring/") || path.starts_with("recovery/"))
    );
}
