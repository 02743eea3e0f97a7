//! One root of five replaced, and a check that finds nothing new: requests and bytes on the wire.

use std::error::Error;

use bundle::{
    UnixSeconds,
    write::{ManifestContent, ServiceAnchors, ServiceContent},
};
use indicatif::ProgressBar;
use system_tests::{
    device::{Device, all_verify},
    pki,
    publisher::Publisher,
};

use crate::{
    Arguments,
    figures::Figures,
    step::{Observation, require},
};

/// When it happens.
const NOW: UnixSeconds = UnixSeconds(1_790_000_000);
/// Bytes of the device's region: the one mutable file of the smallest device class.
const REGION_BYTES: u32 = 65_536;

/// Sizes of roots with an RSA-4096 key and signature, in DER.
const RSA_4096_BYTES: std::ops::Range<usize> = 1_300..1_500;
/// Sizes of roots with a P-384 key and signature.
const P384_BYTES: std::ops::Range<usize> = 500..620;

/// Replaces a P-384 root in a bundle of 3 × RSA-4096 and 2 × P-384, under 2-of-3 signatures.
pub(crate) fn show(_: &Arguments, figures: &mut Figures, bar: &ProgressBar) -> Observation {
    bar.set_message("publishing two releases of five real roots");
    let all = pki::read_pem(&pki::data().join("mozilla-history/certs.pem"))?;
    let pick = |sizes: std::ops::Range<usize>| {
        let fitting = all.iter().filter(move |der| sizes.contains(&der.len()));
        fitting.take(3).map(|der| &**der).collect::<Vec<&[u8]>>()
    };
    let (rsa, p384) = (pick(RSA_4096_BYTES), pick(P384_BYTES));
    let ([first, second, third], [kept, old, new]) = (rsa.as_slice(), p384.as_slice()) else {
        return Err("the history lacks roots of these sizes".into());
    };
    let mut publisher = Publisher::new("prod", NOW);
    let before = [*first, *second, *third, *kept, *old];
    publisher.publish(&content(&publisher, &before), &before);
    let mut device = Device::new("device-1", "prod", &publisher.seed(1), NOW, REGION_BYTES);
    cycle(&mut device, &publisher);
    let after = [*first, *second, *third, *kept, *new];
    publisher.publish(&content(&publisher, &after), &after);
    let (requests, bytes) = cycle(&mut device, &publisher);
    installed(&device, 2)?;
    let unchanged = cycle(&mut device, &publisher);
    installed(&device, 2)?;
    figures.one_root_requests = Some(requests);
    figures.one_root_bytes = Some(bytes);
    figures.one_root_certificate_bytes = Some(new.len());
    (figures.unchanged_requests, figures.unchanged_bytes) = (Some(unchanged.0), Some(unchanged.1));
    let exceeded = figures.exceeded();
    require(exceeded.is_empty(), || exceeded.join("\n"))?;
    Ok(format!(
        "{bytes} bytes in {requests} requests for a new root of {} bytes; nothing new: {} bytes in {} request",
        new.len(),
        unchanged.1,
        unchanged.0
    ))
}

/// One cycle: how many requests, and bytes of their bodies.
fn cycle(device: &mut Device, publisher: &Publisher) -> (usize, usize) {
    // Below an hour, so that the daily look for a newer keyring does not fall due.
    device.pass(60);
    device.cycle(&mut |path| publisher.tree.get(path).cloned(), &mut all_verify);
    let bytes = device.requests.iter().filter_map(|(_, bytes)| *bytes).sum();
    (device.requests.len(), bytes)
}

fn installed(device: &Device, number: u32) -> Result<(), Box<dyn Error>> {
    let status = device.status();
    let is_installed = status.installed.is_some_and(|installed| installed.order.number == number);
    require(is_installed, || format!("release {number} was not installed: {:?}", status.reason))
}

fn content(publisher: &Publisher, certificates: &[&[u8]]) -> ManifestContent {
    let service = |name: &str, host: &str, count: usize| ServiceContent {
        name: name.into(),
        hosts: vec![host.into()],
        anchors: ServiceAnchors::Listed(
            certificates.iter().take(count).map(|der| bundle::Sha256::of(&[der])).collect(),
        ),
        pins: Vec::new(),
        probe: true,
        extensions: Vec::new(),
    };
    ManifestContent {
        anchors: certificates.iter().map(|certificate| publisher.anchor(certificate)).collect(),
        services: vec![
            service("iot-hub", "fleet.azure-devices.net:8883", 5),
            service("storage", "fleet.blob.core.windows.net", 3),
        ],
        ..ManifestContent::default()
    }
}
