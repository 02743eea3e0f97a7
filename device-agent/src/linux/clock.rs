//! The clock port: the only place that asks the machine for the time.

use std::fmt;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bundle::UnixSeconds;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Clock as CalendarTime, Now};

/// Seconds since 1970 of 2026-01-01: no program built from this source ran earlier.
const SOURCE_TIME: u64 = 1_767_225_600;

/// The machine's clocks, as one start of the agent sees them.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    as_of: Option<UnixSeconds>,
}

impl Clock {
    /// The clocks from now on; `as_of` stands in for the calendar in drills.
    #[must_use]
    pub fn new(as_of: Option<UnixSeconds>) -> Self {
        Self { started: Instant::now(), as_of }
    }

    /// The time of one event.
    ///
    /// A calendar that stands before this program was built was never set: that is "unknown", not a date.
    #[must_use]
    pub fn now(&self) -> Now {
        let calendar = self.calendar();
        let is_set = calendar >= self.build_time();
        let clock = if is_set { CalendarTime::Known(calendar) } else { CalendarTime::Unknown };
        Now { uptime_seconds: self.started.elapsed().as_secs(), clock }
    }

    /// The first floor of time: a time that has passed for certain.
    ///
    /// In a drill it is zero, so that a replay of an earlier year is not taken for a clock that was never set.
    #[must_use]
    pub const fn build_time(&self) -> UnixSeconds {
        if self.as_of.is_some() { UnixSeconds(0) } else { UnixSeconds(SOURCE_TIME) }
    }

    /// What the calendar says, set or not; zero where it stands before 1970.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock port")]
    pub fn calendar(&self) -> UnixSeconds {
        let machine = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
        self.as_of.unwrap_or_else(|| UnixSeconds(machine()))
    }
}

/// A time in JSON: RFC 3339, in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub UnixSeconds);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&instant(self.0))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_date(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&instant(self.0))
    }
}

/// Reads `2026-02-28` (its first second, UTC) or `2026-02-28T12:00:00Z`.
///
/// # Errors
/// A sentence that says what was expected.
pub fn parse_date(text: &str) -> Result<UnixSeconds, String> {
    let wrong = || format!("{text:?} is not a date: write 2026-02-28 or 2026-02-28T12:00:00Z");
    let timestamp = match text.parse::<Timestamp>() {
        Ok(timestamp) => timestamp,
        Err(_) => {
            let date: Date = text.parse().map_err(|_| wrong())?;
            TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).map_err(|_| wrong())?
        }
    };
    u64::try_from(timestamp.as_second()).map(UnixSeconds).map_err(|_| wrong())
}

/// `2026-02-28T12:00:00Z`.
#[must_use]
pub fn instant(time: UnixSeconds) -> String {
    let timestamp = i64::try_from(time.0).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    timestamp.map_or_else(|| format!("{} s", time.0), |timestamp| timestamp.to_string())
}

/// A span in words: `3 days 4 hours`, `1 minute`; of two units at most.
#[must_use]
pub fn span(seconds: u64) -> String {
    let mut rest = seconds;
    let mut words = Vec::new();
    for (size, name) in [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")] {
        if rest >= size && words.len() < 2 {
            let count = rest / size;
            words.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
            rest %= size;
        }
    }
    if words.is_empty() { "0 seconds".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_before_the_build_is_unknown_and_a_drill_is_known() {
        let machine = Clock::new(None);
        assert!(machine.build_time().0 > 0);
        let drill = Clock::new(Some(UnixSeconds(1_430_000_000)));
        assert_eq!(drill.now().clock, CalendarTime::Known(UnixSeconds(1_430_000_000)));
        let unset = Clock { started: Instant::now(), as_of: None };
        assert_eq!(unset.now().clock == CalendarTime::Unknown, unset.calendar() < unset.build_time());
    }

    #[test]
    fn dates_read_back_as_they_were_written() {
        assert_eq!(instant(parse_date("2026-02-28T12:00:00Z").unwrap()), "2026-02-28T12:00:00Z");
        assert_eq!(instant(parse_date("2020-10-01").unwrap()), "2020-10-01T00:00:00Z");
        for wrong in ["", "yesterday", "2026-02-30", "1969-12-31"] {
            assert!(parse_date(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(instant(parse_date("2026-01-01").unwrap()), instant(UnixSeconds(SOURCE_TIME)));
    }

    #[test]
    fn spans_are_read_in_two_units() {
        assert_eq!(span(0), "0 seconds");
        assert_eq!(span(3 * 86_400 + 3_600 + 59), "3 days 1 hour");
        assert_eq!(span(61), "1 minute 1 second");
    }
}
