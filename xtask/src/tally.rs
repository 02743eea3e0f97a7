//! Counting tests: read from the closing lines of every test program of a run.

use std::fmt;

/// Tests of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
}

impl Tally {
    /// Counts a line, if it is the closing line of a test program.
    pub(crate) fn count(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        self.passed = self.passed.saturating_add(before(result, " passed"));
        self.failed = self.failed.saturating_add(before(result, " failed"));
    }

    /// True where no test ran.
    pub(crate) const fn is_empty(self) -> bool {
        self.passed == 0 && self.failed == 0
    }

    /// True where a test failed.
    pub(crate) const fn has_failures(self) -> bool {
        self.failed > 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// The number in front of `word`.
fn before(line: &str, word: &str) -> u64 {
    let number = line.find(word).and_then(|end| line.get(..end)).and_then(|text| text.rsplit(' ').next());
    number.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_add_up_and_other_lines_do_not_count() {
        let mut tally = Tally::default();
        assert!(tally.is_empty());
        for line in [
            "running 3 tests",
            "test store::a ... ok",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.01s",
            "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
            "   test result: ok. 99 passed",
        ] {
            tally.count(line);
        }
        assert_eq!(tally, Tally { passed: 16, failed: 2 });
        assert_eq!(tally.to_string(), "16 passed, 2 failed");
        assert!(tally.has_failures() && !tally.is_empty());
    }
}
