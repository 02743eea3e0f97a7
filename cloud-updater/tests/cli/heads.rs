//! Heads: the signer as a process, compare-and-swap, clocks, freshness.

use crate::kit::World;
use crate::loopback::Loopback;
use crate::runbook::fleet;

fn number(world: &World) -> u64 {
    let heads = world.json(0, &["head", "show", "--channel", "staging"]);
    heads["heads"][0]["number"].as_u64().unwrap()
}

#[test]
fn the_signer_signs_when_something_changed_or_a_day_has_passed_and_not_before() {
    let world = fleet();
    let run = "head run --looks 1 --head-key head --channel staging";
    world.good(run);
    assert_eq!(number(&world), 1, "a fresh head that says what is true stays");
    world.good("rollout set --channel staging --share 50%");
    world.good(run);
    assert_eq!(number(&world), 2, "a change is signed at the next look");
    let tomorrow = world.shell("date -u -d '+25 hours' +%Y-%m-%dT%H:%M:%SZ").out;
    world.good(&format!("{run} --as-of {}", tomorrow.trim()));
    assert_eq!(number(&world), 3, "a day later it is signed again");
    let log = world.shell("cat log/*.log").out;
    assert_eq!(
        log.matches("\thead sign\t").count(),
        1,
        "the process writes heads, and nothing to the repository"
    );
}

#[test]
fn a_signer_that_cannot_look_says_so_and_goes_on_later() {
    let world = fleet();
    world.good("rollout set --channel staging --share 50%");
    let fleet_file = world.repository().join("services.toml");
    let release = world.repository().join("channels/staging/release/1");
    let good = std::fs::read(&release).unwrap();
    crate::kit::write(&release, "damaged");
    let said = world.shell("cloud-updater head run --looks 1 --head-key head");
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("channels/staging/release/1"), "{said:?}");
    assert_eq!(number_in_tree(&world), 1, "and the head that stands stays");
    crate::kit::write_bytes(&release, &good);
    assert!(fleet_file.is_file());
    world.good("head run --looks 1 --head-key head");
    assert_eq!(number(&world), 2);
}

#[test]
fn the_log_names_the_head_that_is_published_by_its_hash() {
    let world = fleet();
    let entries = |world: &World| world.shell("grep -c \"$(printf '\\thead sign\\t')\" log/*.log").out;
    assert_eq!(entries(&world), "1\n");
    world.good("head sign --channel staging --head-key head");
    assert_eq!(entries(&world), "2\n");
    let last = world.shell("tail -n 1 log/*.log").out;
    let bytes = std::fs::read(world.public().join("staging/head")).unwrap();
    let document = format!("\tstaging/head={}\t", bundle::Sha256::of(&[&bytes]));
    assert!(last.contains("\thead sign\tstaging 2\t") && last.contains(&document), "{last}");
    world.good("head sign --channel staging --head-key head --if-due");
    world.good("head sign --channel staging --head-key head --dry-run");
    assert_eq!(entries(&world), "2\n", "what was not signed is not logged");
}

fn number_in_tree(world: &World) -> u32 {
    let bytes = std::fs::read(world.public().join("staging/head")).unwrap();
    bundle::Envelope::parse_whole(&bytes).unwrap().header().order.number
}

#[test]
fn a_systemd_credential_unlocks_the_head_key() {
    let world = fleet();
    world.good("rollout set --channel staging --share 50%");
    world.shell("mkdir ../credentials && cp ../passphrase ../credentials/head.passphrase");
    let sign = "env -u CLOUD_UPDATER_PASSPHRASE_FILE CREDENTIALS_DIRECTORY=$PWD/../credentials \
                cloud-updater head sign --channel staging --head-key";
    let said = world.shell(&format!("{sign} head"));
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(number(&world), 2);
    let said = world.shell(&format!("{sign} head-spare"));
    assert_eq!(said.code, 2, "no credential has the name of this key: {said:?}");
}

#[test]
fn a_stale_head_is_a_finding() {
    let world = fleet();
    let said = world.updater(&["head", "show", "--channel", "staging", "--as-of", "2090-01-01"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("staging: stale"), "{said:?}");
}

#[test]
fn a_head_names_only_what_stands_in_the_tree() {
    let world = fleet();
    let said =
        world.shell("cloud-updater head sign --channel staging --head-key head --to ../elsewhere --number 9");
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("does not stand in the published tree yet"), "{said:?}");
    assert!(!world.path("elsewhere").exists(), "nothing was written");
}

#[test]
fn a_damaged_head_is_replaced_only_with_a_number() {
    let world = fleet();
    crate::kit::write(&world.public().join("staging/head"), "damaged");
    let said = world.shell("cloud-updater head sign --channel staging --head-key head");
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("--number"), "{said:?}");
    assert_eq!(world.updater(&["head", "show", "--channel", "staging"]).code, 1);
    world.good("head sign --channel staging --head-key head --number 1001");
    assert_eq!(number(&world), 1_001);
}

#[test]
fn a_head_carries_groups_only_as_tags_and_the_previous_release_while_it_is_partial() {
    let world = fleet();
    world.good("draft --channel staging --reissue");
    world.sign("channels/staging/drafts/2.draft", &["alice", "bob"]);
    world.good("publish --share 10% --head-key head");
    world.good("rollout set --channel staging --group canary=100% --head-key head");
    let heads = world.json(0, &["head", "show", "--channel", "staging"]);
    assert_eq!(heads["heads"][0]["previous"], 1);
    assert_eq!(heads["heads"][0]["share"], "10.00%");
    let head = std::fs::read(world.public().join("staging/head")).unwrap();
    assert!(!head.windows(6).any(|window| window == b"canary"), "a group's name stays private");
    world.good("rollout pause --channel staging --head-key head");
    let heads = world.json(0, &["head", "show", "--channel", "staging"]);
    assert_eq!(heads["heads"][0]["share"], "0.00%");
    world.good("rollout resume --channel staging --head-key head");
    world.good("rollout set --channel staging --share 100% --head-key head");
    let head = std::fs::read(world.public().join("staging/head")).unwrap();
    assert!(head.len() <= 200, "an unchanged check is one request of {} bytes", head.len());
}

#[test]
fn devices_never_go_back_by_a_rollout() {
    let world = fleet();
    world.good("draft --channel staging --reissue");
    world.sign("channels/staging/drafts/2.draft", &["alice", "bob"]);
    world.good("publish");
    let said = world.shell("cloud-updater rollout set --channel staging --release 1");
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("--rollback-to 1"), "{said:?}");
}

#[test]
fn a_head_that_is_not_signed_again_is_told_louder_with_each_part_of_its_life() {
    let world = fleet();
    let issued = world.json(0, &["head", "show", "--channel", "staging"])["heads"][0]["issued_at"].clone();
    let issued: jiff::Timestamp = issued.as_str().unwrap().parse().unwrap();
    let after = |days: i64| (issued + jiff::SignedDuration::from_hours(24 * days + 1)).to_string();
    // Its lifetime is 14 days.
    for (days, words, code) in
        [(6, None, 0), (7, Some("50 %"), 0), (11, Some("75 %"), 0), (13, Some("90 %"), 1)]
    {
        let day = after(days);
        let told = world.updater(&["watch", "--once", "--offline", "--channel", "staging", "--as-of", &day]);
        let line = told.out.lines().find(|line| line.contains("[head-lifetime]"));
        assert_eq!(told.code, code, "{told:?}");
        let status = world.updater(&["status", "--as-of", &day]);
        assert_eq!(status.code, code, "{status:?}");
        let status = status.out;
        let Some(words) = words else {
            assert!(line.is_none() && !status.contains("of its lifetime"), "{told:?} {status}");
            continue;
        };
        assert!(line.unwrap().contains(words), "{told:?}");
        assert!(
            status.contains(&format!("! the head of staging: {words}: has used {words} of its lifetime")),
            "{status}"
        );
    }
    let status = world.updater(&["status", "--as-of", &after(15)]);
    assert!(status.code == 1 && status.out.contains(": is stale since"), "{status:?}");
}

#[test]
fn a_head_that_is_gone_or_damaged_or_not_looked_at_is_told_of() {
    let world = fleet();
    let watch = |more: &[&str]| {
        world.updater(&[&["watch", "--once", "--offline", "--channel", "staging"], more].concat())
    };
    let head = world.public().join("staging/head");
    assert!(head.is_file());
    let whole = std::fs::read(&head).unwrap();
    crate::kit::write(&head, "garbage");
    let told = watch(&[]);
    assert!(told.code == 1 && told.out.contains("[head-unreadable]"), "{told:?}");
    let status = world.updater(&["status"]);
    assert!(status.code == 1, "{status:?}");
    assert!(status.out.contains("! the head of staging: is none that devices would take"), "{status:?}");
    std::fs::remove_file(&head).unwrap();
    let told = watch(&[]);
    assert!(told.code == 1 && told.out.contains("[head-missing]"), "{told:?}");
    let status = world.json(1, &["status"]);
    let told = &status["attention"][0];
    assert_eq!((&told["rule"], &told["severity"]), (&"head-missing".into(), &"error".into()), "{status}");
    assert_eq!(told["subject"], "the head of staging");
    assert!(told["hint"].as_str().unwrap().contains("cloud-updater head sign"), "{told}");
    let quiet = world.json(0, &["status", "--channel", "prod"]);
    assert_eq!(quiet["attention"].as_array().unwrap().len(), 0, "of another channel: {quiet}");
    crate::kit::write_bytes(&head, &whole);
    // Whoever publishes with --to says so to the watcher too.
    world.shell("sed -i '/^folder = /d' fleet.toml && mv public ../elsewhere");
    assert!(watch(&[]).out.contains("[head-unseen]"));
    let told = watch(&["--to", "../elsewhere"]);
    assert!(told.code == 0 && !told.out.contains("[head-"), "{told:?}");
}

/// A web server for what lies in `folder`; `None` for one that sends everybody elsewhere, for ever.
fn site(folder: Option<std::path::PathBuf>) -> Loopback {
    Loopback::raw(move |mut stream| {
        use std::io::{Read as _, Write as _};
        let mut request = [0; 4_096];
        let length = stream.read(&mut request).unwrap_or(0);
        let request = String::from_utf8_lossy(&request[..length]).into_owned();
        let path = request.split(' ').nth(1).unwrap_or("/").to_owned();
        let file = folder.as_ref().map(|folder| std::fs::read(folder.join(path.trim_start_matches('/'))));
        let (status, body) = match file {
            Some(Ok(body)) => ("200 OK".to_owned(), body),
            Some(Err(_)) => ("404 Not Found".to_owned(), Vec::new()),
            None => (format!("302 Found\r\nLocation: {path}/again"), Vec::new()),
        };
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        let _ = stream.write_all(&[head.as_bytes(), &body].concat());
    })
}

#[test]
fn the_head_is_looked_at_where_devices_see_it_and_not_in_the_folder_alone() {
    let world = fleet();
    // What the CDN has is a copy that nobody renews.
    world.shell("cp -r public ../edge");
    let edge = site(Some(world.path("edge")));
    let url = format!("http://{}", edge.address);
    let watch = |more: &[&str]| {
        let words = ["watch", "--once", "--channel", "staging", "--json", "--tree", &url];
        world.updater(&[&words[..], more].concat())
    };
    let rules = |said: &crate::kit::Said| {
        let answer: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        let found = answer["findings"].as_array().unwrap().iter();
        let of_trees = found.filter(|it| it["subject"].as_str().unwrap().contains("http://"));
        of_trees
            .map(|it| format!("{} {}", it["severity"].as_str().unwrap(), it["rule"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(rules(&watch(&[])), [""; 0], "a fresh head is no news");
    let later = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 12)).to_string();
    world.good(&format!("head sign --channel staging --head-key head --as-of {later}"));
    let told = watch(&["--as-of", &later]);
    assert_eq!(rules(&told), ["warning head-lifetime"], "the folder is well, the edge is not: {told:?}");
    let days: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    let ends = days["calendar"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "head-ends");
    assert_eq!(ends.map(|entry| &entry["subject"]).collect::<Vec<_>>(), ["the head of staging"]);
    std::fs::remove_file(world.path("edge/staging/head")).unwrap();
    assert_eq!(rules(&watch(&[])), ["error head-missing"]);
    let asked = edge.connections();
    assert_eq!(rules(&watch(&["--offline"])), [""; 0], "nobody is asked");
    assert_eq!(edge.connections(), asked);
}

#[test]
fn a_tree_that_cannot_be_reached_or_sends_one_around_is_said_once() {
    let world = fleet();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let storm = site(None);
    let settings = world.repository().join("fleet.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let trees = format!("[watch]\ntrees = ['http://{closed}/', 'http://{}/fleet']\n", storm.address);
    crate::kit::write(&settings, &format!("{text}\n{trees}"));
    let said = world.updater(&["watch", "--once"]);
    for (tree, why) in
        [(format!("http://{closed}/"), "refused"), (format!("http://{}/fleet", storm.address), "302")]
    {
        let lines: Vec<&str> = said.out.lines().filter(|line| line.contains(&tree)).collect();
        assert!(
            matches!(lines[..], [line] if line.contains("[tree-unreachable]") && line.contains(why)),
            "{said:?}"
        );
    }
    assert_eq!(storm.connections(), 1, "a redirect leads nowhere");
}
