//! Faults of a manifest's body: signed by the right people, and still not acceptable.

use bundle::{
    Denial, DenialKind, ExpectedName, Kind, Order, Pin, PinKind, Sha256, UnixSeconds, extension_id,
    write::{ConstraintContent, ExpectationContent, ExtensionContent, ManifestContent, ServiceAnchors},
};

use super::case;
use crate::{
    fixture::{anchor, document, manifest_content, unsigned},
    vector::Vector,
};

fn signed(comment: &str, body: Vec<u8>) -> Vector {
    case("manifest", comment, document(&unsigned(Kind::Manifest, Order::new(0, 7), 1, body), &[11, 12]))
}

fn with(comment: &str, change: impl FnOnce(&mut ManifestContent)) -> Vector {
    let mut content = manifest_content(&[b"first", b"second"]);
    change(&mut content);
    signed(comment, content.encode())
}

fn body() -> Vec<u8> {
    manifest_content(&[b"first", b"second"]).encode()
}

pub(super) fn cases() -> Vec<(&'static str, Vector)> {
    let mut all = encodings();
    all.extend(contents());
    all.extend(expectations());
    all.extend(lists());
    all
}

fn encodings() -> Vec<(&'static str, Vector)> {
    let overlong = |mut body: Vec<u8>| {
        body[0] |= 0x80;
        body.insert(1, 0);
        body
    };
    let revoke = |number, signers: &[u8], content: &ManifestContent| {
        let body = content.encode();
        document(&unsigned(Kind::RevokeAll, Order::new(0, number), 1, body), signers)
    };
    let empty = ManifestContent::default();
    vec![
        ("manifest_trailing_byte", signed("A byte after the last field.", [body(), vec![0]].concat())),
        (
            "manifest_body_ends_early",
            signed("The last field is missing.", body()[..body().len() - 1].to_vec()),
        ),
        (
            "manifest_overlong_integer",
            signed("postcard takes this length in two bytes; the format does not.", overlong(body())),
        ),
        ("manifest_garbage", signed("Bytes that are no manifest.", vec![0xff; 40])),
        (
            "manifest_number_zero",
            case(
                "manifest",
                "Releases count from one.",
                document(&unsigned(Kind::Manifest, Order::new(0, 0), 1, body()), &[11, 12]),
            ),
        ),
        (
            "manifest_without_anchors",
            signed("An empty bundle is refused; revoking all is another document.", empty.encode()),
        ),
        (
            "revoke_all_accepted",
            case("manifest", "Revoking everything, by the keyring threshold.", revoke(8, &[1, 2], &empty)),
        ),
        (
            "revoke_all_by_release_keys",
            case("manifest", "Release keys cannot revoke everything.", revoke(8, &[11, 12, 13], &empty)),
        ),
        (
            "revoke_all_with_anchors",
            case(
                "manifest",
                "A revoke-all that still names an anchor.",
                revoke(8, &[1, 2], &manifest_content(&[b"first"])),
            ),
        ),
    ]
}

fn contents() -> Vec<(&'static str, Vector)> {
    let far = UnixSeconds(1_900_000_000);
    let extension = |critical| ExtensionContent { id: 900, critical, content: b"later".to_vec() };
    let denied = Denial { kind: DenialKind::Certificate, sha256: Sha256::of(&[b"worst"]) };
    vec![
        (
            "manifest_everything",
            with("Every field that this version knows.", |content| {
                content.anchors[0].constraints = vec![ConstraintContent {
                    issued_from: Some(UnixSeconds(1)),
                    distrust_after: Some(far),
                    expires_at: Some(far),
                    subtrees: vec!["example.org".into(), "example.net".into()],
                }];
                content.anchors[0].note = "kept for devices in the field".into();
                content.anchors[0].retire_day = Some(21_000);
                content.anchors[1].extensions = vec![extension(false)];
                content.services[0].pins =
                    vec![Pin { kind: PinKind::Spki, sha256: Sha256([5; 32]), until: far }];
                let expected =
                    ExpectationContent::extension(&[issued_by("Some CA"), issued_by("Another CA")]);
                content.services[0].extensions.extend(expected);
                content.denials = vec![denied];
                content.distrust_orders = vec![(denied.sha256, "key compromise".into())];
                content.urls = vec!["https://bundles.example/".into()];
            }),
        ),
        (
            "manifest_unknown_critical_anchor",
            with("An unknown critical extension drops the anchor, not the manifest.", |content| {
                content.anchors[1].extensions = vec![extension(true)];
            }),
        ),
        (
            "manifest_anchor_twice",
            with("The same certificate twice.", |content| {
                let copy = content.anchors[0].clone();
                content.anchors.push(copy);
            }),
        ),
        (
            "manifest_certificate_too_long",
            with("A certificate above 8,192 bytes.", |content| content.anchors[0].length = 8_193),
        ),
        (
            "manifest_certificate_empty",
            with("A certificate of no bytes.", |content| content.anchors[0].length = 0),
        ),
        (
            "manifest_note_too_long",
            with("A note above 160 bytes.", |content| content.anchors[0].note = "x".repeat(161)),
        ),
    ]
}

/// An expectation of an issuer with this organization (2.5.4.10).
fn issued_by(organization: &str) -> ExpectationContent {
    ExpectationContent {
        name: ExpectedName::Issuer,
        attributes: vec![(vec![0x55, 4, 10], organization.into())],
        until: UnixSeconds(1_900_000_000),
    }
}

fn expectations() -> Vec<(&'static str, Vector)> {
    let expecting = |comment, expectations: &[ExpectationContent]| {
        with(comment, |content| {
            content.services[0].extensions.extend(ExpectationContent::extension(expectations));
        })
    };
    let raw = |content: &[u8]| ExtensionContent {
        id: extension_id::EXPECTATIONS,
        critical: false,
        content: content.to_vec(),
    };
    let bare = ExpectationContent { attributes: Vec::new(), ..issued_by("") };
    let many: Vec<ExpectationContent> = (0..9).map(|number| issued_by(&format!("CA {number}"))).collect();
    vec![
        (
            "manifest_expectation_critical",
            with("Expectations that are critical: whoever knows them uses the service.", |content| {
                let expected = ExpectationContent::extension(&[issued_by("Some CA")]);
                let critical = expected.map(|extension| ExtensionContent { critical: true, ..extension });
                content.services[0].extensions.extend(critical);
            }),
        ),
        ("manifest_expectation_of_nothing", expecting("A name of which nothing is asked.", &[bare])),
        (
            "manifest_expectation_of_a_blank",
            expecting("A text of blanks, which fits every empty one.", &[issued_by("  ")]),
        ),
        (
            "manifest_expectation_text_too_long",
            expecting("A text above 128 bytes.", &[issued_by(&"x".repeat(129))]),
        ),
        ("manifest_too_many_expectations", expecting("Nine expectations.", &many)),
        (
            "manifest_expectations_empty",
            with("Expectations without one.", |content| content.services[0].extensions = vec![raw(&[])]),
        ),
        (
            "manifest_expectations_malformed",
            with("Expectations that end in the middle.", |content| {
                content.services[0].extensions = vec![raw(&[0, 9, 3])];
            }),
        ),
        (
            "manifest_expectations_twice",
            with("Expectations in two extensions of one service.", |content| {
                for organization in ["Some CA", "Another CA"] {
                    let expected = ExpectationContent::extension(&[issued_by(organization)]);
                    content.services[0].extensions.extend(expected);
                }
            }),
        ),
    ]
}

fn lists() -> Vec<(&'static str, Vector)> {
    vec![
        (
            "manifest_service_name_is_a_path",
            with("Service names are file names.", |content| content.services[0].name = "../hub".into()),
        ),
        (
            "manifest_service_without_host",
            with("A service that answers nowhere.", |content| content.services[0].hosts.clear()),
        ),
        (
            "manifest_service_without_anchor",
            with("A list of anchors without one.", |content| {
                content.services[0].anchors = ServiceAnchors::Listed(Vec::new());
            }),
        ),
        (
            "manifest_host_malformed",
            with("A host with a blank.", |content| content.services[0].hosts = vec!["a b".into()]),
        ),
        (
            "manifest_too_many_hosts",
            with("Seventeen hosts.", |content| {
                content.services[0].hosts = (0..17).map(|index| format!("h{index:02}.example")).collect();
            }),
        ),
        (
            "manifest_order_without_denial",
            with("A distrust order for what is not on the deny list.", |content| {
                content.distrust_orders = vec![(Sha256::of(&[b"first"]), "why".into())];
            }),
        ),
        (
            "manifest_url_of_another_scheme",
            with("A URL that is neither https nor http.", |content| {
                content.urls = vec!["file:///etc".into()]
            }),
        ),
        (
            "manifest_subtree_malformed",
            with("A DNS subtree with an empty label.", |content| {
                content.anchors[0].constraints =
                    vec![ConstraintContent { subtrees: vec!["a..b".into()], ..ConstraintContent::default() }];
            }),
        ),
        (
            "manifest_too_many_denials",
            with("Sixty-five denials.", |content| {
                content.denials = (0..65)
                    .map(|index| Denial { kind: DenialKind::Spki, sha256: Sha256([index; 32]) })
                    .collect();
            }),
        ),
        ("manifest_too_many_anchors", {
            let certificates: Vec<[u8; 2]> = (0..513_u16).map(u16::to_be_bytes).collect();
            let anchors = certificates.iter().map(|certificate| anchor(certificate)).collect();
            signed(
                "Five hundred and thirteen anchors.",
                ManifestContent { anchors, ..ManifestContent::default() }.encode(),
            )
        }),
    ]
}
