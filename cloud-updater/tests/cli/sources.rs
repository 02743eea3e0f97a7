//! Sources: what they say, what has changed since, and why a certificate is trusted here.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::kit::{World, files, root_pem, write};
use crate::loopback::Loopback;
use crate::runbook::fleet;

const HEADER: &str =
    "Certificate Name,SHA-256 Fingerprint,Valid From (GMT),Valid To (GMT),TLS Capable,Mozilla Status";

fn sha256(world: &World, file: &str) -> String {
    let line = format!("openssl x509 -in {file} -noout -fingerprint -sha256 | cut -d= -f2 | tr -d :");
    world.shell(&line).out.trim().to_lowercase()
}

#[test]
fn a_folder_is_read_file_by_file_and_what_is_no_certificate_is_named() {
    let world = fleet();
    let folder = world.repository().join("vendor");
    for name in ["a", "deep/b"] {
        write(&folder.join(format!("{name}.pem")), &root_pem(name));
    }
    write(&folder.join("readme.txt"), "no certificate");
    let said =
        world.updater(&["source", "add", "vendor", "vendor", "--kind", "files", "--reason", "its roots"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("vendor: 2 certificates; 2 added"), "{said:?}");
    assert!(said.err.contains("vendor: readme.txt"), "{said:?}");
    // What was noted once is not noted again, and the repository stays as it is.
    let before = files(&world.repository());
    assert!(world.good("source refresh").contains("2 certificates, unchanged"));
    assert_eq!(files(&world.repository()), before);
    std::fs::remove_file(folder.join("a.pem")).unwrap();
    let answer = world.json(0, &["source", "refresh", "--dry-run"]);
    assert_eq!(answer["sources"][0]["change"]["removed"].as_object().unwrap().len(), 1);
    assert_eq!(files(&world.repository()).len(), before.len() - 1, "a dry run writes nothing");
    world.good("source refresh vendor");
    let shown = world.json(0, &["source", "show", "vendor"]);
    assert_eq!(shown["history"].as_array().unwrap().len(), 2);
    assert_eq!(shown["certificates"], 1);
}

#[test]
fn one_set_is_one_version_in_whatever_form_it_comes() {
    let world = fleet();
    let (one, two) = (root_pem("one"), root_pem("two"));
    write(&world.repository().join("list.pem"), &format!("{one}{two}"));
    world.good("source add list list.pem --kind files --reason 'a list'");
    let version = || world.json(0, &["source", "list"])["sources"][0]["version"].clone();
    let before = version();
    write(&world.repository().join("list.pem"), &format!("# turned\n{two}{one}{two}"));
    assert!(world.good("source refresh").contains("unchanged"));
    assert_eq!(version(), before);
}

#[test]
fn what_a_report_says_of_our_own_anchors_comes_first() {
    let world = fleet();
    let ours = sha256(&world, "old-root.pem");
    let report = |status: &str| {
        let mut text = HEADER.to_owned();
        for number in 0..40 {
            text.push_str(&format!(
                "\nRoot {number},{},2020.01.01,2040.01.01,True,{status}",
                format!("{number:02x}").repeat(32)
            ));
        }
        format!("{text}\nOur root,{ours},2020.01.01,2040.01.01,True,{status}\n")
    };
    let path = world.repository().join("report.csv");
    write(&path, &report("Included"));
    world.good("source add mozilla report.csv --kind ccadb --reason 'what browsers trust'");
    write(&path, &report("Removed"));
    let said = world.good("source refresh");
    let first = said.lines().nth(1).unwrap();
    assert!(first.contains("programmes") && first.contains("(ours: old-root-"), "{said}");
    assert!(said.contains("… and 29 more"), "{said}");
}

/// Answers one request with these bytes, after the head of a good answer.
fn served(body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/report.csv", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4_096];
        assert!(stream.read(&mut request).unwrap() > 0);
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    });
    url
}

#[test]
fn a_source_that_is_down_keeps_what_it_said_and_nobody_from_hearing_the_others() {
    let world = fleet();
    let row = format!("A root,{},2020.01.01,2040.01.01,True,Included", "0a".repeat(32));
    let url = served(format!("{HEADER}\n{row}\n"));
    world.good(&format!("source add far {url} --kind ccadb --reason 'far away'"));
    write(&world.repository().join("list.pem"), &root_pem("one"));
    world.good("source add near list.pem --kind files --reason 'at hand'");
    write(&world.repository().join("list.pem"), &root_pem("two"));
    let said = world.updater(&["source", "refresh"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.out.contains("far: could not be asked"), "{said:?}");
    assert!(said.out.contains("near: 1 certificates; 1 added, 1 removed"), "{said:?}");
    assert!(said.err.contains("far keeps what it said last"), "{said:?}");
    let rows = world.json(0, &["source", "list"]);
    assert_eq!(rows["sources"][0]["certificates"], 1, "{rows}");
}

#[test]
fn a_source_that_sends_one_around_is_asked_once_and_keeps_what_it_said() {
    let world = fleet();
    let storm = Loopback::raw(|stream| {
        crate::loopback::answer(
            stream,
            b"HTTP/1.1 301 Moved\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
        );
    });
    let url = format!("http://{}/report.csv", storm.address);
    let said =
        world.updater(&["source", "add", "storm", &url, "--kind", "ccadb", "--reason", "round and round"]);
    assert!(said.code == 5 && said.err.contains("301"), "{said:?}");
    assert_eq!(storm.connections(), 1, "a redirect leads nowhere");
    let rows = world.json(0, &["source", "list"]);
    assert_eq!(rows["sources"].as_array().unwrap().len(), 0, "{rows}");
}

#[test]
fn the_day_of_chromes_constraint_is_a_finding_with_its_source() {
    let world = fleet();
    let root = sha256(&world, "old-root.pem");
    let day = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 200);
    let store = format!(
        "version_major: 17\ntrust_anchors {{ sha256_hex: \"{root}\"\n constraints {{ sct_not_after_sec: {} }} }}\n",
        day.as_second()
    );
    write(&world.repository().join("root_store.textproto"), &store);
    world.good("source add chrome root_store.textproto --kind chrome --reason 'what Chrome trusts'");
    let told = world.json(0, &["watch", "--once", "--offline", "--channel", "staging"]);
    let found =
        told["findings"].as_array().unwrap().iter().find(|it| it["rule"] == "program-drops-root").unwrap();
    assert_eq!(found["due"], day.to_string()[..10]);
    assert!(found["message"].as_str().unwrap().contains("source chrome"), "{found}");
    write(&world.repository().join("broken"), &store[..40]);
    let said =
        world.updater(&["source", "add", "broken", "broken", "--kind", "chrome", "--reason", "cut off"]);
    assert!(said.code == 3 && said.err.contains("line 2"), "{said:?}");
}

#[test]
fn what_is_no_source_is_not_added() {
    let world = fleet();
    write(&world.repository().join("empty.csv"), "no,columns\n");
    write(&world.repository().join("noise.pem"), "noise");
    let before = files(&world.repository());
    for (arguments, code) in [
        ("x empty.csv --kind ccadb", 3),
        ("x noise.pem --kind files", 3),
        ("x none.pem --kind files", 2),
        ("x http://127.0.0.1:1/report --kind ccadb", 5),
        ("x http://user:hunter2@127.0.0.1:1/ --kind ccadb", 2),
        ("x https://a.example/ --kind files", 2),
        ("x mars --kind preset", 2),
        ("x here --kind system", 2),
        ("x --kind files", 2),
        ("../x noise.pem --kind files", 2),
    ] {
        let said = world.shell(&format!("cloud-updater source add {arguments} --reason 'a test'"));
        assert_eq!(said.code, code, "{arguments}: {said:?}");
        assert!(!said.err.contains("hunter2"), "{said:?}");
    }
    assert_eq!(files(&world.repository()), before);
    assert_eq!(world.updater(&["source", "refresh", "x"]).code, 2);
    let said = world.updater(&["verify", "http://user:hunter2@127.0.0.1:1/"]);
    assert!(said.code == 2 && !said.err.contains("hunter2"), "{said:?}");
}

#[test]
fn a_preset_tells_services_roots_and_what_to_heed() {
    let world = fleet();
    world.good("source add azure azure --kind preset --reason 'the hub is there'");
    let said = world.good("source show azure");
    for part in ["never intermediates", "iot-hub  *.azure-devices.net:8883", "cb3ccbb7  C=US, O=DigiCert Inc"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let explained = world.good("explain c741f70f4b2a8d88");
    assert!(explained.contains("Microsoft RSA Root Certificate Authority 2017"), "{explained}");
    assert!(explained.contains("here: in neither anchors/ nor intermediates/"), "{explained}");
}

#[test]
fn this_machines_own_store_is_a_source() {
    let world = fleet();
    let add = "cloud-updater source add system --kind system --reason 'what this machine trusts'";
    let said = world.shell(&format!("SSL_CERT_FILE=old-root.pem SSL_CERT_DIR= {add}"));
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.out.contains("system: 1 certificates; 1 added") && said.out.contains("(ours: old-root-"),
        "{said:?}"
    );
    world.good("source remove system --reason 'no longer'");
    assert!(world.good("source list").contains("no sources yet"));
}

#[test]
fn a_certificate_is_explained_by_what_was_recorded_signed_and_said() {
    let world = fleet();
    let ours = sha256(&world, "old-root.pem");
    write(
        &world.repository().join("report.csv"),
        &format!("{HEADER}\nOur root,{ours},2020.01.01,2040.01.01,True,Included\n"),
    );
    world.good("source add mozilla report.csv --kind ccadb --reason 'what browsers trust'");
    let said = world.good(&format!("explain {}", &ours[..8]));
    for part in [
        "here: anchor old-root-",
        "release 1 of staging: trusted, active, before absent  (signed by alice, carol)",
        "anchor add old-root-",
        "is known to the source  (source mozilla)",
        "source mozilla: ",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let answer = world.json(0, &["explain", "old-root"]);
    assert_eq!(answer["sha256"], ours.as_str());
    let times: Vec<&str> =
        answer["events"].as_array().unwrap().iter().map(|event| event["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted() && times.len() >= 3, "{answer}");
    let unknown = world.updater(&["explain", "0123456789abcdef"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert_eq!(world.updater(&["explain", "old"]).code, 2);
}

#[test]
fn a_signature_that_only_claims_a_signer_is_not_told_as_theirs() {
    let world = fleet();
    let path = world.repository().join("channels/staging/release/1");
    let document = std::fs::read(&path).unwrap();
    let envelope = bundle::Envelope::parse_whole(&document).unwrap();
    let known = envelope.signatures().iter().map(|entry| bundle::write::Signature {
        key_id: entry.key_id,
        algorithm: entry.algorithm,
        bytes: entry.bytes.to_vec(),
    });
    let mut signatures: Vec<bundle::write::Signature> = known.collect();
    let line = std::fs::read_to_string(world.repository().join("keys/bob.pub")).unwrap();
    let bob = cloud_updater::key::PublicKey::parse(&line).unwrap();
    signatures.push(bundle::write::Signature { key_id: bob.id(), ..signatures[0].clone() });
    let unsigned = bundle::write::Unsigned::of(&envelope);
    crate::kit::write_bytes(&path, &unsigned.assemble(&signatures).unwrap());
    let said = world.good("explain old-root");
    assert!(said.contains("(signed by alice, carol)"), "{said}");
}
