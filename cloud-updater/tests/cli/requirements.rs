//! Pins and expected names: what a draft refuses, what it warns of, and what a signer is told.

use crate::kit::{World, write};
use crate::runbook::fleet;

/// The day of everything here, and days of the same year, of the next and of the one after.
const TODAY: &str = "2035-01-01";
const SOON: &str = "2035-01-20";
const NEXT_YEAR: &str = "2036-01-01";
const TOO_FAR: &str = "2036-03-01";
/// Keys that no certificate has.
const KEYS: [&str; 2] = ["aa", "bb"];

fn services(world: &World, rest: &str) {
    let text = format!("[services.hub]\nhosts = ['hub.example']\nanchors = 'all'\n{rest}\n");
    write(&world.repository().join("services.toml"), &text);
}

fn pins(digits: [&str; 2], until: &str) -> String {
    let pins =
        digits.map(|two| format!("{{ kind = 'spki', sha256 = '{}', until = '{until}' }}", two.repeat(32)));
    format!("pins = [{}]", pins.join(", "))
}

fn issuers(attributes: [&str; 2], until: &str) -> String {
    let entries = attributes.map(|text| format!("{{ issuer = {{ {text} }}, until = '{until}' }}"));
    format!("expect = [{}]", entries.join(", "))
}

/// The warnings of a draft; it is made all the same.
fn warned(rest: &str) -> Vec<String> {
    let world = fleet();
    services(&world, rest);
    let drafted = world.json(0, &["draft", "--channel", "staging", "--as-of", TODAY]);
    let said = world.updater(&["draft", "--channel", "staging", "--as-of", TODAY]);
    let warnings = drafted["warnings"].as_array().unwrap();
    let warnings: Vec<String> = warnings.iter().map(|words| words.as_str().unwrap().to_owned()).collect();
    assert!(warnings.iter().all(|words| said.err.contains(&format!("warning: {words}"))), "{said:?}");
    warnings
}

fn refused(rest: &str) -> String {
    let world = fleet();
    services(&world, rest);
    let said = world.updater(&["draft", "--channel", "staging", "--as-of", TODAY]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(!world.repository().join("channels/staging/drafts/2.draft").exists());
    said.err
}

#[test]
fn an_end_too_far_away_is_refused_with_the_reason() {
    for rest in [pins(KEYS, TOO_FAR), issuers(["O = 'A'", "O = 'B'"], TOO_FAR)] {
        let said = refused(&rest);
        assert!(
            said.contains("is 425 days away, at most 400 are allowed: what is forgotten cuts devices off"),
            "{said}"
        );
    }
}

#[test]
fn a_key_that_is_pinned_in_two_ways_has_nothing_in_reserve() {
    let world = fleet();
    let digest = world.shell("openssl x509 -in old-root.pem -outform DER | sha256sum | cut -c1-64").out;
    let two = format!(
        "pins = [{{ key-of = 'old-root', until = '{NEXT_YEAR}' }}, \
         {{ kind = 'certificate', sha256 = '{}', until = '{NEXT_YEAR}' }}]",
        digest.trim()
    );
    services(&world, &two);
    let said = world.updater(&["draft", "--channel", "staging", "--as-of", TODAY]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(
        said.err.contains("services.hub.pins: all pins that stay until the end name one key"),
        "{said:?}"
    );
}

#[test]
fn a_name_of_the_repository_stands_for_its_key_and_another_name_for_none() {
    let named = |one: &str, other: &str| {
        format!(
            "pins = [{{ key-of = '{one}', until = '{SOON}' }}, {{ key-of = '{other}', until = '{SOON}' }}]"
        )
    };
    let said = refused(&named("old-root", "nobody"));
    assert!(said.contains("services.hub.pins[1].key-of: \"nobody\" is the name of no one anchor"), "{said}");
}

#[test]
fn an_end_that_comes_soon_or_has_come_is_warned_of() {
    let soon = warned(&pins(KEYS, SOON));
    assert!(soon.iter().any(|words| words.contains("ends on 2035-01-20, in 19 d")), "{soon:#?}");
    let ended = warned(&pins(KEYS, "2034-12-31"));
    assert!(
        ended.iter().any(|words| words.contains("ended on 2034-12-31, and devices ignore it")),
        "{ended:#?}"
    );
    assert!(
        !ended.iter().any(|words| words.contains("no chain can meet them")),
        "nothing is asked: {ended:#?}"
    );
}

#[test]
fn what_nothing_in_the_bundle_can_meet_is_warned_of() {
    let unknown = warned(&pins(KEYS, NEXT_YEAR));
    assert!(unknown[0].starts_with("no pin of hub names an anchor or intermediate"), "{unknown:#?}");
    let names = warned(&issuers(["O = 'Some CA'", "O = 'Another'"], NEXT_YEAR));
    assert!(names[0].starts_with("no anchor or intermediate of hub has an issuer's name"), "{names:#?}");
    // The root of the fleet is called so.
    let met = warned(&issuers(["CN = 'OLD-ROOT'", "O = 'Another'"], NEXT_YEAR));
    assert!(
        met.iter().all(|words| words.starts_with("hub expects the issuer CN=OLD-ROOT, which is one")),
        "{met:#?}"
    );
    assert_eq!(met.len(), 1);
    let world = fleet();
    services(
        &world,
        &format!("pins = [{{ key-of = 'old-root', until = '{NEXT_YEAR}' }}, {}", &pins(KEYS, NEXT_YEAR)[8..]),
    );
    assert_eq!(
        world.json(0, &["draft", "--channel", "staging", "--as-of", TODAY])["warnings"],
        serde_json::json!([])
    );
}

#[test]
fn a_signer_is_told_what_the_drafting_machine_was() {
    let world = fleet();
    services(&world, &[pins(KEYS, SOON), issuers(["O = 'A'", "O = 'B'"], SOON)].join("\n"));
    world.good(&format!("draft --channel staging --as-of {TODAY}"));
    let line =
        format!("cloud-updater --as-of {TODAY} sign --yes --key alice channels/staging/drafts/2.draft");
    let said = world.shell(&line);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.out.contains(&format!("+pin key {} until 2035-01-20T00:00:00Z", "aa".repeat(32))),
        "{said:?}"
    );
    assert!(said.out.contains("+expected issuer O=A until 2035-01-20T00:00:00Z"), "{said:?}");
    assert!(said.err.contains("warning: no pin of hub names an anchor"), "{said:?}");
    let late = "cloud-updater --as-of 2035-02-01 sign --yes --key bob channels/staging/drafts/2.draft";
    let said = world.shell(late);
    assert!(said.err.contains("ended on 2035-01-20"), "{said:?}");
}
