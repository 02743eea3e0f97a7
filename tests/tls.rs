//! The client of TLS against every server of the table, real ones and hostile ones.

use std::error::Error;

use system_tests::tls_rows::{self, NativeClient, Row};

/// Runs every row and names those that came out otherwise.
fn check(rows: &[Row]) -> Result<(), Box<dyn Error>> {
    let mut wrong = Vec::new();
    for row in rows {
        let outcome = tls_rows::run(row, &NativeClient)?;
        if !outcome.is_expected {
            wrong.push(format!("{}: {} instead of {}", row.name, outcome.answer, row.expect));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    Ok(())
}

#[test]
fn every_row_of_the_table_has_its_one_answer() -> Result<(), Box<dyn Error>> {
    let rows = tls_rows::rows()?;
    assert!(rows.len() >= 40, "rows are missing: {}", rows.len());
    check(&rows)
}

#[test]
fn a_hostile_server_gets_an_error_code_and_nothing_else() -> Result<(), Box<dyn Error>> {
    let rows = tls_rows::hostile_rows()?;
    assert!(rows.len() >= 80, "scripts are missing: {}", rows.len());
    check(&rows)
}
