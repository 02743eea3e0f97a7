//! The clock port of this program: the only place that asks the machine for the time.

use std::time::{SystemTime, UNIX_EPOCH};

use bundle::UnixSeconds;

/// The machine's time; zero where the clock stands before 1970.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock port")]
pub fn now() -> UnixSeconds {
    UnixSeconds(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs()))
}
