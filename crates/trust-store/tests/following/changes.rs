//! Waiting for changes: none is missed at the end, whoever refreshed, and waiting ends.

use std::sync::{Arc, Weak, mpsc};
use std::time::{Duration, Instant};

use chain::pki::Authority;
use trust_store::Installed;

use crate::device::Device;
use crate::tls::content;

/// Longer than any test: what is waited for this long does not come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Looks at the store that follow each other at once.
const OFTEN: Duration = Duration::from_millis(1);
/// No look at the store while a test lasts: what is told then, another clone's refresh has told.
const NEVER: Duration = Duration::from_secs(3_600);

fn rooted_device() -> (Device, Authority) {
    let root = Authority::root("Root", 2000..2100);
    (Device::with(&content(&[&root])), root)
}

fn number(installed: Option<Arc<Installed>>) -> Option<u32> {
    installed.map(|installed| installed.order().number)
}

#[test]
fn a_thread_waits_for_each_next_state_and_begins_with_the_present_one() {
    let (mut device, root) = rooted_device();
    let mut changes = device.open().changes(OFTEN);
    assert_eq!(number(changes.wait(PATIENCE)), Some(1));
    assert_eq!(number(changes.wait(Duration::from_millis(5))), None, "it is told once");
    device.install(&content(&[&root]));
    assert_eq!(number(changes.wait(PATIENCE)), Some(2));
}

#[test]
fn a_deadline_of_zero_still_looks_at_the_store() {
    let (mut device, root) = rooted_device();
    let mut changes = device.open().changes(NEVER);
    assert_eq!(number(changes.wait(Duration::ZERO)), Some(1));
    assert_eq!(number(changes.wait(Duration::ZERO)), None);
    device.install(&content(&[&root]));
    assert_eq!(number(changes.wait(Duration::ZERO)), Some(2));
}

#[test]
fn a_waiting_thread_wakes_when_another_one_refreshed() {
    let (mut device, root) = rooted_device();
    let store = device.open();
    let mut changes = store.changes(NEVER);
    assert_eq!(number(changes.wait(PATIENCE)), Some(1));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| number(changes.wait(PATIENCE)));
        device.install(&content(&[&root]));
        store.refresh().unwrap();
        assert_eq!(waiting.join().unwrap(), Some(2));
    });
}

#[test]
fn of_many_changes_in_a_row_the_last_is_told() {
    let (mut device, root) = rooted_device();
    let store = device.open();
    let mut changes = store.changes(OFTEN);
    std::thread::scope(|scope| {
        let following = scope.spawn(|| {
            let mut told = vec![];
            while told.last() != Some(&21) {
                told.push(number(changes.wait(PATIENCE)).unwrap());
            }
            told
        });
        for _ in 0..20 {
            device.install(&content(&[&root]));
        }
        let told = following.join().unwrap();
        assert!(told.is_sorted(), "{told:?}");
    });
}

fn block_on<T>(of: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(of)
}

#[test]
fn a_task_awaits_each_next_state_and_begins_with_the_present_one() {
    let (mut device, root) = rooted_device();
    block_on(async {
        let mut stream = device.open().change_stream(OFTEN);
        let mut clone = stream.clone();
        assert_eq!(number(stream.next().await), Some(1));
        device.install(&content(&[&root]));
        assert_eq!(number(stream.next().await), Some(2));
        assert_eq!(stream.installed().order().number, 2);
        assert_eq!(number(clone.next().await), Some(2), "a clone asks for itself, and gets the newest");
    });
}

#[test]
fn a_task_that_gave_up_waiting_has_missed_nothing() {
    let (mut device, root) = rooted_device();
    block_on(async {
        let store = device.open();
        let mut stream = store.change_stream(NEVER);
        assert_eq!(number(stream.next().await), Some(1));
        let given_up = tokio::time::timeout(Duration::from_millis(5), stream.next()).await;
        assert!(given_up.is_err());
        device.install(&content(&[&root]));
        store.refresh().unwrap();
        assert_eq!(number(stream.next().await), Some(2));
    });
}

/// True once nobody holds the state any more: every thread that followed the store is gone.
fn is_gone(state: &Weak<Installed>) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while state.strong_count() > 0 && Instant::now() < deadline {
        std::thread::yield_now();
    }
    state.strong_count() == 0
}

#[test]
fn following_ends_when_the_last_stream_is_dropped_and_not_before() {
    let (mut device, root) = rooted_device();
    let store = device.open();
    let mut stream = store.change_stream(NEVER);
    drop(stream.clone());
    device.install(&content(&[&root]));
    store.refresh().unwrap();
    let state = block_on(async {
        loop {
            let installed = stream.next().await.unwrap();
            if installed.order().number == 2 {
                break Arc::downgrade(&installed);
            }
        }
    });
    // The thread of the stream sleeps for an hour, and wakes to end.
    drop((store, stream));
    assert!(is_gone(&state));
}

#[test]
fn a_follower_that_sleeps_ends_at_once() {
    let (device, _) = rooted_device();
    let store = device.open();
    let state = Arc::downgrade(&store.installed());
    let (tell, told) = mpsc::channel();
    let follower = store.follow(NEVER, move |installed| tell.send(installed.order().number).unwrap());
    assert_eq!(told.recv(), Ok(1));
    drop((store, follower));
    assert_eq!(state.strong_count(), 0, "its thread was waited for");
}
