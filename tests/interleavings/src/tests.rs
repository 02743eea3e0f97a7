//! Refreshers, readers, waiting threads and an agent that installs, in every order that their steps can have.

use core::convert::Infallible;
use core::time::Duration;

use loom::model::Builder;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

use crate::current::{Current, Stop, Waited};

/// Switches between threads that are not forced, in one run: every known failure of such code needs two or fewer, and
/// each one more multiplies the time.
const PREEMPTIONS_MAX: usize = 3;

/// A release: its number twice, so that a mixture of two shows.
type Release = (u32, u32);

/// The store's file: the number of the installed release.
type File = Arc<AtomicU32>;

struct Device {
    file: File,
    current: Current<Release, File>,
}

impl Device {
    /// Release 1 is installed and read.
    fn new() -> Arc<Self> {
        let file = Arc::new(AtomicU32::new(1));
        Arc::new(Self { current: Current::new((1, 1), Arc::clone(&file)), file })
    }

    fn install(&self, number: u32) {
        self.file.store(number, Ordering::Release);
    }

    /// Reads what is installed, and puts it in force where it is another than what is.
    fn refresh(&self) -> bool {
        let read = |file: &mut File, held: &Arc<Release>| {
            let number = file.load(Ordering::Acquire);
            Ok::<_, Infallible>((number != held.0).then_some((number, number)))
        };
        self.current.refresh(read).unwrap()
    }

    /// The release in force, whole.
    fn number(&self) -> u32 {
        let (first, second) = *self.current.value();
        assert_eq!(first, second, "a mixture");
        first
    }
}

fn every_order(of: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS_MAX);
    builder.check(of);
}

#[test]
fn with_two_refreshers_no_reader_sees_a_release_go_back() {
    every_order(|| {
        let device = Device::new();
        let refreshers: Vec<_> = [2, 3]
            .map(|number| {
                let device = Arc::clone(&device);
                thread::spawn(move || {
                    device.file.fetch_max(number, Ordering::AcqRel);
                    device.refresh();
                })
            })
            .into();
        let seen = [device.number(), device.number(), device.number()];
        assert!(seen.is_sorted(), "{seen:?}");
        refreshers.into_iter().for_each(|refresher| refresher.join().unwrap());
        assert_eq!(device.number(), 3, "both have read, and the newest holds");
    });
}

#[test]
fn whoever_has_refreshed_sees_at_least_what_was_installed_before() {
    every_order(|| {
        let device = Device::new();
        let other = {
            let device = Arc::clone(&device);
            thread::spawn(move || device.refresh())
        };
        device.install(2);
        // The other one may have been the one that read it: then this call finds nothing new, and it is in force all the same.
        let found = device.refresh();
        assert_eq!(device.current.with_source(|file| file.load(Ordering::Acquire)), 2);
        assert_eq!(device.number(), 2);
        assert!(found ^ other.join().unwrap(), "exactly one of them brought it");
    });
}

#[test]
fn a_waiting_thread_never_misses_the_last_release() {
    every_order(|| {
        let device = Device::new();
        let waiting = {
            let device = Arc::clone(&device);
            thread::spawn(move || {
                let (stop, mut seen, mut last) = (Stop::new(), 0, 0);
                // A wake-up that is lost is a thread that waits for ever: loom fails where nobody can go on.
                while last != 3 {
                    let Waited::Changed(release, version) = device.current.wait(seen, &stop, Duration::MAX)
                    else {
                        unreachable!("nobody stops it, and it has no deadline")
                    };
                    assert!(version > seen && release.0 > last && release.0 == release.1);
                    (seen, last) = (version, release.0);
                }
            })
        };
        for number in [2, 3] {
            device.install(number);
            device.refresh();
        }
        waiting.join().unwrap();
    });
}

#[test]
fn a_waiting_thread_that_is_stopped_ends() {
    every_order(|| {
        let (device, stop) = (Device::new(), Arc::new(Stop::new()));
        let waiting = {
            let (device, stop) = (Arc::clone(&device), Arc::clone(&stop));
            thread::spawn(move || {
                let mut seen = 0;
                while let Waited::Changed(_, version) = device.current.wait(seen, &stop, Duration::MAX) {
                    seen = version;
                }
            })
        };
        device.install(2);
        device.refresh();
        device.current.stop(&stop);
        waiting.join().unwrap();
    });
}
