//! The table of limits in SPEC.md and the constants of `limits.rs` are the same.

use std::collections::BTreeMap;

/// Name and value of every constant.
fn constants() -> BTreeMap<String, String> {
    let source = include_str!("../../src/limits.rs");
    let lines = source.lines().filter_map(|line| line.strip_prefix("pub const "));
    lines
        .map(|line| {
            let (name, rest) = line.split_once(':').expect("a type");
            let value = rest.split_once('=').expect("a value").1.trim_end_matches(';');
            (name.to_owned(), digits(value))
        })
        .collect()
}

/// Name and value of every row of the table.
fn rows() -> BTreeMap<String, String> {
    let specification = include_str!("../../SPEC.md");
    let table = specification.split_once("| name | value | reason |").expect("the table").1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert!(!cells[3].is_empty(), "{} has a reason", cells[1]);
        (cells[1].to_owned(), digits(cells[2]))
    })
    .collect()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[test]
fn invariant_12_the_limits_of_the_format_are_those_of_its_specification() {
    assert!(constants().len() >= 40, "{} constants", constants().len());
    assert_eq!(constants(), rows());
}
