//! Digests and ids in hexadecimal, as people paste them.

/// Reads a SHA-256: 64 digits of either case, with optional colons between the bytes, as OpenSSL prints them.
#[must_use]
pub fn parse_sha256(text: &str) -> Option<[u8; 32]> {
    let digits: String = text.chars().filter(|letter| *letter != ':').collect();
    parse(&digits)
}

/// Reads exactly `N` bytes of hexadecimal digits.
#[must_use]
pub fn parse<const N: usize>(digits: &str) -> Option<[u8; N]> {
    if digits.len() != N * 2 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colons_and_case_do_not_matter_and_length_does() {
        let plain = "0aFf".repeat(16);
        let colons = ["0A:FF"; 16].join(":");
        assert_eq!(parse_sha256(&plain), parse_sha256(&colons));
        assert!(parse_sha256(&plain).is_some());
        assert_eq!(parse_sha256(&plain[1..]), None);
        assert_eq!(parse::<2>("+1ab"), None);
    }
}
