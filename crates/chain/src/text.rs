//! Text of a peer's certificate, cut to a length that a report may have.

use alloc::string::String;
use core::fmt::{self, Write as _};

/// Bytes of one piece of text that a refusal takes from a certificate: more than any name that a person gives, and
/// as much as a DNS name can have. What is longer ends in an ellipsis. Certificates are the peer's, and may be
/// made of nothing but one name.
pub(crate) const TEXT_BYTES_MAX: usize = 256;

/// `text`, cut.
pub(crate) fn cut(text: impl fmt::Display) -> String {
    // It is counted first and then written: a text that grows takes its memory twice.
    let mut length = Length(0);
    let is_cut = write!(length, "{text}").is_err();
    let mut cut =
        Cut(String::with_capacity(length.0.saturating_add(if is_cut { '…'.len_utf8() } else { 0 })));
    // It ends early by failing; what was written until then is what is wanted.
    if write!(cut, "{text}").is_err() {
        cut.0.push('…');
    }
    cut.0
}

struct Length(usize);

struct Cut(String);

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|char| {
            let length = self.0.saturating_add(char.len_utf8());
            if length > TEXT_BYTES_MAX {
                return Err(fmt::Error);
            }
            self.0 = length;
            Ok(())
        })
    }
}

impl fmt::Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|char| {
            if self.0.len().saturating_add(char.len_utf8()) > TEXT_BYTES_MAX {
                return Err(fmt::Error);
            }
            self.0.push(char);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect_bytes: usize) {
        assert_eq!(cut(text).len(), expect_bytes);
    }

    #[test]
    fn text_is_cut_between_characters() {
        check("short", 5);
        check(&"a".repeat(TEXT_BYTES_MAX), TEXT_BYTES_MAX);
        check(&"a".repeat(1 << 20), TEXT_BYTES_MAX + '…'.len_utf8());
        check(&"ä".repeat(1_000), TEXT_BYTES_MAX + '…'.len_utf8());
        check(&(alloc::format!("a{}", "ä".repeat(1_000))), TEXT_BYTES_MAX - 1 + '…'.len_utf8());
    }
}
