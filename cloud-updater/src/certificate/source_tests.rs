//! Every kind of file that certificates come in, and every kind that is refused by name.

use super::*;

fn certificate(seed: u8) -> Vec<u8> {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, format!("Root {seed}"));
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters.self_signed(&key).unwrap().der().to_vec()
}

fn pem(label: &str, bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// One DER value with a long-form length.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    if length < 128 {
        return [&[tag, u8::try_from(length).unwrap()], content].concat();
    }
    let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    [&[tag, 0x80 | u8::try_from(digits.len()).unwrap()], digits.as_slice(), content].concat()
}

fn pkcs7_of(certificates: &[Vec<u8>]) -> Vec<u8> {
    let data_oid = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    let signed_oid = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    let inside = [
        vec![2, 1, 1],
        der(0x31, &[]),
        der(0x30, &data_oid),
        der(0xa0, &certificates.concat()),
        der(0x31, &[]),
    ];
    der(0x30, &[signed_oid.to_vec(), der(0xa0, &der(0x30, &inside.concat()))].concat())
}

fn names(bytes: &[u8]) -> Vec<String> {
    parse(bytes).unwrap().into_iter().map(|certificate| certificate.short_name).collect()
}

#[test]
fn pem_der_and_pkcs7_give_the_same_certificates() {
    let (one, two) = (certificate(1), certificate(2));
    let text = format!("# a comment\n{}between\n{}", pem("CERTIFICATE", &one), pem("X509 CERTIFICATE", &two));
    assert_eq!(names(text.as_bytes()), ["Root 1", "Root 2"]);
    assert_eq!(names(text.replace('\n', "\r\n").as_bytes()), ["Root 1", "Root 2"]);
    assert_eq!(names(&one), ["Root 1"]);
    let message = pkcs7_of(&[one, two]);
    assert_eq!(names(&message), ["Root 1", "Root 2"]);
    assert_eq!(names(pem("PKCS7", &message).as_bytes()), ["Root 1", "Root 2"]);
}

#[test]
fn a_certificate_that_stands_there_twice_comes_once() {
    let text = pem("CERTIFICATE", &certificate(1));
    assert_eq!(names(format!("{text}{text}").as_bytes()), ["Root 1"]);
}

#[test]
fn pem_inside_c_source_is_found() {
    let block = pem("CERTIFICATE", &certificate(1));
    let lines = || block.lines().map(str::to_owned);
    let literals: String = lines().map(|line| format!("    \"{line}\\r\\n\"  // \"comment\"\n")).collect();
    let source = format!("/* certs.c */\nconst char certificates[] =\n{literals};\n");
    assert_eq!(names(source.as_bytes()), ["Root 1"]);
    let continued: String = lines().map(|line| format!("{line}\\n\\\n")).collect();
    assert_eq!(names(format!("const char *c = \"{continued}\";").as_bytes()), ["Root 1"]);
    let joined: Vec<String> = lines().map(|line| format!("\"{line}\\n\"")).collect();
    assert_eq!(names(joined.join(" /* \"x\" */ +\n").as_bytes()), ["Root 1"]);
}

fn check(bytes: &[u8], expect: &str) {
    let error = parse(bytes).unwrap_err();
    assert!(error.to_string().starts_with(expect), "{error}");
    assert_eq!(error.exit().number(), 3);
}

#[test]
fn what_is_no_certificate_is_refused_by_its_place() {
    let good = certificate(1);
    let block = pem("CERTIFICATE", &good);
    check(b"", "is neither PEM");
    check(b"hello", "is neither PEM");
    check(&good[..good.len() - 1], "certificate 1: is not an X.509 certificate");
    check(&[good.as_slice(), b"x"].concat(), "certificate 1: is followed by 1 bytes");
    check(format!("{block}-----BEGIN CERTIFICATE-----\nAAAA").as_bytes(), "block 2: has no line that ends");
    check(
        format!("{block}{}", pem("CERTIFICATE", b"nonsense")).as_bytes(),
        "block 2: is not an X.509 certificate",
    );
    check(block.replace("\nM", "\n!").as_bytes(), "block 1: is not base64");
    check(format!("{block}{}", pem("PRIVATE KEY", b"x")).as_bytes(), "block 2: is a private key");
    check(pem("TRUSTED CERTIFICATE", &good).as_bytes(), "block 1: is OpenSSL's own form");
    check(pem("CERTIFICATE REQUEST", &good).as_bytes(), "block 1: is a CERTIFICATE REQUEST block");
    check(pem("PKCS7", &good).as_bytes(), "block 1: ");
    check(&pkcs7_of(&[]), "holds no certificate");
    check(&pkcs7_of(&[b"\x30\x03\x02\x01\x01".to_vec()]), "certificate 1: is not an X.509 certificate");
    check(block.replace("\nM", "\n\\qM").as_bytes(), "block 1: has the escape \\q");
}

#[test]
fn a_cut_certificate_is_an_error_at_every_length() {
    let good = certificate(1);
    assert!((0..good.len()).all(|length| parse(&good[..length]).is_err()));
    let message = pkcs7_of(&[good]);
    assert!((0..message.len()).all(|length| parse(&message[..length]).is_err()));
}

#[test]
fn a_certificate_that_no_device_could_read_is_refused() {
    let good = certificate(1);
    // The second time of the validity, moved into another century: it ends before it begins.
    // Two octets alone may also stand in a key or a signature.
    let at = good.windows(6).position(|window| window == b"\x18\x0f4096").unwrap();
    let mut bad = good;
    bad[at + 2..at + 4].copy_from_slice(b"00");
    check(&bad, "certificate 1: no device could read it");
}
