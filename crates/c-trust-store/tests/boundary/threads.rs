//! Many threads on one handle while releases come and go: no answer is of two of them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use chain::pki::{Authority, Content};
use trust_store_c::anchors::TRUST_STORE_DER;
use trust_store_c::code::{TRUST_STORE_AGAIN, TRUST_STORE_OK};
use trust_store_c::judgement::{TRUST_STORE_REFUSED, TRUST_STORE_VERIFIED};
use trust_store_c::notice::{trust_store_descriptor, trust_store_wait};

use crate::caller::{Caller, open};
use crate::device::Device;
use crate::judge::Asked;

/// Threads of each kind.
const THREADS: usize = 4;
/// Releases that come while they are at it.
const RELEASES: u32 = 40;

/// Two releases without a certificate in common: odd numbers have the first, even ones the other.
fn contents() -> ([Content; 2], [usize; 2], Authority) {
    let roots = [(); 3].map(|()| Authority::root("Root", 2020..2045));
    let [one, two, three] = [0, 1, 2].map(|place: usize| roots[place].certificate());
    let odd = Content::default().anchor(one).anchor(two).service("hub", &[]);
    let even = Content::default().anchor(three).service("hub", &[]);
    let lengths = [three.len(), one.len() + two.len()];
    let [first, ..] = roots;
    ([even, odd], lengths, first)
}

#[test]
fn no_answer_is_of_two_states() {
    let ([even, odd], lengths, first) = contents();
    let mut device = Device::with(&odd);
    let (_, caller, _) = open(&device.path("store"), None, |config| config.interval_milliseconds = 10);
    let (caller, done, answers) = (caller.unwrap(), AtomicBool::new(false), AtomicU64::new(0));
    let leaf = first.leaf("hub.example", 2025..2027);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    assert_eq!(caller.refresh(), TRUST_STORE_OK);
                    let snapshot = caller.snapshot();
                    let is_odd = usize::from(snapshot.release.number % 2 == 1);
                    match caller.anchors(snapshot.changes, TRUST_STORE_DER) {
                        Ok(bytes) => assert_eq!(bytes.len(), lengths[is_odd]),
                        Err(code) => assert_eq!(code, TRUST_STORE_AGAIN),
                    }
                    answers.fetch_add(1, Ordering::Relaxed);
                }
            });
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    let (code, judgement) = judge_once(&caller, &leaf.certificate);
                    assert!(matches!(code, TRUST_STORE_VERIFIED | TRUST_STORE_REFUSED), "{code}");
                    answers.fetch_add(1, Ordering::Relaxed);
                    // SAFETY: an open handle.
                    let waited = unsafe { trust_store_wait(caller.0, judgement, 1) };
                    assert!(matches!(waited, TRUST_STORE_OK | TRUST_STORE_AGAIN), "{waited}");
                    let mut descriptor = -1;
                    // SAFETY: as above, and a place for the number.
                    assert_eq!(
                        unsafe { trust_store_descriptor(caller.0, &raw mut descriptor) },
                        TRUST_STORE_OK
                    );
                    assert!(descriptor >= 0);
                }
            });
        }
        for number in 2..=RELEASES {
            device.install(if number % 2 == 1 { &odd } else { &even });
            // Somebody has seen something of it, whatever the machine has to do otherwise.
            let before = answers.load(Ordering::Relaxed);
            while answers.load(Ordering::Relaxed) < before + 4 {
                thread::yield_now();
            }
        }
        done.store(true, Ordering::Release);
    });
    assert_eq!(caller.refresh(), TRUST_STORE_OK);
    assert_eq!(caller.snapshot().release.number, RELEASES);
}

/// The verdict, and the state that it was judged under.
fn judge_once(caller: &Caller, leaf: &[u8]) -> (i32, u64) {
    use std::ptr;
    use trust_store_c::judgement::trust_store_judge;
    let asked = Asked::new(&[leaf]);
    let changes = caller.snapshot().changes;
    // SAFETY: an open handle, and a struct that lives with all it points to.
    (unsafe { trust_store_judge(caller.0, &raw const asked.chain, ptr::null_mut()) }, changes)
}

#[test]
fn handles_are_opened_and_closed_while_their_threads_look() {
    let ([even, _], ..) = contents();
    let device = Device::with(&even);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..20 {
                    let caller = Caller::opened(&device.path("store"));
                    // SAFETY: an open handle; the state is another one already, so nothing is waited for.
                    assert_eq!(unsafe { trust_store_wait(caller.0, 0, u64::MAX) }, TRUST_STORE_OK);
                }
            });
        }
    });
}
