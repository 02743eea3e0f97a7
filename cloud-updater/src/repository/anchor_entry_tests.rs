//! Entries that read back as they were written, and entries that are refused by file and field.

use super::*;
use crate::repository::Denied;

const FLEET: &str = r#"
fleet = "example"
[device-classes.gateway]
max-bundle-bytes = 100000
[channels.prod]
device-class = "gateway"
"#;

fn certificate() -> Certificate {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "Some: Root \u{202e}(2026)");
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    Certificate::parse(parameters.self_signed(&key).unwrap().der().to_vec()).unwrap()
}

fn new_anchor() -> NewAnchor {
    NewAnchor {
        name: None,
        state: AnchorStanding::Next,
        purposes: vec!["server-auth".to_owned(), "client-auth".to_owned()],
        added: "2026-01-01".to_owned(),
        retire: Some("2030-01-01".to_owned()),
        reason: "said \"so\"".to_owned(),
        channels: Some(vec!["prod".to_owned()]),
        allowed: vec![OverriddenRule {
            rule: "expired".to_owned(),
            reason: "history".to_owned(),
            day: "2026-01-01".to_owned(),
        }],
        distrust: None,
    }
}

struct Sample {
    _folder: tempfile::TempDir,
    layout: Layout,
    fleet: FleetFile,
    name: String,
}

fn sample() -> Sample {
    let folder = tempfile::tempdir().unwrap();
    durable::write_file(&folder.path().join("fleet.toml"), FLEET.as_bytes(), PUBLIC_MODE).unwrap();
    let layout = Layout::new(folder.path().to_owned());
    let name = write_entry(&layout, AnchorKind::Anchor, &certificate(), &new_anchor()).unwrap();
    let fleet = FleetFile::read(folder.path()).unwrap();
    Sample { _folder: folder, layout, fleet, name }
}

impl Sample {
    fn read(&self) -> Result<Vec<AnchorEntry>, Error> {
        read_entries(&self.layout, AnchorKind::Anchor, &self.fleet)
    }

    fn replace(&self, from: &str, to: &str) {
        let path = path_of(&self.layout, AnchorKind::Anchor, &self.name, "toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        durable::write_file(&path, text.replace(from, to).as_bytes(), PUBLIC_MODE).unwrap();
    }
}

#[test]
fn an_entry_reads_back_as_it_was_written() {
    let sample = sample();
    let entries = sample.read().unwrap();
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert!(entry.name.starts_with("some-root-2026-"), "{}", entry.name);
    assert_eq!(entry.record.state, AnchorStanding::Next);
    assert_eq!(entry.record.reason, "said \"so\"");
    assert_eq!(entry.record.allowed[0].rule, "expired");
    assert_eq!(
        entry.record.retire_day().unwrap(),
        Some(date::day_number(date::parse("2030-01-01").unwrap()))
    );
    assert!(entry.record.is_in("prod") && !entry.record.is_in("staging"));
    assert!(entry.answers_to(&entry.name) && entry.answers_to("some-root-2026"));
    let fingerprint = entry.certificate.sha256.to_string().to_uppercase();
    assert!(
        entry.answers_to(&fingerprint)
            && entry.answers_to(&fingerprint[..8])
            && !entry.answers_to(&fingerprint[..7])
    );
    assert!(
        !entry.certificate.subject.contains('\u{202e}'),
        "a subject cannot turn a terminal's text around"
    );
}

#[test]
fn distrust_keeps_the_rest_of_the_record() {
    let sample = sample();
    let distrust = Distrust {
        deny: Denied::Both,
        order: true,
        reason: "key lost".to_owned(),
        day: "2026-02-01".to_owned(),
    };
    sample.read().unwrap()[0].distrust(&sample.layout, &distrust).unwrap();
    let entry = sample.read().unwrap().remove(0);
    assert_eq!(entry.record.state, AnchorStanding::Distrusted);
    assert!(entry.record.distrust == Some(distrust));
    let text = fs::read_to_string(entry.record_path(&sample.layout)).unwrap();
    assert!(text.starts_with("# "), "comments stay: {text}");
}

fn check(from: &str, to: &str, expect: &str) {
    let sample = sample();
    sample.replace(from, to);
    let error = sample.read().unwrap_err().to_string();
    let start = format!("anchors/{}.toml: {expect}", sample.name);
    assert!(error.starts_with(&start), "{error}");
}

#[test]
fn every_mistake_in_a_record_is_named_by_file_and_field() {
    check("state = \"next\"", "state = \"nxt\"", "state: ");
    check("\"client-auth\"", "\"smime\"", "purposes[1]: \"smime\" is not a purpose");
    check("2026-01-01\"\n", "2026-13-01\"\n", "added: ");
    check("2030-01-01", "later", "retire: ");
    check("\"prod\"", "\"production\"", "channels[0]: ");
    check("reason = 'said", "reason = ''\nnote = 'said", "note: unknown field");
    check("state = \"next\"", "state = \"distrusted\"", "distrust: is missing");
    check("sha256 = \"", "sha256 = \"00", "sha256: is not the SHA-256 of");
    check(
        "state = \"next\"",
        "state = \"next\"\nconstraints = [{ subtrees = ['a b'] }]",
        "constraints[0].subtrees[0]: ",
    );
}

#[test]
fn a_record_without_its_certificate_is_named() {
    let sample = sample();
    fs::remove_file(path_of(&sample.layout, AnchorKind::Anchor, &sample.name, "pem")).unwrap();
    let error = sample.read().unwrap_err();
    assert!(error.to_string().starts_with(&format!("anchors/{}.pem: ", sample.name)), "{error}");
}
