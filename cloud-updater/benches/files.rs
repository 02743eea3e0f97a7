//! What reading large files costs: all certificates of eleven years linted, and a report of all records of the CCADB read.
//!
//! `cargo bench -p cloud-updater --bench files` runs the program itself, from its start to its answer, and fails above the
//! limits. A machine that does something else meanwhile only makes a run longer: the shortest of several is compared.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails loudly")]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Runs, of which the shortest counts.
const RUNS: u32 = 9;
/// Longest of the shortest, for each of the two.
const MOST: Duration = Duration::from_secs(1);
/// Certificates in Mozilla's history.
const CERTIFICATES: usize = 287;
/// Rows of the report.
const ROWS: usize = 10_000;
/// Columns of the report of all records, those that are not read included: they are what makes a row long.
const COLUMNS: &[&str] = &[
    "CA Owner",
    "Salesforce Record ID",
    "Certificate Name",
    "Parent Salesforce Record ID",
    "Parent Certificate Name",
    "Certificate Record Type",
    "Revocation Status",
    "SHA-256 Fingerprint",
    "Parent SHA-256 Fingerprint",
    "Audits Same as Parent?",
    "Auditor",
    "Standard Audit URL",
    "Standard Audit Type",
    "Standard Audit Statement Date",
    "Certificate Policy (CP) URL",
    "Certificate Practice Statement (CPS) URL",
    "Full CRL Issued By This CA",
    "JSON Array of Partitioned CRLs",
    "Valid From (GMT)",
    "Valid To (GMT)",
    "Derived Trust Bits",
    "Apple Status",
    "Chrome Status",
    "Microsoft Status",
    "Mozilla Status",
    "Technically Constrained",
    "Authority Key Identifier",
    "Subject Key Identifier",
    "Country",
    "TLS Capable",
    "TLS EV Capable",
    "Code Signing Capable",
    "S/MIME Capable",
];

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/mozilla-history/certs.pem");
    let lint = shortest(|| {
        let said = updater(folder.path()).args(["lint", "--json"]).arg(&certificates).output().unwrap();
        assert_eq!(answer(&said)["certificates"], CERTIFICATES);
    });
    let repository = folder.path().join("fleet");
    let init = updater(folder.path()).args(["init", "fleet", "--fleet", "benchmark"]).output().unwrap();
    assert!(init.status.success(), "init");
    report(&repository.join("report.csv"));
    let words =
        ["source", "add", "ccadb", "report.csv", "--kind", "ccadb", "--reason", "to measure", "--json"];
    let first = updater(&repository).args(words).output().unwrap();
    assert_eq!(answer(&first)["sources"][0]["certificates"], ROWS);
    // From then on it is asked again each day: read, compared with what it said last, and told.
    let read = shortest(|| {
        let said = updater(&repository).args(["source", "refresh", "--json"]).output().unwrap();
        assert_eq!(answer(&said)["sources"][0]["certificates"], ROWS);
    });
    for (what, took) in [("lint of 287 certificates", lint), ("a report of 10,000 rows", read)] {
        println!("{what}: {:.2} s, the shortest of {RUNS} runs", took.as_secs_f64());
    }
    for took in [lint, read] {
        assert!(took <= MOST, "{took:?}, at most {MOST:?}");
    }
}

/// The shortest of several runs.
fn shortest(mut run: impl FnMut()) -> Duration {
    let mut once = || {
        let started = Instant::now();
        run();
        started.elapsed()
    };
    (0..RUNS).map(|_| once()).min().unwrap()
}

fn answer(said: &Output) -> serde_json::Value {
    serde_json::from_slice(&said.stdout).unwrap()
}

/// A report in which no two rows are alike.
fn report(path: &Path) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let quoted = |text: &str| format!("\"{text}\"");
    let header: Vec<String> = COLUMNS.iter().map(|name| quoted(name)).collect();
    writeln!(file, "{}", header.join(",")).unwrap();
    for row in 0..ROWS {
        let cell = |name: &&str| match *name {
            "SHA-256 Fingerprint" => format!("{row:064X}"),
            "Parent SHA-256 Fingerprint" => format!("{:064X}", row / 40),
            "Certificate Name" => format!("Example Issuing CA {row}, with a comma and \"\"quotes\"\""),
            "Certificate Record Type" => "Intermediate Certificate".to_owned(),
            "Revocation Status" => "Not Revoked".to_owned(),
            "Valid From (GMT)" => "2020.01.02".to_owned(),
            "Valid To (GMT)" => format!("20{}.03.04", 30 + row % 20),
            "Derived Trust Bits" => "Server Authentication;Secure Email".to_owned(),
            "Apple Status" | "Chrome Status" | "Microsoft Status" | "Mozilla Status" => "Included".to_owned(),
            "JSON Array of Partitioned CRLs" => {
                format!(
                    "[\"\"http://crl.example.net/{row}/0.crl\"\",\n \"\"http://crl.example.net/{row}/1.crl\"\"]"
                )
            }
            name if name.contains("URL") || name.contains("CRL") => {
                format!("https://ca.example.net/documents/{row}/of-some-length.pdf")
            }
            name if name.ends_with("Capable") => "True".to_owned(),
            name => format!("{name} {row}"),
        };
        let cells: Vec<String> = COLUMNS.iter().map(|name| quoted(&cell(name))).collect();
        writeln!(file, "{}", cells.join(",")).unwrap();
    }
}

fn updater(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloud-updater"));
    command.current_dir(folder).env("CLOUD_UPDATER_AUTHOR", "benchmark");
    command
}
