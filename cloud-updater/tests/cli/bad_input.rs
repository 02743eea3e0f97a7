//! Every malformed file, flag, setting, certificate, key and passphrase gives one error that names file and field,
//! a documented exit code, and changes nothing on disk.

use crate::kit::{World, files, write, write_bytes};
use crate::runbook::fleet;

/// Runs the command; it must fail with `code` and an error that contains `expect`, and change nothing.
fn check(world: &World, line: &str, code: i32, expect: &str) {
    let before = files(&world.path(""));
    let said = world.shell(&format!("cloud-updater {line}"));
    assert_eq!(said.code, code, "{line}: {said:?}");
    assert!(said.err.contains(expect), "{line}: {}", said.err);
    let errors = said.err.lines().filter(|line| line.starts_with("error")).count();
    assert_eq!(errors, 1, "one error: {}", said.err);
    let after = files(&world.path(""));
    assert!(before == after, "{line} changed {:?}", changed(&before, &after));
}

type Files = std::collections::BTreeMap<String, Vec<u8>>;

fn changed(before: &Files, after: &Files) -> Vec<String> {
    let all = before.keys().chain(after.keys());
    all.filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

/// Replaces text in a file of the repository.
fn replace(world: &World, file: &str, from: &str, to: &str) {
    let path = world.repository().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} does not hold {from:?}");
    write(&path, &text.replace(from, to));
}

#[test]
fn settings_are_refused_by_file_and_field() {
    let cases = [
        ("fleet.toml", "threshold = 2", "threshold = 4", "fleet.toml: roles.keyring.threshold: 4 of 3"),
        ("fleet.toml", "threshold = 2", "treshold = 2", "fleet.toml: roles.keyring.treshold: unknown field"),
        ("fleet.toml", "urls = []", "urls = ['https://a', 'ftp://b']", "fleet.toml: publish.urls[1]: "),
        ("fleet.toml", "[publish]", "[publish", "fleet.toml: line "),
        (
            "services.toml",
            "hub.example.net:8883",
            "hub example",
            "services.toml: services.iot-hub.hosts[0]: ",
        ),
        (
            "services.toml",
            "hub.example.net:8883\"",
            "hub.example.net\", \"a:0\"",
            "services.toml: services.iot-hub.hosts[1]: ",
        ),
        (
            "services.toml",
            "\"old-root\"",
            "\"no-root\"",
            "services.toml: services.iot-hub.anchors[0]: there is no anchor",
        ),
        ("services.toml", "required = true", "required = 1", "services.toml: services.iot-hub.required: "),
    ];
    for (file, from, to, expect) in cases {
        let world = fleet();
        replace(&world, file, from, to);
        check(&world, "draft --channel staging --reissue", 2, expect);
    }
}

#[test]
fn anchor_files_are_refused_by_file_and_field() {
    let world = fleet();
    let name = std::fs::read_dir(world.repository().join("anchors")).unwrap().next().unwrap().unwrap().path();
    let stem = name.file_stem().unwrap().to_string_lossy().into_owned();
    let record = format!("anchors/{stem}.toml");
    replace(&world, &record, "server-auth", "servers");
    check(&world, "anchor list", 2, &format!("{record}: purposes[0]: "));
    replace(&world, &record, "\"servers\"", "\"server-auth\"");
    let pem = format!("anchors/{stem}.pem");
    replace(&world, &pem, "-----END", "----END");
    check(&world, "anchor list", 3, &format!("{pem}: block 1: "));
}

#[test]
fn a_key_that_a_role_names_must_be_there() {
    let world = fleet();
    replace(&world, "fleet.toml", "\"carol\"", "\"mallory\"");
    check(&world, "keyring draft", 2, "fleet.toml: roles.keyring.keys[2]: there is no keys/mallory.pub");
    let world = fleet();
    replace(&world, "keys/carol.pub", "carol", "alice");
    check(&world, "keyring draft", 3, "keys/carol.pub: ");
    let world = fleet();
    let twin =
        std::fs::read_to_string(world.repository().join("keys/alice.pub")).unwrap().replace("alice", "zoe");
    write(&world.repository().join("keys/zoe.pub"), &twin);
    check(&world, "keyring draft", 3, "keys/zoe.pub: is the same key as alice.pub");
}

#[test]
fn invariant_07_thresholds_that_end_a_fleet_are_refused() {
    let world = World::new();
    world.good("init . --fleet example");
    for key in ["alice", "bob"] {
        world.good(&format!("key new {key}"));
    }
    let text = std::fs::read_to_string(world.repository().join("fleet.toml")).unwrap();
    let roles = "[roles.keyring]\nthreshold = 2\nkeys = ['alice', 'bob']\n[roles.release]\nthreshold = 1\n\
                 keys = ['alice']\n[roles.head]\nthreshold = 1\nkeys = ['bob']\n";
    write(&world.repository().join("fleet.toml"), &format!("{text}\n{roles}"));
    check(&world, "keyring draft", 2, "fleet.toml: roles.recovery: is missing");
    check(
        &world,
        "keyring draft --without-recovery",
        3,
        "fleet.toml: roles.keyring.threshold: 2 of 2 without a recovery set",
    );
    let shared = format!("{text}\n{roles}[roles.recovery]\nthreshold = 1\nkeys = ['alice']\n");
    write(&world.repository().join("fleet.toml"), &shared);
    check(&world, "keyring draft", 2, "fleet.toml: roles.recovery.keys[0]: ");
}

#[test]
fn flags_are_refused_by_name() {
    let world = fleet();
    check(&world, "draft --channel prd", 2, "there is no channel \"prd\"");
    check(&world, "draft", 2, "say which with --channel");
    check(&world, "draft --channel staging --rollback-to 9", 2, "channel staging has no release 9");
    check(&world, "draft --channel staging --promote-from staging", 2, "--promote-from: ");
    check(
        &world,
        "draft --channel staging --promote-from prod",
        2,
        "--promote-from: channel prod has no release",
    );
    check(&world, "draft --channel staging --as-of tomorrow", 2, "is not a date");
    check(&world, "rollout set --channel staging --share 101%", 2, "is not a share");
    check(&world, "rollout set --channel staging --group canary", 2, "--group: ");
    check(&world, "rollout set --channel staging", 2, "nothing says what to set");
    check(&world, "rollout pause --channel prod", 2, "channel prod has nothing to roll out");
    check(&world, "keyring draft --floor staging=1", 2, "is not a floor");
    check(&world, "keyring draft --floor staging:head=1", 3, "--floor: the head role keeps the key");
    check(&world, "watch --once --metrics gauges.txt", 2, "must end in .prom");
    check(&world, "init ../new --fleet \"$(printf 'a\\tb')\"", 2, "fleet: has control characters");
    check(&world, "anchor add new-root.pem --reason ' '", 2, "--reason: is empty");
    check(&world, "anchor add new-root.pem --reason x --purpose tls", 2, "--purpose: ");
    check(
        &world,
        "anchor add new-root.pem --reason x --service hub",
        2,
        "--service: there is no service \"hub\"",
    );
    check(&world, "anchor add new-root.pem --reason x --sha256 abc", 2, "--sha256: ");
    check(&world, "anchor add none.pem --reason x", 2, "none.pem: cannot read");
    check(&world, "anchor retire nobody --reason x", 2, "there is no anchor \"nobody\"");
    check(&world, "head sign --channel staging --number 0 --head-key head", 2, "--number");
    check(&world, "head sign --head-key nobody --channel staging", 2, "there is no key file");
    check(&world, "key new ../evil", 2, "is not a key's name");
    check(&world, "key new alice", 3, "the repository has a key of this name");
    check(&world, "publish --to .", 2, "is the repository itself");
    check(&world, "status --repo /nonexistent", 2, "/nonexistent: --repo: holds no fleet.toml");
    check(&world, "diff 1 none.draft --channel staging", 2, "is neither a release's number");
    check(&world, "init . --fleet again", 2, "fleet.toml: stands there already");
    check(&world, "export seed --channel prod --out ../x", 2, "channel prod has no release yet");
}

#[test]
fn keys_and_passphrases_are_refused_one_by_one() {
    let world = fleet();
    write(&world.path("wrong"), "not the passphrase\n");
    write(&world.path("empty"), "\n");
    write(&world.path("short"), "short\n");
    world.shell("chmod 600 ../wrong ../empty ../short; cp ../passphrase ../open; chmod 644 ../open");
    let sign = "head sign --channel staging --head-key head --passphrase-file";
    check(
        &world,
        &format!("{sign} ../wrong"),
        3,
        "head.key: the passphrase is wrong, or the file is damaged",
    );
    check(&world, &format!("{sign} ../empty"), 3, "../empty: the first line is empty");
    check(&world, &format!("{sign} ../open"), 3, "../open: everybody can read this passphrase");
    check(&world, &format!("{sign} ../none"), 2, "../none: cannot read");
    check(&world, "key new dave --passphrase-file ../short", 3, "../short: is shorter than");
    let key = "../configuration/cloud-updater/keys/head.key";
    world.shell(&format!("chmod 644 {key}"));
    check(&world, "head sign --channel staging --head-key head", 3, "head.key: others can read this key");
    world.shell(&format!("chmod 600 {key}; printf 'nonsense' > {key}"));
    check(&world, "head sign --channel staging --head-key head", 3, "head.key: is not a PEM file");
}

#[test]
fn a_key_without_the_role_signs_nothing() {
    let world = fleet();
    world.good("draft --channel staging --reissue");
    let draft = "channels/staging/drafts/2.draft";
    check(&world, &format!("sign --yes --key head {draft}"), 4, "may not sign this document");
    check(
        &world,
        "head sign --channel staging --head-key alice",
        4,
        "do not meet the threshold of the head role",
    );
}

#[test]
fn nobody_is_asked_without_a_terminal() {
    let world = fleet();
    world.good("draft --channel staging --reissue");
    check(&world, "sign --key alice channels/staging/drafts/2.draft", 2, "there is no terminal");
    let said = world.shell("env -u CLOUD_UPDATER_PASSPHRASE_FILE cloud-updater key new dave");
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("no terminal to ask on"), "{said:?}");
}

#[test]
fn damaged_drafts_and_signatures_are_refused() {
    let world = fleet();
    world.good("draft --channel staging --reissue");
    world.sign("channels/staging/drafts/2.draft", &["alice", "bob"]);
    let folder = world.repository().join("channels/staging/drafts");
    let signature = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "sig"))
        .unwrap();
    let good = std::fs::read_to_string(&signature).unwrap();
    let words: Vec<&str> = good.split_whitespace().collect();
    let with = |place: usize, word: &str| {
        let mut words = words.clone();
        words[place] = word;
        words.join(" ")
    };
    write(&signature, "garbage");
    check(&world, "publish", 3, ".sig: line: ");
    write(&signature, &with(3, &"0".repeat(64)));
    check(&world, "publish", 4, ".sig: digest: is over another document");
    write(&signature, &with(4, &format!("{}==", "A".repeat(86))));
    check(&world, "publish", 4, ".sig: signature: does not verify");
    write(&signature, &with(2, "0000000000000000"));
    check(&world, "publish", 4, ".sig: key id: the key 0000000000000000 may not sign");
    write(&signature, &good);
    let draft = folder.join("2.draft");
    let bytes = std::fs::read(&draft).unwrap();
    for damaged in [&bytes[..bytes.len() / 2], &[b"XXXX", &bytes[4..]].concat(), b""] {
        write_bytes(&draft, damaged);
        check(&world, "publish", 3, "channels/staging/drafts/2.draft: ");
        check(
            &world,
            "sign --yes --key carol channels/staging/drafts/2.draft",
            3,
            "channels/staging/drafts/2.draft: ",
        );
    }
}

#[test]
fn a_bundle_above_its_device_class_is_refused() {
    let world = fleet();
    replace(&world, "fleet.toml", "max-bundle-bytes = 262144", "max-bundle-bytes = 100");
    check(
        &world,
        "draft --channel staging --reissue",
        3,
        "fleet.toml: device-classes.gateway.max-bundle-bytes: ",
    );
}

#[test]
fn invariant_11_nothing_is_signed_more_than_five_minutes_ahead_of_the_clock() {
    let world = fleet();
    world.good("draft --channel staging --reissue --as-of 2090-01-01");
    check(&world, "sign --yes --key alice channels/staging/drafts/2.draft", 3, "issued-at: says 2090-01-01");
    world.sign("--as-of 2090-01-01 channels/staging/drafts/2.draft", &["alice", "bob"]);
    check(&world, "publish", 3, "issued-at: says 2090-01-01");
    let told = world.updater(&["watch", "--once", "--as-of", "2090-01-01"]);
    assert!(told.code == 1 && told.out.contains("[head-lifetime]"), "{told:?}");
    world.good("publish --as-of 2090-01-01");
    check(&world, "draft --channel staging --reissue", 3, "release 2 was issued at 2090-01-01");
    check(
        &world,
        "head sign --channel staging --head-key head",
        3,
        "release 2 of staging was issued at 2090-01-01",
    );
}

#[test]
fn a_signed_draft_is_not_replaced_by_accident() {
    let world = fleet();
    world.good("draft --channel staging --reissue");
    world.sign("channels/staging/drafts/2.draft", &["alice"]);
    check(&world, "draft --channel staging --reissue", 3, "somebody signed the draft");
    world.good("draft --channel staging --reissue --replace");
    let status = world.json(0, &["status"]);
    assert_eq!(status["drafts"][0]["signers"][0]["signed"].as_array().unwrap().len(), 0, "{status}");
}
