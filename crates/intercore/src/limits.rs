//! Every maximum of the messages, each with its reason; the table in SPEC.md repeats them and a test compares.

/// Bytes of one message: what Azure Sphere sends between its cores in one piece. The buffers would take 1,040
/// (`INTERCORE_MAX_PAYLOAD_LEN` of the vendor's sample for the core), but the kernel's socket refuses more than this with
/// `EMSGSIZE`, and the kernel closes the line of a core that sends more.
pub const MESSAGE_BYTES_MAX: usize = 1_024;
/// Bytes in front of a message's payload: its fixed layout.
pub const HEADER_BYTES: usize = 28;
/// Bytes of one payload: what is left of a message.
pub const PAYLOAD_BYTES_MAX: usize = 996;
/// Bytes of an answer: its fixed layout.
pub const ANSWER_BYTES: usize = 40;
/// Keyring files in one transfer: as many as a pack of the published tree has, so that work has an end.
pub const KEYRINGS_MAX: u32 = 64;
