//! The client of TLS, as this machine runs it, against every server of the table, real ones and hostile ones.
//! `cargo xtask devkit` runs the same table with the client that is built for Arm.

use std::{error::Error, io};

use system_tests::tls_rows::{self, Client, HOSTILE_ROWS_MIN, NativeClient, Question, ROWS_MIN, Row};

/// Runs every row and names those that came out otherwise.
fn check(rows: &[Row]) {
    let tally = tls_rows::run(rows, &NativeClient);
    assert!(
        tally.wrong.is_empty(),
        "{} of {} rows:\n{}",
        tally.wrong.len(),
        tally.total,
        tally.wrong.join("\n")
    );
}

#[test]
fn every_row_of_the_table_has_its_one_answer() -> Result<(), Box<dyn Error>> {
    let rows = tls_rows::rows()?;
    assert!(rows.len() >= ROWS_MIN, "rows are missing: {}", rows.len());
    check(&rows);
    Ok(())
}

#[test]
fn a_hostile_server_gets_an_error_code_and_nothing_else() -> Result<(), Box<dyn Error>> {
    let rows = tls_rows::hostile_rows()?;
    assert!(rows.len() >= HOSTILE_ROWS_MIN, "scripts are missing: {}", rows.len());
    check(&rows);
    Ok(())
}

/// Answers without asking.
struct Deaf(io::Result<&'static str>);

impl Client for Deaf {
    fn answer(&self, _: &Question<'_>) -> io::Result<String> {
        self.0.as_ref().map(|answer| (*answer).to_owned()).map_err(|error| error.kind().into())
    }
}

#[test]
fn a_client_that_believes_everybody_or_says_nothing_fails_by_name() -> Result<(), Box<dyn Error>> {
    let rows = tls_rows::hostile_rows()?;
    let accepted = rows.iter().filter(|row| row.expect == "verified").count();
    let believing = tls_rows::run(&rows, &Deaf(Ok("verified")));
    assert_eq!((believing.total, believing.passed()), (rows.len(), accepted));
    let named = "hello_retry_request: verified instead of failed tls_hello_retry";
    assert!(believing.wrong.iter().any(|line| line == named), "{:?}", believing.wrong);
    let silent = tls_rows::run(&rows, &Deaf(Err(io::ErrorKind::TimedOut.into())));
    assert_eq!((silent.passed(), silent.wrong.len()), (0, rows.len()));
    assert!(silent.wrong.iter().zip(&rows).all(|(line, row)| line.starts_with(row.name)));
    Ok(())
}
