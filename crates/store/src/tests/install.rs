//! The ordinary life of a store: install, confirm, revert, refuse, and what each may not do.

use bundle::{ChannelId, Order, UnixSeconds};

use super::{
    channel, commit, confirm, content, denial, denials, head, install, next_keyring, open, readable, refusal,
    release, stage,
};
use crate::{
    Condition, Denials, Error, Floors, KeyringBytes, Phase, Restated, SlotIndex, TransitionError,
    fault::Medium, limits,
};

#[test]
fn a_blank_medium_opens_empty_and_nothing_is_written() {
    let mut store = open(Medium::new(4_096));
    assert_eq!(store.condition(), Condition::Blank);
    assert_eq!(readable(&mut store), None);
    assert_eq!(store.into_storage().operations(), 0);
}

#[test]
fn a_release_is_readable_on_trial_and_raises_the_floor_when_confirmed() {
    let mut store = open(Medium::new(4_096));
    commit(&mut store, 1).unwrap();
    assert_eq!(readable(&mut store), Some(1));
    assert_eq!(store.record().phase, Phase::Trial { active: SlotIndex::First, fallback: None });
    assert_eq!(store.record().floors, Floors::default());
    confirm(&mut store).unwrap();
    assert_eq!(store.record().phase, Phase::Confirmed { active: SlotIndex::First });
    assert_eq!(store.record().floors.release, Order::new(0, 1));
    assert_eq!(store.record().floors.time, UnixSeconds(1_000));
}

#[test]
fn a_revert_reads_the_fallback_again_and_keeps_denials_keyring_and_refusals() {
    let mut store = open(Medium::new(4_096));
    install(&mut store, 1).unwrap();
    next_keyring(&mut store, 4).unwrap();
    store.change(|change| change.replace_denials(&denials(2))).unwrap();
    commit(&mut store, 2).unwrap();
    let revert = store.change(|change| {
        change.record_refusal(refusal(2));
        change.revert()
    });
    revert.unwrap();
    assert_eq!(readable(&mut store), Some(1));
    let record = store.record();
    assert_eq!(record.floors.release, Order::new(0, 1));
    assert_eq!(record.floors.keyring, Order::new(0, 4));
    assert!(record.denials.contains(&denial(b"denied")));
    assert_eq!(record.refusals.find(&release(2).digest), Some(&refusal(2)));
}

#[test]
fn a_reverted_first_release_leaves_the_seed() {
    let mut store = open(Medium::new(4_096));
    commit(&mut store, 1).unwrap();
    store.change(|change| change.revert()).unwrap();
    assert_eq!(store.record().phase, Phase::Empty);
    assert_eq!(readable(&mut store), None);
}

#[test]
fn no_slot_is_written_during_a_trial() {
    let mut store = open(Medium::new(4_096));
    install(&mut store, 1).unwrap();
    commit(&mut store, 2).unwrap();
    assert_eq!(store.begin().unwrap_err(), Error::Transition(TransitionError::TrialOpen));
    store.change(|change| change.revert()).unwrap();
    install(&mut store, 3).unwrap();
    assert_eq!(readable(&mut store), Some(3));
}

#[test]
fn a_seal_is_void_once_the_slot_is_staged_anew() {
    let mut store = open(Medium::new(4_096));
    let outdated = stage(&mut store, 1).unwrap();
    let _current = stage(&mut store, 2).unwrap();
    let refused = store.change(|change| change.commit_trial(&outdated, release(1), None));
    assert_eq!(refused, Err(Error::Transition(TransitionError::Superseded)));
}

#[test]
fn a_change_that_alters_nothing_writes_nothing() {
    let mut store = open(Medium::new(4_096));
    install(&mut store, 1).unwrap();
    store.change(|change| change.replace_denials(&denials(1))).unwrap();
    let before = store.record().clone();
    store
        .change(|change| {
            change.raise_floors(Floors { release: Order::new(0, 1), ..Floors::default() });
            change.replace_denials(&denials(1))
        })
        .unwrap();
    assert_eq!(*store.record(), before);
    let operations = store.into_storage().operations();
    assert_eq!(operations, {
        let mut again = open(Medium::new(4_096));
        install(&mut again, 1).unwrap();
        again.change(|change| change.replace_denials(&denials(1))).unwrap();
        again.into_storage().operations()
    });
}

#[test]
fn floors_rise_and_only_a_newer_keyring_moves_them_back() {
    let mut store = open(Medium::new(4_096));
    let high = Floors { release: Order::new(0, 9_000), head: Order::new(0, 70), ..Floors::default() };
    store
        .change(|change| {
            change.raise_floors(high);
            change.raise_floors(Floors { release: Order::new(0, 3), ..Floors::default() });
            Ok(())
        })
        .unwrap();
    assert_eq!(store.record().floors, high);
    let restated = Restated { release: Some(Order::new(1, 4)), ..Restated::default() };
    let keyring = || KeyringBytes::new(b"keyring").unwrap();
    let accept = |order| {
        move |change: &mut crate::Change<'_>| {
            change.update_keyring(&keyring(), order, UnixSeconds(50), restated)
        }
    };
    store.change(accept(Order::new(1, 1))).unwrap();
    assert_eq!(store.record().floors.release, Order::new(1, 4));
    assert_eq!(store.record().floors.head, Order::new(0, 70));
    assert_eq!(store.record().floors.time, UnixSeconds(50));
    let refused = store.change(accept(Order::new(1, 1)));
    assert_eq!(refused, Err(Error::Transition(TransitionError::KeyringNotNewer)));
}

#[test]
fn an_older_deny_list_never_replaces_a_newer_one() {
    let mut store = open(Medium::new(4_096));
    store.change(|change| change.replace_denials(&denials(5))).unwrap();
    let older = Denials::new(Order::new(0, 4), core::iter::empty()).unwrap();
    let refused = store.change(|change| change.replace_denials(&older));
    assert_eq!(refused, Err(Error::Transition(TransitionError::OlderDenials)));
    assert_eq!(store.record().denials, denials(5));
}

#[test]
fn a_deny_list_above_the_limit_is_not_cut_short() {
    let entries = |count: u32| (0..count).map(|number| denial(&number.to_le_bytes()));
    let most = u32::try_from(limits::DENIALS_MAX).unwrap();
    assert_eq!(Denials::new(Order::default(), entries(most)).unwrap().count(), limits::DENIALS_MAX);
    assert_eq!(Denials::new(Order::default(), entries(most + 1)), None);
}

#[test]
fn the_newest_refusals_are_kept_once_each() {
    let mut store = open(Medium::new(4_096));
    let record = |numbers: &'static [u32]| {
        move |change: &mut crate::Change<'_>| {
            numbers.iter().for_each(|number| change.record_refusal(refusal(*number)));
            Ok(())
        }
    };
    store.change(record(&[1, 2, 3, 2, 4, 5])).unwrap();
    let numbers = |store: &super::TestStore| -> std::vec::Vec<u32> {
        store.record().refusals.iter().map(|refusal| refusal.order.number).collect()
    };
    assert_eq!(numbers(&store), [5, 4, 2, 3]);
    store
        .change(|change| {
            change.forget_refusals_below(Order::new(0, 4));
            Ok(())
        })
        .unwrap();
    assert_eq!(numbers(&store), [5, 4]);
}

#[test]
fn another_channel_starts_its_own_order_and_keeps_the_bundle_readable() {
    let mut store = open(Medium::new(4_096));
    store.change(|change| change.change_channel(channel())).unwrap();
    install(&mut store, 7).unwrap();
    store
        .change(|change| {
            change.note_head(head(70));
            Ok(())
        })
        .unwrap();
    store.change(|change| change.change_channel(ChannelId::of("staging"))).unwrap();
    assert_eq!(store.record().floors.release, Order::default());
    assert_eq!(store.record().floors.head, Order::default());
    assert_eq!(store.record().head, None);
    assert_eq!(readable(&mut store), Some(7));
}

#[test]
fn more_than_a_slot_holds_is_refused_before_it_is_written() {
    let mut store = open(Medium::new(4_096));
    let mut staging = store.begin().unwrap();
    let most = std::vec![1; store.slot_bytes() as usize];
    store.append(&mut staging, &most).unwrap();
    assert_eq!(store.append(&mut staging, &[1]), Err(Error::Full { needed: 24_577, capacity: 24_576 }));
}

#[test]
fn a_rotten_active_slot_yields_to_the_previous_bundle_which_is_then_not_overwritten() {
    let mut store = open(Medium::new(4_096));
    install(&mut store, 1).unwrap();
    install(&mut store, 2).unwrap();
    let mut medium = store.into_storage();
    medium.flip(8_192 + 24_576 + 17, 0x40);
    let mut store = open(medium);
    assert_eq!(readable(&mut store), Some(1));
    let mut staging = store.begin().unwrap();
    store.append(&mut staging, &content(3)).unwrap();
    assert_eq!(readable(&mut store), Some(1));
    let sealed = store.seal(staging).unwrap();
    store.change(|change| change.commit_trial(&sealed, release(3), None)).unwrap();
    let fallback = Some(SlotIndex::First);
    assert_eq!(store.record().phase, Phase::Trial { active: SlotIndex::Second, fallback });
    store.change(|change| change.revert()).unwrap();
    assert_eq!(readable(&mut store), Some(1));
}
