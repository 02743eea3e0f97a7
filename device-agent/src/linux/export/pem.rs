//! Certificates as PEM (RFC 7468), with what each of them is in a comment: parsers skip text between blocks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Characters of base64 on one line (RFC 7468 §2).
const LINE: usize = 64;

/// One certificate.
#[must_use]
pub fn block(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        // Base64 is ASCII, so that every place is a character's boundary.
        let (line, after) = rest.split_at(rest.len().min(LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

/// A comment of one line, whatever the text holds.
#[must_use]
pub fn comment(text: &str) -> String {
    let safe = |letter: char| if letter.is_control() { ' ' } else { letter };
    // A line that looks like the start of a block must not come out of a certificate's own name.
    let text: String = text.chars().map(safe).collect::<String>().replace("-----", "- - -");
    format!("# {text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_64_characters_and_comments_cannot_start_a_block() {
        let pem = block(&[7; 100]);
        assert!(pem.lines().all(|line| line.len() <= 64));
        assert_eq!(pem.lines().count(), 2 + 136_usize.div_ceil(64));
        assert_eq!(comment("a\n-----BEGIN CERTIFICATE-----"), "# a - - -BEGIN CERTIFICATE- - -\n");
    }
}
