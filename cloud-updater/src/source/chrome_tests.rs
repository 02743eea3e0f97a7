//! Root stores as Chrome writes them, and broken ones.

use super::*;

const STORE: &str = r#"
# Version # should always be incremented on any change.
version_major: 17
trust_anchors {
  sha256_hex: "0101010101010101010101010101010101010101010101010101010101010101"
  ev_policy_oids: ["2.23.140.1.1", "1.3.6.1.4.1.34697.2.1"]
  display_name: "A root \"of\" old"
  constraints: {
    sct_not_after_sec: 1731369599
    min_version: "131"
  }
  constraints: { max_version_exclusive: "131" }
}
trust_anchors: < sha256_hex: '0202020202020202020202020202020202020202020202020202020202020202'
  constraints { permitted_dns_names: ["gov.example", "org.example"] } eutl: true >
trust_anchors {
  sha256_hex: "0303030303030303030303030303030303030303030303030303030303030303"
  constraints { sct_not_after_sec: 1731369599 }
  constraints { permitted_dns_names: "example" }
}
additional_certs { sha256_hex: "0404040404040404040404040404040404040404040404040404040404040404" }
"#;

#[test]
fn constraints_are_alternatives_and_versions_that_are_past_decide_nothing() {
    let said = parse(STORE.as_bytes()).unwrap();
    assert_eq!(said.faults, []);
    assert_eq!(said.statements.len(), 3, "what is no anchor is not trusted");
    let of = |byte: u8| &said.statements[&Sha256([byte; 32])];
    assert_eq!(of(1).distrust_after.as_deref(), Some("2024-11-11"));
    assert_eq!(of(1).programmes["chrome"], "Included");
    assert_eq!((of(2).distrust_after.as_deref(), of(2).constraints.len()), (None, 2));
    assert_eq!((of(3).distrust_after.as_deref(), of(3).constraints.len()), (None, 0), "one way is open");
}

#[test]
fn a_broken_anchor_is_named_and_the_others_count() {
    let broken = STORE.replace("0202020202020202020202020202020202020202020202020202020202020202", "02");
    let said = parse(broken.as_bytes()).unwrap();
    assert_eq!((said.statements.len(), said.faults.len()), (2, 1));
    assert_eq!(said.faults[0].place, "line 14");
    let endless = STORE.replacen("1731369599", "99999999999999999999999", 1);
    assert_eq!(parse(endless.as_bytes()).unwrap().faults.len(), 1);
}

#[test]
fn what_is_no_root_store_is_refused_by_its_line_and_nothing_panics() {
    let check = |text: &str, words: &str| {
        let error = parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    check("", "has no trust_anchors");
    check("version_major: 17", "has no trust_anchors");
    check("trust_anchors {\n\n", "line 3: ends inside a message");
    check("a: \"no\nend\"", "line 1: a string does not end in its line");
    check("}", "line 1: a field's name is missing");
    check(&"a {".repeat(10_000), "too deep");
    for length in 0..STORE.len() {
        let _ = parse(&STORE.as_bytes()[..length]);
        let _ = parse(&STORE.as_bytes()[length..]);
    }
}
