//! Eleven years of Mozilla's root store, published and installed state by state on one device.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
};

use bundle::{
    Sha256, UnixSeconds,
    write::{ManifestContent, ServiceAnchors, ServiceContent},
};
use serde::Deserialize;

use crate::{
    device::{Device, all_verify},
    publisher::Publisher,
};

/// Two slots of 256 KiB and the journal: room for the largest state, 168 roots in about 190 KiB.
const REGION_BYTES: u32 = 2 * 262_144 + 16_384;

/// What the replay came to.
#[derive(Clone, Debug)]
pub struct History {
    /// One step for each state.
    pub steps: Vec<HistoryStep>,
    /// Bytes of all answers to the device, heads included.
    pub bytes: usize,
    /// Bytes of a PEM file of each state, downloaded whole each time.
    pub pem_bytes: usize,
}

/// One state of the store.
#[derive(Clone, Debug)]
pub struct HistoryStep {
    /// The day, as `YYYY-MM-DD`.
    pub date: String,
    /// Roots of the state.
    pub roots: usize,
    /// Requests of the device.
    pub requests: usize,
    /// Bytes of the answers.
    pub bytes: usize,
    /// Bytes of the state as a PEM file.
    pub pem_bytes: usize,
}

/// A state as `history.json` has it: the first in full, the others as what changed.
#[derive(Debug, Deserialize)]
struct State {
    date: String,
    added: Vec<String>,
    removed: Vec<String>,
    #[serde(default)]
    sha256: Vec<String>,
}

/// Publishes the 51 states in order and installs each on one device, which is asked for its anchors every time.
///
/// # Errors
/// Where the data cannot be read, or the device does not hold exactly the roots of a state.
pub fn run(data: &Path, mut progress: impl FnMut(&HistoryStep)) -> io::Result<History> {
    let certificates = certificates(data)?;
    let states: Vec<State> = serde_json::from_reader(std::fs::File::open(data.join("history.json"))?)?;
    let mut publisher = Publisher::new("prod", noon(states.first().map_or("", |state| &state.date))?);
    publisher.update_window = 1;
    let mut device: Option<Device> = None;
    let mut roots = BTreeSet::new();
    let mut steps = Vec::new();
    for state in &states {
        roots.extend(state.sha256.iter().chain(&state.added).cloned());
        roots.retain(|root| !state.removed.contains(root));
        let now = noon(&state.date)?;
        let present: Vec<&[u8]> =
            roots.iter().filter_map(|root| certificates.get(root)).map(Vec::as_slice).collect();
        publisher.now = now;
        publish(&mut publisher, &present);
        let device = match &mut device {
            Some(device) => device,
            None => device.insert(first_device(&publisher, now)),
        };
        device.pass_to(now);
        let step = install(device, &publisher, state, &present)?;
        progress(&step);
        steps.push(step);
    }
    let bytes = steps.iter().map(|step| step.bytes).sum();
    let pem_bytes = steps.iter().map(|step| step.pem_bytes).sum();
    Ok(History { steps, bytes, pem_bytes })
}

/// A device that was provisioned with the keyring alone, so that it fetches the first state too.
fn first_device(publisher: &Publisher, now: UnixSeconds) -> Device {
    Device::with_keyring("device-1", &publisher.channel, &publisher.keyring.1, now, REGION_BYTES)
}

/// A release of a state, every root of it once more as it was, so that an update carries what changed.
fn publish(publisher: &mut Publisher, certificates: &[&[u8]]) {
    let held = publisher.newest_content();
    let known =
        |sha256: Sha256| held.as_ref()?.anchors.iter().find(|anchor| anchor.sha256 == sha256).cloned();
    let anchors =
        certificates.iter().map(|der| known(Sha256::of(&[der])).unwrap_or_else(|| publisher.anchor(der)));
    let content = ManifestContent {
        anchors: anchors.collect(),
        services: vec![ServiceContent {
            name: "web".into(),
            hosts: vec!["*.example".into()],
            anchors: ServiceAnchors::All,
            pins: Vec::new(),
            probe: false,
            extensions: Vec::new(),
        }],
        ..ManifestContent::default()
    };
    publisher.publish(&content, certificates);
}

fn install(
    device: &mut Device,
    publisher: &Publisher,
    state: &State,
    present: &[&[u8]],
) -> io::Result<HistoryStep> {
    let reason = device.cycle(&mut |path| publisher.tree.get(path).cloned(), &mut all_verify);
    let expected: BTreeSet<Sha256> = present.iter().map(|der| Sha256::of(&[der])).collect();
    if device.anchors() != expected {
        let said = reason.map_or("nothing", device_agent::Reason::name);
        return Err(io::Error::other(format!(
            "{}: the device does not hold the state's roots; it says {said}",
            state.date
        )));
    }
    Ok(HistoryStep {
        date: state.date.clone(),
        roots: present.len(),
        requests: device.requests.len(),
        bytes: device.requests.iter().filter_map(|(_, bytes)| *bytes).sum(),
        pem_bytes: present.iter().map(|der| pem_bytes(der.len())).sum(),
    })
}

/// Bytes of a certificate as a PEM block with lines of 64 characters (RFC 7468).
fn pem_bytes(der_bytes: usize) -> usize {
    let base64 = der_bytes.div_ceil(3) * 4;
    "-----BEGIN CERTIFICATE-----\n".len() + base64 + base64.div_ceil(64) + "-----END CERTIFICATE-----\n".len()
}

/// Noon of a day, so that the states are at least a day apart whatever the time zone.
fn noon(date: &str) -> io::Result<UnixSeconds> {
    let fields: Vec<i64> = date.split('-').filter_map(|field| field.parse().ok()).collect();
    let [year, month, day] = fields[..] else {
        return Err(io::Error::other(format!("history.json: {date:?} is not a date")));
    };
    // Days since 1970-01-01 of a Gregorian date, with March as the first month of the year.
    let (shifted_year, shifted_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * shifted_year + shifted_year / 4 - shifted_year / 100 + shifted_year / 400;
    let days = days + (153 * shifted_month + 2) / 5 + day - 1 - 719_468;
    u64::try_from(days * 86_400 + 43_200).map(UnixSeconds).map_err(io::Error::other)
}

/// The certificates in DER, by SHA-256 in hexadecimal.
fn certificates(data: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    use rustls_pki_types::pem::PemObject as _;
    let file = data.join("certs.pem");
    let all = rustls_pki_types::CertificateDer::pem_file_iter(&file).map_err(io::Error::other)?;
    all.map(|der| {
        let der = der.map_err(io::Error::other)?;
        Ok((Sha256::of(&[&der]).to_string(), der.to_vec()))
    })
    .collect()
}
