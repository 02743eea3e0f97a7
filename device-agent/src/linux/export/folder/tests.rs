//! The folder at every moment: before, between and after generations, and beside other people's files.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use chain::pki::{Authority, Content};

use super::*;
use crate::linux::export::Local;
use crate::linux::kit::Device;

fn content(names: &[&str]) -> Content {
    let add = |content: Content, name: &&str| content.anchor(Authority::root(name, 2000..2100).certificate());
    names.iter().fold(Content::default(), add).service("hub", &[])
}

fn set(device: &Device) -> ExportSet {
    ExportSet::of(&device.installed(), &Local::new("test", &device.path("trust"))).unwrap()
}

fn generations(folder: &Path) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with(GENERATION_PREFIX)).count()
}

#[test]
fn applications_see_a_new_generation_through_the_same_names() {
    let mut device = Device::with(&content(&["First"]));
    let folder = device.path("trust");
    let first = publish(&folder, &set(&device), 0o644).unwrap();
    assert!(first.is_changed && first.occupied.is_empty());
    let before = fs::read_to_string(folder.join("whole.pem")).unwrap();
    device.install(&content(&["Second"]));
    publish(&folder, &set(&device), 0o644).unwrap();
    let after = fs::read_to_string(folder.join("services/hub.pem")).unwrap();
    assert!(before.contains("CN=First") && after.contains("CN=Second"));
    let version = fs::read_to_string(folder.join("version.json")).unwrap();
    assert!(version.contains("\"release_number\": 2"), "{version}");
}

#[test]
fn a_reader_sees_whole_files_of_one_release_at_every_moment() {
    let mut device = Device::with(&content(&["Root 0"]));
    let folder = device.path("trust");
    publish(&folder, &set(&device), 0o644).unwrap();
    let (reads, done) = (AtomicU32::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                let text = fs::read_to_string(folder.join("services/hub.pem")).unwrap();
                let (first, last) = (text.lines().next().unwrap(), text.lines().last().unwrap());
                let (start, end) =
                    (first.split_once("start of ").unwrap(), last.split_once("end of ").unwrap());
                assert_eq!(start, end);
                reads.fetch_add(1, Ordering::SeqCst);
            }
        });
        for number in 1..20 {
            device.install(&content(&[&format!("Root {number}")]));
            publish(&folder, &set(&device), 0o644).unwrap();
            // No read spans two changes: only the generation before is kept.
            let before = reads.load(Ordering::SeqCst);
            while reads.load(Ordering::SeqCst) == before && !reader.is_finished() {
                std::thread::yield_now();
            }
        }
        done.store(true, Ordering::SeqCst);
        reader.join().unwrap();
    });
}

#[test]
fn the_same_bundle_changes_nothing() {
    let device = Device::with(&content(&["Root"]));
    let folder = device.path("trust");
    let first = publish(&folder, &set(&device), 0o644).unwrap();
    let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap());
    let before = inode(&folder.join("whole.pem"));
    let second = publish(&folder, &set(&device), 0o644).unwrap();
    assert_eq!(second, Published { is_changed: false, ..first });
    assert_eq!(inode(&folder.join("whole.pem")), before);
}

#[test]
fn the_generation_before_is_kept_and_older_ones_go() {
    let mut device = Device::with(&content(&["One"]));
    let folder = device.path("trust");
    let mut before = String::new();
    for name in ["Two", "Three", "Four"] {
        before = publish(&folder, &set(&device), 0o644).unwrap().generation;
        device.install(&content(&[name]));
    }
    let open = File::open(folder.join("whole.pem")).unwrap();
    publish(&folder, &set(&device), 0o644).unwrap();
    assert_eq!(super::generations(&folder).unwrap().len(), 4, "some may still be read");
    let earlier = changed_at(&folder.join(LOCK)).unwrap() - GRACE;
    for name in super::generations(&folder).unwrap() {
        File::open(folder.join(name)).unwrap().set_modified(earlier).unwrap();
    }
    touch(&folder.join(&before));
    publish(&folder, &set(&device), 0o644).unwrap();
    assert_eq!(generations(&folder), 2);
    assert!(folder.join(before).is_dir());
    let mut text = String::new();
    io::Read::read_to_string(&mut &open, &mut text).unwrap();
    assert!(text.contains("CN=Three"), "who has the old file open still reads it whole");
}

#[test]
fn a_spoilt_generation_is_made_anew_under_another_name() {
    let device = Device::with(&content(&["Root"]));
    let folder = device.path("trust");
    let first = publish(&folder, &set(&device), 0o644).unwrap();
    let spoilt = folder.join(&first.generation).join("whole.pem");
    fs::remove_file(&spoilt).unwrap();
    durable::write_new(&spoilt, b"spoilt", 0o644).unwrap();
    let second = publish(&folder, &set(&device), 0o644).unwrap();
    assert!(second.is_changed && second.generation != first.generation);
    assert!(fs::read_to_string(folder.join("whole.pem")).unwrap().contains("CN=Root"));
}

/// Names of other people's files.
const FOREIGN: [&str; 4] = ["whole.pem", "notes.txt", "..something", "..release-9"];

#[test]
fn leftovers_of_a_killed_process_go_and_foreign_files_stay() {
    let device = Device::with(&content(&["Root"]));
    let folder = device.path("trust");
    durable::create_folder(&folder.join("..temporary-1/hashed")).unwrap();
    durable::write_new(&folder.join("..temporary-2"), b"", 0o600).unwrap();
    for foreign in FOREIGN {
        durable::write_new(&folder.join(foreign), b"mine", 0o600).unwrap();
    }
    let published = publish(&folder, &set(&device), 0o644).unwrap();
    assert_eq!(published.occupied, ["whole.pem"]);
    for foreign in FOREIGN {
        assert_eq!(fs::read(folder.join(foreign)).unwrap(), b"mine");
    }
    assert!(fs::read_to_string(folder.join("..data/whole.pem")).unwrap().contains("CN=Root"));
    assert!(!folder.join("..temporary-1").exists() && !folder.join("..temporary-2").exists());
}

#[test]
fn a_folder_that_somebody_else_named_is_refused() {
    let device = Device::with(&content(&["Root"]));
    let folder = device.path("trust");
    durable::create_folder(&folder.join("..data")).unwrap();
    let error = publish(&folder, &set(&device), 0o644).unwrap_err();
    assert!(error.to_string().ends_with("..data: is not a symbolic link of the agent's"), "{error}");
    assert_eq!(generations(&folder), 0);
}

#[test]
fn modes_are_set_whatever_the_umask() {
    let device = Device::with(&content(&["Root"]));
    let folder = device.path("trust");
    publish(&folder, &set(&device), 0o640).unwrap();
    let mode = |path: &str| fs::metadata(folder.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("whole.pem"), 0o640);
    assert_eq!(mode("version.json"), 0o640);
    assert_eq!(mode("hashed"), 0o755);
    assert_eq!(mode("..data/"), 0o755);
}

#[test]
fn openssl_reads_the_file_and_finds_the_anchor_in_the_hashed_folder() {
    let root = Authority::root("Root", 2000..2100);
    let leaf = root.leaf("hub.example", 2020..2090);
    let device = Device::with(&Content::default().anchor(root.certificate()).service("hub", &[]));
    let folder = device.path("trust");
    publish(&folder, &set(&device), 0o644).unwrap();
    let leaf_path = device.path("leaf.pem");
    durable::write_new(&leaf_path, super::super::pem::block(&leaf.certificate).as_bytes(), 0o644).unwrap();
    for (option, name) in [("-CAfile", "services/hub.pem"), ("-CApath", "hashed")] {
        let mut verify = Command::new("openssl");
        verify.args(["verify", "-no-CAfile", "-no-CApath", option]).arg(folder.join(name)).arg(&leaf_path);
        let output = verify.output().unwrap();
        assert!(output.status.success(), "{option}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
