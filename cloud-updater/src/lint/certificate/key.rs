//! Its public key, and the signature that vouches for it.

use x509_parser::public_key::{PublicKey, RSAPublicKey};

use super::Look;
use crate::certificate::PublicKeyKind;
use crate::lint::rule::Problem;
use crate::lint::rules::certificate::{
    ODD_KEY_SIZE, SHA1_SELF_SIGNATURE, SMALL_EXPONENT, WEAK_EXPONENT, WEAK_KEY, WEAK_MODULUS, WEAK_SIGNATURE,
};
use crate::lint::rules::encoding::MALFORMED;

/// Smallest RSA modulus, in bits (Baseline Requirements §6.1.5).
const RSA_BITS_MIN: usize = 2_048;
/// Largest RSA modulus that the devices' verifier takes, in bits (`ring`: 8192).
const RSA_BITS_MAX: usize = 8_192;
/// Factors below this are looked for (Baseline Requirements §6.1.6).
const FACTOR_MAX: u32 = 752;
/// 2^16 + 1, the exponent of nearly every key.
const USUAL_EXPONENT: u64 = 65_537;

/// Signature algorithms that stand for more than their issuer's name.
const STRONG_SIGNATURES: [&str; 8] = [
    "1.2.840.113549.1.1.10", // RSASSA-PSS
    "1.2.840.113549.1.1.11", // sha256WithRSAEncryption
    "1.2.840.113549.1.1.12", // sha384WithRSAEncryption
    "1.2.840.113549.1.1.13", // sha512WithRSAEncryption
    "1.2.840.10045.4.3.2",   // ecdsa-with-SHA256
    "1.2.840.10045.4.3.3",   // ecdsa-with-SHA384
    "1.2.840.10045.4.3.4",   // ecdsa-with-SHA512
    "1.3.101.112",           // Ed25519
];

pub(super) fn examine(look: &Look<'_>, problems: &mut Vec<Problem>) {
    match PublicKeyKind::of(look.x509.public_key()) {
        Ok(PublicKeyKind::Rsa { bits }) => {
            rsa_size(bits, problems);
            if let Ok(PublicKey::RSA(key)) = look.x509.public_key().parsed() {
                rsa_numbers(&key, problems);
            }
        }
        Ok(PublicKeyKind::Other(name)) => {
            problems.push(WEAK_KEY.broken(format!("has a key that devices cannot verify with ({name})")));
        }
        Ok(PublicKeyKind::P256 | PublicKeyKind::P384 | PublicKeyKind::Ed25519) => {}
        Err(message) => problems.push(MALFORMED.broken(format!("is malformed: {message}"))),
    }
    let signature = look.x509.signature_algorithm.algorithm.to_id_string();
    if STRONG_SIGNATURES.contains(&signature.as_str()) {
        return;
    }
    let name = signature_name(&signature);
    // Nobody verifies the signature that a root makes over itself; anybody else's vouches for this key.
    problems.push(if look.is_self_issued {
        SHA1_SELF_SIGNATURE.broken(format!("signs itself with {name}"))
    } else {
        WEAK_SIGNATURE.broken(format!("is signed with {name}, which is weak or unknown"))
    });
}

fn rsa_size(bits: usize, problems: &mut Vec<Problem>) {
    if bits < RSA_BITS_MIN {
        problems.push(WEAK_KEY.broken(format!("has an RSA key of {bits} bits, below {RSA_BITS_MIN}")));
    }
    if bits > RSA_BITS_MAX {
        let message = format!("has an RSA key of {bits} bits; devices verify up to {RSA_BITS_MAX}");
        problems.push(WEAK_KEY.broken(message));
    }
    if !bits.is_multiple_of(8) {
        problems.push(ODD_KEY_SIZE.broken(format!("has an RSA key of {bits} bits")));
    }
}

fn rsa_numbers(key: &RSAPublicKey<'_>, problems: &mut Vec<Problem>) {
    if let Some(factor) = small_factor(key.modulus) {
        problems.push(WEAK_MODULUS.broken(format!("has an RSA modulus that {factor} divides")));
    }
    let is_odd = key.exponent.last().is_some_and(|last| last & 1 == 1);
    match key.try_exponent() {
        Ok(exponent) if !is_odd || exponent < 3 => {
            problems.push(WEAK_EXPONENT.broken(format!("has the RSA exponent {exponent}")));
        }
        Ok(exponent) if exponent < USUAL_EXPONENT => {
            problems.push(SMALL_EXPONENT.broken(format!("has the RSA exponent {exponent}")));
        }
        Err(_) if !is_odd => problems.push(WEAK_EXPONENT.broken("has an even RSA exponent")),
        Ok(_) | Err(_) => {}
    }
}

/// The smallest number below 752 that divides a modulus, if one does: it is a prime.
fn small_factor(modulus: &[u8]) -> Option<u32> {
    (2..FACTOR_MAX).find(|divisor| {
        let rest = modulus.iter().fold(0_u32, |rest, octet| {
            // Below 752 * 256 + 256: nothing overflows.
            rest.wrapping_mul(256).wrapping_add(u32::from(*octet)).checked_rem(*divisor).unwrap_or(0)
        });
        rest == 0
    })
}

fn signature_name(oid: &str) -> String {
    match oid {
        "1.2.840.113549.1.1.2" => "MD2 and RSA".to_owned(),
        "1.2.840.113549.1.1.4" => "MD5 and RSA".to_owned(),
        "1.2.840.113549.1.1.5" => "SHA-1 and RSA".to_owned(),
        "1.2.840.10045.4.1" => "SHA-1 and ECDSA".to_owned(),
        other => format!("the algorithm {other}"),
    }
}
