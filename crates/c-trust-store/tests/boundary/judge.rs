//! The judge, asked by a C program: verdicts, reasons, times, and chains that are none.

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use bundle::write::{ConstraintContent, ExpectationContent};
use bundle::{ExpectedName, Pin, PinKind, UnixSeconds};
use chain::AttributeType;
use chain::pki::{Authority, Content, Leaf, denial, january, sha256};
use trust_store_c::code::{TRUST_STORE_UNKNOWN_SERVICE, trust_store_reason_name};
use trust_store_c::judgement::{
    TRUST_STORE_CLOCK_UNKNOWN, TRUST_STORE_REFUSED, TRUST_STORE_VERIFIED, TRUST_STORE_WORDS_BYTES,
    TrustStoreChain, TrustStoreJudgement, trust_store_judge,
};

use crate::caller::{Caller, size};
use crate::device::Device;

/// A question with everything that it points to.
pub(crate) struct Asked {
    pub(crate) chain: TrustStoreChain,
    pub(crate) pointers: Box<[*const u8]>,
    _certificates: Vec<Vec<u8>>,
    _lengths: Box<[usize]>,
    host: CString,
}

impl Asked {
    /// About `hub` at `hub.example`, in 2026.
    pub(crate) fn new(certificates: &[&[u8]]) -> Self {
        let certificates: Vec<Vec<u8>> = certificates.iter().map(|der| der.to_vec()).collect();
        let pointers: Box<[*const u8]> = certificates.iter().map(|der| der.as_ptr()).collect();
        let lengths: Box<[usize]> = certificates.iter().map(Vec::len).collect();
        let host = CString::from(c"hub.example");
        let chain = TrustStoreChain {
            struct_size: size::<TrustStoreChain>(),
            service: c"hub".as_ptr(),
            host: host.as_ptr(),
            certificates: pointers.as_ptr(),
            certificate_bytes: lengths.as_ptr(),
            certificate_count: certificates.len(),
            unix_seconds: january(2026).0,
        };
        Self { chain, pointers, _certificates: certificates, _lengths: lengths, host }
    }

    fn of(leaf: &Leaf) -> Self {
        Self::new(&[&leaf.certificate])
    }

    fn host(mut self, host: &str) -> Self {
        self.host = CString::new(host).unwrap();
        self.chain.host = self.host.as_ptr();
        self
    }

    fn at(mut self, unix_seconds: u64) -> Self {
        self.chain.unix_seconds = unix_seconds;
        self
    }

    pub(crate) fn judge(&self, caller: &Caller) -> (i32, TrustStoreJudgement) {
        let mut judgement = TrustStoreJudgement {
            struct_size: size::<TrustStoreJudgement>(),
            changes: 0,
            verdict: -1,
            reason: 0,
            valid_until: 0,
            words: [0; TRUST_STORE_WORDS_BYTES],
        };
        // SAFETY: an open handle, and structs that live with all they point to.
        let code = unsafe { trust_store_judge(caller.0, &raw const self.chain, &raw mut judgement) };
        // SAFETY: as above; nobody asks for the reason.
        let again = unsafe { trust_store_judge(caller.0, &raw const self.chain, ptr::null_mut()) };
        assert_eq!(again, code);
        (code, judgement)
    }

    /// The name of the reason why the chain is refused, and the words for people.
    fn refused(&self, caller: &Caller) -> (String, String) {
        let (code, judgement) = self.judge(caller);
        assert_eq!((code, judgement.verdict), (TRUST_STORE_REFUSED, TRUST_STORE_REFUSED));
        let text = |pointer: *const c_char| {
            // SAFETY: a string of the library's, or of a judgement, which ends in a NUL.
            unsafe { CStr::from_ptr(pointer) }.to_str().unwrap().to_owned()
        };
        (text(trust_store_reason_name(judgement.reason)), text(judgement.words.as_ptr()))
    }
}

struct Scene {
    device: Device,
    caller: Caller,
    root: Authority,
    leaf: Leaf,
}

fn scene() -> Scene {
    let root = Authority::root("Root", 2020..2045);
    let leaf = root.leaf("hub.example", 2025..2027);
    let device = Device::with(&Content::default().anchor(root.certificate()).service("hub", &[]));
    let caller = Caller::opened(&device.path("store"));
    Scene { device, caller, root, leaf }
}

#[test]
fn a_good_chain_verifies_and_says_until_when() {
    let scene = scene();
    let (code, judgement) = Asked::of(&scene.leaf).judge(&scene.caller);
    assert_eq!((code, judgement.verdict, judgement.reason), (TRUST_STORE_VERIFIED, TRUST_STORE_VERIFIED, 0));
    assert_eq!(UnixSeconds(judgement.valid_until), january(2027));
    assert_eq!(judgement.changes, scene.caller.snapshot().changes);
}

#[test]
fn every_refusal_has_its_reason() {
    let mut scene = scene();
    let check = |asked: Asked, caller: &Caller, reason: &str| {
        let (found, words) = asked.refused(caller);
        assert!(found == reason && !words.is_empty(), "{found}: {words}, not {reason}");
    };
    check(Asked::of(&scene.leaf).host("other.example"), &scene.caller, "name");
    check(Asked::of(&scene.leaf).at(january(2030).0), &scene.caller, "date");
    check(
        Asked::of(&Authority::root("Stranger", 2020..2045).leaf("hub.example", 2025..2027)),
        &scene.caller,
        "chain",
    );
    check(Asked::new(&[b"no certificate"]), &scene.caller, "chain");
    let base = || Content::default().anchor(scene.root.certificate());
    let (kind, stranger) =
        (PinKind::Certificate, sha256(Authority::root("Pinned", 2020..2045).certificate()));
    let pin = Pin { kind, sha256: stranger, until: january(2040) };
    scene.device.install(&base().service_with("hub", &[], |service| service.pins = vec![pin]));
    check(Asked::of(&scene.leaf), &scene.caller, "pin");
    let attributes = vec![(AttributeType::named("CN").unwrap().0.to_vec(), "Another CA".to_owned())];
    let expected = ExpectationContent { name: ExpectedName::Issuer, attributes, until: january(2040) };
    scene.device.install(&base().service("hub", &[]).expecting(&[expected]));
    check(Asked::of(&scene.leaf), &scene.caller, "expectation");
    let set = ConstraintContent { subtrees: vec!["other.example".into()], ..ConstraintContent::default() };
    let constrained =
        Content::default().anchor_with(scene.root.certificate(), |anchor| anchor.constraints = vec![set]);
    scene.device.install(&constrained.service("hub", &[]));
    check(Asked::of(&scene.leaf), &scene.caller, "constraint");
    scene.device.install(&base().service("hub", &[]));
    scene.device.deny(&[denial(&scene.leaf.certificate)]);
    check(Asked::of(&scene.leaf), &scene.caller, "denied");
}

#[test]
fn a_clock_that_nobody_set_is_not_believed() {
    let scene = scene();
    // 1970 is behind the floor, and so is nothing at all: dates are judged by the floor, in 2026.
    for time in [1, TRUST_STORE_CLOCK_UNKNOWN] {
        assert_eq!(Asked::of(&scene.leaf).at(time).judge(&scene.caller).0, TRUST_STORE_VERIFIED, "{time}");
    }
    let aged = scene.root.leaf("hub.example", 2021..2023);
    for time in [0, 1, TRUST_STORE_CLOCK_UNKNOWN] {
        assert_eq!(Asked::of(&aged).at(time).refused(&scene.caller).0, "date", "{time}");
    }
}

#[test]
fn a_member_that_is_forgotten_means_the_systems_clock() {
    let scene = scene();
    let not_yet = scene.root.leaf("hub.example", 2040..2041);
    assert_eq!(Asked::of(&not_yet).at(0).refused(&scene.caller).0, "date");
    assert_eq!(Asked::of(&not_yet).at(january(2040).0 + 86_400).judge(&scene.caller).0, TRUST_STORE_VERIFIED);
}

#[test]
fn a_server_that_serves_too_much_is_judged_by_the_beginning() {
    let scene = scene();
    let many = vec![scene.leaf.certificate.as_ref(); 10_000];
    assert_eq!(Asked::new(&many).judge(&scene.caller).0, TRUST_STORE_VERIFIED);
}

#[test]
fn a_service_that_a_release_drops_verifies_nothing() {
    let mut scene = scene();
    scene.device.install(&Content::default().anchor(scene.root.certificate()).service("other", &[]));
    assert_eq!(Asked::of(&scene.leaf).judge(&scene.caller).0, TRUST_STORE_UNKNOWN_SERVICE);
}

#[test]
fn words_are_cut_between_letters_and_are_one_line() {
    let scene = scene();
    let name = format!("{}\n\u{1f512}", "é".repeat(40));
    let leaf = Authority::root(&name, 2020..2045).leaf("hub.example", 2025..2027);
    let (_, words) = Asked::of(&leaf).refused(&scene.caller);
    assert!(words.len() < TRUST_STORE_WORDS_BYTES && !words.contains('\n'), "{words}");
    let (_, words) = Asked::of(&scene.leaf)
        .host(&format!("{}.example", ["a".repeat(60), "b".repeat(60), "c".repeat(60)].join(".")))
        .refused(&scene.caller);
    assert!(words.len() < TRUST_STORE_WORDS_BYTES, "{words}");
}
