//! The linter on files: every fault of every certificate, in words and as JSON.

use crate::kit::{World, write, write_bytes};
use crate::runbook::fleet;

/// A root, and under it an intermediate with the fault of July 2020.
fn july_2020() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let root = rcgen::Issuer::new(authority("Some Root"), key);
    let mut parameters = authority("Some Intermediate");
    parameters.extended_key_usages =
        vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth, rcgen::ExtendedKeyUsagePurpose::OcspSigning];
    parameters.use_authority_key_identifier_extension = true;
    parameters.signed_by(&rcgen::KeyPair::generate().unwrap(), &root).unwrap().pem()
}

fn authority(name: &str) -> rcgen::CertificateParams {
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
    (parameters.not_before, parameters.not_after) =
        (rcgen::date_time_ymd(2016, 1, 1), rcgen::date_time_ymd(2036, 1, 1));
    parameters
}

/// The rules in an answer, in order.
fn rules(answer: &serde_json::Value) -> Vec<&str> {
    answer["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

#[test]
fn the_fault_of_july_2020_is_an_error_and_refuses_the_import() {
    let world = World::new();
    write(&world.repository().join("some.pem"), &july_2020());
    let answer = world.json(1, &["lint", "some.pem", "--as-of", "2020-07-01"]);
    assert_eq!(rules(&answer), ["ocsp-signing-without-nocheck", "ocsp-signing-ca"]);
    assert_eq!((&answer["schema"], &answer["certificates"]), (&"cloud-updater.lint.1".into(), &1.into()));
    let hint = answer["findings"][0]["hint"].as_str().unwrap();
    assert!(hint.contains("revoked within seven days") && hint.contains("§4.9.9"), "{hint}");
    world.good("init . --fleet example");
    let add = "anchor add some.pem --intermediate --reason 'helps' --as-of 2020-07-01";
    let refused = world.shell(&format!("cloud-updater {add}"));
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("--allow ocsp-signing-without-nocheck"), "{}", refused.err);
    let allowed = world.shell(&format!("cloud-updater {add} --allow ocsp-signing-without-nocheck"));
    assert_eq!(allowed.code, 0, "{allowed:?}");
    assert!(allowed.err.contains("[ocsp-signing-ca]"), "what does not refuse is said: {}", allowed.err);
}

#[test]
fn one_unreadable_certificate_is_named_and_the_others_count() {
    let world = World::new();
    let good = std::fs::read_to_string(world.repository().join("old-root.pem")).unwrap();
    let bad = "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
    write(&world.repository().join("some.pem"), &format!("{good}{bad}{good}"));
    write(&world.repository().join("none.pem"), "no certificate");
    let answer = world.json(1, &["lint", "some.pem", "none.pem", "new-root.pem"]);
    assert_eq!(answer["certificates"], 4);
    let subjects: Vec<&str> = answer["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["rule"] == "malformed")
        .map(|finding| finding["subject"].as_str().unwrap())
        .collect();
    assert_eq!(subjects, ["none.pem", "some.pem: block 2"]);
    assert_eq!(world.updater(&["lint", "missing.pem"]).code, 2);
    assert_eq!(world.updater(&["lint"]).code, 2, "nothing to look at");
}

#[test]
fn a_good_file_ends_well_and_says_so() {
    let world = World::new();
    let said = world.updater(&["lint", "azure/digicert-global-root-g2.pem", "--as-of", "2026-01-01"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.out, "errors: 0, warnings: 0, notices: 0\ncertificates: 1\n");
}

#[test]
fn the_rules_can_be_looked_up() {
    let world = World::new();
    let table = world.json(0, &["lint", "--rules"]);
    let of =
        |id: &str| table["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).cloned().unwrap();
    assert_eq!(of("weak-key")["severity"], "error");
    assert!(
        of("ocsp-signing-without-nocheck")["source"]
            .as_str()
            .unwrap()
            .contains("Baseline Requirements §4.9.9")
    );
    let text = world.good("lint --rules");
    assert!(text.contains("weak-key  (error, certificate)\n"), "{text}");
}

#[test]
fn a_service_whose_anchors_are_replaced_at_once_is_refused_until_a_reason_overrides_it() {
    let world = fleet();
    let before = world.json(0, &["lint", "1", "--channel", "staging"]);
    assert!(rules(&before).contains(&"service-on-one-anchor"), "{before}");
    world.good("anchor add new-root.pem --name new-root --reason 'the hub moves here'");
    let services = world.repository().join("services.toml");
    let text = std::fs::read_to_string(&services).unwrap().replace("\"old-root\"", "\"new-root\"");
    write(&services, &text);
    let now = world.json(1, &["lint", "now", "--channel", "staging"]);
    assert!(rules(&now).contains(&"replaced-in-one-step"), "{now}");
    let refused = world.updater(&["draft", "--channel", "staging", "--json"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    let error: serde_json::Value = serde_json::from_str(&refused.err).unwrap();
    assert_eq!(error["code"], "replaced_in_one_step");
    assert!(error["hint"].as_str().unwrap().contains("--allow replaced-in-one-step"), "{error}");
    let unreasoned = world.updater(&["draft", "--channel", "staging", "--allow", "replaced-in-one-step"]);
    assert_eq!(unreasoned.code, 2, "no rule is overridden without a reason: {unreasoned:?}");
    let allowed = "draft --channel staging --allow replaced-in-one-step --reason 'the hub has both already'";
    world.good(allowed);
    assert!(world.shell("cat log/*.log").out.contains("allowed replaced-in-one-step"));
    let shown = world.shell("cloud-updater sign --yes --dry-run --key alice channels/staging/drafts/2.draft");
    assert!(shown.err.contains("[replaced-in-one-step]"), "signers see it: {}", shown.err);
    assert!(shown.out.contains("breaks on purpose: replaced-in-one-step\n"), "{}", shown.out);
    let of_draft = world.json(1, &["lint", "channels/staging/drafts/2.draft"]);
    assert!(rules(&of_draft).contains(&"replaced-in-one-step"), "{of_draft}");
    world.good("sign --yes --key alice channels/staging/drafts/2.draft");
    world.good("sign --yes --key bob channels/staging/drafts/2.draft");
    // Signers signed the document, not what lies around it: without its override the release is refused again.
    let draft = world.repository().join("channels/staging/drafts/2.draft");
    let whole = std::fs::read(&draft).unwrap();
    let section = [&[11, 20, 0, 0, 0], &b"replaced-in-one-step"[..]].concat();
    write_bytes(&draft, whole.strip_suffix(&section[..]).unwrap());
    let publish = |more: &[&str]| {
        world.updater(&[&["publish", "--json", "--channel", "staging", "--dry-run"], more].concat())
    };
    let refused = publish(&[]);
    assert_eq!(refused.code, 3, "{refused:?}");
    let error: serde_json::Value = serde_json::from_str(refused.err.lines().last().unwrap()).unwrap();
    assert_eq!(error["code"], "replaced_in_one_step");
    assert!(error["hint"].as_str().unwrap().contains("publish it all the same: --allow"), "{error}");
    assert_eq!(publish(&["--allow", "replaced-in-one-step"]).code, 2, "not without a reason");
    assert_eq!(publish(&["--allow", "over-budget", "--reason", "another rule"]).code, 3);
    // Another gate stands behind this one: the hub was seen where it was.
    let code = |said: &crate::kit::Said| {
        let error: serde_json::Value = serde_json::from_str(said.err.lines().last().unwrap()).unwrap();
        error["code"].as_str().unwrap().to_owned()
    };
    let by_name = publish(&["--allow", "replaced-in-one-step", "--reason", "the hub has both"]);
    assert_eq!(code(&by_name), "coverage_lost", "{by_name:?}");
    write_bytes(&draft, &whole);
    assert_eq!(code(&publish(&[])), "coverage_lost", "the draft's own override holds");
}

#[test]
fn a_draft_shows_what_it_covers() {
    let world = fleet();
    world.good("anchor add new-root.pem --name new-root --reason 'the hub moves here'");
    let drafted = world.json(0, &["draft", "--channel", "staging"]);
    assert_eq!(drafted["coverage"]["services"][0]["service"], "iot-hub", "{drafted}");
    let text = world.good("draft --channel staging --replace");
    assert!(text.contains("iot-hub"), "{text}");
}
