//! Dates as people write them, and seconds as documents carry them.

use bundle::UnixSeconds;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// Seconds of one day.
pub const DAY_SECONDS: u64 = 86_400;

/// Reads `2026-02-28` (its first second, UTC) or `2026-02-28T12:00:00Z`.
///
/// # Errors
/// A sentence that says what was expected.
pub fn parse(text: &str) -> Result<UnixSeconds, String> {
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
    timestamp(time).map_or_else(|| format!("{} s", time.0), |timestamp| timestamp.to_string())
}

/// `2026-02-28`.
#[must_use]
pub fn day(time: UnixSeconds) -> String {
    let date = timestamp(time).map(|timestamp| TimeZone::UTC.to_datetime(timestamp).date());
    date.map_or_else(|| format!("{} s", time.0), |date| date.to_string())
}

/// Days since 1970-01-01.
#[must_use]
pub fn day_number(time: UnixSeconds) -> u32 {
    u32::try_from(time.0 / DAY_SECONDS).unwrap_or(u32::MAX)
}

/// The first second of a day counted from 1970-01-01.
#[must_use]
pub fn day_start(day_number: u32) -> UnixSeconds {
    UnixSeconds(u64::from(day_number).saturating_mul(DAY_SECONDS))
}

/// The first second of a day.
#[must_use]
pub fn start(day: Date) -> UnixSeconds {
    let seconds = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).map_or(0, Timestamp::as_second);
    UnixSeconds(u64::try_from(seconds).unwrap_or(0))
}

/// The first second of the same day some years later; of 28 February where there is no such day.
#[must_use]
pub fn years_later(time: UnixSeconds, years: i16) -> UnixSeconds {
    let date = timestamp(time).map(|timestamp| TimeZone::UTC.to_datetime(timestamp).date());
    let later = date.and_then(|date| date.checked_add(Span::new().years(years)).ok());
    later.map_or(UnixSeconds(u64::MAX), start)
}

/// A span in words: `3 d 4 h`, `2 min`.
#[must_use]
pub fn span(seconds: u64) -> String {
    let units = [(DAY_SECONDS, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = seconds;
    let mut words = Vec::new();
    for (size, name) in units {
        if rest >= size && words.len() < 2 {
            words.push(format!("{} {name}", rest / size));
            rest %= size;
        }
    }
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

fn timestamp(time: UnixSeconds) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.0).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_back_as_they_were_written() {
        for text in ["2026-02-28T12:00:00Z", "1970-01-01T00:00:00Z", "2100-12-31T23:59:59Z"] {
            assert_eq!(instant(parse(text).unwrap()), text);
        }
        assert_eq!(day(parse("2026-02-28").unwrap()), "2026-02-28");
        assert_eq!(day_start(day_number(parse("2026-02-28").unwrap())), parse("2026-02-28").unwrap());
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in
            ["", "yesterday", "2026-13-01", "2026-02-30", "1969-12-31", "28.2.2026", "2026-02-28T25:00:00Z"]
        {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn spans_are_read_in_two_units() {
        assert_eq!(span(0), "0 s");
        assert_eq!(span(3 * DAY_SECONDS + 4 * 3_600 + 59), "3 d 4 h");
        assert_eq!(span(61), "1 min 1 s");
    }
}
