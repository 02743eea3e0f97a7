//! Every maximum of the messages, each with its reason; the table in SPEC.md repeats them and a test compares.

/// Bytes of one message: what Azure Sphere carries between its cores in one piece.
pub const MESSAGE_BYTES_MAX: usize = 1_040;
/// Bytes in front of a message's payload: its fixed layout.
pub const HEADER_BYTES: usize = 28;
/// Bytes of one payload: what is left of a message.
pub const PAYLOAD_BYTES_MAX: usize = 1_012;
/// Bytes of an answer: its fixed layout.
pub const ANSWER_BYTES: usize = 40;
/// Keyring files in one transfer: as many as a pack of the published tree has, so that work has an end.
pub const KEYRINGS_MAX: u32 = 64;
