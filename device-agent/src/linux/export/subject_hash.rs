//! The file name by which OpenSSL finds a CA in a hashed directory: `X509_NAME_hash`, `X509_LOOKUP_hash_dir(3)`.
//!
//! It is the first four bytes, little-endian, of a SHA-1 over the subject in OpenSSL's canonical encoding: the
//! sets of the name without their outer sequence, every text as UTF-8 in lower case, without leading and trailing
//! white space, and with single spaces. SHA-1 only names a file here; nothing is trusted for it.

use ring::digest;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const TELETEX_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;
const VISIBLE_STRING: u8 = 0x1a;
const UNIVERSAL_STRING: u8 = 0x1c;
const BMP_STRING: u8 = 0x1e;

/// The hash of a subject, a `Name` in DER (RFC 5280 §4.1.2.4); `None` where it cannot be read.
#[must_use]
pub(super) fn subject_hash(name: &[u8]) -> Option<u32> {
    let canonical = canonical_name(name)?;
    let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &canonical);
    let first = sha1.as_ref().first_chunk::<4>()?;
    Some(u32::from_le_bytes(*first))
}

fn canonical_name(name: &[u8]) -> Option<Vec<u8>> {
    let (sets, rest) = content(name, SEQUENCE)?;
    let mut canonical = Vec::new();
    let mut sets = rest.is_empty().then_some(sets)?;
    while !sets.is_empty() {
        let (attributes, after) = content(sets, SET)?;
        canonical.extend(canonical_set(attributes)?);
        sets = after;
    }
    Some(canonical)
}

fn canonical_set(mut attributes: &[u8]) -> Option<Vec<u8>> {
    let mut entries = Vec::new();
    while !attributes.is_empty() {
        let (attribute, after) = content(attributes, SEQUENCE)?;
        let (_, value) = content(attribute, OBJECT_IDENTIFIER)?;
        let oid = attribute.strip_suffix(value)?;
        entries.push(tagged(SEQUENCE, &[oid, &canonical_value(value)?].concat()));
        attributes = after;
    }
    // DER sorts what stands in a set (X.690 §11.6), and canonical texts may sort in another way than their originals.
    entries.sort();
    Some(tagged(SET, &entries.concat()))
}

fn canonical_value(value: &[u8]) -> Option<Vec<u8>> {
    let (tag, text, rest) = element(value)?;
    if !rest.is_empty() {
        return None;
    }
    let text = match tag {
        UTF8_STRING => text.to_vec(),
        // OpenSSL reads all of these byte by byte as Latin-1.
        PRINTABLE_STRING | TELETEX_STRING | IA5_STRING | VISIBLE_STRING => {
            text.iter().copied().map(char::from).collect::<String>().into_bytes()
        }
        BMP_STRING => wide(text, 2)?,
        UNIVERSAL_STRING => wide(text, 4)?,
        _ => return Some(value.to_vec()),
    };
    Some(tagged(UTF8_STRING, &folded(&text)))
}

/// Characters of `size` bytes each, big-endian, as UTF-8.
fn wide(text: &[u8], size: usize) -> Option<Vec<u8>> {
    let characters = text.chunks(size).map(|bytes| {
        let whole = bytes.len() == size;
        let number = bytes.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        char::from_u32(number).filter(|_| whole)
    });
    characters.collect::<Option<String>>().map(String::into_bytes)
}

/// Lower case, trimmed, with single spaces; only ASCII is touched.
fn folded(text: &[u8]) -> Vec<u8> {
    let words = text.split(|byte| is_space(*byte)).filter(|word| !word.is_empty());
    words.map(<[u8]>::to_ascii_lowercase).collect::<Vec<_>>().join(&b' ')
}

/// White space as C's locale has it; `u8::is_ascii_whitespace` leaves the vertical tab out.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The content of the element of that tag at the front, and what follows it.
fn content(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    element(der).filter(|(found, ..)| *found == tag).map(|(_, content, rest)| (content, rest))
}

/// Tag, content and rest. Lengths of names fit two bytes by far.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (length, rest) = match der {
        [_, length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
        [_, 0x81, length, rest @ ..] => (usize::from(*length), rest),
        [_, 0x82, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*der.first()?, content, rest))
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut der = vec![tag];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=0x7f), _) => der.push(short),
        (Ok(long), _) => der.extend([0x81, long]),
        // A certificate has at most 8,192 bytes, so that a name always fits two bytes of length.
        (_, long) => der.extend([&[0x82][..], &long.unwrap_or(u16::MAX).to_be_bytes()].concat()),
    }
    der.extend_from_slice(content);
    der
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;
    use std::process::Command;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bundle::Sha256;

    use super::*;

    /// Every root that Mozilla trusted in eleven years.
    fn roots() -> Vec<Vec<u8>> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/mozilla-history/certs.pem");
        let text = std::fs::read_to_string(path).unwrap();
        let bodies = text.split("-----BEGIN CERTIFICATE-----").skip(1);
        bodies
            .map(|body| {
                let body = body.split("-----END").next().unwrap();
                STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap()
            })
            .collect()
    }

    fn hash_of(der: &[u8]) -> u32 {
        subject_hash(chain::Certificate::parse(der).unwrap().subject().as_der()).unwrap()
    }

    #[test]
    fn eleven_years_of_roots_hash_as_openssl_hashed_them() {
        let roots = roots();
        assert_eq!(roots.len(), 287);
        let text = roots.iter().fold(String::new(), |mut text, root| {
            writeln!(text, "{:08x}", hash_of(root)).unwrap();
            text
        });
        // SHA-256 of what `openssl x509 -noout -subject_hash` printed for each, OpenSSL 3.0.19.
        let expect = "03150d76b65a8e96d634a9989c4c5be00558b3137d8189ddfdc1d198ec317398";
        assert_eq!(Sha256::of(&[text.as_bytes()]).to_string(), expect);
    }

    #[test]
    fn the_openssl_of_this_machine_finds_the_same_names() {
        let folder = tempfile::tempdir().unwrap();
        let roots = roots();
        for (index, root) in roots.iter().enumerate() {
            let pem = crate::linux::export::pem::block(root);
            crate::linux::durable::write_new(
                &folder.path().join(format!("{index}.pem")),
                pem.as_bytes(),
                0o600,
            )
            .unwrap();
        }
        assert!(Command::new("openssl").arg("rehash").arg(folder.path()).status().unwrap().success());
        let mut seen = 0;
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let Ok(target) = std::fs::read_link(&path) else { continue };
            let index: usize = target.file_stem().unwrap().to_str().unwrap().parse().unwrap();
            let expect = format!("{:08x}", hash_of(&roots[index]));
            assert_eq!(path.file_stem().unwrap().to_str(), Some(expect.as_str()));
            seen += 1;
        }
        assert_eq!(seen, roots.len());
    }

    #[test]
    fn white_space_case_and_string_type_do_not_matter() {
        let name = |tag: u8, text: &[u8]| {
            let oid = [OBJECT_IDENTIFIER, 3, 0x55, 4, 3];
            tagged(SEQUENCE, &tagged(SET, &tagged(SEQUENCE, &[&oid[..], &tagged(tag, text)].concat())))
        };
        let expect = subject_hash(&name(UTF8_STRING, b"example root"));
        assert!(expect.is_some());
        assert_eq!(subject_hash(&name(PRINTABLE_STRING, b"  Example \t\x0b ROOT ")), expect);
        assert_eq!(subject_hash(&name(BMP_STRING, b"\0E\0x\0a\0m\0p\0l\0e\0 \0R\0o\0o\0t")), expect);
        assert_ne!(subject_hash(&name(0x12, b"example root")), expect, "NumericString is copied as it is");
        assert_eq!(subject_hash(&name(BMP_STRING, b"\0E\0")), None);
    }

    #[test]
    fn cut_names_have_no_hash() {
        let root = roots().swap_remove(0);
        let name = chain::Certificate::parse(&root).unwrap().subject().as_der();
        for length in 0..name.len() {
            assert_eq!(subject_hash(&name[..length]), None);
        }
    }
}
