//! A stranded device: asleep for ten years, through three keyring generations and the death of every TLS root it has.

use std::{
    error::Error,
    sync::{Arc, PoisonError, RwLock},
};

use bundle::{
    Order, UnixSeconds,
    write::{KeyringContent, ManifestContent, ServiceAnchors, ServiceContent},
};
use indicatif::ProgressBar;
use system_tests::{
    gateway::{Gateway, Setup},
    pki::{Authority, Vendor, identity},
    publisher::{Publisher, Tree},
    signers::{first_keyring, role},
    web::Web,
};

use crate::{
    Arguments,
    figures::Figures,
    step::{Observation, require},
};

/// When the device was last awake, and the second that this is.
const ASLEEP: (&str, UnixSeconds) = ("2021-06-01", UnixSeconds(1_622_505_600));
/// When it wakes.
const AWAKE: (&str, UnixSeconds) = ("2031-06-01", UnixSeconds(1_937_952_000));
/// Where the published tree is.
const HOST: &str = "updates.example";

/// The generations that it slept through: keyring keys, release keys, and who signs.
const GENERATIONS: [([u8; 3], [u8; 3], &[u8]); 3] = [
    ([2, 3, 4], [14, 15, 16], &[2, 3]),
    ([3, 4, 5], [15, 16, 17], &[3, 4]),
    ([4, 5, 6], [16, 17, 18], &[4, 5]),
];

/// Lets a device fall asleep, changes everything, and wakes it.
pub(crate) fn show(_: &Arguments, _: &mut Figures, bar: &ProgressBar) -> Observation {
    let dying = Authority::root("Synthetic Root that dies in 2025", 2015..2025);
    let vendor = Vendor::new();
    let mut publisher = Publisher::new("prod", ASLEEP.1);
    publish(&mut publisher, dying.certificate());
    let tree = Arc::new(RwLock::new(publisher.tree.clone()));
    let before = Web::tls(Arc::clone(&tree), &identity(&dying, HOST, 2015..2025))?;
    let after = Web::tls(Arc::clone(&tree), &vendor.new_identity(HOST))?;
    let seed = publisher.seed(1);
    let gateway = Gateway::new(&Setup {
        id: "gateway-1",
        channel: "prod",
        urls: vec![format!("https://{HOST}:8443/"), format!("https://{HOST}/")],
        seed: &seed,
        resolve: vec![(format!("{HOST}:8443"), before.address()), (format!("{HOST}:443"), after.address())],
        extra: "",
    })?;
    bar.set_message("the device checks, and falls asleep");
    gateway.check(Some(ASLEEP.0))?.success()?;
    bar.set_message("three keyring generations pass, and the root dies");
    drop(before);
    sleep(&mut publisher, &tree, vendor.new_root.certificate());
    bar.set_message("the device wakes");
    let trusted = gateway.status(Some(AWAKE.0))?.to_string();
    gateway.check(Some(AWAKE.0))?.success()?;
    let requests = after.take_requests();
    let paths: Vec<&str> = requests.iter().map(|request| request.path.as_str()).collect();
    require(paths.contains(&"keyring/1-4"), || format!("the pack was not fetched: {paths:?}\n{trusted}"))?;
    exported(&gateway, &vendor)?;
    let bytes: usize = requests.iter().map(|request| request.body_bytes).sum();
    Ok(format!(
        "back in one cycle after ten years: {} requests, {bytes} bytes, over TLS that proved nothing: {}",
        requests.len(),
        paths.join(", ")
    ))
}

fn publish(publisher: &mut Publisher, root: &[u8]) {
    let content = ManifestContent {
        anchors: vec![publisher.anchor(root)],
        services: vec![ServiceContent {
            name: "updates".into(),
            hosts: vec![HOST.into()],
            anchors: ServiceAnchors::All,
            pins: Vec::new(),
            probe: false,
            extensions: Vec::new(),
        }],
        ..ManifestContent::default()
    };
    publisher.publish(&content, &[root]);
}

/// What happens meanwhile.
fn sleep(publisher: &mut Publisher, tree: &RwLock<Tree>, root: &[u8]) {
    publisher.now = AWAKE.1;
    let mut number = publisher.keyring.0.number;
    for (keyring, release, signers) in GENERATIONS {
        number += 1;
        let content =
            KeyringContent { keyring: role(2, &keyring), release: role(2, &release), ..first_keyring() };
        publisher.publish_keyring(&content, None, Order::new(0, number), signers);
        publisher.release_signers = release.to_vec();
    }
    publish(publisher, root);
    *tree.write().unwrap_or_else(PoisonError::into_inner) = publisher.tree.clone();
}

/// The exported file holds the new root and no other.
fn exported(gateway: &Gateway, vendor: &Vendor) -> Result<(), Box<dyn Error>> {
    let exported = system_tests::pki::read_pem(&gateway.services().join("updates.pem"))?;
    require(exported == [vendor.new_root.certificate().clone()], || {
        format!("{} exported roots, and not the new one alone", exported.len())
    })
}
