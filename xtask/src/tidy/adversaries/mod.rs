//! The page of adversaries: every row is shown by a test that exists or says why there is none, and the counts add up.

mod names;
mod page;
mod sources;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::LazyLock,
};

use names::Names;
use page::{Row, Table};

use super::source;
use crate::workspace;

/// The page.
const PATH: &str = "tests/ADVERSARIES.md";
/// What a row begins with that has no test.
const NOT_APPLICABLE: &str = "not applicable: ";
/// Fewer words are no reason.
const REASON_WORDS_MIN: usize = 4;
/// What a function's row says where each of its cases has a row of its own.
const SEE_CASES: &str = "see the cases";

/// What the page can name, found once for all tests.
static KNOWN: LazyLock<Names> = LazyLock::new(Names::of_the_workspace);

fn text() -> String {
    fs::read_to_string(workspace::root().join(PATH)).unwrap()
}

/// The table below the heading that begins like this.
fn table<'t>(tables: &'t [Table], title: &str) -> Option<&'t Table> {
    tables.iter().find(|table| table.title.starts_with(title))
}

/// Empty cells, cells too many, rows that stand twice, rows that are shown by nothing and give no reason.
fn shape_findings(tables: &[Table]) -> Vec<String> {
    let mut findings = Vec::new();
    for table in tables {
        let mut seen = BTreeSet::new();
        for row in &table.rows {
            let mut add = |what: &str| findings.push(format!("{PATH}:{}: {what}", row.line));
            if row.cells.len() != table.columns.len() {
                add("not as many cells as there are columns");
            }
            if row.cells.iter().any(String::is_empty) {
                add("an empty cell");
            }
            // A case is named by its function too.
            let key = row.cells.iter().take(if table.title == "Cases" { 2 } else { 1 }).cloned();
            if !seen.insert(key.collect::<Vec<_>>()) {
                add("a row that stands twice");
            }
            if !is_shown(row) {
                add("neither tests nor a reason");
            }
        }
    }
    findings
}

/// True where the last cell is names alone, a pointer to the cases, or a reason.
fn is_shown(row: &Row) -> bool {
    let cell = row.shown_by();
    if let Some(reason) = cell.strip_prefix(NOT_APPLICABLE) {
        return reason.split_whitespace().count() >= REASON_WORDS_MIN;
    }
    let listed: Vec<String> = row.names().iter().map(|name| format!("`{name}`")).collect();
    cell == SEE_CASES || (!listed.is_empty() && listed.join(", ") == cell)
}

/// Names of tests, attacks and vectors that do not exist.
fn name_findings(tables: &[Table], known: &Names) -> Vec<String> {
    let rows = tables.iter().flat_map(|table| &table.rows);
    let missing = rows.flat_map(|row| {
        let unknown = row.names().into_iter().filter(|name| !known.has(name));
        unknown.map(|name| format!("{PATH}:{}: {name} does not exist", row.line)).collect::<Vec<_>>()
    });
    missing.collect()
}

/// Tests of the suite and attacks of the kit that no row names.
fn orphan_findings(tables: &[Table], known: &Names) -> Vec<String> {
    let named: BTreeSet<&str> = tables.iter().flat_map(|table| &table.rows).flat_map(Row::names).collect();
    let of_suite = known.tests.iter().filter(|name| name.starts_with("adversaries::"));
    // What proves the suite's own tools shows no row.
    let of_suite = of_suite.filter(|name| !name.starts_with("adversaries::raw_keyring::"));
    let orphans = of_suite.chain(&known.attacks).filter(|name| !named.contains(name.as_str()));
    orphans.map(|name| format!("{PATH} does not name {name}")).collect()
}

/// Entries of the sources that have no row.
fn source_findings(tables: &[Table]) -> Vec<String> {
    let listed = [
        ("TUF", sources::TUF),
        ("Uptane", sources::UPTANE),
        ("SUIT: the threats", sources::SUIT),
        ("SUIT: the security requirements", sources::SUIT_REQUIREMENTS),
        ("Advisories", sources::ADVISORIES),
    ];
    let mut findings = Vec::new();
    for (title, entries) in listed {
        let firsts = firsts(tables, title);
        let missing = entries.iter().filter(|entry| !firsts.contains(**entry));
        findings.extend(missing.map(|entry| format!("{title}: {entry} has no row")));
    }
    let sections = firsts(tables, "RFC 6024");
    let sections: BTreeSet<&str> =
        sections.iter().filter_map(|first| first.split_whitespace().next()).collect();
    let missing = sources::RFC_6024.iter().filter(|section| !sections.contains(**section));
    findings.extend(missing.map(|section| format!("RFC 6024: section {section} has no row")));
    findings
}

fn firsts<'t>(tables: &'t [Table], title: &str) -> BTreeSet<&'t str> {
    table(tables, title).into_iter().flat_map(|table| &table.rows).map(|row| row.cell(0)).collect()
}

/// Functions and cases of tuf-conformance that are missing, and sums that the text gets wrong.
fn count_findings(text: &str, tables: &[Table]) -> Vec<String> {
    let number = |row: &Row, column| row.cell(column).parse::<u32>().unwrap_or(u32::MAX);
    let rows = table(tables, "tuf-conformance").map(|table| table.rows.as_slice()).unwrap_or_default();
    let found: BTreeMap<&str, (u32, u32)> =
        rows.iter().map(|row| (row.cell(0), (number(row, 1), number(row, 2)))).collect();
    let mut findings = Vec::new();
    if found.len() != sources::CONFORMANCE.len() {
        findings.push(format!("{} functions have a row, of {}", found.len(), sources::CONFORMANCE.len()));
    }
    let cases = table(tables, "Cases").map(|table| table.rows.as_slice()).unwrap_or_default();
    for (function, count) in sources::CONFORMANCE {
        let of_cases = cases.iter().filter(|row| row.cell(0) == *function).count();
        match found.get(function) {
            None => findings.push(format!("{function} has no row")),
            Some((cases, applicable)) if cases != count || (*applicable != 0 && applicable != cases) => {
                findings
                    .push(format!("{function} has {count} cases, not {cases} of which {applicable} apply"));
            }
            Some((cases, applicable)) if *applicable > 1 && u32::try_from(of_cases) != Ok(*cases) => {
                findings.push(format!("{function} has {cases} cases, and {of_cases} rows for them"));
            }
            Some(_) => {}
        }
    }
    let (cases, applicable) = found
        .values()
        .fold((0_u32, 0_u32), |sum, row| (sum.0.saturating_add(row.0), sum.1.saturating_add(row.1)));
    let functions = found.len();
    let said = format!("{functions} functions, {cases} cases. {applicable} are applicable");
    let rest = format!("{} are not", cases.saturating_sub(applicable));
    let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !flowing.contains(&said) || !flowing.contains(&rest) {
        findings.push(format!("the text does not say: {said} …, {rest}"));
    }
    findings
}

/// A function points to its cases where it has several that apply, and nowhere else.
fn pointer_findings(tables: &[Table]) -> Vec<String> {
    let mut findings = Vec::new();
    for table in tables {
        for row in &table.rows {
            let has_cases = table.title == "tuf-conformance" && !["0", "1"].contains(&row.cell(2));
            if (row.shown_by() == SEE_CASES) != has_cases {
                findings
                    .push(format!("{PATH}:{}: cases are in their table where there are several", row.line));
            }
        }
    }
    findings
}

fn findings(text: &str, known: &Names) -> Vec<String> {
    let tables = page::tables(text);
    [
        shape_findings(&tables),
        name_findings(&tables, known),
        orphan_findings(&tables, known),
        source_findings(&tables),
        count_findings(text, &tables),
        pointer_findings(&tables),
    ]
    .concat()
}

#[test]
fn every_row_is_shown_by_a_test_or_says_why_there_is_none() {
    source::expect_none(&findings(&text(), &KNOWN));
}

#[test]
fn a_page_with_one_fault_is_found_out() {
    let good = text();
    for (old, new) in [
        ("adversaries::keys::two_signatures_are_not_three", "adversaries::keys::two_are_three"),
        ("vectors/update_wrong_base.txt", "vectors/update_no_base.txt"),
        ("attacks[\"a key counted twice\"]", "attacks[\"a key counted thrice\"]"),
        ("| endless data |", "| |"),
        ("| endless data |", "| rollback |"),
        ("| never stops sending |", ""),
        ("| `adversaries::names::a_hash_sign_stays_out_of_paths` |", "| soon |"),
        ("not applicable: a role delegates to nobody", "not applicable: no"),
        ("| CVE-2025-2888 |", "| CVE-2025-2889 |"),
        ("| IMG.EXTRA |", "| IMG.OTHER |"),
        ("| 3.10 replay |", "| 3.9 replay |"),
        ("| test_faketime | 1 | 1 |", "| test_faketime | 1 | 0 |"),
        ("| test_graph_traversal | 12 |", "| test_graph_traversal | 11 |"),
        ("87 are applicable", "88 are applicable"),
        (
            "| test_root_rotation | 3-of-5, one key rotated |",
            "| test_root_rotations | 3-of-5, one key rotated |",
        ),
        ("`adversaries::files::eleven_rounds", "`adversaries::files::ten_rounds"),
        ("attacks[\"silence instead of evidence\"]", "attacks[\"an empty bundle\"]"),
    ] {
        assert!(good.contains(old), "the page does not hold {old}");
        let bad = good.replacen(old, new, 1);
        assert!(!findings(&bad, &KNOWN).is_empty(), "{new} instead of {old} was not seen");
    }
}
