//! Words that can be the name of a file or folder everywhere: of a channel, a source, a vantage.

/// True for 1 to `bytes_max` lower-case letters, digits and hyphens, no hyphen in front: no option of a command either.
#[must_use]
pub(crate) fn is_word(name: &str, bytes_max: usize) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=bytes_max).contains(&name.len()) && !name.starts_with('-') && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_name_of_a_file_everywhere_and_nothing_else_is() {
        for name in ["a", "plant-7", "7", "a-"] {
            assert!(is_word(name, 7), "{name}");
        }
        for name in ["", "-a", "A", "a.b", "a/b", "..", "ä", "a b", "a\0", "plant-70"] {
            assert!(!is_word(name, 7), "{name:?}");
        }
    }
}
