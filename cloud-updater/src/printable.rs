//! Text that came from elsewhere, made safe to show.

/// The text without control characters and direction overrides, which could hide or move what stands beside them on a
/// terminal.
#[must_use]
pub(crate) fn printable(text: &str) -> String {
    let is_unsafe = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|letter| if is_unsafe(letter) { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_a_cursor_or_turns_a_line_round_is_replaced() {
        assert_eq!(printable("a\x1b[2Kb\n\u{202e}c é"), "a\u{fffd}[2Kb\u{fffd}\u{fffd}c é");
    }
}
