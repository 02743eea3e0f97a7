//! The rotation of 2020 on a device: pins of intermediates in the image cut it off, the same pins as data move along.
//!
//! The certificates are twins of Azure's: the same names and the same shape, other keys, because a server needs keys.
//! RUNBOOKS.md of `cloud-updater` has the operator's side, with the real ones.

use std::fs;
use std::ops::Range;

use bundle::write::{ExpectationContent, ManifestContent, ServiceAnchors, ServiceContent};
use bundle::{ExpectedName, Pin, PinKind, UnixSeconds};
use device_agent::Reason;
use rcgen::DnType;
use serde_json::Value;
use system_tests::pki::{Authority, identity};
use system_tests::tls_service::{ALL_VERSIONS, TlsService};

use crate::command_line::{agent, json, text};
use crate::lab::Lab;

/// Years around this machine's day.
const YEARS: Range<i32> = 2015..2045;
/// 2100-01-01.
const FAR: UnixSeconds = UnixSeconds(4_102_444_800);

/// Azure's CAs before and after.
struct Azure {
    baltimore: Authority,
    g2: Authority,
    /// What issued until the summer.
    it: [Authority; 2],
    /// What has issued since, under the same root and under the next.
    rsa: Authority,
    issuing: Authority,
}

impl Azure {
    fn new() -> Self {
        let of = |organization: &'static str| {
            move |params: &mut rcgen::CertificateParams| {
                params.distinguished_name.push(DnType::OrganizationName, organization);
            }
        };
        let baltimore = Authority::root_with("Baltimore CyberTrust Root", YEARS, of("Baltimore"));
        let g2 = Authority::root_with("DigiCert Global Root G2", YEARS, of("DigiCert Inc"));
        let under = |root: &Authority, name| root.intermediate_with(name, YEARS, of("Microsoft Corporation"));
        Self {
            it: ["Microsoft IT TLS CA 2", "Microsoft IT TLS CA 4"].map(|name| under(&baltimore, name)),
            rsa: under(&baltimore, "Microsoft RSA TLS CA 01"),
            issuing: under(&g2, "Microsoft Azure TLS Issuing CA 01"),
            baltimore,
            g2,
        }
    }

    /// Publishes a release that trusts both roots and pins these keys.
    fn publish(&self, lab: &mut Lab, pinned: &[&Authority]) -> u32 {
        let roots = [&self.baltimore, &self.g2].map(Authority::certificate);
        let pin = |authority: &&Authority| Pin {
            kind: PinKind::Spki,
            sha256: bundle::spki_sha256(authority.certificate()).unwrap(),
            until: FAR,
        };
        let issuer = |organization: &str| ExpectationContent {
            name: ExpectedName::Issuer,
            attributes: vec![(vec![0x55, 4, 10], organization.to_owned())],
            until: FAR,
        };
        let expected = [issuer("Microsoft Corporation"), issuer("DigiCert Inc")];
        let content = ManifestContent {
            anchors: roots.iter().map(|root| lab.publisher.anchor(root)).collect(),
            services: vec![ServiceContent {
                name: "iot-hub".into(),
                hosts: vec!["hub.test".into()],
                anchors: ServiceAnchors::All,
                pins: pinned.iter().map(pin).collect(),
                probe: true,
                extensions: ExpectationContent::extension(&expected).into_iter().collect(),
            }],
            ..ManifestContent::default()
        };
        let number = lab.publisher.publish(&content, &roots.map(|root| root.as_ref()));
        lab.tree.write().unwrap().clone_from(&lab.publisher.tree);
        number
    }
}

/// The hub's server shows a certificate of this CA from now on.
fn moves_to(lab: &mut Lab, issuer: &Authority) {
    lab.hub = TlsService::start(&identity(issuer, "hub.test", YEARS), ALL_VERSIONS).unwrap();
}

/// What the device says of the hub now.
fn hub(lab: &Lab) -> String {
    let probe = agent(lab, &["probe", "hub.test", "--json"]);
    let answer: Value = serde_json::from_str(&text(&probe)).unwrap();
    answer["verdicts"][0]["code"].as_str().unwrap().to_owned()
}

/// A device whose image pins what issues today, and one more of its kind.
fn pinned_in_the_image() -> (Azure, Lab) {
    let (azure, mut lab) = (Azure::new(), Lab::new());
    moves_to(&mut lab, &azure.it[0]);
    let number = azure.publish(&mut lab, &[&azure.it[0], &azure.it[1]]);
    lab.replace_image(number);
    lab.only_url(&lab.plain.url("127.0.0.1"));
    lab.cycle();
    assert_eq!(hub(&lab), "verified");
    (azure, lab)
}

#[test]
fn who_has_pinned_the_intermediate_in_the_image_is_cut_off_and_must_rebuild() {
    let (azure, mut lab) = pinned_in_the_image();
    // The root stays the same, and is trusted: the pin alone cuts the device off, and nothing on it can change that.
    moves_to(&mut lab, &azure.rsa);
    assert_eq!(hub(&lab), "pin");
    assert_eq!(lab.cycle().reason, Some(Reason::UpToDate));
    assert_eq!(hub(&lab), "pin");
}

#[test]
fn the_same_pins_as_data_move_along_and_the_image_stays_as_it_was() {
    let (azure, mut lab) = pinned_in_the_image();
    let image = fs::read(lab.path("seed")).unwrap();
    // August: the roots are pinned beside the old intermediates, while the server still shows those.
    azure.publish(&mut lab, &[&azure.it[0], &azure.it[1], &azure.baltimore, &azure.g2]);
    let august = lab.cycle();
    assert_eq!(august.reason, Some(Reason::Confirmed), "{:?}", august.record);
    assert_eq!(hub(&lab), "verified");
    // The server moves below the same root, then to the next one.
    for issuer in [&azure.rsa, &azure.issuing] {
        moves_to(&mut lab, issuer);
        assert_eq!(hub(&lab), "verified");
    }
    // October: the old pins leave.
    azure.publish(&mut lab, &[&azure.baltimore, &azure.g2]);
    let october = lab.cycle();
    assert_eq!(october.reason, Some(Reason::Confirmed), "{:?}", october.record);
    assert_eq!(hub(&lab), "verified");
    assert_eq!(fs::read(lab.path("seed")).unwrap(), image, "nothing was rebuilt");
}

#[test]
fn a_device_refuses_to_drop_the_pin_that_its_server_still_needs() {
    let (azure, mut lab) = pinned_in_the_image();
    azure.publish(&mut lab, &[&azure.rsa, &azure.issuing]);
    let early = lab.cycle();
    assert_eq!(early.reason, Some(Reason::ProbeRegression), "{:?}", early.record);
    assert_eq!(early.record.probes[0].candidate.as_deref(), Some("pin"));
    assert_eq!(hub(&lab), "verified");
    assert_eq!(json(&agent(&lab, &["status", "--json"]), 1)["trusted"]["release"], "2");
}

#[test]
fn a_server_of_a_ca_that_nobody_expects_is_refused_although_its_root_is_pinned() {
    let (azure, mut lab) = pinned_in_the_image();
    azure.publish(&mut lab, &[&azure.it[0], &azure.it[1], &azure.baltimore, &azure.g2]);
    assert_eq!(lab.cycle().reason, Some(Reason::Confirmed));
    moves_to(&mut lab, &azure.baltimore.intermediate("Somebody Else's CA", YEARS));
    assert_eq!(hub(&lab), "expectation");
}
