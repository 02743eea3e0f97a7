//! The limits table of SPEC.md and the constants are the same.

use std::{string::String, vec::Vec};

use crate::limits;

#[test]
fn invariant_12_the_limits_of_the_spec_are_the_constants() {
    let spec = include_str!("../../SPEC.md");
    let table: Vec<(String, u64)> = spec
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|');
            let name = cells.next()?.trim().strip_suffix('`')?;
            let value = cells.next()?.trim().replace(',', "").parse().ok()?;
            Some((String::from(name), value))
        })
        .collect();
    let constants = [
        ("BLOCK_BYTES", limits::BLOCK_BYTES as u64),
        ("DENIALS_MAX", limits::DENIALS_MAX as u64),
        ("DENIAL_BYTES", limits::DENIAL_BYTES as u64),
        ("FROZEN_BYTES", limits::FROZEN_BYTES as u64),
        ("JOURNAL_BLOCKS", limits::JOURNAL_BLOCKS as u64),
        ("KEYRING_BYTES_MAX", limits::KEYRING_BYTES_MAX as u64),
        ("POLL_BYTES", limits::POLL_BYTES as u64),
        ("READ_ATTEMPTS_MAX", u64::from(limits::READ_ATTEMPTS_MAX)),
        ("RECORD_BYTES", limits::RECORD_BYTES as u64),
        ("REFUSALS_MAX", limits::REFUSALS_MAX as u64),
        ("REGION_BYTES_MIN", u64::from(limits::REGION_BYTES_MIN)),
        ("SLOTS", limits::SLOTS as u64),
        ("STORE_FORMAT", u64::from(limits::STORE_FORMAT)),
    ];
    let expected: Vec<(String, u64)> =
        constants.into_iter().map(|(name, value)| (String::from(name), value)).collect();
    assert_eq!(table, expected);
    let written = include_str!("../limits.rs").matches("pub const ").count();
    assert_eq!(written, expected.len(), "every constant of limits.rs stands in the table");
}

#[test]
fn the_format_and_the_store_agree_on_what_both_limit() {
    assert_eq!(limits::DENIALS_MAX, bundle::limits::DENIALS_MAX);
    let header = 68;
    assert_eq!(limits::KEYRING_BYTES_MAX, header + bundle::limits::KEYRING_BODY_BYTES_MAX as usize);
}
