//! The deny list reaches every certificate of a path, and only the paths that it reaches.

use crate::kit::{Case, NOW, World};
use bundle::Denial;
use chain::pki::{Authority, Content, Leaf, denial, key_denial};
use chain::{Comparison, Refusal, Time, Verdict};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ECDSA_P384_SHA384};
use rustls_pki_types::{CertificateDer, ServerName};

/// An intermediate under two roots: every leaf has two paths.
struct Crossed {
    old: Authority,
    new: Authority,
    intermediate: Authority,
    crossed: CertificateDer<'static>,
    leaf: Leaf,
}

impl Crossed {
    fn new() -> Self {
        let (old, new) = (Authority::root("Old", 2010..2040), Authority::root("New", 2020..2040));
        let intermediate = old.intermediate("Issuing", 2015..2035);
        let crossed = new.cross_sign(&intermediate, 2022..2035);
        let leaf = intermediate.leaf("hub.example", 2025..2027);
        Self { old, new, intermediate, crossed, leaf }
    }

    /// The old path is served first.
    fn case(&self) -> Case {
        Case {
            leaf: self.leaf.certificate.clone(),
            intermediates: vec![self.intermediate.certificate().clone(), self.crossed.clone()],
            host: "hub.example",
            time: NOW,
        }
    }

    fn content(&self, anchors: &[&Authority]) -> Content {
        let content =
            anchors.iter().fold(Content::default(), |content, root| content.anchor(root.certificate()));
        content.service("hub", &[])
    }

    fn is_excused(&self, present: &[&Authority], denials: &[Denial]) -> bool {
        let (set, case) = (self.content(present).set(), self.case());
        let name = ServerName::try_from(case.host).unwrap();
        set.service("hub").unwrap().every_path_is_denied_by(denials, &case.served(&name), NOW)
    }
}

#[test]
fn a_denial_by_certificate_or_key_holds_for_leaf_intermediate_and_anchor() {
    let world = World::new();
    let path = [&world.leaf.certificate, world.intermediate.certificate(), world.root.certificate()];
    for certificate in path {
        for entry in [denial(certificate), key_denial(certificate)] {
            let verdict = world.case().verdict(&world.content().deny([entry]));
            let Verdict::Refused(Refusal::Denied { certificate: found, denial }) = verdict else { panic!() };
            assert_eq!((found.sha256, denial), (chain::pki::sha256(certificate), entry));
        }
    }
}

#[test]
fn a_denied_key_is_denied_under_another_certificate() {
    let world = World::new();
    let reissued = world.root.reissue(2024..2044);
    let content = Content::default().anchor(&reissued).service("hub", &[]);
    world.case().check(&content.clone().deny([denial(world.root.certificate())]), "verified");
    world.case().check(&content.deny([key_denial(world.root.certificate())]), "denied");
}

#[test]
fn a_denied_certificate_removes_its_path_only() {
    let pki = Crossed::new();
    let both = || pki.content(&[&pki.old, &pki.new]);
    let intermediate = pki.intermediate.certificate();
    for entry in [denial(pki.old.certificate()), key_denial(pki.old.certificate()), denial(intermediate)] {
        let Verdict::Verified(path) = pki.case().verdict(&both().deny([entry])) else { panic!("{entry:?}") };
        assert_eq!(path.anchor_sha256(), chain::pki::sha256(pki.new.certificate()));
    }
    for entry in [denial(pki.new.certificate()), denial(&pki.crossed)] {
        let Verdict::Verified(path) = pki.case().verdict(&both().deny([entry])) else { panic!("{entry:?}") };
        assert_eq!(path.anchor_sha256(), chain::pki::sha256(pki.old.certificate()));
    }
    // The key of the intermediate is on both paths.
    pki.case().check(&both().deny([key_denial(intermediate)]), "denied");
}

#[test]
fn a_denial_from_a_newer_release_holds_under_an_older_one() {
    let world = World::new();
    let mut set = world.content().set();
    let (case, name) = (world.case(), ServerName::try_from("hub.example").unwrap());
    assert!(set.service("hub").unwrap().verdict(&case.served(&name), NOW).is_verified());
    set.deny([denial(world.root.certificate())]);
    assert_eq!(set.service("hub").unwrap().verdict(&case.served(&name), NOW).code(), "denied");
    assert_eq!(set.service("hub").unwrap().usable_anchors(chain::Purpose::ServerAuth, NOW).count(), 0);
}

#[test]
fn every_path_is_found() {
    let pki = Crossed::new();
    let (set, case) = (pki.content(&[&pki.old, &pki.new]).set(), pki.case());
    let name = ServerName::try_from(case.host).unwrap();
    let paths = set.service("hub").unwrap().verified_paths(&case.served(&name), NOW).unwrap();
    assert_eq!(paths.len(), 2);
    assert_ne!(paths[0].anchor(), paths[1].anchor());
}

#[test]
fn a_loss_is_excused_only_where_every_present_path_is_denied() {
    let pki = Crossed::new();
    let (old, new) = (denial(pki.old.certificate()), denial(pki.new.certificate()));
    assert!(pki.is_excused(&[&pki.old], &[old]));
    assert!(!pki.is_excused(&[&pki.old, &pki.new], &[old]), "the path to the new root is free");
    assert!(pki.is_excused(&[&pki.old, &pki.new], &[old, new]));
    assert!(pki.is_excused(&[&pki.old, &pki.new], &[key_denial(pki.intermediate.certificate())]));
    assert!(!pki.is_excused(&[&pki.old], &[]), "nothing is denied");
    let stranger = Authority::root("Stranger", 2020..2040);
    assert!(!pki.is_excused(&[&stranger], &[old]), "nothing was verified, so nothing is lost");
}

/// The candidate against the present bundle: verdict codes, and whether the candidate must be refused.
fn compare(present: &Content, candidate: &Content, case: &Case) -> (&'static str, &'static str, bool) {
    let (present, candidate) = (present.set(), candidate.set());
    let name = ServerName::try_from(case.host).unwrap();
    let judges = (present.service("hub").unwrap(), candidate.service("hub").unwrap());
    let comparison =
        Comparison::of(&judges.0, &judges.1, candidate.denials(), &case.served(&name), case.time);
    (comparison.present.code(), comparison.candidate.code(), comparison.is_loss())
}

#[test]
fn a_candidate_that_loses_a_verified_chain_is_a_loss() {
    let pki = Crossed::new();
    let stranger = Authority::root("Stranger", 2020..2040);
    let (old, both) = (pki.content(&[&pki.old]), pki.content(&[&pki.old, &pki.new]));
    let neither = pki.content(&[&stranger]);
    assert_eq!(compare(&old, &both, &pki.case()), ("verified", "verified", false));
    assert_eq!(compare(&old, &pki.content(&[&pki.new]), &pki.case()), ("verified", "verified", false));
    assert_eq!(compare(&old, &neither, &pki.case()), ("verified", "chain", true));
    assert_eq!(compare(&neither, &neither, &pki.case()), ("chain", "chain", false));
    assert_eq!(compare(&neither, &old, &pki.case()), ("chain", "verified", false));
}

#[test]
fn a_denial_of_every_path_excuses_the_loss_and_of_one_path_does_not() {
    let pki = Crossed::new();
    let both = pki.content(&[&pki.old, &pki.new]);
    let denying = |entries: &[Denial]| pki.content(&[&pki.old]).deny(entries.iter().copied());
    let (old, new) = (denial(pki.old.certificate()), denial(pki.new.certificate()));
    assert_eq!(compare(&both, &denying(&[old]), &pki.case()), ("verified", "denied", true));
    assert_eq!(compare(&both, &denying(&[old, new]), &pki.case()), ("verified", "denied", false));
}

#[test]
fn a_chain_too_costly_to_judge_vetoes_nothing() {
    let pki = Crossed::new();
    // Forged certificates with the issuer's name: each costs a signature check for every root of that name.
    let forger = Authority::root("New", 2020..2040);
    let forged = (0..30).map(|year| forger.cross_sign(&pki.intermediate, 2020..2030 + year));
    let intermediates = forged.chain([pki.crossed.clone()]).collect();
    let case = Case { intermediates, ..pki.case() };
    let reissued: Vec<_> = (0..4).map(|year| pki.new.reissue(2020..2035 + year)).collect();
    let present = pki.content(&[&pki.new]);
    let anchored = |content: Content, root| content.anchor(root);
    let candidate = reissued.iter().fold(Content::default(), anchored).service("hub", &[]);
    assert_eq!(compare(&present, &candidate, &case), ("verified", "too_complex", false));
    // A path that is refused before the work runs out does not make the rest of it known.
    let intermediates = [vec![pki.crossed.clone()], case.intermediates.clone()].concat();
    let case = Case { intermediates, ..case };
    assert_eq!(
        compare(&present, &candidate.deny([denial(&pki.crossed)]), &case),
        ("verified", "too_complex", false)
    );
}

#[test]
fn more_intermediates_than_the_limit_prove_nothing() {
    let world = World::new();
    let (case, stranger) = (world.case(), Authority::root("Stranger", 2020..2040));
    let filler = (0..40).map(|year| stranger.cross_sign(&world.intermediate, 2020..2030 + year));
    let intermediates = filler.chain(case.intermediates.clone()).collect();
    Case { intermediates, ..case }.check(&world.content(), "too_complex");
}

#[test]
fn with_the_clock_unknown_not_before_is_not_judged_and_not_after_only_against_the_floor() {
    let world = World::new(); // The leaf is valid from 2025 to 2027.
    for (floor, expect) in [(2000, "verified"), (2026, "verified"), (2028, "date")] {
        let time = Time::Unknown { floor: chain::pki::january(floor) };
        Case { time, ..world.case() }.check(&world.content(), expect);
    }
}

#[test]
fn with_the_clock_unknown_a_path_must_be_valid_at_some_moment() {
    let world = World::new();
    let time = Time::Unknown { floor: chain::pki::january(2015) };
    // An intermediate that ended before the leaf began, and one that began after it.
    for (years, expect) in [(2010..2024, "date"), (2026..2030, "verified"), (2028..2030, "date")] {
        let intermediates = vec![world.root.cross_sign(&world.intermediate, years)];
        Case { intermediates, time, ..world.case() }.check(&world.content(), expect);
    }
}

#[test]
fn a_clock_behind_the_floor_was_never_set() {
    let (now, floor) = (chain::pki::january(1970), chain::pki::january(2026));
    assert_eq!(Time::from_clock(now, floor), Time::Unknown { floor });
    assert_eq!(Time::from_clock(floor, now), Time::Known(floor));
}

/// Orders of P-256 and P-384.
const P256: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
const P384: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a,
    0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];

/// The certificate with n − s in place of s in its ECDSA signature: whoever has the certificate can make it.
fn respelled(certificate: &CertificateDer<'_>, order: &[u8]) -> CertificateDer<'static> {
    let tagged = |tag: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap();
        let [high, low] = length.to_be_bytes();
        let mut out = match (high, low) {
            (0, low) if low < 0x80 => vec![tag, low],
            (0, low) => vec![tag, 0x81, low],
            (high, low) => vec![tag, 0x82, high, low],
        };
        out.extend_from_slice(content);
        out
    };
    let (_, parsed) =
        <x509_parser::prelude::X509Certificate<'_> as x509_parser::prelude::FromDer<_>>::from_der(
            certificate,
        )
        .unwrap();
    let signature = parsed.signature_value.data.to_vec();
    let bits = tagged(3, &[&[0], signature.as_slice()].concat());
    let signed = &certificate[4..certificate.len() - bits.len()];
    let r_end = 4 + usize::from(signature[3]);
    let s: Vec<u8> = signature[r_end + 2..].iter().copied().skip_while(|octet| *octet == 0).collect();
    let mut padded = vec![0; order.len() - s.len()];
    padded.extend(s);
    let mut borrow = 0_i16;
    let mut other: Vec<u8> = Vec::new();
    for (left, right) in order.iter().zip(&padded).rev() {
        let difference = i16::from(*left) - i16::from(*right) - borrow;
        borrow = i16::from(difference < 0);
        other.insert(0, u8::try_from(difference.rem_euclid(256)).unwrap());
    }
    let mut other: Vec<u8> = other.into_iter().skip_while(|octet| *octet == 0).collect();
    if other[0] >= 0x80 {
        other.insert(0, 0);
    }
    let pair = tagged(0x30, &[&signature[2..r_end], &tagged(2, &other)].concat());
    let bits = tagged(3, &[&[0], pair.as_slice()].concat());
    tagged(0x30, &[signed, &bits].concat()).into()
}

#[test]
fn a_denied_certificate_stays_denied_when_its_signature_is_spelled_the_other_way() {
    // Again and again, because signatures differ in length.
    for _ in 0..16 {
        let world = World::new();
        let denied = world.content().deny([denial(world.intermediate.certificate())]);
        let mut case = world.case();
        case.intermediates = vec![respelled(world.intermediate.certificate(), &P256)];
        assert!(case.verdict(&world.content()).is_verified(), "the other spelling is no certificate");
        let verdict = case.verdict(&denied);
        assert!(matches!(verdict, Verdict::Refused(Refusal::Denied { .. })), "{verdict:?}");
        let mut case = world.case();
        case.leaf = respelled(&world.leaf.certificate, &P256);
        let denied = world.content().deny([denial(&world.leaf.certificate)]);
        let verdict = case.verdict(&denied);
        assert!(matches!(verdict, Verdict::Refused(Refusal::Denied { .. })), "{verdict:?}");
    }
}

#[test]
fn what_a_key_on_another_curve_signed_stays_denied_under_its_other_spelling() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "Root on P-384");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&key).unwrap().der().clone();
    let issuer = Issuer::from_params(&params, &key);
    let leaf = CertificateParams::new(["hub.example".into()]).unwrap();
    let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().clone();
    let content = Content::default().anchor(&root).service("hub", &[]);
    let case = Case { leaf: respelled(&leaf, &P384), intermediates: Vec::new(), ..World::new().case() };
    case.check(&content, "verified");
    case.check(&content.deny([denial(&leaf)]), "denied");
}
