//! Every maximum of the format, each with its reason; the table in SPEC.md repeats them and a test compares.

/// Bytes of one certificate in DER: the largest root in eleven years of Mozilla's store has 2,442, and
/// post-quantum certificates (2,420-byte signature, 1,312-byte key) still fit.
pub const CERTIFICATE_BYTES_MAX: u32 = 8_192;
/// Anchors in one manifest: Mozilla's store peaked at 168; operators carry private roots beside it.
pub const ANCHORS_MAX: usize = 512;
/// Intermediates in one manifest: a few per service, or the preload of a whole vendor.
pub const INTERMEDIATES_MAX: usize = 512;
/// Services in one manifest: a device talks to a handful, a gateway to some dozens.
pub const SERVICES_MAX: usize = 64;
/// Host patterns of one service: the regional names of one vendor.
pub const HOSTS_MAX: usize = 16;
/// Bytes of one host pattern: 253 of a DNS name (RFC 1035 §3.1), a colon and a port.
pub const HOST_BYTES_MAX: usize = 259;
/// Pins of one service: the current key, its backup, and the pair they replace, twice over.
pub const PINS_MAX: usize = 8;
/// Expectations of one service: as many as pins, for the same reason.
pub const EXPECTATIONS_MAX: usize = 8;
/// Attributes of one expected name: organization, unit, country and common name.
pub const EXPECTED_ATTRIBUTES_MAX: usize = 4;
/// Bytes of the type of an expected attribute: those of RFC 5280 have at most 10.
pub const EXPECTED_OID_BYTES_MAX: usize = 16;
/// Bytes of the text of an expected attribute: 64 characters (RFC 5280, appendix A.1), of two bytes each.
pub const EXPECTED_VALUE_BYTES_MAX: usize = 128;
/// Constraint sets of one anchor: any of them may hold, so a few stages of one rollout.
pub const CONSTRAINT_SETS_MAX: usize = 8;
/// DNS subtrees of one constraint set: Mozilla's longest applied constraint names eleven.
pub const SUBTREES_MAX: usize = 16;
/// Entries of the deny list: at 33 bytes each they share one 8 KiB journal block with the keyring.
pub const DENIALS_MAX: usize = 64;
/// Distrust orders of one manifest: every one of them must also fit the deny list.
pub const DISTRUST_ORDERS_MAX: usize = 64;
/// Further URLs of the channel carried in a manifest.
pub const URLS_MAX: usize = 8;
/// Bytes of one URL.
pub const URL_BYTES_MAX: usize = 256;
/// Bytes of a service's name: it is a file name on devices and a column in tables.
pub const SERVICE_NAME_BYTES_MAX: usize = 32;
/// Bytes of a note or reason: one sentence for a person.
pub const NOTE_BYTES_MAX: usize = 160;
/// Extensions on one document, anchor or service.
pub const EXTENSIONS_MAX: usize = 8;
/// Bytes of one extension's content.
pub const EXTENSION_BYTES_MAX: usize = 1_024;
/// Bytes of a manifest's body: 512 anchors with notes; the smallest device class refuses more than its slot.
pub const MANIFEST_BODY_BYTES_MAX: u32 = 65_536;
/// Bytes of a head's body: it is signed directly and fits one request with its envelope in 200 bytes.
pub const HEAD_BODY_BYTES_MAX: u32 = 96;
/// Groups named in a head: what fits its body.
pub const GROUPS_MAX: usize = 8;
/// Bytes of a keyring's body: it lives in one 8 KiB journal block beside floors and the deny list.
pub const KEYRING_BODY_BYTES_MAX: u32 = 4_928;
/// Keys in a keyring or a recovery set: four roles of up to six people.
pub const KEYS_MAX: usize = 24;
/// Bytes of one public key: ML-DSA-87 needs 2,592.
pub const KEY_BYTES_MAX: usize = 2_592;
/// Bytes of a key's or fleet's name.
pub const NAME_BYTES_MAX: usize = 32;
/// Floors restated by one keyring: two roles of eight channels.
pub const FLOORS_MAX: usize = 16;
/// Signatures in one table: old, new and recovery thresholds of one keyring with spares.
pub const SIGNATURES_MAX: usize = 16;
/// Bytes of one signature: ML-DSA-87 needs 4,627.
pub const SIGNATURE_BYTES_MAX: usize = 4_627;
/// Signatures whose outcome is kept while one decision is made in steps: a whole table of the head and one of the
/// manifest of a USB file, the most that one decision walks.
pub const MEMO_ENTRIES: usize = 32;
/// Bytes of a signature table: four ML-DSA-44 signatures, each with its public key beside it (3,743 bytes).
pub const SIGNATURE_TABLE_BYTES_MAX: usize = 16_384;
/// Bytes of an echo's body.
pub const ECHO_BODY_BYTES_MAX: u32 = 96;
/// Keyring generations in one pack: bounds a device's work per request.
pub const PACK_GENERATIONS_MAX: u32 = 64;
/// Largest accepted growth of a keyring's number in one step: a thief cannot run the counter out.
pub const KEYRING_STEP_MAX: u32 = 1_024;
/// Largest accepted growth of a release's number in one step.
pub const RELEASE_STEP_MAX: u32 = 65_536;
/// Largest accepted growth of a head's number in one step: ten years of a signature every five minutes.
pub const HEAD_STEP_MAX: u32 = 1_048_576;
/// Shortest refresh interval a head can ask for, in seconds.
pub const REFRESH_SECONDS_MIN: u32 = 60;
/// Longest refresh interval a head can ask for, in seconds: seven days.
pub const REFRESH_SECONDS_MAX: u32 = 604_800;
/// Longest lifetime of a head, in seconds: ninety days; longer, and freezing a fleet costs a thief nothing.
pub const HEAD_LIFETIME_SECONDS_MAX: u32 = 7_776_000;
/// A rollout share of everybody, in 1/10,000.
pub const SHARE_MAX: u16 = 10_000;
/// Bytes of a patch: a whole manifest body as one literal, and the operations around it.
pub const PATCH_BYTES_MAX: u32 = 66_560;
/// Bytes of a device's id.
pub const DEVICE_ID_BYTES_MAX: usize = 64;
/// Applications of one device: a gateway runs a handful.
pub const APPLICATIONS_MAX: usize = 32;
/// Bytes of an application's name: it is a file name on devices and a column in tables.
pub const APPLICATION_NAME_BYTES_MAX: usize = 32;
/// Entries of one census: every service of a full manifest once, or fewer with several endpoints.
pub const CENSUS_ENTRIES_MAX: usize = 64;
/// Anchors in one entry of a census: a chain is cross-signed to two or three roots, never to more than these.
pub const CENSUS_ANCHORS_MAX: usize = 8;
/// Bytes of a report frame.
pub const REPORT_BYTES_MAX: usize = 2_048;
