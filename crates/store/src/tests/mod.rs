//! Tests of the whole store on the fault-injecting medium.

mod install;
mod power;
mod readers;
mod records;
mod spec;

use std::{vec, vec::Vec};

use bundle::{ChannelId, Denial, DenialKind, Order, Sha256, UnixSeconds};

use crate::{
    Denials, Error, HeadNote, KeyringBytes, Refusal, Region, Release, Restated, Sealed, Store,
    fault::{Injected, Medium},
};

pub(super) type TestStore = Store<Medium>;
pub(super) type Outcome = Result<(), Error<Injected>>;

pub(super) fn region() -> Region {
    Region::new(8_192, 65_536).unwrap()
}

pub(super) fn open(medium: Medium) -> TestStore {
    Store::open(medium, region()).unwrap()
}

/// A bundle that says its number in every byte and has a length of its own.
pub(super) fn content(number: u32) -> Vec<u8> {
    vec![number.to_le_bytes()[0]; 9_000 + 137 * number as usize]
}

pub(super) fn release(number: u32) -> Release {
    Release {
        order: Order::new(0, number),
        digest: Sha256::of(&[&number.to_le_bytes()]),
        document_bytes: 500,
        issued_at: UnixSeconds(1_000 * u64::from(number)),
    }
}

pub(super) fn stage(store: &mut TestStore, number: u32) -> Result<Sealed, Error<Injected>> {
    let mut staging = store.begin()?;
    for part in content(number).chunks(4_000) {
        store.append(&mut staging, part)?;
    }
    store.seal(staging)
}

pub(super) fn commit(store: &mut TestStore, number: u32) -> Outcome {
    let sealed = stage(store, number)?;
    store.change(|change| change.commit_trial(&sealed, release(number), None))
}

pub(super) fn confirm(store: &mut TestStore) -> Outcome {
    store.change(|change| change.confirm())
}

pub(super) fn install(store: &mut TestStore, number: u32) -> Outcome {
    commit(store, number)?;
    confirm(store)
}

pub(super) fn refusal(number: u32) -> Refusal {
    let Release { order, digest, .. } = release(number);
    Refusal { order, digest, reason: 7, attempts: 1, retry_at: Some(UnixSeconds(5)) }
}

pub(super) fn denials(number: u32) -> Denials {
    Denials::new(Order::new(0, number), [denial(b"denied")].into_iter()).unwrap()
}

pub(super) fn denial(what: &[u8]) -> Denial {
    Denial { kind: DenialKind::Certificate, sha256: Sha256::of(&[what]) }
}

pub(super) fn head(number: u32) -> HeadNote {
    let digest = Sha256::of(&[b"head", &number.to_le_bytes()]);
    HeadNote { order: Order::new(0, number), digest, valid_from: UnixSeconds(9), lifetime_seconds: 60 }
}

pub(super) fn next_keyring(store: &mut TestStore, number: u32) -> Outcome {
    let keyring = KeyringBytes::new(&[number.to_le_bytes()[0]; 300]).unwrap();
    let order = Order::new(0, number);
    store.change(|change| change.update_keyring(&keyring, order, UnixSeconds(3), Restated::default()))
}

pub(super) fn channel() -> ChannelId {
    ChannelId::of("prod")
}

/// The number of the release that applications read, after checking that it is there as a whole.
pub(super) fn readable(store: &mut TestStore) -> Option<u32> {
    let (slot, entry) = store.readable().map(|(slot, entry)| (slot, *entry))?;
    let number = entry.release.order.number;
    let mut bytes = vec![0; entry.total_bytes as usize];
    store.read_content(slot, 0, &mut bytes).unwrap();
    assert_eq!(bytes, content(number), "release {number} is readable but not whole");
    Some(number)
}
