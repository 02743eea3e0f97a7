//! Every limit of the engine, each with its reason; the table in DESIGN.md repeats them and a test compares.

/// Bytes of working memory that suffice for every release the format allows: three times the largest of an
/// update's prefix (13 + 68 + 16,384 + 66,560), a manifest document (68 + 16,384 + 65,536) and a keyring file.
pub const MEMORY_BYTES_MAX: usize = 3 * 83_025;
/// Bytes of the smallest useful working memory: three times a keyring of the largest body with a dozen signatures,
/// which is also a manifest of more anchors than a slot of the smallest device holds.
pub const MEMORY_BYTES_MIN: usize = 3 * 6_144;
/// Bytes of a head document: header, largest signature table, body.
pub const HEAD_DOCUMENT_BYTES_MAX: u32 = 36 + 16_384 + 96;
/// Bytes of a keyring file: a recovery set without signatures, a keyring with the largest table.
pub const KEYRING_FILE_BYTES_MAX: u32 = 2 * (68 + 4_928) + 16_385;
/// Bytes of a manifest document: header, largest signature table, largest body.
pub const MANIFEST_DOCUMENT_BYTES_MAX: u32 = 68 + 16_384 + 65_536;
/// Seconds between two checks before a head says otherwise: the design's refresh of six hours.
pub const REFRESH_SECONDS_DEFAULT: u32 = 21_600;
/// Jitter on every wait, in parts of a hundred: a fleet that starts together does not stay together.
pub const JITTER_PERCENT: u64 = 10;
/// Seconds until a failed check is tried again; doubles up to the refresh interval.
pub const RETRY_SECONDS_MIN: u64 = 60;
/// Of so many checks in a row that a server fails, one asks for the next keyring although there is no head: a server in
/// trouble is not asked twice as much, and one that never shows a head hides no keyring.
pub const HEADLESS_QUESTIONS_EVERY: u32 = 4;
/// Seconds between two questions for the next keyring and recovery, whatever the head says: a stolen head key
/// cannot hide a keyring for longer.
pub const DAILY_SECONDS: u64 = 86_400;
/// Seconds until a refused release is tried again; doubles up to [`REFUSAL_SECONDS_MAX`].
pub const REFUSAL_SECONDS_MIN: u64 = 3_600;
/// Longest wait for a refused release: a server that was wrong for a day is tried once a day.
pub const REFUSAL_SECONDS_MAX: u64 = 86_400;
/// Failures of one release's staging before it waits: what fails three times fails for a reason, and every try
/// wears the flash.
pub const STAGING_FAILURES_MAX: u16 = 3;
/// Conclusive failures that end a trial: a server that is caught in the middle of its own rotation recovers
/// between two rounds.
pub const CONCLUSIVE_FAILURES_MAX: u8 = 3;
/// Seconds between two rounds of a trial; doubles up to the refresh interval.
pub const TRIAL_SECONDS_MIN: u64 = 60;
/// Endpoints probed in one round: what a report can carry.
pub const ENDPOINTS_MAX: u16 = 32;
/// Signatures checked in one call of the engine: each takes a small board some milliseconds, and its step must
/// not keep the application waiting.
pub const SIGNATURES_PER_CALL: u32 = 1;
/// Keyring generations accepted in one check: a chain of this length is four requests of a full pack each.
pub const GENERATIONS_PER_CHECK_MAX: u32 = 256;
/// Seconds that a signer's clock may be ahead of the device's: the publisher's own limit.
pub const CLOCK_AHEAD_SECONDS_MAX: u64 = 300;
/// Longest file that is installed offline: a full slot of certificates and a full pack of keyrings.
pub const FILE_BYTES_MAX: u32 = 16_777_216;
/// Bytes of an update file in front of its certificates: its own fields, header, largest table, largest patch.
pub const UPDATE_PREFIX_BYTES_MAX: u32 = 13 + 68 + 16_384 + 66_560;
/// Heads asked for in one check: a head may send the device for keyrings, and is then judged anew.
pub const HEADS_PER_CHECK_MAX: u8 = 8;
/// Bytes that are copied from one slot to the other at a time: they stand on the stack.
pub const COPY_BYTES: usize = 1_024;
