//! Seeds of the targets that are given to operators, and to whoever configures a device.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bundle::Kind;
use cloud_updater::document::DraftFile;
use cloud_updater::observation::{Handshake, Observations, Outcome, TlsVersion};

use super::{device, selected};
use crate::fleet::{self, CERTIFICATES, CHANNEL};

/// A device's settings.
#[must_use]
pub fn agent_toml() -> Vec<Vec<u8>> {
    let smallest =
        "[device]\nid = \"gateway-7\"\n[channel]\nname = \"prod\"\nurls = [\"https://updates.example/\"]\n";
    let more = [
        "",
        "[store]\npath = \"store\"\noffset = 8192\nlength = 65536\n[image]\nseed = \"../seed\"\n",
        "[report]\nurl = \"https://fleet.example\"\n[poll]\nseconds-min = 60\nseconds-max = 600\n",
        "[resolve]\n\"Hub.example:8883\" = \"127.0.0.1:9000\"\n\"a.example\" = \"[::1]:1\"\n",
        "[services.iot-hub]\nhosts = [\"gateway-7.azure-devices.net:8883\"]\n[probe]\ntimeout-seconds = 5\n",
        "[export]\ndirectory = \"/trust\"\nfile-mode = \"0640\"\n",
    ];
    let example = include_str!("../../../../device-agent/agent.example.toml");
    more.iter()
        .map(|more| format!("{smallest}{more}"))
        .chain([example.to_owned()])
        .map(String::into_bytes)
        .collect()
}

/// Files of observations: one that was written here, and ones that are cut.
#[must_use]
pub fn observations() -> Vec<Vec<u8>> {
    let served = |chain: &[&[u8]]| Handshake {
        tls: TlsVersion::V13,
        outcome: Outcome::Served,
        detail: None,
        chain: chain.iter().map(|der| der.to_vec()).collect(),
    };
    let timed_out = Handshake {
        tls: TlsVersion::V12,
        outcome: Outcome::TimedOut,
        detail: Some("no handshake".to_owned()),
        chain: Vec::new(),
    };
    let mut observations = Observations::empty("office");
    let services = std::collections::BTreeSet::from(["iot-hub".to_owned()]);
    let seen = [(100, vec![served(&[b"a", b"b"]), timed_out.clone()]), (200, vec![served(&[b"c", b"b"])])];
    for (now, handshakes) in seen {
        let now = bundle::UnixSeconds(now);
        observations.record("hub.example:8883", &services, Some("hub.example"), handshakes, now);
    }
    observations.record("[::1]:443", &services, None, vec![timed_out], bundle::UnixSeconds(300));
    let whole = observations.text().expect("it can be written").into_bytes();
    let cut = whole.get(..whole.len() / 2).unwrap_or_default().to_vec();
    vec![cut, whole]
}

/// Files with certificates, each kind once.
#[must_use]
pub fn certificate_file() -> Vec<Vec<u8>> {
    let mut small = device::certificate();
    small.sort_by_key(Vec::len);
    small.truncate(2);
    let text: String = small.iter().map(|der| pem("CERTIFICATE", der)).collect();
    let literals = text.replace('\n', "\\r\\n\"  // a comment\n\"");
    let message = pkcs7(&small);
    let code = format!("/* roots */\nconst char roots[] =\n\"{literals}\";\n");
    [text.into_bytes(), code.into_bytes(), pem("PKCS7", &message).into_bytes(), message]
        .into_iter()
        .chain(small)
        .chain([pem("PRIVATE KEY", b"x").into_bytes(), pem("TRUSTED CERTIFICATE", b"x").into_bytes()])
        .collect()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// A message that carries certificates and nothing else (RFC 5652 §5.1).
fn pkcs7(certificates: &[Vec<u8>]) -> Vec<u8> {
    let der = |tag: u8, content: Vec<u8>| {
        let length = u16::try_from(content.len()).expect("short").to_be_bytes();
        [vec![tag, 0x82], length.to_vec(), content].concat()
    };
    let data = vec![6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    let signed = vec![6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    let inside = [
        vec![2, 1, 1, 0x31, 0],
        [vec![0x30, 11], data].concat(),
        der(0xa0, certificates.concat()),
        vec![0x31, 0],
    ];
    der(0x30, [signed, der(0xa0, der(0x30, inside.concat()))].concat())
}

/// The examples of the operator's own manual, and rollouts.
#[must_use]
pub fn operator_toml() -> Vec<Vec<u8>> {
    let manual = include_str!("../../../../cloud-updater/DESIGN.md");
    let example = |file: &str| {
        let (_, after) = manual.split_once(&format!("```toml {file}\n")).expect("the manual has an example");
        after.split_once("```").expect("an example ends").0
    };
    let rollout = "release = 7\nshare = \"2.5%\"\npaused = true\nprevious = 6\n[groups]\nlab = \"100%\"\n\
                   [head]\nnumber = 9\nsigned = \"2026-01-01\"\n";
    vec![
        selected(0, example("fleet.toml").as_bytes()),
        selected(1, example("services.toml").as_bytes()),
        selected(2, example("anchors/some-root-0a1b2c3d.toml").as_bytes()),
        selected(3, rollout.as_bytes()),
    ]
}

/// A draft of each kind, and one line of each other file.
#[must_use]
pub fn operator_file() -> Vec<Vec<u8>> {
    let unsigned = |kind, body: Vec<u8>| fleet::signed(kind, bundle::Order::new(0, 2), 1, body, &[]);
    let release = DraftFile {
        channel: Some(CHANNEL.to_owned()),
        reason: "The second release".to_owned(),
        prepared_rollback: true,
        document: unsigned(Kind::Manifest, fleet::manifest_content(&CERTIFICATES).encode()),
        keyring: fleet::keyring_document().to_vec(),
        previous: fleet::manifest_document(1, &CERTIFICATES[..1]),
        blobs: fleet::blobs(&CERTIFICATES),
        previous_blobs: fleet::blobs(&CERTIFICATES[..1]),
        ..DraftFile::default()
    };
    let keyring = DraftFile {
        reason: "The second generation".to_owned(),
        document: unsigned(Kind::Keyring, fleet::keyring_content().encode()),
        new_recovery: unsigned(Kind::Recovery, fleet::recovery().encode()),
        ..DraftFile::default()
    };
    let key = STANDARD.encode(fleet::public_key(1).bytes);
    let signature = STANDARD.encode([7; 64]);
    let digest = bundle::Sha256([5; 32]);
    vec![
        selected(0, &release.encode()),
        selected(0, &keyring.encode()),
        selected(
            1,
            format!("trust-bundle-signature ed25519 0011223344556677 {digest} {signature}").as_bytes(),
        ),
        selected(2, format!("trust-bundle-key ed25519 {key} alice").as_bytes()),
        selected(3, include_bytes!("../../seed-key.pem")),
    ]
}

/// Lists of devices.
#[must_use]
pub fn enrolment() -> Vec<Vec<u8>> {
    let key = |number| STANDARD.encode(fleet::public_key(number).bytes);
    let rows = format!("gateway-1,{},gateway,\"Hall 7, north\",lab;early\ngateway-2,{},,,\n", key(1), key(2));
    vec![
        format!("device_id,public_key\ngateway-1,{}\n", key(1)).into_bytes(),
        format!("# a comment\ndevice_id,public_key,class,site,groups\n{rows}").into_bytes(),
        format!("public_key,device_id\r\n{},gateway-1\r\n", key(1)).into_bytes(),
        b"device_id,public_key,colour\n".to_vec(),
        format!("device_id,public_key,site\ngateway-1,{}\n", key(1)).into_bytes(),
    ]
}

/// Reports of the CCADB: all records, Mozilla's with a certificate, and rows that are broken in every way.
#[must_use]
pub fn ccadb() -> Vec<Vec<u8>> {
    let digits = "0A".repeat(32);
    let header = "Certificate Name,Parent SHA-256 Fingerprint,Revocation Status,SHA-256 Fingerprint,Valid From (GMT),\
                  Valid To (GMT),TLS Capable,Derived Trust Bits,Mozilla Status";
    let row = format!(
        "\"A, root\",,Not Revoked,{digits},2013.08.01,2038.01.15,True,Server Authentication,Included"
    );
    let mozilla = format!(
        "SHA-256 Fingerprint,Valid From [GMT],Trust Bits,Distrust for TLS After Date,Mozilla Applied Constraints,PEM Info\n\
         {digits},2011 May 05,Websites;Email,2026.04.15,\"a.example, b.example\",\"'-----BEGIN CERTIFICATE-----\nMAA=\n\
         -----END CERTIFICATE-----'\"\n"
    );
    let broken =
        format!("{header}\r\n{row}\r\n\r\none\n\"{row}\n{}\n\0,,,,,,,,\n\"", row.replace("2038", "soon"));
    vec![format!("{header}\n{row}\n{row}\n").into_bytes(), mozilla.into_bytes(), broken.into_bytes()]
}
