//! `keyring drill`: in a copy, without anybody's key, and it finds what a drill is for.

use crate::kit::{World, files};
use crate::runbook::{fleet, play};

/// The rows of an answer as (step, device, outcome).
fn rows(answer: &serde_json::Value) -> Vec<(String, String, String)> {
    let text = |row: &serde_json::Value, field: &str| row[field].as_str().unwrap().to_owned();
    let rows = answer["rows"].as_array().unwrap().iter();
    rows.map(|row| (text(row, "step"), text(row, "device"), text(row, "outcome"))).collect()
}

fn count(answer: &serde_json::Value, outcome: &str) -> usize {
    rows(answer).iter().filter(|(_, _, found)| found == outcome).count()
}

/// A fleet whose keyring has three generations, the last of another epoch.
fn with_a_past() -> World {
    let world = fleet();
    play(&world, "The head key is stolen");
    world
}

#[test]
fn a_drill_needs_no_key_and_leaves_the_repository_as_it_was() {
    let world = fleet();
    std::fs::remove_dir_all(world.path("configuration")).unwrap();
    let before = files(&world.repository());
    let answer = world.json(0, &["keyring", "drill"]);
    assert_eq!(files(&world.repository()), before);
    assert_eq!(answer["findings"], 0, "{answer:#}");
    let rows = rows(&answer);
    for role in ["keyring", "release", "head", "recovery"] {
        let lost = format!("one key of the {role} role is lost");
        assert!(rows.iter().any(|(step, _, outcome)| *step == lost && outcome == "follows"), "{role}");
        let stolen: Vec<&str> = rows
            .iter()
            .filter(|(step, _, _)| *step == format!("keys of the {role} role are stolen"))
            .map(|(_, _, outcome)| outcome.as_str())
            .collect();
        // The second proves the first: the same theft with one key more is obeyed.
        assert_eq!(stolen, ["refuses", "obeys"], "{role}");
    }
    let recovered = "the recovery set opens the next epoch";
    for device in ["followed the thief's keyring before", "off since keyring 1"] {
        assert!(
            rows.contains(&(recovered.to_owned(), device.to_owned(), "follows".to_owned())),
            "{device}: {answer:#}"
        );
    }
    assert!(rows.iter().any(|(_, device, _)| device.starts_with("only the seed of staging: ")), "{answer:#}");
    assert!(rows.iter().any(|(_, device, _)| device.ends_with(", gets a USB file of staging")), "{answer:#}");
}

#[test]
fn devices_that_were_off_since_any_keyring_follow_the_real_files_and_the_drill() {
    let world = with_a_past();
    let answer = world.json(0, &["keyring", "drill"]);
    let own: Vec<_> = rows(&answer).into_iter().filter(|(step, _, _)| step.starts_with("the repo")).collect();
    let names: Vec<&str> = own.iter().map(|(_, device, _)| device.as_str()).collect();
    assert_eq!(names, ["off since keyring 1", "up to date with keyring 2"]);
    assert_eq!(count(&answer, "left_behind"), 0, "{answer:#}");
    let said = world.good("keyring drill");
    assert!(said.contains("the repository is untouched: "), "{said}");
}

#[test]
fn a_drill_of_a_healthy_fleet_ends_well_and_changes_no_file() {
    let world = fleet();
    play(&world, "A drill, once a quarter and after every new keyring");
    let answer = std::fs::read_to_string(world.path("drill.json")).unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["findings"], 0, "{answer:#}");
}

#[test]
fn a_drill_goes_on_from_a_recovery() {
    let world = fleet();
    play(&world, "The threshold is stolen");
    let answer = world.json(0, &["keyring", "drill"]);
    assert_eq!(answer["keyring"], "1/2");
    assert_eq!(answer["findings"], 0, "{answer:#}");
}

#[test]
fn a_lost_recovery_set_is_found_while_there_is_time() {
    let world = fleet();
    let name = files(&world.repository()).into_keys().find(|name| name.starts_with("keyring/recovery-"));
    std::fs::remove_file(world.repository().join(name.unwrap())).unwrap();
    let answer = world.json(1, &["keyring", "drill"]);
    assert_eq!((count(&answer, "not_possible"), &answer["findings"]), (1, &1.into()), "{answer:#}");
    let words = answer["rows"].to_string();
    assert!(words.contains("nobody can recover"), "{words}");
    assert!(rows(&answer).iter().all(|(step, _, _)| !step.contains("recovery role")), "{answer:#}");
}

#[test]
fn a_role_of_two_of_two_cannot_lose_a_key_and_the_drill_says_so() {
    let world = fleet();
    world.shell(
        "sed -i 's/keys = \\[\"alice\", \"bob\", \"carol\"\\]/keys = [\"alice\", \"bob\"]/' fleet.toml",
    );
    world.good("keyring draft --reason 'two of two'");
    world.sign("keyring/drafts/2.draft", &["alice", "bob"]);
    world.sign("channels/staging/release/1", &["alice", "bob"]);
    world.good("publish --head-key head");
    let answer = world.json(1, &["keyring", "drill"]);
    let lost = "one key of the keyring role is lost".to_owned();
    assert!(rows(&answer).contains(&(lost, "all".to_owned(), "not_possible".to_owned())), "{answer:#}");
    assert_eq!(count(&answer, "left_behind"), 0, "{answer:#}");
}

#[test]
fn a_drill_without_a_keyring_or_into_an_old_folder_is_refused() {
    let world = World::new();
    world.good("init . --fleet test --with-channel prod");
    assert_eq!(world.updater(&["keyring", "drill"]).code, 2);
    let world = fleet();
    assert_eq!(world.updater(&["keyring", "drill", "--keep", "public"]).code, 2);
    let before = files(&world.repository());
    world.shell("ln -s \"$PWD/channels\" ../linked");
    for inside in ["kept", "channels/kept", "public/new/kept", "../linked/kept"] {
        let said = world.updater(&["keyring", "drill", "--keep", inside]);
        assert!(said.code == 2 && said.err.contains("inside the repository"), "{inside}: {said:?}");
    }
    assert_eq!(files(&world.repository()), before, "no folder is left behind");
    world.good("keyring drill --keep ../kept");
    assert!(world.path("kept/tree/staging/head").is_file());
    let keys = files(&world.path("kept")).into_keys().filter(|name| name.ends_with(".key")).count();
    assert_eq!(keys, 0, "no private key was ever written");
}

#[test]
fn what_a_server_or_a_tree_writes_beside_the_repositorys_files_disturbs_no_drill() {
    let world = fleet();
    // A server that writes its database, and a tree that is published, all the time of the drill.
    let said = world.shell(
        "mkdir -p public; while :; do date +%N | tee fleet.sqlite > public/now; done & writer=$!; \
         cloud-updater keyring drill; code=$?; kill $writer; exit $code",
    );
    assert_eq!(said.code, 0, "{said:?}");
}
