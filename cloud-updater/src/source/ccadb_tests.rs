//! Rows of reports, good and broken.

use super::*;

const HEADER: &str = "CA Owner,Certificate Name,Parent SHA-256 Fingerprint,Revocation Status,SHA-256 Fingerprint,\
Valid From (GMT),Valid To (GMT),TLS Capable,Derived Trust Bits,Chrome Status,Mozilla Status";

fn digits(byte: u8) -> String {
    format!("{byte:02X}").repeat(32)
}

fn row(byte: u8, mozilla: &str) -> String {
    format!(
        "\"Some CA, Inc.\",Root {byte},,Not Revoked,{},2013.08.01,2038.01.15,True,Server Authentication;Secure Email,Included,{mozilla}",
        digits(byte)
    )
}

#[test]
fn all_certificate_records_are_read_by_the_names_of_their_columns() {
    let said = parse(format!("{HEADER}\n{}\n", row(1, "Included")).as_bytes()).unwrap();
    let statement = &said.statements[&Sha256([1; 32])];
    assert_eq!(statement.subject, "Root 1");
    assert_eq!(statement.valid_from.as_deref(), Some("2013-08-01"));
    assert_eq!(statement.valid_to.as_deref(), Some("2038-01-15"));
    assert_eq!((statement.is_trusted_for_tls, statement.revocation.as_deref()), (Some(true), None));
    assert_eq!(statement.programmes["mozilla"], "Included");
    assert!(said.faults.is_empty());
}

#[test]
fn mozillas_report_brings_dates_of_distrust_constraints_and_the_certificate() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = parameters.self_signed(&key).unwrap();
    let sha256 = Sha256::of(&[certificate.der()]);
    let report = |fingerprint: &str| {
        format!(
            "\"Owner\",\"Common Name or Certificate Name\",\"SHA-256 Fingerprint\",\"Valid From [GMT]\",\"Trust Bits\",\
             \"Distrust for TLS After Date\",\"Mozilla Applied Constraints\",\"PEM Info\"\n\
             \"x\",\"A root\",\"{fingerprint}\",\"2011 May 05\",\"Websites\",\"2026.04.15\",\"gov.example, org.example\",\"'{}'\"\n",
            certificate.pem()
        )
    };
    let said = parse(report(&sha256.to_string().to_uppercase()).as_bytes()).unwrap();
    assert_eq!(said.faults, []);
    assert_eq!(said.certificates[&sha256], certificate.der().to_vec());
    let statement = &said.statements[&sha256];
    assert_eq!(statement.valid_from.as_deref(), Some("2011-05-05"));
    assert_eq!(statement.distrust_after.as_deref(), Some("2026-04-15"));
    assert_eq!(statement.constraints.len(), 2);
    let other = parse(report(&digits(7)).as_bytes()).unwrap();
    assert!(other.faults[0].message.contains("another certificate than its fingerprint says"), "{other:?}");
    assert!(other.statements.is_empty());
}

#[test]
fn one_bad_row_among_ten_thousand_is_named_and_the_others_count() {
    let rows = |bad: Option<&str>| {
        let mut text = HEADER.to_owned();
        for number in 0..10_000_u32 {
            let fingerprint = format!("{number:08x}").repeat(8);
            match bad.filter(|_| number == 5_000) {
                Some(bad) => text.push_str(&format!("\n{bad}")),
                None => text.push_str(&format!("\n{}", row(1, "Included").replace(&digits(1), &fingerprint))),
            }
        }
        parse(text.as_bytes()).unwrap()
    };
    assert_eq!(rows(None).statements.len(), 10_000);
    let date = row(1, "Included").replace("2038.01.15", "soon");
    let cut = row(1, "Included").replace("Root 1,", "\"Root 1,");
    for bad in ["one value", date.as_str(), "\0,,,,,,,,,,", ",,,,not hexadecimal,,,,,,", cut.as_str()] {
        let said = rows(Some(bad));
        assert_eq!(said.statements.len(), 9_999, "{bad}");
        let places: Vec<&str> = said.faults.iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(places, ["line 5002"], "{bad}");
    }
}

#[test]
fn the_version_is_that_of_the_set_whatever_the_order_and_form_of_its_rows() {
    let (one, two) = (row(1, "Included"), row(2, "Included"));
    let version = |text: String| parse(text.as_bytes()).unwrap().version().unwrap();
    let first = version(format!("{HEADER}\n{one}\n{two}\n"));
    assert_eq!(first, version(format!("{HEADER}\r\n{two}\r\n{one}")));
    assert_eq!(first, version(format!("{HEADER}\n{two}\n{one}\n{two}\n")));
    assert_ne!(first, version(format!("{HEADER}\n{one}\n{}\n", row(2, "Removed"))));
}

#[test]
fn rows_about_one_certificate_are_one_statement() {
    let trusted = row(1, "Included");
    let other_parent = trusted.replace(",,Not Revoked", &format!(",{},Revoked", digits(9)));
    let both = parse(format!("{HEADER}\n{trusted}\n{other_parent}\n").as_bytes()).unwrap();
    assert_eq!(both.statements[&Sha256([1; 32])].revocation.as_deref(), Some("Revoked"));
    let other_dates = trusted.replace("2013.08.01", "2014.08.01");
    let said = parse(format!("{HEADER}\n{trusted}\n{other_dates}\n").as_bytes()).unwrap();
    assert_eq!(said.faults[0].place, "line 3");
}

#[test]
fn what_is_no_report_is_refused() {
    for text in ["", "name,date\nx,2020\n", "<html>\n<body>\n"] {
        assert_eq!(parse(text.as_bytes()).unwrap_err().code(), "ccadb_report");
    }
}

#[test]
fn dates_are_read_in_every_form_that_reports_have_had() {
    for text in [
        "2026.04.15",
        "2026-04-15",
        "2026 Apr 15",
        "2026-04-15T00:00:00Z",
        "2026.04.15 12:00:00",
        "04/15/2026",
    ] {
        assert_eq!(day(text).unwrap(), "2026-04-15", "{text}");
    }
    for text in ["15.04.2026", "2026", "2026.13.01", "Apr", "2026 Foo 15"] {
        assert!(day(text).is_err(), "{text}");
    }
}
