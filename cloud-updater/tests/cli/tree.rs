//! The published tree is a function of the repository, whatever happened on the way to it.

use crate::kit::{World, files};
use crate::runbook::fleet;

/// Publishes `count` further releases in staging, each with one more root.
fn publish_more(world: &World, count: u32) {
    for number in 2..2 + count {
        crate::kit::write(
            &world.repository().join("one.pem"),
            &crate::kit::root_pem(&format!("root {number}")),
        );
        world.good("anchor add one.pem --reason 'one more'");
        world.good("draft --channel staging");
        world.sign(&format!("channels/staging/drafts/{number}.draft"), &["alice", "bob"]);
        world.good("publish --head-key head");
    }
}

#[test]
fn an_empty_folder_becomes_the_same_tree_byte_for_byte() {
    let world = fleet();
    let path = world.repository().join("fleet.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    crate::kit::write(&path, &text.replace("[publish]", "[publish]\nupdates-kept = 2"));
    publish_more(&world, 4);
    let mut grown = files(&world.public());
    assert!(grown.contains_key("staging/update/0-1"), "nothing is removed unless asked");
    world.good("publish --prune");
    let mut pruned = files(&world.public());
    world.good("publish --to ../again");
    let again = files(&world.path("again"));
    pruned.remove("staging/head").expect("pruning leaves the head");
    assert_eq!(pruned, again);
    let updates: Vec<&str> = again.keys().filter_map(|path| path.strip_prefix("staging/update/")).collect();
    assert_eq!(updates, ["0-4", "0-5", "2-4", "3-4", "3-5", "4-5"]);
    grown.retain(|path, _| again.contains_key(path));
    assert_eq!(grown, again, "what stood there before had the same bytes");
}

#[test]
fn a_damaged_file_of_the_tree_is_repaired() {
    let world = fleet();
    publish_more(&world, 1);
    let good = files(&world.public());
    for path in ["staging/update/1-2", "staging/release/2", "keyring/1"] {
        crate::kit::write(&world.public().join(path), "damaged");
    }
    let blob = good.keys().find(|path| path.contains("/blob/")).unwrap();
    std::fs::remove_file(world.public().join(blob)).unwrap();
    world.good("publish");
    assert_eq!(files(&world.public()), good);
}

#[test]
fn another_fleets_tree_is_not_overwritten() {
    let world = fleet();
    let other = World::new();
    crate::runbook::play(&other, crate::runbook::START);
    let theirs = files(&other.public());
    let said = world.shell(&format!("cloud-updater publish --to {}", other.public().display()));
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("another document was published under this number"), "{said:?}");
    assert_eq!(files(&other.public()), theirs);
}

#[test]
fn keyring_generations_come_as_packs_from_every_generation() {
    let world = fleet();
    for (generation, key) in [(2, "dave"), (3, "erin")] {
        world.good(&format!("key new {key}"));
        let path = world.repository().join("fleet.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        crate::kit::write(&path, &text.replace("\"head-spare\"", &format!("\"head-spare\", \"{key}\"")));
        world.good("keyring draft");
        world.sign(&format!("keyring/drafts/{generation}.draft"), &["alice", "bob"]);
        world.good("publish");
    }
    let tree = files(&world.public());
    let names: Vec<&str> = tree.keys().filter_map(|path| path.strip_prefix("keyring/")).collect();
    assert_eq!(names, ["1", "1-2", "1-3", "2", "2-3", "3"]);
    let joined = [tree["keyring/2"].as_slice(), tree["keyring/3"].as_slice()].concat();
    assert_eq!(tree["keyring/1-3"], joined);
    assert_eq!(tree["keyring/2-3"], tree["keyring/3"]);
}

#[test]
fn a_release_number_is_never_used_twice() {
    let world = fleet();
    world.good("draft --channel staging --reissue");
    let copy = world.copy();
    for (world, reason) in [(&world, "one"), (&copy, "two")] {
        // By then the head is long stale, which is a finding.
        assert_eq!(world.updater(&["watch", "--once", "--as-of", "2080-01-01"]).code, 1);
        world.good(&format!("draft --channel staging --reissue --reason {reason} --as-of 2080-01-01"));
        world.sign("--as-of 2080-01-01 channels/staging/drafts/2.draft", &["alice", "bob"]);
    }
    world.good("publish --as-of 2080-01-01");
    crate::kit::write(&copy.repository().join("one.pem"), &crate::kit::root_pem("another"));
    copy.good("anchor add one.pem --reason 'a fork'");
    copy.good("draft --channel staging --replace --as-of 2080-01-01");
    copy.sign("--as-of 2080-01-01 channels/staging/drafts/2.draft", &["alice", "bob"]);
    let said =
        copy.shell(&format!("cloud-updater publish --as-of 2080-01-01 --to {}", world.public().display()));
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("another document was published under this number"), "{said:?}");
}

#[test]
fn an_exported_repository_carries_the_fleet_on() {
    let world = fleet();
    world.good("export repo --out ../copy");
    let rebuilt = world.shell("cd ../copy && cloud-updater publish --to ../tree");
    assert_eq!(rebuilt.code, 0, "{rebuilt:?}");
    let mut here = files(&world.public());
    here.remove("staging/head");
    assert_eq!(files(&world.path("tree")), here);
}
