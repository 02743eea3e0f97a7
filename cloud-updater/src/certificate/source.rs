//! Certificates out of files: PEM with any number of blocks, DER, PKCS#7, and PEM inside string literals of source code.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Certificate, pkcs7};
use crate::{Error, input};

/// Bytes of one file: Mozilla's whole history in PEM with comments is below one mebibyte.
pub(crate) const FILE_BYTES_MAX: u64 = 16 * 1_024 * 1_024;
/// Certificates in one file: several root programmes together.
const CERTIFICATES_MAX: usize = 2_048;
/// What stands in front of a PEM block's label (RFC 7468 §3).
const BEGIN: &str = "-----BEGIN ";
/// What stands behind a label.
const DASHES: &str = "-----";

/// All certificates of a file, each once, in their order.
///
/// # Errors
/// Exit code 3 with the file and the block at fault, 5 where it cannot be read.
pub fn read(path: &Path) -> Result<Vec<Certificate>, Error> {
    parse(&bytes(path)?).map_err(|error| error.file(path))
}

/// The file's bytes.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    input::read(path, FILE_BYTES_MAX, "certificates")
}

/// As [`read`], for bytes at hand.
///
/// # Errors
/// Exit code 3 with the block at fault.
pub fn parse(bytes: &[u8]) -> Result<Vec<Certificate>, Error> {
    let mut certificates: Vec<Certificate> = Vec::new();
    for (place, der) in ders(bytes)? {
        let certificate = Certificate::parse(der).map_err(|error| error.field(place))?;
        if !certificates.contains(&certificate) {
            certificates.push(certificate);
        }
    }
    Ok(certificates)
}

/// What stands where certificates are expected, each with its place; whether it is one is not said.
pub(crate) fn ders(bytes: &[u8]) -> Result<Found, Error> {
    let found = if bytes.windows(BEGIN.len()).any(|window| window == BEGIN.as_bytes()) {
        text_blocks(bytes)?
    } else {
        binary(bytes)?
    };
    if found.is_empty() {
        return Err(Error::input("no_certificate", "holds no certificate"));
    }
    if found.len() > CERTIFICATES_MAX {
        return Err(Error::input("too_many", format!("holds more than {CERTIFICATES_MAX} certificates")));
    }
    Ok(found)
}

/// Places and what stands there.
pub(crate) type Found = Vec<(String, Vec<u8>)>;

fn numbered(list: Vec<Vec<u8>>) -> Found {
    (1..).zip(list).map(|(number, der)| (format!("certificate {number}"), der)).collect()
}

/// DER: one certificate, or a PKCS#7 message.
fn binary(bytes: &[u8]) -> Result<Found, Error> {
    if bytes.first() != Some(&0x30) {
        let error = Error::input(
            "not_certificates",
            "is neither PEM, DER nor PKCS#7, nor source code with PEM in it",
        );
        return Err(error.hint("convert it with openssl to one of these"));
    }
    match pkcs7::certificates(bytes) {
        Ok(list) => Ok(numbered(list)),
        // Not PKCS#7: then it is a certificate, and `Certificate::parse` says what is wrong with it.
        Err(_) => Ok(numbered(vec![bytes.to_vec()])),
    }
}

fn text_blocks(bytes: &[u8]) -> Result<Found, Error> {
    // A source file may be in any encoding: PEM itself is ASCII, and what surrounds it does not matter.
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    let mut rest: &str = &text;
    let mut number = 0_usize;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        number = number.saturating_add(1);
        let place = format!("block {number}");
        let wrong = |message: String| Error::input("pem", message).field(place.clone());
        let (label, after) =
            after.split_once(DASHES).ok_or_else(|| wrong("its first line is cut off".to_owned()))?;
        let end = format!("{DASHES}END {label}{DASHES}");
        let (inside, after) = after.split_once(end.as_str()).ok_or_else(|| {
            let label: String = label.chars().take(40).filter(|letter| !letter.is_control()).collect();
            wrong(format!("has no line that ends its {label} block"))
        })?;
        match label {
            "CERTIFICATE" | "X509 CERTIFICATE" => found.push((place.clone(), decode(inside).map_err(wrong)?)),
            "PKCS7" | "CMS" => {
                let message = decode(inside).map_err(&wrong)?;
                let list = pkcs7::certificates(&message).map_err(|fault| wrong(fault.to_owned()))?;
                found.extend(
                    numbered(list).into_iter().map(|(inner, der)| (format!("{place}: {inner}"), der)),
                );
            }
            label if label.ends_with("PRIVATE KEY") => {
                let error = wrong("is a private key: it has no place in a trust bundle".to_owned());
                return Err(error.hint("give a file with certificates only"));
            }
            "TRUSTED CERTIFICATE" => {
                let error =
                    wrong("is OpenSSL's own form, which carries trust settings of its own".to_owned());
                return Err(error.hint("convert it: openssl x509 -in FILE -out certificate.pem"));
            }
            other => return Err(wrong(format!("is a {other} block, not a certificate"))),
        }
        rest = after;
    }
    Ok(found)
}

/// The bytes of a block's base64, whether it stands on lines of its own or in string literals.
fn decode(inside: &str) -> Result<Vec<u8>, String> {
    let letters = if inside.contains(['"', '\\']) { literal_letters(inside)? } else { inside.to_owned() };
    let letters: String = letters.chars().filter(|letter| !letter.is_whitespace()).collect();
    STANDARD.decode(letters).map_err(|error| format!("is not base64: {error}"))
}

/// What string literals spell, from inside a first one into a last one: escapes resolved, comments and the
/// operators that join literals skipped.
fn literal_letters(inside: &str) -> Result<String, String> {
    let mut letters = String::new();
    let mut in_literal = true;
    let mut rest = inside;
    while let Some(letter) = rest.chars().next() {
        let mut length = letter.len_utf8();
        match (in_literal, letter) {
            (_, '"') => in_literal = !in_literal,
            (true, '\\') => {
                let escaped = rest.chars().nth(1);
                if !matches!(escaped, Some('n' | 'r' | 't' | '\n' | '\r')) {
                    return Err(format!(
                        "has the escape \\{} in its base64",
                        escaped.unwrap_or(' ').escape_default()
                    ));
                }
                length = 2;
            }
            (true, letter) => letters.push(letter),
            (false, '/') => length = comment_bytes(rest).ok_or("has a '/' between its string literals")?,
            // `\` continues a macro's line, `+` joins literals in other languages.
            (false, '\\' | '+' | ',') => {}
            (false, letter) if letter.is_whitespace() => {}
            (false, letter) => return Err(format!("has {letter:?} between its string literals")),
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(letters)
}

/// Bytes of the comment that starts here, if one does.
fn comment_bytes(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    rest.strip_prefix("/*")?.find("*/").map(|end| end.saturating_add(4))
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
