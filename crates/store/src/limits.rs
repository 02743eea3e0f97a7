//! Every size of the store, each with its reason; the table in SPEC.md repeats them and a test compares.

/// Bytes of a block that a write may destroy as a whole: the largest erase or page size of the media we know.
/// Slots and journal records start on multiples of it, so that writing one never harms another.
pub const BLOCK_BYTES: usize = 8_192;
/// Journal records in a region, written alternately: one is whole while the other is written.
pub const JOURNAL_BLOCKS: usize = 2;
/// Slots in a region: the one that applications read and the idle one.
pub const SLOTS: usize = 2;
/// Smallest region: two slots of one block each and the journal.
pub const REGION_BYTES_MIN: u32 = 32_768;
/// Bytes of the part of a record whose layout never changes.
pub const FROZEN_BYTES: usize = 64;
/// Bytes of a record in front of its CRC.
pub const RECORD_BYTES: usize = 7_650;
/// Bytes of a kept keyring: a header of 68 bytes and the largest body.
pub const KEYRING_BYTES_MAX: usize = 4_996;
/// Entries of the deny list; equal to the format's own limit.
pub const DENIALS_MAX: usize = 64;
/// Bytes of one denial: its kind and a SHA-256.
pub const DENIAL_BYTES: usize = 33;
/// Refusals remembered: the newest release, the one before it that a rollout still hands out, and room for two
/// more whose manifests could not be staged.
pub const REFUSALS_MAX: usize = 4;
/// Bytes that a reader looks at to learn that nothing changed, over both records.
pub const POLL_BYTES: usize = 64;
/// How often a reader starts again because the journal moved under it.
pub const READ_ATTEMPTS_MAX: u8 = 8;
/// Format of the journal records that this version writes.
pub const STORE_FORMAT: u16 = 1;
