//! The limits table of DESIGN.md and the constants are the same.

use store::fault::Medium;

use super::kit::TestAgent;
use crate::limits;

#[test]
fn the_engine_with_the_least_memory_fits_into_56_kib() {
    let engine = size_of::<TestAgent>() - size_of::<Medium>();
    assert!(engine + limits::MEMORY_BYTES_MIN <= 56 * 1_024, "{engine} bytes beside the working memory");
}

#[test]
fn invariant_12_the_limits_of_the_design_are_the_constants() {
    let design = include_str!("../../DESIGN.md");
    let (_, engine) = design.split_once("\n## Limits\n").unwrap();
    let (engine, _) = engine.split_once("\n## ").unwrap_or((engine, ""));
    let table: Vec<(String, u64)> = engine
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|');
            let name = cells.next()?.trim().strip_suffix('`')?;
            let value = cells.next()?.trim().replace(',', "").parse().ok()?;
            Some((String::from(name), value))
        })
        .collect();
    let constants: [(&str, u64); 23] = [
        ("CLOCK_AHEAD_SECONDS_MAX", limits::CLOCK_AHEAD_SECONDS_MAX),
        ("CONCLUSIVE_FAILURES_MAX", limits::CONCLUSIVE_FAILURES_MAX.into()),
        ("COPY_BYTES", limits::COPY_BYTES as u64),
        ("DAILY_SECONDS", limits::DAILY_SECONDS),
        ("ENDPOINTS_MAX", limits::ENDPOINTS_MAX.into()),
        ("FILE_BYTES_MAX", limits::FILE_BYTES_MAX.into()),
        ("GENERATIONS_PER_CHECK_MAX", limits::GENERATIONS_PER_CHECK_MAX.into()),
        ("HEADLESS_QUESTIONS_EVERY", limits::HEADLESS_QUESTIONS_EVERY.into()),
        ("HEADS_PER_CHECK_MAX", limits::HEADS_PER_CHECK_MAX.into()),
        ("HEAD_DOCUMENT_BYTES_MAX", limits::HEAD_DOCUMENT_BYTES_MAX.into()),
        ("JITTER_PERCENT", limits::JITTER_PERCENT),
        ("KEYRING_FILE_BYTES_MAX", limits::KEYRING_FILE_BYTES_MAX.into()),
        ("MANIFEST_DOCUMENT_BYTES_MAX", limits::MANIFEST_DOCUMENT_BYTES_MAX.into()),
        ("MEMORY_BYTES_MAX", limits::MEMORY_BYTES_MAX as u64),
        ("MEMORY_BYTES_MIN", limits::MEMORY_BYTES_MIN as u64),
        ("REFRESH_SECONDS_DEFAULT", limits::REFRESH_SECONDS_DEFAULT.into()),
        ("REFUSAL_SECONDS_MAX", limits::REFUSAL_SECONDS_MAX),
        ("REFUSAL_SECONDS_MIN", limits::REFUSAL_SECONDS_MIN),
        ("RETRY_SECONDS_MIN", limits::RETRY_SECONDS_MIN),
        ("SIGNATURES_PER_CALL", limits::SIGNATURES_PER_CALL.into()),
        ("STAGING_FAILURES_MAX", limits::STAGING_FAILURES_MAX.into()),
        ("TRIAL_SECONDS_MIN", limits::TRIAL_SECONDS_MIN),
        ("UPDATE_PREFIX_BYTES_MAX", limits::UPDATE_PREFIX_BYTES_MAX.into()),
    ];
    let expected: Vec<(String, u64)> =
        constants.into_iter().map(|(name, value)| (String::from(name), value)).collect();
    assert_eq!(table, expected);
    let written = include_str!("../limits.rs").matches("pub const ").count();
    assert_eq!(written, expected.len(), "every constant of limits.rs stands in the table");
}

#[test]
fn the_sizes_follow_the_limits_of_the_format() {
    use bundle::limits as format;
    let (header, table) = (68, format::SIGNATURE_TABLE_BYTES_MAX as u32);
    assert_eq!(limits::MANIFEST_DOCUMENT_BYTES_MAX, header + table + format::MANIFEST_BODY_BYTES_MAX);
    assert_eq!(limits::HEAD_DOCUMENT_BYTES_MAX, 36 + table + format::HEAD_BODY_BYTES_MAX);
    assert_eq!(limits::KEYRING_FILE_BYTES_MAX, 2 * (header + format::KEYRING_BODY_BYTES_MAX) + table + 1);
    assert_eq!(limits::UPDATE_PREFIX_BYTES_MAX, 13 + header + table + format::PATCH_BYTES_MAX);
    let largest = limits::UPDATE_PREFIX_BYTES_MAX.max(limits::MANIFEST_DOCUMENT_BYTES_MAX);
    assert_eq!(limits::MEMORY_BYTES_MAX, 3 * largest as usize);
}
