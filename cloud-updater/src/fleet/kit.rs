//! What the tests of fleet and reports share.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bundle::write::{report_frame, report_message};
use bundle::{Algorithm, ChannelId, Key, Report, Section, Sha256};
use ed25519_dalek::{Signer as _, SigningKey};
use rusqlite::Connection;
use tempfile::TempDir;

use super::database;
use super::device::Device;
use super::enrol::enrol;

/// A fleet database in a folder of its own.
pub(crate) struct TestFleet {
    /// Keeps the folder.
    pub(crate) folder: TempDir,
}

impl TestFleet {
    /// A fleet of these devices; the device `device-<seed>` has the key of `seed`.
    pub(crate) fn of(seeds: impl IntoIterator<Item = u8>) -> Self {
        let fleet = Self { folder: tempfile::tempdir().unwrap() };
        let devices: Vec<Device> = seeds.into_iter().map(device).collect();
        enrol(&mut fleet.connection(), &devices, false, 1_000).unwrap();
        fleet
    }

    /// Where its database is.
    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("fleet.sqlite")
    }

    /// A connection of its own.
    pub(crate) fn connection(&self) -> Connection {
        database::open(&self.path()).unwrap()
    }
}

/// The device `device-<seed>`.
pub(crate) fn device(seed: u8) -> Device {
    let public_key = signing_key(seed).verifying_key().to_bytes();
    Device { id: format!("device-{seed}"), public_key, class: None, site: None, groups: Vec::new() }
}

/// The public key of `seed`, as a CSV file has it.
pub(crate) fn key_text(seed: u8) -> String {
    STANDARD.encode(device(seed).public_key)
}

/// The key of `seed`.
pub(crate) fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// A report of release 7, as the device `id` sends it: boot and counter order it.
pub(crate) fn report(id: &str, boot: u8, counter: u32) -> Report<'_> {
    Report {
        device: id,
        boot_id: [boot; 16],
        commit_count: 3,
        counter,
        time: None,
        release_epoch: 0,
        release_number: 7,
        release_digest: Sha256([7; 32]),
        subject_number: 0,
        phase: 1,
        reason: 0,
        keyring_epoch: 0,
        keyring_version: 2,
        head_number: 40,
        flags: 0,
        agent_version: "0.1.0",
        probes: Section::empty(),
        extensions: Section::empty(),
    }
}

/// The frame of `report`, signed with the key of `seed`.
pub(crate) fn frame(seed: u8, report: &Report<'_>) -> Vec<u8> {
    let channel = ChannelId::of("prod");
    let signing = signing_key(seed);
    let public = signing.verifying_key().to_bytes();
    let key = Key { algorithm: Algorithm::ED25519, bytes: &public, name: "" };
    let signature = signing.sign(&report_message(channel, report)).to_bytes();
    report_frame(channel, key.id(), report, &signature)
}
