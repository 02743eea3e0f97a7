//! What judging takes of the heap is said before it is taken, whatever a server or a bundle puts into certificates.
//!
//! Measured on the machine that runs the test, whose pointers are as long as a device's or longer.

use std::hint::black_box;

use crate::kit::{Case, World};
use bundle::write::ExpectationContent;
use bundle::{Denial, ExpectedName};
use chain::pki::{Authority, Content, Release, denial};
use chain::{AnchorSet, STEPS_MAX, Selection, SelectionError, Served, Steps};
use rcgen::DnType;
use rustls_pki_types::{CertificateDer, ServerName};

/// What the allocator may count beside the budget: a block that a list begins with.
const SLACK_BYTES: usize = 256;
/// A name as long as a third of what a certificate may have.
const LONG: usize = 2_500;

fn peak<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let mut made = None;
    let info = allocation_counter::measure(|| made = Some(work()));
    (usize::try_from(info.bytes_max).unwrap(), made.unwrap())
}

/// Selects with every budget, and judges with what came of it.
fn check(content: &Content, case: &Case) {
    let release = content.release(1);
    let name = ServerName::try_from(case.host).unwrap();
    let served = case.served(&name);
    let denials: Vec<Denial> = (0..64).map(|_| denial(served.end_entity)).collect();
    let mut largest = None;
    for budget in (0..=256 * 1_024).step_by(1_024) {
        let (taken, set) = peak(|| select(&release, budget, &served, &denials));
        assert!(taken <= budget + SLACK_BYTES, "a budget of {budget} bytes, and {taken} were taken");
        match set {
            Ok(set) => largest = Some(set),
            Err(error) => assert_eq!(error, SelectionError::TooLarge, "{budget}"),
        }
    }
    judge(&largest.unwrap(), case, &served);
}

fn select(
    release: &Release,
    budget: usize,
    served: &Served<'_>,
    denials: &[Denial],
) -> Result<AnchorSet, SelectionError<()>> {
    let manifest = release.manifest();
    let further = denials.iter().copied();
    let selection = Selection::Service("hub");
    AnchorSet::select_within(budget, &manifest, selection, served, further, |offset, into| {
        let from = usize::try_from(offset).unwrap();
        into.copy_from_slice(release.blobs.get(from..from + into.len()).ok_or(())?);
        Ok(())
    })
}

fn judge(set: &AnchorSet, case: &Case, served: &Served<'_>) {
    let bytes = set.judging_bytes(served);
    let mut steps = Steps::new();
    let verdict = (0..=STEPS_MAX).find_map(|_| {
        let (taken, verdict) = peak(|| set.verdict_step(served, case.time, &mut steps));
        assert!(taken <= bytes, "{bytes} bytes were announced, and {taken} were taken");
        verdict
    });
    assert!(verdict.is_some(), "no verdict after {STEPS_MAX} steps");
    let hub = set.service("hub").unwrap();
    let denials: Vec<Denial> = (0..64).map(|_| denial(served.end_entity)).collect();
    let answer = (0..=STEPS_MAX).find_map(|_| {
        let (taken, answer) =
            peak(|| hub.every_path_is_denied_by_step(&denials, served, case.time, &mut steps));
        assert!(taken <= bytes, "{bytes} bytes were announced, and {taken} were taken");
        answer
    });
    assert!(answer.is_some(), "no answer after {STEPS_MAX} steps");
}

fn hub(world: &World) -> Content {
    Content::default().anchor(world.root.certificate()).service("hub", &[])
}

/// A certificate that the leaf's issuer seems to have issued itself with, whoever signed it.
fn twin_of_the_issuer(world: &World, note: usize, length: usize) -> CertificateDer<'static> {
    Authority::root("Anybody", 2020..2040).cross_sign_with(&world.intermediate, 2020..2040, |params| {
        params.distinguished_name.push(DnType::OrganizationName, format!("{note} {}", "x".repeat(length)));
    })
}

#[test]
fn an_ordinary_chain_takes_what_was_announced() {
    let world = World::new();
    check(&hub(&world), &world.case());
}

#[test]
fn a_server_that_sends_all_it_may_takes_what_was_announced() {
    let world = World::new();
    let extra = (0..3).map(|note| twin_of_the_issuer(&world, note, LONG));
    let mut case = world.case();
    case.intermediates.extend(extra);
    check(&hub(&world), &case);
}

#[test]
fn a_bundle_full_of_tiny_intermediates_takes_what_was_announced() {
    let world = World::new();
    let content = (0..40).fold(hub(&world), |content, _| {
        let cross = Authority::root("Root", 2020..2040).cross_sign(&world.intermediate, 2020..2040);
        content.intermediate(&cross)
    });
    check(&content, &world.case());
}

#[test]
fn a_bundle_of_large_certificates_takes_what_was_announced() {
    let world = World::new();
    let content = (0..4).fold(hub(&world), |content, _| {
        let name = "Root";
        let root = Authority::root(name, 2020..2040);
        content.anchor(&root.cross_sign_with(&world.root, 2020..2040, |params| {
            params.distinguished_name.push(DnType::OrganizationName, "x".repeat(LONG));
        }))
    });
    check(&content, &world.case());
}

#[test]
fn a_certificate_of_nothing_but_names_takes_what_was_announced() {
    let world = World::new();
    let host = |number: usize| format!("{number:03}.{}.example", ["x".repeat(60).as_str(); 3].join("."));
    let leaf = world.intermediate.leaf_with("other.example", 2020..2040, |params| {
        params.subject_alt_names =
            (0..24).map(|number| rcgen::SanType::DnsName(host(number).try_into().unwrap())).collect();
    });
    check(&hub(&world), &Case { leaf: leaf.certificate, ..world.case() });
}

#[test]
fn a_certificate_of_nothing_but_purposes_takes_what_was_announced() {
    let world = World::new();
    for (count, arcs) in [(700, 1), (1, 2_000)] {
        let purpose = |number: u64| {
            rcgen::ExtendedKeyUsagePurpose::Other([&[1, 3, number % 100], &vec![5; arcs][..]].concat())
        };
        let leaf = world.intermediate.leaf_with("hub.example", 2020..2040, |params| {
            params.extended_key_usages = (0..count).map(purpose).collect();
        });
        check(&hub(&world), &Case { leaf: leaf.certificate, ..world.case() });
    }
}

#[test]
fn an_issuer_and_a_subject_of_any_length_that_nobody_expects_take_what_was_announced() {
    let root = Authority::root("Root", 2020..2040);
    let long = |params: &mut rcgen::CertificateParams| {
        params.distinguished_name.push(DnType::OrganizationName, "x".repeat(LONG));
    };
    let intermediate = root.intermediate_with("Intermediate", 2020..2030, long);
    let expectation = |name, number: usize| ExpectationContent {
        name,
        attributes: vec![(vec![0x55, 4, 10], format!("{number} {}", "y".repeat(100)))],
        until: chain::pki::january(2030),
    };
    for name in ExpectedName::ALL {
        let leaf = intermediate.leaf_with("hub.example", 2025..2027, long);
        let world = World {
            leaf,
            root: Authority::root("Root", 2020..2040),
            intermediate: root.intermediate("-", 2020..2030),
        };
        let case = Case { intermediates: vec![intermediate.certificate().clone()], ..world.case() };
        let content = Content::default().anchor(root.certificate()).service("hub", &[]);
        let content = content.expecting(&[0, 1, 2, 3, 4, 5, 6].map(|number| expectation(name, number)));
        assert_eq!(case.verdict(&content).code(), "expectation");
        check(&content, &case);
    }
}

#[test]
fn the_name_of_an_anchor_is_counted_where_another_one_is_expected() {
    let root = Authority::root_with("Root", 2020..2040, |params| {
        params.distinguished_name.push(DnType::OrganizationName, "x".repeat(LONG));
    });
    let leaf = root.leaf("hub.example", 2025..2027);
    let case = Case { leaf: leaf.certificate, intermediates: Vec::new(), ..World::new().case() };
    let content = Content::default().anchor(root.certificate()).service("hub", &[]);
    let attributes = vec![(vec![0x55, 4, 10], "y".to_owned())];
    let until = chain::pki::january(2030);
    let issuer = ExpectationContent { name: ExpectedName::Issuer, attributes, until };
    let expecting = content.clone().expecting(&[issuer]);
    assert_eq!(case.verdict(&expecting).code(), "expectation");
    check(&expecting, &case);
    let name = ServerName::try_from(case.host).unwrap();
    let bytes = |content: &Content| content.set().judging_bytes(&case.served(&name));
    assert!(bytes(&expecting) > bytes(&content), "the name that a refusal shows is not counted");
}

#[test]
fn the_largest_key_takes_what_was_announced() {
    const BYTES: usize = 1_024;
    // A key and a signature that are numbers of the right size: they are raised and compared like any other.
    let integer = |octets: &[u8]| {
        let length = u16::try_from(octets.len()).unwrap().to_be_bytes();
        [&[2, 0x82, length[0], length[1]], octets].concat()
    };
    let modulus = integer(&[&[0], [0xdb; BYTES].as_slice()].concat());
    let exponent = [2, 3, 1, 0, 1];
    let length = u16::try_from(modulus.len() + exponent.len()).unwrap().to_be_bytes();
    let key = [&[0x30, 0x82, length[0], length[1]], modulus.as_slice(), &exponent].concat();
    let algorithms = webpki::ALL_VERIFICATION_ALGS.iter();
    let mut largest = 0;
    for algorithm in algorithms {
        let (taken, result) = peak(|| algorithm.verify_signature(&key, b"message", &[0x5a; BYTES]));
        assert!(black_box(result).is_err());
        largest = largest.max(taken);
    }
    assert!(largest > BYTES, "nothing was raised: {largest}");
    assert!(largest <= 6 * BYTES, "{largest}");
}
