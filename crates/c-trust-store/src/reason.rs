//! Stable reasons: those of the device agent that a reader of the store can meet, under the same numbers and names.

use std::ffi::CStr;

use trust_store::{Condition, Origin};

/// Nothing to say.
pub(crate) const NONE: u16 = 0;
/// The served chain takes more work to judge than is allowed.
pub(crate) const TOO_COMPLEX: u16 = 146;
/// The store was unreadable.
pub(crate) const STORE_LOST: u16 = 160;
/// A newer version wrote the store.
pub(crate) const STORE_NEWER_FORMAT: u16 = 161;
/// The store belongs to another channel or fleet.
pub(crate) const STORE_OF_OTHER_CHANNEL: u16 = 162;
/// The medium failed.
pub(crate) const STORE_FAILED: u16 = 163;

/// Numbers and names; a test compares them with the agent's.
pub(crate) const REASONS: [(u16, &CStr); 13] = [
    (120, c"chain"),
    (121, c"name"),
    (122, c"date"),
    (123, c"pin"),
    (124, c"denied"),
    (125, c"constraint"),
    (126, c"purpose"),
    (127, c"expectation"),
    (TOO_COMPLEX, c"too_complex"),
    (STORE_LOST, c"store_lost"),
    (STORE_NEWER_FORMAT, c"store_newer_format"),
    (STORE_OF_OTHER_CHANNEL, c"store_of_other_channel"),
    (STORE_FAILED, c"store_failed"),
];

/// The name of a reason.
pub(crate) fn name(number: u16) -> Option<&'static CStr> {
    REASONS.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

/// The number of a verdict's code.
pub(crate) fn of_code(code: &str) -> u16 {
    let known = REASONS.iter().find(|(_, name)| name.to_bytes() == code.as_bytes());
    known.map_or(NONE, |(number, _)| *number)
}

/// What is to be said of a store that was read, while a release of this origin is in force.
pub(crate) const fn of_condition(condition: Condition, origin: Origin) -> u16 {
    match (condition, origin) {
        (Condition::Ready, _) => NONE,
        // A store that was never written is how every device begins; one that was, is gone.
        (Condition::Blank, Origin::Seed) => NONE,
        (Condition::Blank | Condition::Lost, _) => STORE_LOST,
        (Condition::NewerFormat { .. }, _) => STORE_NEWER_FORMAT,
        (Condition::Foreign, _) => STORE_OF_OTHER_CHANNEL,
        // A condition of a later version is at least worth a look.
        _ => STORE_FAILED,
    }
}
