//! SPDX licence expressions, as far as crates use them: identifiers, `WITH`, `AND`, `OR`, parentheses.

/// Whether an expression can be satisfied with the allowed licences alone; a malformed one cannot.
pub(crate) fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    // Crates published before SPDX expressions were required join alternatives with a slash.
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut parser = Parser { words: spaced.split_whitespace().collect(), position: 0, allowed };
    parser.alternatives() == Some(true) && parser.position == parser.words.len()
}

struct Parser<'e> {
    words: Vec<&'e str>,
    position: usize,
    allowed: &'e [String],
}

impl<'e> Parser<'e> {
    fn next(&mut self) -> Option<&'e str> {
        let word = self.words.get(self.position).copied();
        self.position += 1;
        word
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.words.get(self.position) == Some(&word);
        self.position += usize::from(is_next);
        is_next
    }

    fn alternatives(&mut self) -> Option<bool> {
        let mut any = self.conjunction()?;
        while self.takes("OR") {
            any |= self.conjunction()?;
        }
        Some(any)
    }

    fn conjunction(&mut self) -> Option<bool> {
        let mut all = self.licence()?;
        while self.takes("AND") {
            all &= self.licence()?;
        }
        Some(all)
    }

    fn licence(&mut self) -> Option<bool> {
        let name = match self.next()? {
            "(" => {
                let inner = self.alternatives();
                return if self.takes(")") { inner } else { None };
            }
            "OR" | "AND" | "WITH" | ")" => return None,
            name => name,
        };
        let name = if self.takes("WITH") { format!("{name} WITH {}", self.next()?) } else { name.to_owned() };
        Some(self.allowed.contains(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, expect: bool) {
        let allowed =
            ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"].map(str::to_owned);
        assert_eq!(is_allowed(expression, &allowed), expect, "{expression}");
    }

    #[test]
    fn one_allowed_alternative_is_enough() {
        check("MIT", true);
        check("GPL-3.0-only OR MIT", true);
        check("MIT/Apache-2.0", true);
        check("(MIT OR GPL-3.0-only) AND Unicode-3.0", true);
        check("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true);
    }

    #[test]
    fn every_part_of_a_conjunction_counts() {
        check("MIT AND GPL-3.0-only", false);
        check("(MIT OR Apache-2.0) AND OpenSSL", false);
        check("GPL-2.0-only WITH Classpath-exception-2.0", false);
    }

    #[test]
    fn what_is_not_an_expression_is_not_allowed() {
        for malformed in ["", "MIT OR", "(MIT", "MIT)", "MIT MIT", "AND MIT", "Apache-2.0 WITH"] {
            check(malformed, false);
        }
    }
}
