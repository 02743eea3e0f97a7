//! Verdicts over chains: purposes, key usages, names, path lengths and name constraints, judged here and by OpenSSL.

use std::{fs::File, io::Write as _, path::Path};

use bundle::UnixSeconds;
use chain::pki::{Authority, Content, january};
use chain::{Purpose, Served, Time};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, ExtendedKeyUsagePurpose as Eku, GeneralSubtree, IsCa,
    KeyUsagePurpose as Usage, NameConstraints, SanType,
};
use rustls_pki_types::{CertificateDer, ServerName};

use crate::openssl;

/// The name that is asked for.
const HOST: &str = "hub.example";
/// When it is.
const YEAR: i32 = 2026;

/// One chain below a root: what is special about its intermediate and its leaf.
struct Case {
    name: &'static str,
    intermediate: fn(&mut CertificateParams),
    leaf: fn(&mut CertificateParams),
    /// Why the verdicts differ, where they do.
    differs: Option<&'static str>,
}

const fn leaf(name: &'static str, leaf: fn(&mut CertificateParams)) -> Case {
    Case { name, intermediate: |_| {}, leaf, differs: None }
}

const fn intermediate(name: &'static str, intermediate: fn(&mut CertificateParams)) -> Case {
    Case { name, intermediate, leaf: |_| {}, differs: None }
}

fn purposes(params: &mut CertificateParams, purposes: &[Eku]) {
    params.extended_key_usages = purposes.to_vec();
}

fn permitted(params: &mut CertificateParams, subtree: GeneralSubtree) {
    let (permitted_subtrees, excluded_subtrees) = (vec![subtree], Vec::new());
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees });
}

fn excluded(params: &mut CertificateParams, subtree: GeneralSubtree) {
    let (permitted_subtrees, excluded_subtrees) = (Vec::new(), vec![subtree]);
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees });
}

fn named(params: &mut CertificateParams, name: &str) {
    params.subject_alt_names = vec![SanType::DnsName(name.try_into().unwrap())];
}

fn cases() -> Vec<Case> {
    let mut cases = vec![
        leaf("nothing special", |_| {}),
        leaf("for servers", |params| purposes(params, &[Eku::ServerAuth])),
        leaf("for clients", |params| purposes(params, &[Eku::ClientAuth])),
        leaf("for both", |params| purposes(params, &[Eku::ClientAuth, Eku::ServerAuth])),
        leaf("for code", |params| purposes(params, &[Eku::CodeSigning])),
        leaf("for what nobody knows", |params| purposes(params, &[Eku::Other(vec![1, 2, 3, 4])])),
        leaf("another name", |params| named(params, "other.example")),
        leaf("a wildcard", |params| named(params, "*.example")),
        leaf("a wildcard too deep", |params| named(params, "*.hub.example")),
        leaf("for anything", |params| purposes(params, &[Eku::Any])),
        intermediate("constrained to it", |params| {
            permitted(params, GeneralSubtree::DnsName("example".into()))
        }),
        intermediate("constrained to another", |params| {
            permitted(params, GeneralSubtree::DnsName("elsewhere".into()));
        }),
        intermediate("constrained away from it", |params| {
            excluded(params, GeneralSubtree::DnsName("hub.example".into()));
        }),
        intermediate("constrained away from another", |params| {
            excluded(params, GeneralSubtree::DnsName("elsewhere".into()));
        }),
        intermediate("constrained by address", |params| {
            permitted(params, GeneralSubtree::IpAddress(CidrSubnet::V4([10, 0, 0, 0], [255, 0, 0, 0])));
        }),
        intermediate("is no authority", |params| params.is_ca = IsCa::ExplicitNoCa),
        intermediate("says nothing of being one", |params| params.is_ca = IsCa::NoCa),
        intermediate("may issue leaves", |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        }),
        intermediate("for servers only", |params| purposes(params, &[Eku::ServerAuth])),
        intermediate("for clients only", |params| purposes(params, &[Eku::ClientAuth])),
    ];
    cases.extend(different());
    cases
}

/// Where webpki and OpenSSL are of two minds; webpki's is the one that devices have.
fn different() -> [Case; 4] {
    [
        Case {
            differs: Some(
                "OpenSSL takes the subject's common name where there is no name else; RFC 9525 has no such rule",
            ),
            ..leaf("without names", |params| params.subject_alt_names.clear())
        },
        Case {
            differs: Some("as without names"),
            ..leaf("an address", |params| {
                params.subject_alt_names = vec![SanType::IpAddress("192.0.2.1".parse().unwrap())];
            })
        },
        Case {
            differs: Some(
                "webpki judges no keyUsage of a leaf: TLS 1.3 signs with every key (RFC 8446 §4.4.2.2)",
            ),
            ..leaf("a key that may only encipher data", |params| {
                params.key_usages = vec![Usage::DataEncipherment];
            })
        },
        Case {
            differs: Some("webpki judges no keyUsage of an intermediate: basicConstraints say who may issue"),
            ..intermediate("may not sign certificates", |params| params.key_usages = vec![Usage::CrlSign])
        },
    ]
}

/// True where the leaf is verified as a server's.
fn ours(root: &Authority, middle: &CertificateDer<'static>, leaf: &CertificateDer<'static>) -> bool {
    let content = Content::default().anchor(root.certificate()).service("hub", &[]);
    let name = ServerName::try_from(HOST).unwrap();
    let intermediates = [middle.clone()];
    let served = Served {
        end_entity: leaf,
        intermediates: &intermediates,
        server_name: Some(&name),
        purpose: Purpose::ServerAuth,
    };
    let UnixSeconds(now) = january(YEAR);
    let time = Time::Known(UnixSeconds(now));
    content.set().service("hub").unwrap().verdict(&served, time).code() == "verified"
}

fn theirs(folder: &Path, root: &[u8], middle: &[u8], leaf: &[u8]) -> bool {
    let file = |name: &str, der: &[u8]| {
        let pem = openssl::run(&["x509", "-inform", "DER"], der).stdout;
        let path = folder.join(name);
        File::create(&path).unwrap().write_all(&pem).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (root, middle, leaf) = (file("root", root), file("middle", middle), file("leaf", leaf));
    let time = january(YEAR).0.to_string();
    let output = openssl::run(
        &[
            "verify",
            "-attime",
            &time,
            "-purpose",
            "sslserver",
            "-verify_hostname",
            HOST,
            "-CAfile",
            &root,
            "-untrusted",
            &middle,
            &leaf,
        ],
        b"",
    );
    output.status.success()
}

#[test]
fn chains_are_judged_as_openssl_judges_them_but_for_what_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let root = Authority::root("Root", 2020..2040);
    let middle = root.intermediate("Intermediate", 2020..2035);
    let mut wrong = Vec::new();
    for case in cases() {
        let certificate = root.cross_sign_with(&middle, 2020..2035, case.intermediate);
        let leaf = middle.leaf_with(HOST, 2025..2027, case.leaf);
        let (ours, theirs) = (
            ours(&root, &certificate, &leaf.certificate),
            theirs(folder.path(), root.certificate(), &certificate, &leaf.certificate),
        );
        if (ours != theirs) != case.differs.is_some() {
            wrong.push(format!("{}: verified here {ours}, there {theirs}; {:?}", case.name, case.differs));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
