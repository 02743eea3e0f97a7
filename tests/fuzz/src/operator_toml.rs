//! Settings of an operator's repository: what is taken makes documents that devices take.

use bundle::{HostPattern, Sha256, limits};
use cloud_updater::{
    Error,
    repository::{AnchorRecord, Rollout, fleet_file::FleetFile, service_file::ServiceFile, settings},
};

use crate::input::selector;

/// One of the files, and its text.
///
/// # Panics
/// Where a file is taken that no bundle could be made of, or an error says nothing.
pub fn operator_toml(input: &[u8]) {
    let (selector, bytes) = selector(input);
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let outcome = match selector % 4 {
        0 => FleetFile::parse(text).map(|fleet| fleet_is_usable(&fleet)),
        1 => ServiceFile::parse(text).map(|services| services_are_usable(&services)),
        2 => settings::parse::<AnchorRecord>(text, "anchors/a.toml").map(|record| record_is_usable(&record)),
        _ => settings::parse::<Rollout>(text, "rollout.toml").map(|rollout| rollout_is_kept(&rollout)),
    };
    if let Err(error) = outcome {
        says_something(&error);
    }
}

fn says_something(error: &Error) {
    assert!(!error.to_string().trim().is_empty() && !error.code().is_empty());
    assert!(matches!(error.exit().number(), 2 | 3), "bad input is nothing else: {error}");
}

fn fleet_is_usable(fleet: &FleetFile) {
    assert!((1..=limits::NAME_BYTES_MAX).contains(&fleet.fleet.len()));
    assert!(!fleet.channels.is_empty());
    for channel in fleet.channels.values() {
        assert!(fleet.device_classes.contains_key(&channel.device_class), "a class that is not there");
    }
    let lifetime = fleet.head.lifetime_seconds();
    assert!((1..=limits::HEAD_LIFETIME_SECONDS_MAX).contains(&lifetime), "{lifetime} seconds");
    let refresh = fleet.head.refresh_seconds();
    assert!(
        (limits::REFRESH_SECONDS_MIN..=limits::REFRESH_SECONDS_MAX).contains(&refresh),
        "{refresh} seconds"
    );
    assert!(fleet.publish.urls.len() <= limits::URLS_MAX);
    assert!(fleet.publish.urls.iter().all(|url| url.len() <= limits::URL_BYTES_MAX));
}

fn services_are_usable(file: &ServiceFile) {
    assert!(file.services.len() <= limits::SERVICES_MAX);
    for (name, service) in &file.services {
        assert!((1..=limits::SERVICE_NAME_BYTES_MAX).contains(&name.len()));
        assert!((1..=limits::HOSTS_MAX).contains(&service.hosts.len()));
        assert!(service.hosts.iter().all(|host| HostPattern(host).is_well_formed()));
        let pins = service
            .pins(name, |anchor| Some(Sha256::of(&[anchor.as_bytes()])))
            .expect("what was checked can be read");
        assert!(pins.len() <= limits::PINS_MAX && pins.len() != 1);
        let expected = service.expectations(name).expect("what was checked can be read");
        assert!(expected.len() <= limits::EXPECTATIONS_MAX && expected.len() != 1);
    }
}

fn record_is_usable(record: &AnchorRecord) {
    // What a record says of constraints may be nonsense, but then it is told.
    if let Err((field, message)) = record.constraint_contents() {
        assert!(!field.is_empty() && !message.is_empty());
    }
    assert!(record.purpose_bits().names().count() <= 4);
}

fn rollout_is_kept(rollout: &Rollout) {
    let text = rollout.to_text().expect("what was read can be written");
    let again: Rollout = settings::parse(&text, "rollout.toml").expect("what was written can be read");
    assert_eq!(&again, rollout);
}
