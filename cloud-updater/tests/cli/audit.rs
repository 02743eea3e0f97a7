//! The log of who did what, and the record of what signers saw.

use crate::kit::{World, files, write, write_bytes};
use crate::runbook::{fleet, play};

/// The rules of the faults that `audit verify` finds.
fn rules(world: &World, arguments: &[&str]) -> Vec<String> {
    let arguments = [&["audit", "verify", "--json"], arguments].concat();
    let said = world.updater(&arguments);
    let answer: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let faults = answer["faults"].as_array().unwrap();
    assert_eq!(said.code, if faults.is_empty() { 0 } else { 3 }, "{answer:#}");
    faults.iter().map(|fault| fault["rule"].as_str().unwrap().to_owned()).collect()
}

fn log(world: &World) -> (std::path::PathBuf, Vec<String>) {
    let folder = world.repository().join("log");
    let path = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let lines = std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    (path, lines)
}

fn written(world: &World, change: impl FnOnce(&mut Vec<String>)) -> Vec<String> {
    let (path, whole) = log(world);
    let mut lines = whole.clone();
    change(&mut lines);
    write(&path, &format!("{}\n", lines.join("\n")));
    let rules = rules(world, &[]);
    write(&path, &format!("{}\n", whole.join("\n")));
    rules
}

#[test]
fn every_act_from_the_first_to_a_recovery_is_one_whole_chain() {
    let world = fleet();
    play(&world, "The threshold is stolen");
    assert_eq!(rules(&world, &[]), [""; 0]);
    let shown = world.json(0, &["audit", "show"]);
    let entries = shown["entries"].as_array().unwrap();
    let of = |action: &str| entries.iter().filter(|entry| entry["action"] == action).count();
    for action in [
        "init",
        "key new",
        "keyring draft",
        "sign",
        "publish keyring",
        "draft",
        "publish release",
        "head sign",
    ] {
        assert!(of(action) > 0, "{action}: {shown:#}");
    }
    assert!(entries.iter().all(|entry| entry["who"] == "operator"));
    let sign = entries.iter().rfind(|entry| entry["action"] == "sign").unwrap();
    assert!(sign["reason"].as_str().unwrap().starts_with("key carol-2 "), "{sign}");
    let names: Vec<&str> =
        sign["documents"].as_array().unwrap().iter().map(|pair| pair[0].as_str().unwrap()).collect();
    assert!(names.contains(&"document") && names.contains(&"changes"), "{sign}");
    assert_eq!(shown["heads"].as_array().unwrap().len(), 1);
}

#[test]
fn a_changed_dropped_moved_or_forged_entry_is_found() {
    let world = fleet();
    let count = log(&world).1.len();
    assert!(count > 10);
    assert_eq!(written(&world, |lines| lines[4] = lines[4].replacen("operator", "somebody", 1)), ["changed"]);
    assert_eq!(written(&world, |lines| drop(lines.remove(4))), ["dropped"]);
    assert_eq!(written(&world, |lines| lines.swap(4, 5)), ["reordered"]);
    assert_eq!(written(&world, |lines| lines[4].truncate(70))[0], "malformed");
    assert!(written(&world, |lines| lines.push(lines[4].clone())).contains(&"twice".to_owned()));
    assert_eq!(rules(&world, &[]), [""; 0], "and whole again it is whole");
}

#[test]
fn a_log_with_a_damaged_byte_is_reported_and_stops_no_command() {
    let world = fleet();
    let (path, _) = log(&world);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.iter().position(|byte| *byte == b'\t').unwrap();
    bytes[at + 1] = 0xff;
    write_bytes(&path, &bytes);
    assert_eq!(rules(&world, &[]), ["changed"]);
    world.good("rollout pause --channel staging");
    world.good("draft --channel staging --reissue --reason 'a test'");
    world.sign("channels/staging/drafts/2.draft", &["alice", "bob"]);
    world.good("publish --head-key head");
    assert_eq!(rules(&world, &[]), ["changed"]);
    let answer = world.json(0, &["audit", "show"]);
    assert!(answer["entries"].as_array().unwrap().iter().any(|entry| entry["action"] == "rollout pause"));
}

#[test]
fn a_cut_off_end_is_found_by_what_signers_and_people_remember() {
    let world = fleet();
    let head = world.json(0, &["audit", "show"])["heads"][0].as_str().unwrap().to_owned();
    assert_eq!(rules(&world, &["--head", &head]), [""; 0]);
    // The newest entry is the head's: nobody but a person remembers it.
    let (path, whole) = log(&world);
    write(&path, &format!("{}\n", whole[..whole.len() - 1].join("\n")));
    assert_eq!(rules(&world, &[]), [""; 0]);
    assert_eq!(rules(&world, &["--head", &head]), ["truncated"]);
    // Cut back to before the release: the signatures under it remember, and it stands there without an entry.
    let signed = whole.iter().position(|line| line.contains("\tsign\tchannels/")).unwrap();
    write(&path, &format!("{}\n", whole[..signed - 1].join("\n")));
    let found = rules(&world, &[]);
    assert!(found.contains(&"truncated".to_owned()) && found.contains(&"unlogged".to_owned()), "{found:?}");
    assert_eq!(world.updater(&["audit", "verify", "--head", "x"]).code, 2);
}

#[test]
fn an_exported_log_is_checked_without_the_repository() {
    let world = fleet();
    let answer = world.json(0, &["audit", "export", "--out", "../log.tsv"]);
    let head = answer["heads"][0].as_str().unwrap().to_owned();
    std::fs::rename(world.repository(), world.path("elsewhere")).unwrap();
    std::fs::create_dir(world.repository()).unwrap();
    assert_eq!(rules(&world, &["../log.tsv", "--head", &head]), [""; 0]);
    let text = std::fs::read_to_string(world.path("log.tsv")).unwrap();
    write(&world.path("log.tsv"), &text.replacen("publish keyring\t1", "publish keyring\t2", 1));
    assert_eq!(rules(&world, &["../log.tsv"]), ["changed"]);
    assert_eq!(world.updater(&["audit", "verify", "../none"]).code, 2);
}

#[test]
fn commands_at_the_same_time_keep_the_chain_whole() {
    let world = fleet();
    let before = log(&world).1.len();
    let start = |number: u32| {
        let mut command =
            world.command(&["rollout", "set", "--share", "50%", "--reason", &format!("number {number}")]);
        command.args(["--channel", "staging"]).stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null()).spawn().unwrap()
    };
    let running: Vec<_> = (0..12).map(start).collect();
    let codes: Vec<Option<i32>> = running.into_iter().map(|mut child| child.wait().unwrap().code()).collect();
    let done = codes.iter().filter(|code| **code == Some(0)).count();
    assert!(done >= 1 && codes.iter().all(|code| matches!(code, Some(0 | 5))), "{codes:?}");
    assert_eq!(log(&world).1.len(), before + done, "one entry for each that was done");
    assert_eq!(rules(&world, &[]), [""; 0]);
}

#[test]
fn two_clones_that_are_merged_are_one_whole_log() {
    let world = fleet();
    let here = "git config user.name n; git config user.email e; git add -A; git commit -qm x";
    assert_eq!(world.shell(&format!("{here}; git clone -q . ../other")).code, 0);
    world.good("rollout pause --channel staging --reason here");
    let there = "cd ../other && cloud-updater anchor add ../example/new-root.pem --name there --reason there";
    assert_eq!(world.shell(&format!("{there} && {here}")).code, 0);
    let said = world.shell(&format!("{here}; git pull -q --no-rebase --no-edit ../other HEAD"));
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(world.json(0, &["audit", "verify"])["heads"].as_array().unwrap().len(), 2);
    world.good("rollout resume --channel staging --reason joined");
    assert_eq!(world.json(0, &["audit", "verify"])["heads"].as_array().unwrap().len(), 1);
}

#[test]
fn signers_see_the_same_and_who_did_not_is_named_at_publish() {
    let world = fleet();
    world.good("anchor add new-root.pem --name new-root --service iot-hub --reason 'the hub moves here'");
    world.good("draft --channel staging --reason 'a test'");
    let draft = "channels/staging/drafts/2.draft";
    world.sign(draft, &["alice", "bob"]);
    let records = |world: &World| {
        let folder = world.repository().join("channels/staging/drafts");
        let signatures = files(&folder).into_iter().filter(|(name, _)| name.ends_with(".sig"));
        signatures.map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap())).collect::<Vec<_>>()
    };
    let field = |line: &str, name: &str| {
        line.split_whitespace().find(|word| word.starts_with(name)).map(str::to_owned)
    };
    let lines = records(&world);
    assert_eq!(lines.len(), 2);
    for name in ["changes=", "coverage="] {
        let of = field(&lines[0].1, name);
        assert!(of.is_some() && of == field(&lines[1].1, name), "{name}: {lines:?}");
    }
    assert_ne!(
        field(&lines[0].1, "log="),
        field(&lines[1].1, "log="),
        "the second saw the entry of the first"
    );
    // Somebody showed one of them other changes. The signed bytes are the same, and it is said.
    let other =
        lines[0].1.replace(&field(&lines[0].1, "changes=").unwrap(), &format!("changes={}", "0".repeat(64)));
    let other = other.replace(&field(&other, "coverage=").unwrap(), &format!("coverage={}", "1".repeat(64)));
    write(&world.repository().join("channels/staging/drafts").join(&lines[0].0), &other);
    let said = world.shell("cloud-updater publish --head-key head");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("saw other changes than this draft holds"), "{said:?}");
    assert!(said.err.contains("saw different coverage"), "{said:?}");
    let kept =
        std::fs::read_to_string(world.repository().join("channels/staging/release/2.signatures")).unwrap();
    assert_eq!(kept.lines().count(), 2, "what they saw outlives the draft");
    assert_eq!(rules(&world, &[]), [""; 0]);
}

#[test]
fn signers_who_saw_the_same_are_not_told_of() {
    let world = fleet();
    world.good("draft --channel staging --reissue --reason 'a test'");
    world.sign("channels/staging/drafts/2.draft", &["alice", "carol"]);
    let said = world.shell("cloud-updater publish --head-key head");
    assert!(said.code == 0 && !said.err.contains(" saw "), "{said:?}");
}

#[test]
fn an_entry_that_only_a_signer_has_is_told_of_and_no_alarm_for_ever() {
    let world = fleet();
    world.good("draft --channel staging --reissue --reason 'a test'");
    world.sign("channels/staging/drafts/2.draft", &["alice", "carol"]);
    let folder = world.repository().join("channels/staging/drafts");
    let (name, bytes) = files(&folder).into_iter().find(|(name, _)| name.ends_with(".sig")).unwrap();
    let elsewhere = format!("{} log={}\n", String::from_utf8(bytes).unwrap().trim_end(), "7".repeat(64));
    write(&folder.join(name), &elsewhere);
    assert_eq!(rules(&world, &[]), [""; 0], "it waits, and its log may still come");
    let said = world.shell("cloud-updater publish --head-key head");
    assert!(said.code == 0 && said.err.contains("entries of a log that are not in this one"), "{said:?}");
    assert_eq!(rules(&world, &[]), [""; 0]);
    let kept = world.repository().join("channels/staging/release/2.signatures");
    assert_eq!(std::fs::read_to_string(kept).unwrap().matches(" log=").count(), 2, "what is known is kept");
}

#[test]
fn one_key_is_one_signer_under_whatever_name_and_however_often() {
    let world = fleet();
    world.good("draft --channel staging --reissue --reason 'a test'");
    world.sign("channels/staging/drafts/2.draft", &["alice", "alice"]);
    let said =
        world.shell("cd channels/staging/drafts && for s in *.sig; do cp $s 2.ffffffffffffffff.sig; done");
    assert_eq!(said.code, 0);
    let said = world.updater(&["publish"]);
    assert!(said.code == 4 && said.err.contains("has 1 of 2 signatures"), "{said:?}");
    // Nor can a person bring the same key as somebody else's.
    world.shell("sed 's/ alice$/ mallory/' keys/alice.pub > keys/mallory.pub");
    world.shell("sed -i 's/\"bob\", \"carol\"/\"mallory\", \"carol\"/' fleet.toml");
    let said = world.updater(&["keyring", "draft"]);
    assert!(said.code == 3 && said.err.contains("one key under two names still counts once"), "{said:?}");
}
