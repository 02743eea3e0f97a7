//! Many readers of one store while releases are installed without a pause: threads and processes, each of which sees
//! whole releases, in their order, and never an error.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test needs and does not get is its failure")]

#[path = "../kit/device.rs"]
#[expect(dead_code, reason = "shared with the tests of following, which use more of it")]
mod device;
#[path = "../kit/examples.rs"]
#[expect(dead_code, reason = "shared with the tests of the examples, which also ask")]
mod examples;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bundle::Sha256;
use chain::pki::{Authority, Content};
use device::Device;
use examples::Running;
use trust_store::{Installed, Location, TrustStore};

/// Releases that are installed, two records and one slot written for each.
const INSTALLS: u32 = 150;
/// Reads that each reader has made at least when the hammer ends.
const READS_MIN: u32 = 200;

/// What releases of odd and of even numbers hold: nothing in common.
struct Releases {
    contents: [Content; 2],
    anchors: [Vec<Sha256>; 2],
}

impl Releases {
    fn new() -> Self {
        let contents = ["Even", "Odd"].map(|name| {
            let roots = (0..3).map(|number| Authority::root(&format!("{name} {number}"), 2000..2100));
            let content = roots.fold(Content::default(), |content, root| content.anchor(root.certificate()));
            content.service("hub", &[])
        });
        let anchors = [0, 1].map(|at: usize| {
            let device = Device::with(&contents[at]);
            anchors(&device.open().installed())
        });
        Self { contents, anchors }
    }

    fn content(&self, number: u32) -> &Content {
        &self.contents[usize::from(number % 2 == 1)]
    }

    fn anchors(&self, number: u32) -> &[Sha256] {
        &self.anchors[usize::from(number % 2 == 1)]
    }

    /// Looks at a release from every side: number, manifest, entries and certificates belong together.
    fn check(&self, installed: &Installed) -> u32 {
        let number = installed.order().number;
        assert_eq!(anchors(installed), self.anchors(number), "a mixture under number {number}");
        assert_eq!(installed.manifest().unwrap().digest(), installed.digest());
        for anchor in installed.anchors("hub").unwrap() {
            assert_eq!(Sha256::of(&[anchor.der]), anchor.entry.sha256, "torn under number {number}");
        }
        number
    }
}

fn anchors(installed: &Installed) -> Vec<Sha256> {
    installed.anchors("hub").unwrap().map(|anchor| anchor.entry.sha256).collect()
}

/// A reader: asks for releases until the hammer ends, and checks that they never go back.
fn read(releases: &Releases, hammer: &Hammer, mut next: impl FnMut() -> Arc<Installed>) {
    let (mut newest, mut reads) = (0, 0);
    loop {
        let last = hammer.last.load(Ordering::SeqCst);
        let number = releases.check(&next());
        assert!(number >= newest, "{number} after {newest}");
        (newest, reads) = (number, reads + 1);
        if reads == READS_MIN {
            hammer.busy.fetch_sub(1, Ordering::SeqCst);
        }
        if last != 0 {
            return assert_eq!(newest, last, "the last one is seen");
        }
    }
}

struct Hammer {
    /// Readers that have not made their reads yet.
    busy: AtomicU32,
    /// The last release, once it is installed; 0 before.
    last: AtomicU32,
}

#[test]
fn readers_see_whole_releases_in_order_and_never_an_error() {
    let releases = Releases::new();
    let mut device = Device::with(releases.content(1));
    let (location, store) = (device.location(), device.open());
    let mut processes = [(); 2].map(|()| Running::start("watch", &location.path, "hub"));
    let hammer = Hammer { busy: AtomicU32::new(6), last: AtomicU32::new(0) };
    let mut number = 1;
    std::thread::scope(|scope| {
        let (releases, hammer, store, location) = (&releases, &hammer, &store, &location);
        let refreshing = [(); 3].map(|()| {
            scope.spawn(|| {
                read(releases, hammer, || {
                    store.refresh().unwrap();
                    store.installed()
                });
            })
        });
        let opening = [(); 2].map(|()| {
            scope.spawn(|| {
                read(releases, hammer, || TrustStore::open(location.clone(), None).unwrap().installed());
            })
        });
        let waiting = scope.spawn(|| {
            let mut changes = store.changes(Duration::from_millis(1));
            read(releases, hammer, || {
                changes.wait(Duration::from_millis(1)).unwrap_or_else(|| store.installed())
            });
        });
        let readers: Vec<_> = refreshing.into_iter().chain(opening).chain([waiting]).collect();
        // A reader that is gone has failed, and says so when it is waited for.
        while (number < INSTALLS || hammer.busy.load(Ordering::SeqCst) > 0)
            && !readers.iter().any(|reader| reader.is_finished())
        {
            number += 1;
            device.install(releases.content(number));
        }
        hammer.last.store(number, Ordering::SeqCst);
    });
    processes.iter_mut().for_each(|process| follows_to(process, &releases, number));
}

/// What a process told is whole and in order, and ends with the last release.
fn follows_to(process: &mut Running, releases: &Releases, last: u32) {
    let mut newest = 0;
    while newest != last {
        let line = process.line();
        let mut words = line.split(' ').skip(1);
        let number: u32 = words.next().unwrap().parse().unwrap();
        let expect: Vec<String> = releases.anchors(number).iter().map(ToString::to_string).collect();
        assert_eq!(words.collect::<Vec<_>>(), expect, "a mixture under number {number}");
        assert!(number > newest, "{number} after {newest}");
        newest = number;
    }
}

#[test]
fn a_file_that_is_replaced_is_read_whole_and_is_never_missing() {
    let releases = Releases::new();
    // Two stores that count alike, and take each other's place.
    let originals = [0, 1].map(|number| Device::with(releases.content(number)));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let put = |number: usize| {
        let fresh = folder.path().join("fresh");
        std::fs::copy(originals[number].path("store"), &fresh).unwrap();
        std::fs::rename(&fresh, &path).unwrap();
    };
    put(0);
    let store = TrustStore::open(Location::of(&path), None).unwrap();
    let ended = AtomicBool::new(false);
    let belongs = |installed: &Installed| {
        let found = anchors(installed);
        releases.anchors.iter().position(|anchors| *anchors == found).expect("a mixture")
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !ended.load(Ordering::SeqCst) {
                    store.refresh().unwrap();
                    belongs(&store.installed());
                    belongs(&TrustStore::open(Location::of(&path), None).unwrap().installed());
                }
            });
        }
        for turn in 0..300 {
            put(turn % 2);
            store.refresh().unwrap();
            assert_eq!(belongs(&store.installed()), turn % 2, "whoever refreshes now sees it");
        }
        ended.store(true, Ordering::SeqCst);
    });
}
