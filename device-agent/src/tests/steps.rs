//! One signature a call: the device kit counts at every call, so every test here and elsewhere proves it.

use std::{fs, path::Path, string::String, vec, vec::Vec};

use bundle::{Algorithm, Envelope, Order, Role, limits::SIGNATURES_MAX, write::Signature, write::Unsigned};

use super::{
    files,
    kit::{Device, Fleet, manifest},
};
use crate::{Action, Event, FetchFailure, Reason};

fn following() -> (Fleet, Device) {
    let mut fleet = Fleet::new();
    let mut device = Device::new(&fleet);
    device.check(&mut fleet);
    (fleet, device)
}

/// The document with a full table of forged signatures under the ids of the keys that signed it.
fn flooded(document: &[u8]) -> Vec<u8> {
    let envelope = Envelope::parse_whole(document).unwrap();
    let ids: Vec<_> = envelope.signatures().iter().map(|signature| signature.key_id).collect();
    let forged = ids.iter().cycle().zip(0_u8..).map(|(key_id, byte)| Signature {
        key_id: *key_id,
        algorithm: Algorithm::ED25519,
        bytes: vec![byte; 64],
    });
    Unsigned::of(&envelope).assemble(&forged.take(SIGNATURES_MAX).collect::<Vec<_>>()).unwrap()
}

#[test]
fn a_release_signed_by_two_takes_one_call_more() {
    let (mut fleet, mut device) = following();
    fleet.roll_out(&manifest(&["a", "c"]));
    device.proceeds = 0;
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::Confirmed));
    assert_eq!(device.proceeds, 1);
}

#[test]
fn a_check_without_news_checks_no_signature() {
    let (mut fleet, mut device) = following();
    let before = device.agent.signatures_checked();
    for _ in 0..3 {
        device.check(&mut fleet);
    }
    assert_eq!(device.agent.signatures_checked(), before, "the head is the one that was checked");
    fleet.publish_head();
    device.check(&mut fleet);
    assert_eq!(device.agent.signatures_checked(), before + 1, "another head is checked");
}

#[test]
fn a_full_pack_of_generations_is_accepted_in_steps() {
    for chunk_bytes in [700, 1_000_000] {
        let (mut fleet, mut device) = following();
        for _ in 0..64 {
            fleet.next_keyring(&[], Some(Role::Keyring));
        }
        fleet.publish_packs();
        fleet.publish_head();
        device.driver.chunk_bytes = chunk_bytes;
        device.proceeds = 0;
        assert_eq!(device.check(&mut fleet).keyring, Order::new(0, 65));
        // Two of the old keys and two of the new ones each; the first call of the pack checks one of them.
        assert!((3 * 64..=4 * 64).contains(&device.proceeds), "{} steps", device.proceeds);
    }
}

#[test]
fn a_file_is_judged_in_steps_while_the_driver_shows_it_again() {
    let (mut fleet, mut device) = following();
    for _ in 0..3 {
        fleet.next_keyring(&[], Some(Role::Release));
    }
    fleet.roll_out(&manifest(&["a", "c"]));
    let file = files::file(&fleet, true);
    device.proceeds = 0;
    assert_eq!(device.run(&mut fleet, Event::Install(&file)).reason, Some(Reason::Confirmed));
    // Three keyrings, the head and the manifest: two signatures each, but for the head's one.
    assert_eq!(device.proceeds, 2 * 3 + 1 + 2 - 1);
}

#[test]
fn another_file_in_between_is_judged_by_itself() {
    let (mut fleet, mut device) = following();
    fleet.roll_out(&manifest(&["a", "c"]));
    let good = files::file(&fleet, true);
    let genuine = fleet.releases.last().unwrap().1.clone();
    fleet.releases.last_mut().unwrap().1 = flooded(&genuine);
    let forged = files::file(&fleet, false);
    let now = device.now(&fleet);
    assert!(device.step(now, Event::Install(&good)), "one signature of two");
    let before = device.kept();
    let status = device.run(&mut fleet, Event::Install(&forged));
    assert_eq!(status.reason, Some(Reason::ReleaseUnsigned));
    assert!(device.kept() == before);
    assert_eq!(device.run(&mut fleet, Event::Install(&good)).reason, Some(Reason::Confirmed));
}

#[test]
fn a_file_that_was_taken_away_is_given_up() {
    let (mut fleet, mut device) = following();
    fleet.roll_out(&manifest(&["a", "c"]));
    let file = files::file(&fleet, true);
    let (now, before) = (device.now(&fleet), device.kept());
    assert!(device.step(now, Event::Install(&file)));
    assert_eq!(device.run(&mut fleet, Event::Proceed).reason, Some(Reason::FileWithdrawn));
    assert!(device.kept() == before);
}

#[test]
fn while_a_signature_is_to_be_checked_no_other_event_changes_anything() {
    let (mut fleet, mut device) = following();
    fleet.roll_out(&manifest(&["a", "c"]));
    let file = files::file(&fleet, true);
    let now = device.now(&fleet);
    assert!(device.step(now, Event::Install(&file)));
    let (before, checked) = (device.kept(), device.agent.signatures.checked());
    let others = [
        Event::Wake,
        Event::Nudge,
        Event::Chunk(&file),
        Event::End,
        Event::Failed(FetchFailure::Unreachable),
        Event::Exported { complete: true },
        Event::Reported { delivered: true },
    ];
    for other in others {
        assert_eq!(device.agent.on(now, other), Action::Proceed, "{other:?}");
    }
    assert!(device.kept() == before && device.agent.signatures.checked() == checked);
    assert_eq!(device.run(&mut fleet, Event::Install(&file)).reason, Some(Reason::Confirmed));
}

#[test]
fn a_flood_of_forged_signatures_ends_after_a_table_of_steps() {
    let (mut fleet, mut device) = following();
    fleet.roll_out(&manifest(&["a", "c"]));
    let head = fleet.tree["prod/head"].clone();
    fleet.tree.insert(String::from("prod/head"), flooded(&head));
    device.proceeds = 0;
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::HeadUnsigned));
    assert_eq!(device.proceeds, 15);
    fleet.tree.insert(String::from("prod/head"), head);
    fleet.tree.retain(|path, _| !path.contains("update/"));
    let release = fleet.tree["prod/release/2"].clone();
    fleet.tree.insert(String::from("prod/release/2"), flooded(&release));
    device.proceeds = 0;
    let before = device.kept();
    assert_eq!(device.check(&mut fleet).reason, Some(Reason::ReleaseUnsigned));
    assert_eq!(device.proceeds, 15);
    assert!(device.kept() == before);
}

#[test]
fn no_step_checks_signatures_without_counting_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sources: Vec<_> = files.filter(|path| path.extension().is_some_and(|of| of == "rs")).collect();
    assert!(sources.len() > 20);
    for path in sources {
        // The start is no step, and what the image brings is proven in it.
        if path.ends_with("start.rs") || path.ends_with("image.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for call in [".verify(", ".verify_header(", ".accept(", "provisioned("] {
            assert!(!text.contains(call), "{} calls {call}", path.display());
        }
    }
}
