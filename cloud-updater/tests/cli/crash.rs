//! A process killed at any moment, a full disk, a second writer: the published tree stays whole.

use std::path::Path;
use std::process::Stdio;

use bundle::{Envelope, Sha256};

use crate::kit::{World, files};
use crate::runbook::fleet;

/// Every file that stands in the tree is a whole one.
fn assert_whole(tree: &Path) {
    for (path, bytes) in files(tree) {
        let name = path.rsplit('/').next().unwrap();
        if path.contains("/blob/") {
            assert_eq!(Sha256::of(&[&bytes]).to_string(), name, "{path}");
        } else if path.contains("/update/") {
            let prefix =
                bundle::UpdatePrefix::parse(&bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert!(prefix.wire_bytes() <= bytes.len());
        } else {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                (_, rest) = Envelope::parse(rest).unwrap_or_else(|error| panic!("{path}: {error}"));
            }
        }
    }
}

/// A fleet with a signed draft of many certificates, so that publishing takes many writes.
fn ready() -> World {
    let world = fleet();
    let many: String = (0..12).map(|number| crate::kit::root_pem(&format!("root {number}"))).collect();
    crate::kit::write(&world.repository().join("many.pem"), &many);
    world.good("anchor add many.pem --reason 'a dozen'");
    world.good("draft --channel staging");
    world.sign("channels/staging/drafts/2.draft", &["alice", "bob"]);
    world
}

#[test]
fn a_publisher_killed_at_any_write_leaves_a_whole_tree_and_the_next_run_finishes() {
    let world = ready();
    let finished = world.copy();
    finished.good("publish");
    let expect = files(&finished.public());
    let mut kills = 0;
    // Kills the publisher after its first, second, … file stands in the tree or the repository.
    for written in 0.. {
        let attempt = world.copy();
        let count = |world: &World| files(&world.repository()).len() + temporary_files(&world.repository());
        let start = count(&attempt);
        let mut child =
            attempt.command(&["publish"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let ended = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if count(&attempt) >= start + written {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
        };
        assert_whole(&attempt.public());
        let head = std::fs::read(attempt.public().join("staging/head")).unwrap();
        assert_eq!(
            Some(&head),
            expect.get("staging/head"),
            "the head is moved by nobody but the head's signer"
        );
        attempt.good("publish");
        assert_eq!(files(&attempt.public()), expect, "after {written} files");
        attempt.json(0, &["audit", "verify"]);
        assert_eq!(temporary_files(&attempt.repository()), 0, "leftovers are cleared away, the tree's too");
        let status = attempt.json(0, &["status"]);
        assert!(status["channels"][1]["rollout"].as_str().unwrap().starts_with("release 2 "), "{status}");
        if ended.is_some() {
            break;
        }
        kills += 1;
    }
    assert!(kills >= 5, "only {kills} kills hit");
}

fn temporary_files(folder: &Path) -> usize {
    let mut count = 0;
    let mut waiting = vec![folder.to_owned()];
    while let Some(place) = waiting.pop() {
        for entry in std::fs::read_dir(&place).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                waiting.push(entry.path());
            } else if entry.file_name().to_string_lossy().starts_with(".temporary-") {
                count += 1;
            }
        }
    }
    count
}

#[test]
fn a_full_disk_leaves_the_tree_as_it_was_and_says_so() {
    let world = ready();
    let before = files(&world.public());
    // Every write of a file above 512 bytes fails from here on, as on a disk that is full.
    let said = world.shell("trap '' XFSZ; ulimit -f 1; cloud-updater publish");
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.err.contains("cannot write"), "{said:?}");
    assert_whole(&world.public());
    for (path, bytes) in before {
        assert_eq!(std::fs::read(world.public().join(&path)).unwrap(), bytes, "{path}");
    }
    world.good("publish --head-key head");
    assert_whole(&world.public());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let world = ready();
    crate::kit::write(&world.path("a-file"), "in the way");
    let said = world.shell("cloud-updater publish --to ../a-file/tree");
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.err.contains("a-file"), "{said:?}");
}

#[test]
fn two_publishers_do_not_write_at_once() {
    let world = ready();
    let lock = std::fs::File::create(world.repository().join(".state/.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let said = world.updater(&["publish"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.err.contains("another command is working here"), "{said:?}");
    drop(lock);
    world.good("publish");
}
