//! The certificates that are compared: those of the data of tests, made ones, and both with something wrong in them.

use std::{fs, path::Path};

use fuzz::seeds;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose as Purpose,
    GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose as Usage, NameConstraints, SanType, SerialNumber,
    date_time_ymd,
};
use rustls_pki_types::PrivatePkcs8KeyDer;

/// How often each certificate is spoilt.
const SPOILT: usize = 6;
/// What stands in front of the seed of an Ed25519 key (RFC 8410 §7).
const PKCS8_HEADER: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// A small deterministic generator (xorshift64).
pub(crate) struct Luck(u64);

impl Luck {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 8).unwrap() % end
    }
}

/// Every certificate that is as somebody made it.
pub(crate) fn good() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data");
    let mut paths: Vec<_> =
        fs::read_dir(folder.join("azure")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.push(folder.join("mozilla-history/certs.pem"));
    paths.sort();
    let texts = paths.iter().map(|path| fs::read_to_string(path).unwrap());
    let mut all: Vec<Vec<u8>> = texts.flat_map(|text| seeds::certificates(&text)).collect();
    assert!(all.len() >= 296, "{} certificates in the data", all.len());
    all.extend(made());
    all
}

/// Each of these certificates, [`SPOILT`] times with something wrong in it.
pub(crate) fn spoilt(good: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut luck = Luck::new(0x5eed);
    let changed = good.iter().flat_map(|der| core::iter::repeat_n(der, SPOILT));
    let mut all: Vec<Vec<u8>> = changed.map(|der| spoil(der, &mut luck)).collect();
    all.extend(good.iter().filter_map(|der| renamed(der, &mut luck)));
    all
}

/// One extension under the name of another one, which then stands there twice; `None` where there are not two.
fn renamed(der: &[u8], luck: &mut Luck) -> Option<Vec<u8>> {
    const ID_CE: [u8; 4] = [6, 3, 0x55, 0x1d];
    let places: Vec<usize> =
        (ID_CE.len()..der.len()).filter(|at| der[at - ID_CE.len()..*at] == ID_CE).collect();
    let mut changed = der.to_vec();
    let to = *places.get(luck.below(places.len().max(1)))?;
    let from = *places.iter().find(|place| **place != to)?;
    changed[to] = der[from];
    Some(changed)
}

/// One or two bytes changed; half of the time among the extensions, where there is most to misread.
fn spoil(der: &[u8], luck: &mut Luck) -> Vec<u8> {
    let mut changed = der.to_vec();
    for _ in 0..=luck.below(2) {
        let at = match luck.below(2) {
            0 => luck.below(der.len()),
            _ => der.len() / 2 + luck.below(der.len() / 3),
        };
        changed[at] = match luck.below(4) {
            0 => changed[at] ^ (1 << luck.below(8)),
            1 => changed[at].wrapping_add(1),
            2 => changed[at].wrapping_sub(1),
            _ => luck.below(256).to_le_bytes()[0],
        };
    }
    changed
}

/// What is special about a certificate.
type Edit = Box<dyn Fn(&mut CertificateParams)>;

/// Certificates with one thing each that the data has few of.
fn made() -> Vec<Vec<u8>> {
    let mut all: Vec<Edit> = Vec::new();
    for is_ca in [
        IsCa::NoCa,
        IsCa::ExplicitNoCa,
        IsCa::Ca(BasicConstraints::Unconstrained),
        IsCa::Ca(BasicConstraints::Constrained(0)),
        IsCa::Ca(BasicConstraints::Constrained(127)),
    ] {
        all.push(Box::new(move |params| params.is_ca = is_ca));
    }
    for usages in [
        vec![Usage::KeyCertSign],
        vec![Usage::CrlSign, Usage::DigitalSignature],
        vec![Usage::DecipherOnly, Usage::KeyCertSign],
        vec![Usage::EncipherOnly],
    ] {
        all.push(Box::new(move |params| params.key_usages.clone_from(&usages)));
    }
    for purposes in [
        vec![Purpose::ServerAuth],
        vec![Purpose::ClientAuth, Purpose::ServerAuth],
        vec![Purpose::Any],
        vec![Purpose::CodeSigning, Purpose::EmailProtection, Purpose::TimeStamping, Purpose::OcspSigning],
        vec![Purpose::Other(vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 2])],
    ] {
        all.push(Box::new(move |params| params.extended_key_usages.clone_from(&purposes)));
    }
    let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
    for names in [
        vec![dns("hub.example")],
        vec![dns("*.hub.example"), dns("a_b.example"), SanType::IpAddress("192.0.2.1".parse().unwrap())],
        vec![SanType::IpAddress("2001:db8::1".parse().unwrap())],
        vec![SanType::Rfc822Name("a@b.example".try_into().unwrap()), dns("c.example")],
        vec![SanType::URI("https://d.example/".try_into().unwrap())],
    ] {
        all.push(Box::new(move |params| params.subject_alt_names.clone_from(&names)));
    }
    for (permitted, excluded) in [
        (vec![GeneralSubtree::DnsName(".example".into())], vec![]),
        (vec![], vec![GeneralSubtree::DnsName("bad.example".into())]),
        (vec![GeneralSubtree::IpAddress(CidrSubnet::V4([10, 0, 0, 0], [255, 0, 0, 0]))], vec![]),
        (
            vec![GeneralSubtree::DnsName("a.example".into()), GeneralSubtree::DnsName("b.example".into())],
            vec![GeneralSubtree::Rfc822Name("c.example".into())],
        ),
    ] {
        all.push(Box::new(move |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let (permitted_subtrees, excluded_subtrees) = (permitted.clone(), excluded.clone());
            params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees });
        }));
    }
    for (from, until) in [(1975, 2049), (2050, 2051), (2000, 4096)] {
        all.push(Box::new(move |params| {
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(until, 12, 31);
        }));
    }
    for serial in [vec![0], vec![0x7f], vec![0x80], vec![0xff; 20]] {
        all.push(Box::new(move |params| params.serial_number = Some(SerialNumber::from(serial.clone()))));
    }
    all.iter().map(|edit| signed(edit.as_ref())).collect()
}

/// A certificate that is the same in every run: key and serial number are fixed, and Ed25519 uses no luck.
fn signed(edit: &dyn Fn(&mut CertificateParams)) -> Vec<u8> {
    let pkcs8 = [&PKCS8_HEADER[..], &[7; 32]].concat();
    let key = KeyPair::try_from(&PrivatePkcs8KeyDer::from(pkcs8)).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "Made");
    params.serial_number = Some(SerialNumber::from(vec![1, 2, 3]));
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    edit(&mut params);
    params.self_signed(&key).unwrap().der().to_vec()
}
