//! Reports of the CCADB, which a server somewhere sends.

/// A report.
///
/// # Panics
/// Where a row is lost without a word, or what is said could upset a terminal.
pub fn ccadb(input: &[u8]) {
    let said = match cloud_updater::fuzzing::ccadb(input) {
        Ok(said) => said,
        Err(error) => {
            assert_eq!(error.exit().number(), 3, "bad input is nothing else: {error}");
            return;
        }
    };
    for fault in &said.faults {
        assert!(fault.place.starts_with("line"), "{fault:?} names its row");
    }
    for (sha256, der) in &said.certificates {
        assert_eq!(bundle::Sha256::of(&[der]), *sha256, "a certificate is what its row says");
        assert!(said.statements.contains_key(sha256));
    }
    for (field, value) in said.statements.values().flat_map(cloud_updater::source::Statement::fields) {
        assert!(!value.chars().any(char::is_control), "{field} is shown on terminals");
    }
    assert!(said.version().is_ok(), "whatever is said has a version");
}
