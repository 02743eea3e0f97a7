//! Lists of devices in CSV: every device is one that may report, and the list says where it stands.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bundle::{Algorithm, Key, limits};
use cloud_updater::{fleet::Device, fuzzing};

/// A file.
///
/// # Panics
/// Where a device is taken that cannot report, or the list written again is another.
pub fn enrolment(input: &[u8]) {
    let devices = match fuzzing::enrolment(input) {
        Ok(devices) => devices,
        Err(faults) => {
            assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.message.is_empty()));
            return;
        }
    };
    assert!(!devices.is_empty(), "a list without a device is a fault");
    let mut ids: Vec<&str> = devices.iter().map(|(device, _)| device.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), devices.len(), "one line for each device");
    assert!(devices.iter().all(|(device, line)| *line > 0 && may_report(device)));
    assert!(has_one_shape(input), "a row has other fields than the header names");
    assert!(devices.is_sorted_by_key(|(_, line)| *line));
    let mut text = "device_id,public_key,class,site,groups\n".to_owned();
    devices.iter().for_each(|(device, _)| row(&mut text, device));
    let again = fuzzing::enrolment(text.as_bytes()).expect("what was written can be read");
    assert!(again.iter().map(|(device, _)| device).eq(devices.iter().map(|(device, _)| device)));
}

/// True where every row has as many fields as the first one, by a reader that insists on it.
fn has_one_shape(file: &[u8]) -> bool {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).comment(Some(b'#')).from_reader(file);
    reader.byte_records().all(|record| record.is_ok())
}

fn may_report(device: &Device) -> bool {
    let key = Key { algorithm: Algorithm::ED25519, bytes: &device.public_key, name: "" };
    key.check().is_ok()
        && (1..=limits::DEVICE_ID_BYTES_MAX).contains(&device.id.len())
        && device.groups.len() <= limits::GROUPS_MAX
}

fn row(text: &mut String, device: &Device) {
    let quoted = |field: &str| format!("\"{}\"", field.replace('"', "\"\""));
    let [class, site] = [&device.class, &device.site].map(|field| field.as_deref().unwrap_or_default());
    let groups = device.groups.join(";");
    let fields = [device.id.as_str(), &STANDARD.encode(device.public_key), class, site, &groups].map(quoted);
    // Writing to a string does not fail.
    let _written = writeln!(text, "{}", fields.join(","));
}
