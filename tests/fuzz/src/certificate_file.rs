//! Files that operators import certificates from: PEM, DER, PKCS#7, and PEM in source code.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloud_updater::certificate::{Certificate, source};

/// A file.
///
/// # Panics
/// Where certificates come out of it twice, or written as PEM are others.
pub fn certificate_file(input: &[u8]) {
    let certificates = match source::parse(input) {
        Ok(certificates) => certificates,
        Err(error) => {
            assert_eq!(error.exit().number(), 3, "bad input is nothing else: {error}");
            return;
        }
    };
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

fn pem(certificate: &Certificate) -> String {
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(certificate.der())
    )
}
