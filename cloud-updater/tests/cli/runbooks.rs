//! Every command of RUNBOOKS.md, run as it stands there.

use crate::kit::{World, files};
use crate::runbook::{START, fleet, play, sections, steps};

/// The number and release of the published head of `staging`.
fn head(world: &World) -> (u64, u64) {
    let heads = world.json(0, &["head", "show", "--channel", "staging"]);
    let head = &heads["heads"][0];
    (head["number"].as_u64().unwrap(), head["release"].as_u64().unwrap())
}

fn played(section: &str) -> World {
    let world = fleet();
    play(&world, section);
    world
}

#[test]
fn every_section_is_played_by_a_test() {
    let source = concat!(
        include_str!("runbooks.rs"),
        include_str!("token.rs"),
        include_str!("drill.rs"),
        include_str!("pkcs11.rs")
    );
    for section in sections() {
        assert!(
            section == START
                || source.contains(&format!("played(\"{section}\")"))
                || source.contains(&format!("play(&world, \"{section}\")")),
            "{section} is played by nobody"
        );
    }
}

#[test]
fn a_new_fleet_verifies_as_a_device_sees_it() {
    let world = fleet();
    assert_eq!(head(&world), (1, 1));
    assert!(world.path("seed").is_file());
    let status = world.json(0, &["status"]);
    assert_eq!(status["drafts"].as_array().unwrap().len(), 0, "published drafts are cleared away");
    assert_eq!(
        world.shell("git status --porcelain").out,
        "",
        "everything but the tree and secrets is committed"
    );
}

#[test]
fn a_promotion_is_byte_for_byte_the_body_that_staging_proved() {
    let world = played("Several channels under one keyring, and promotion");
    let body = |channel: &str| {
        let document = std::fs::read(world.public().join(channel).join("release/1")).unwrap();
        bundle::Envelope::parse_whole(&document).unwrap().body().to_vec()
    };
    assert_eq!(body("staging"), body("prod"));
    let heads = world.json(0, &["head", "show", "--channel", "prod"]);
    assert_eq!(heads["heads"][0]["share"], "100.00%");
    assert_eq!(heads["heads"][0]["number"], 5, "publish, set, pause, resume and set signed a head each");
}

#[test]
fn a_watcher_in_good_times_says_little_and_sends_nothing() {
    let world = played("The watcher stands guard");
    assert!(!world.repository().join(".state/alerts/office").exists(), "there is nothing to tell");
    assert!(world.repository().join("observations/office.json").is_file());
}

#[test]
fn what_others_say_is_noted_with_what_is_about_our_anchors_and_changes_none() {
    let world = played("What others say about our anchors");
    assert_eq!(head(&world), (1, 1));
    let shown = world.json(0, &["source", "show", "mozilla"]);
    assert_eq!(shown["history"].as_array().unwrap().len(), 2);
    assert!(world.good("explain old-root").contains("Removed"));
    let told = world.good("watch --once --offline --channel staging");
    let line = told.lines().find(|line| line.contains("[program-dropped-root]")).unwrap();
    assert!(
        line.contains("mozilla has it as Removed (source mozilla") && line.contains("it verifies iot-hub"),
        "{line}"
    );
}

#[test]
fn a_root_that_would_leave_too_early_stays() {
    let world = played("A root would leave before its service");
    assert_eq!(head(&world), (2, 2));
    let difference = world.json(0, &["diff", "1", "2", "--channel", "staging"]);
    let kinds =
        difference["changes"].as_array().unwrap().iter().map(|change| change["kind"].as_str().unwrap());
    assert!(kinds.into_iter().all(|kind| kind != "removed"), "{difference:#}");
}

#[test]
fn a_root_is_replaced_without_a_moment_without_trust() {
    let world = played("A root is replaced");
    let difference = world.json(0, &["diff", "1", "3", "--channel", "staging"]);
    let kinds: Vec<String> = difference["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| format!("{} {}", change["kind"].as_str().unwrap(), change["what"].as_str().unwrap()))
        .collect();
    assert_eq!(kinds, ["removed anchor", "added anchor", "changed service"]);
}

#[test]
fn a_pin_moves_through_the_rotation_of_2020_by_three_releases() {
    let world = played("A pin moves: the rotation of 2020");
    let details = |before: &str, after: &str| {
        let line = format!("cd ../in-2020 && cloud-updater diff {before} {after} --json");
        let said = world.shell(&line);
        let difference: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        let changes = difference["changes"].as_array().unwrap().clone();
        let service = changes.iter().find(|change| change["what"] == "service").unwrap();
        let details = service["details"].as_array().unwrap().iter();
        details.map(|detail| detail.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let august = details("1", "2");
    let told = |start: &str, end: &str| {
        assert!(
            august.iter().any(|detail| detail.starts_with(start) && detail.ends_with(end)),
            "{start} … {end} is not in {august:#?}"
        );
    };
    told("+pin key of Baltimore CyberTrust Root ", " until 2021-08-01T00:00:00Z");
    told("+pin key of DigiCert Global Root G2 ", " until 2021-08-01T00:00:00Z");
    told("~pin key of Microsoft IT TLS CA 2 ", " until 2021-06-01T00:00:00Z -> 2020-12-01T00:00:00Z");
    told("+expected issuer O=Microsoft Corporation", " until 2021-08-01T00:00:00Z");
    assert!(!august.iter().any(|detail| detail.starts_with('-')), "nothing leaves before the servers do");
    let october = details("2", "3");
    let gone = october.iter().filter(|detail| detail.starts_with("-pin key of Microsoft IT TLS CA ")).count();
    assert_eq!((gone, october.len()), (2, 2), "{october:#?}");
}

#[test]
fn a_distrusted_anchor_is_denied_and_no_rollback_brings_it_back() {
    let world = played("An anchor must go at once");
    assert_eq!(head(&world), (2, 2));
    let difference = world.json(0, &["diff", "1", "2", "--channel", "staging"]);
    let added: Vec<&str> = difference["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["kind"] == "added")
        .map(|change| change["what"].as_str().unwrap())
        .collect();
    assert_eq!(added, ["anchor", "denial", "denial", "distrust order", "export loss"]);
}

#[test]
fn a_rollback_is_old_content_under_a_higher_number() {
    let world = played("Rollback");
    assert_eq!(head(&world), (3, 3));
}

#[test]
fn a_prepared_rollback_needs_only_a_head_key() {
    let world = fleet();
    let last = steps("A rollback prepared in advance");
    let night = last.iter().position(|step| step.line.contains("rollout set")).unwrap();
    for step in &last[..night] {
        assert_eq!(world.shell(&step.line).code, step.code, "{}", step.line);
    }
    assert_eq!(head(&world), (2, 2), "the prepared release lies ready and is not rolled out");
    let world = played("A rollback prepared in advance");
    assert_eq!(head(&world), (3, 3));
}

#[test]
fn a_draft_travels_to_a_signer_without_a_repository() {
    let world = played("A signer without a network");
    assert_eq!(head(&world), (2, 2));
}

#[test]
fn a_release_is_signed_again_when_its_signers_leave() {
    let digest = |world: &World| {
        let document = std::fs::read(world.public().join("staging/release/1")).unwrap();
        bundle::Envelope::parse_whole(&document).unwrap().digest()
    };
    let before = digest(&fleet());
    let world = played("A signer leaves, another comes");
    assert_eq!(digest(&world), before, "signatures were added, the release is the same");
    assert_eq!(world.json(0, &["status"])["keyring"], 2);
}

/// The number of commands in a section.
fn length(section: &str) -> usize {
    steps(section).len()
}

#[test]
fn a_lost_signer_is_replaced_by_those_who_are_left_in_ten_lines() {
    let world = played("A lost signer");
    assert_eq!(length("A lost signer"), 10);
    let status = world.json(0, &["status"]);
    assert_eq!(status["keyring"], 2);
    // Whoever lost the key was asked for nothing.
    let entries = world.json(0, &["audit", "show"])["entries"].as_array().unwrap().clone();
    let by_carol = entries.iter().filter(|entry| {
        entry["subject"].as_str().unwrap().starts_with("keyring/drafts/2.")
            && entry["reason"].as_str().unwrap().starts_with("key carol ")
    });
    assert_eq!(by_carol.count(), 0);
}

#[test]
fn a_stolen_key_below_the_threshold_signs_nothing_any_more_in_ten_lines() {
    let world = played("A stolen key");
    assert_eq!(length("A stolen key"), 10);
    assert_eq!(head(&world), (2, 1), "the release is the same, and a new head names the new keyring");
}

#[test]
fn a_lost_head_is_numbered_above_any_seen() {
    let world = played("The head is lost");
    assert_eq!(head(&world), (1_500, 1));
    let said = world.shell("cloud-updater head sign --channel staging --number 7 --head-key head");
    assert_eq!(said.code, 2, "a number that devices have seen is refused: {said:?}");
}

#[test]
fn a_clone_and_the_spare_head_key_carry_the_fleet_on() {
    let mut before = files(&fleet().public());
    let world = played("The publishing machine is lost");
    let mut after = files(&world.path("rebuilt-tree"));
    before.remove("staging/head");
    after.remove("staging/head");
    for (path, bytes) in before {
        assert_eq!(after.get(&path), Some(&bytes), "{path} is rebuilt byte for byte");
    }
    assert!(after.contains_key("staging/update/1-2"), "and the next release was published");
}

#[test]
fn a_stolen_head_key_is_replaced_and_the_floor_restated() {
    let world = played("The head key is stolen");
    assert_eq!(head(&world), (2, 1));
    let said = world.shell("cloud-updater head sign --channel staging --head-key head");
    assert_eq!(said.code, 4, "the stolen key signs nothing any more: {said:?}");
}

#[test]
fn invariant_07_a_stolen_threshold_is_recovered_in_a_new_epoch() {
    let world = played("The threshold is stolen");
    let status = world.json(0, &["status"]);
    assert_eq!((status["keyring"].as_u64(), status["epoch"].as_u64()), (Some(2), Some(1)));
    assert_eq!(head(&world), (2, 2));
    assert_eq!(
        std::fs::read(world.public().join("recovery/1")).unwrap(),
        std::fs::read(world.public().join("keyring/2")).unwrap(),
        "the way back stands where stranded devices look for it"
    );
}

#[test]
fn all_trust_ends_only_with_the_keyring_threshold() {
    let world = played("All trust must end");
    let document = std::fs::read(world.public().join("staging/release/2")).unwrap();
    let kind = bundle::Envelope::parse_whole(&document).unwrap().header().kind;
    assert_eq!(kind, bundle::Kind::RevokeAll);
}
