//! Files that operators import certificates from: PEM, DER, PKCS#7, and PEM in source code.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bundle::UnixSeconds;
use cloud_updater::certificate::{Certificate, source};
use cloud_updater::lint::file::Linted;

/// What the linter calls that which no import takes.
const UNREADABLE: [&str; 3] = ["malformed", "too-large", "unreadable-on-devices"];
/// Some day in 2026.
const NOW: UnixSeconds = UnixSeconds(1_790_000_000);

/// A file.
///
/// # Panics
/// Where certificates come out of it twice, or written as PEM are others, or where the linter sees no reason for a refusal.
pub fn certificate_file(input: &[u8]) {
    let linted = lint(input);
    let certificates = match source::parse(input) {
        Ok(certificates) => certificates,
        Err(error) => {
            assert_eq!(error.exit().number(), 3, "bad input is nothing else: {error}");
            assert!(linted.iter().any(|rule| UNREADABLE.contains(rule)), "lint knows why: {error}");
            return;
        }
    };
    assert!(!linted.iter().any(|rule| UNREADABLE.contains(rule)), "what is imported is readable: {linted:?}");
    assert!(!certificates.is_empty(), "a file without a certificate is an error");
    for (index, certificate) in certificates.iter().enumerate() {
        assert!(certificates.iter().skip(index + 1).all(|other| other.sha256 != certificate.sha256));
        let again = Certificate::parse(certificate.der().to_vec());
        assert!(again.is_ok_and(|again| again == *certificate));
        assert!(!certificate.summary().chars().any(char::is_control), "it is shown on terminals");
        assert!(!certificate.subject.chars().any(char::is_control), "it is shown on terminals");
    }
    let text: String = certificates.iter().map(pem).collect();
    assert!(source::parse(text.as_bytes()).is_ok_and(|again| again == certificates), "as PEM");
    let literals = text.replace('\n', "\\n\"\n\"");
    let code = format!("const char all[] = \"{literals}\";");
    assert!(source::parse(code.as_bytes()).is_ok_and(|again| again == certificates), "in source code");
}

/// The rules that a file breaks; a finding is shown on terminals.
fn lint(input: &[u8]) -> Vec<&'static str> {
    let mut linted = Linted::default();
    linted.add_bytes("file", input, None, NOW);
    linted.compare();
    assert!(linted.findings.iter().all(|finding| !finding.to_string().chars().any(char::is_control)));
    linted.findings.iter().map(|finding| finding.rule).collect()
}

fn pem(certificate: &Certificate) -> String {
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(certificate.der())
    )
}
