//! The table of the README: written from what was measured, and compared with it in every later run.

use std::{fs, io, path::Path};

use system_tests::gateway::place;

use crate::results::{Measured, Results};

/// What stands before the table.
const BEGIN: &str = "<!-- made by `cargo xtask apps --write-readme` -->\n";
/// What stands behind it.
const END: &str = "<!-- end of the table -->";
/// The table's first two lines.
const HEAD: &str =
    "| application on | variant | accepts an added root | refuses a removed one |\n|---|---|---|---|\n";

/// Writes the table of these results into the page.
///
/// # Errors
/// The page cannot be read or written, or has no place for the table.
pub(crate) fn write(page: &Path, results: &Results) -> io::Result<()> {
    let text = fs::read_to_string(page)?;
    let (before, _, after) = parts(&text)?;
    place(page, format!("{before}{}{after}", table(results)).as_bytes())
}

/// What the page says otherwise than these results: seconds are not compared, nor stacks that are not installed here.
///
/// # Errors
/// As [`write()`].
pub(crate) fn differences(page: &Path, results: &Results) -> io::Result<Vec<String>> {
    let text = fs::read_to_string(page)?;
    let (_, table, _) = parts(&text)?;
    let said: Vec<[String; 4]> = table.lines().filter_map(cells).collect();
    let measured = results.stacks.iter().filter(|row| row.installed);
    let different = measured.filter(|row| {
        let expected = cells(&line(row));
        !said.iter().any(|said| Some(said) == expected.as_ref())
    });
    Ok(different.map(|row| format!("README says otherwise: {}", line(row))).collect())
}

/// What stands before the table, the table, and what stands behind it.
fn parts(text: &str) -> io::Result<(&str, &str, &str)> {
    let missing = || io::Error::other("README.md has no place for the table of applications");
    let begin = text.find(BEGIN).ok_or_else(missing)?.saturating_add(BEGIN.len());
    let end = text.get(begin..).and_then(|rest| rest.find(END)).ok_or_else(missing)?.saturating_add(begin);
    let part = |range| text.get(range).ok_or_else(missing);
    Ok((part(0..begin)?, part(begin..end)?, part(end..text.len())?))
}

fn table(results: &Results) -> String {
    let rows = results.stacks.iter().filter(|row| row.installed);
    HEAD.to_owned() + &rows.map(|row| line(row) + "\n").collect::<String>()
}

fn line(row: &Measured) -> String {
    let name = match (row.variant, &row.version) {
        (crate::stack::Variant::Untouched, Some(version)) => format!("{} ({version})", row.name),
        _ => row.name.clone(),
    };
    let added = Measured::words(row.added_by, row.accepts_added_after_seconds);
    let removed = Measured::words(row.removed_by, row.refuses_removed_after_seconds);
    format!("| {name} | {} | {added} | {removed} |", row.variant.word())
}

/// The cells of a row, without version and seconds.
fn cells(line: &str) -> Option<[String; 4]> {
    let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
    let [name, variant, added, removed] = cells.as_slice() else { return None };
    let plain = |cell: &str, edge: &str| cell.split(edge).next().unwrap_or_default().to_owned();
    Some([plain(name, " ("), (*variant).to_owned(), plain(added, ", "), plain(removed, ", ")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::{Means, Plan, Variant};

    fn row(by: Means, seconds: Option<f64>) -> Measured {
        Measured {
            installed: true,
            version: Some("1.2".into()),
            added_by: Some(by),
            removed_by: Some(by),
            accepts_added_after_seconds: seconds,
            refuses_removed_after_seconds: seconds,
            ..Measured::not_installed(
                "stack",
                &Plan::new(Variant::Untouched, Means::ReRead, &[]),
                String::new(),
            )
        }
    }

    #[test]
    fn what_was_written_is_compared_without_seconds_and_versions() {
        let page = tempfile::NamedTempFile::new().unwrap();
        place(page.path(), format!("before\n{BEGIN}old\n{END}\nbehind\n").as_bytes()).unwrap();
        let results = |row: Measured| Results::new(vec![row], 10, true);
        write(page.path(), &results(row(Means::ReRead, Some(1.0)))).unwrap();
        let text = fs::read_to_string(page.path()).unwrap();
        assert!(text.starts_with("before\n") && text.ends_with("\nbehind\n"), "{text}");
        assert!(text.contains("| stack (1.2) | untouched | re-read, 1.0 s | re-read, 1.0 s |"), "{text}");
        assert_eq!(differences(page.path(), &results(row(Means::ReRead, Some(2.0)))).unwrap().len(), 0);
        assert_eq!(differences(page.path(), &results(row(Means::Restart, None))).unwrap().len(), 1);
    }

    #[test]
    fn a_page_without_a_place_is_an_error() {
        let page = tempfile::NamedTempFile::new().unwrap();
        assert!(differences(page.path(), &Results::new(Vec::new(), 10, true)).is_err());
    }
}
