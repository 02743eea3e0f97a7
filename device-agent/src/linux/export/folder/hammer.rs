//! Many readers while the exports change many times: nobody meets a torn or mixed set, and nobody finds nothing.

use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use chain::pki::{Authority, Content};
use rustix::fs::{Mode, OFlags, openat};

use super::*;
use crate::linux::export::Local;
use crate::linux::kit::Device;

/// Sets that follow each other: more than stay in the folder, so that every one is made anew, and old ones go meanwhile.
const SETS: usize = REPLACED_MAX + 8;
/// How often they do.
const SWAPS: usize = 3 * SETS;
/// Threads of each way to read, and processes.
const READERS: usize = 3;

/// One set of each release, of some dozen files.
fn sets(folder: &Path) -> Vec<ExportSet> {
    let roots: Vec<Authority> =
        (0..SETS).map(|number| Authority::root(&format!("Root {number}"), 2000..2100)).collect();
    let with = |content: Content, root: &Authority| content.anchor(root.certificate());
    let set = |count: usize| {
        let chosen = roots.iter().cycle().skip(count).take(3);
        let device = Device::with(&chosen.fold(Content::default(), with).service("hub", &[]));
        ExportSet::of(&device.installed(), &Local::new("test", folder)).unwrap()
    };
    (0..roots.len()).map(set).collect()
}

/// Reads a file through the names that applications use; first and last line are those of one file.
fn read_by_name(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let line = |line: Option<&str>| line.unwrap().split_once(" of ").unwrap().1.to_owned();
    assert_eq!(line(text.lines().next()), line(text.lines().last()));
}

/// Opens the generation once and reads all of it from there: every file is the one that `version.json` names.
fn read_from_one_folder(current: &Path) {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let folder: OwnedFd = openat(CWD, current, flags | OFlags::DIRECTORY, Mode::empty()).unwrap();
    let read = |name: &str| {
        let mut bytes = Vec::new();
        let mut file = File::from(openat(&folder, name, flags, Mode::empty()).unwrap());
        io::Read::read_to_end(&mut file, &mut bytes).unwrap();
        bytes
    };
    let version: serde_json::Value = serde_json::from_slice(&read("version.json")).unwrap();
    let files = version["files"].as_object().unwrap();
    assert!(files.len() > 10);
    for (name, sha256) in files {
        // A reader that is slow: the others go on meanwhile.
        thread::yield_now();
        assert_eq!(sha256.as_str().unwrap(), Sha256::of(&[&read(name)]).to_string(), "{name}");
    }
}

/// A program that reads until there is a file called `stop`; it ends with 0 where it could always.
fn process(folder: &Path) -> Child {
    let script = "until [ -e \"$1/stop\" ]; do cat \"$1/whole.pem\" \"$1/services/hub.pem\" >/dev/null || exit 1; done";
    Command::new("sh").args(["-c", script, "reader"]).arg(folder).spawn().unwrap()
}

#[test]
fn nobody_reads_a_torn_or_mixed_set_or_nothing_while_the_exports_change() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("trust");
    let sets = sets(&folder);
    publish(&folder, &sets[0], 0o644).unwrap();
    let (done, swapped) = (AtomicBool::new(false), AtomicUsize::new(0));
    // The swap at which each reader began its present read, and how many it has ended.
    let begun: Vec<AtomicUsize> = (0..3 * READERS).map(|_| AtomicUsize::new(0)).collect();
    let reads: Vec<AtomicUsize> = (0..3 * READERS).map(|_| AtomicUsize::new(0)).collect();
    let until_done = |reader: usize, read: &dyn Fn()| {
        // A reader that fails must not hold the writer up.
        let _last = Last(&begun[reader]);
        while !done.load(Ordering::SeqCst) {
            begun[reader].store(swapped.load(Ordering::SeqCst), Ordering::SeqCst);
            read();
            reads[reader].fetch_add(1, Ordering::SeqCst);
        }
    };
    let mut processes: Vec<Child> = (0..READERS).map(|_| process(&folder)).collect();
    let failed = thread::scope(|scope| {
        let mut readers = Vec::new();
        let (folder, until_done) = (&folder, &until_done);
        for reader in (0..3 * READERS).step_by(3) {
            let by_name = move |path: &'static str| move || read_by_name(&folder.join(path));
            readers.push(scope.spawn(move || until_done(reader, &by_name("services/hub.pem"))));
            readers.push(scope.spawn(move || until_done(reader + 1, &by_name("..data/whole.pem"))));
            let from_one = move || read_from_one_folder(&folder.join(CURRENT));
            readers.push(scope.spawn(move || until_done(reader + 2, &from_one)));
        }
        let mut swaps = (1..=SWAPS).map(|swap| {
            // Whoever is slower than all the generations that stay is not promised anything.
            let is_ahead = |begun: &AtomicUsize| begun.load(Ordering::SeqCst) + REPLACED_MAX > swap;
            while !begun.iter().all(is_ahead) {
                thread::yield_now();
            }
            let published = publish(folder, &sets[swap % SETS], 0o644);
            swapped.store(swap, Ordering::SeqCst);
            published
        });
        // Readers read until they are told to stop, whatever happens.
        let published = swaps.try_for_each(|swap| swap.map(drop));
        done.store(true, Ordering::SeqCst);
        published.unwrap();
        readers.into_iter().map(thread::ScopedJoinHandle::join).filter(Result::is_err).count()
    });
    durable::write_new(&folder.join("stop"), b"", 0o644).unwrap();
    let ended = processes.iter_mut().map(|process| process.wait().unwrap().success());
    assert!(ended.collect::<Vec<_>>().iter().all(|ended| *ended), "a process found nothing");
    assert_eq!(failed, 0);
    assert_eq!(generations(&folder).unwrap().len(), REPLACED_MAX + 1, "the oldest went meanwhile");
    assert!(reads.iter().all(|reads| reads.load(Ordering::SeqCst) > 1), "{reads:?}");
}

/// Sets a reader's mark past every swap once the reader has ended.
struct Last<'a>(&'a AtomicUsize);

impl Drop for Last<'_> {
    fn drop(&mut self) {
        self.0.store(SWAPS, Ordering::SeqCst);
    }
}
