//! Dates of certificates: UTCTime and GeneralizedTime (RFC 5280 §4.1.2.5) to seconds, and seconds to text.

use core::fmt;

use bundle::UnixSeconds;

use crate::der::{DerError, Element, tag};

const SECONDS_A_DAY: u64 = 86_400;

/// A time as text: `2031-11-10 00:00:00 UTC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateText(pub UnixSeconds);

/// Reads one `Time`. A moment before 1970 reads as 1970: nothing that is judged today began or ended then.
pub(crate) fn read(element: &Element<'_>, field: &'static str) -> Result<UnixSeconds, DerError> {
    parse(element).map(UnixSeconds).ok_or_else(|| element.value_error(field))
}

fn parse(element: &Element<'_>) -> Option<u64> {
    let digits = element.content.strip_suffix(b"Z")?;
    let (year, rest) = match (element.tag, digits.len()) {
        (tag::UTC_TIME, 12) => {
            let (year, rest) = two_digits(digits)?;
            // RFC 5280 §4.1.2.5.1: 50 and above is the twentieth century.
            (if year >= 50 { year.checked_add(1900)? } else { year.checked_add(2000)? }, rest)
        }
        (tag::GENERALIZED_TIME, 14) => {
            let (century, rest) = two_digits(digits)?;
            let (year, rest) = two_digits(rest)?;
            (century.checked_mul(100)?.checked_add(year)?, rest)
        }
        _ => return None,
    };
    let (month, rest) = two_digits(rest)?;
    let (day, rest) = two_digits(rest)?;
    let (hour, rest) = two_digits(rest)?;
    let (minute, rest) = two_digits(rest)?;
    let (second, _) = two_digits(rest)?;
    if day == 0 || day > days_in_month(year, month)? || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = hour.checked_mul(3_600)?.checked_add(minute.checked_mul(60)?)?.checked_add(second)?;
    Some(match days_since_1970(year, month, day)? {
        Some(days) => days.checked_mul(SECONDS_A_DAY)?.checked_add(seconds)?,
        None => 0,
    })
}

fn two_digits(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let ([high, low], rest) = bytes.split_first_chunk::<2>()?;
    let digit = |byte: &u8| char::from(*byte).to_digit(10).map(u64::from);
    Some((digit(high)?.checked_mul(10)?.checked_add(digit(low)?)?, rest))
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_in_month(year: u64, month: u64) -> Option<u64> {
    match month {
        2 if is_leap(year) => Some(29),
        2 => Some(28),
        4 | 6 | 9 | 11 => Some(30),
        1..=12 => Some(31),
        _ => None,
    }
}

/// Whole days from 1970-01-01, `Some(None)` for earlier ones.
///
/// Counted in years that start in March, so that the leap day is the last (H. Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `days_from_civil`).
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<Option<u64>> {
    let starts_in_march = month > 2;
    let year = if starts_in_march { year } else { year.checked_sub(1)? };
    let month = if starts_in_march { month.checked_sub(3)? } else { month.checked_add(9)? };
    let day_of_year =
        month.checked_mul(153)?.checked_add(2)?.checked_div(5)?.checked_add(day)?.checked_sub(1)?;
    let leap_days = (year / 4).checked_sub(year / 100)?.checked_add(year / 400)?;
    let days = year.checked_mul(365)?.checked_add(leap_days)?.checked_add(day_of_year)?;
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    Some(days.checked_sub(719_468))
}

/// Year, month and day of a count of days from 1970-01-01 (`civil_from_days` of the same source).
const fn civil(days: u64) -> (u64, u64, u64) {
    let days = days.saturating_add(719_468);
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let leap_corrected = day_of_era
        .saturating_sub(day_of_era / 1_460)
        .saturating_add(day_of_era / 36_524)
        .saturating_sub(day_of_era / 146_096);
    let year_of_era = leap_corrected / 365;
    let day_of_year = day_of_era.saturating_sub(
        year_of_era.saturating_mul(365).saturating_add(year_of_era / 4).saturating_sub(year_of_era / 100),
    );
    let month = day_of_year.saturating_mul(5).saturating_add(2) / 153;
    let day = day_of_year.saturating_sub(month.saturating_mul(153).saturating_add(2) / 5).saturating_add(1);
    let year = era.saturating_mul(400).saturating_add(year_of_era);
    if month < 10 {
        (year, month.saturating_add(3), day)
    } else {
        (year.saturating_add(1), month.saturating_sub(9), day)
    }
}

impl fmt::Display for DateText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.0 % SECONDS_A_DAY;
        let (year, month, day) = civil(self.0.0 / SECONDS_A_DAY);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::*;

    fn check(tag: u8, content: &str, expect: Option<u64>) {
        let element = Element { tag, whole: &[], content: content.as_bytes(), offset: 0 };
        assert_eq!(parse(&element), expect, "{content}");
    }

    #[test]
    fn known_moments_read_as_their_seconds() {
        check(tag::UTC_TIME, "700101000000Z", Some(0));
        check(tag::UTC_TIME, "260718123456Z", Some(1_784_378_096));
        check(tag::GENERALIZED_TIME, "20000229235959Z", Some(951_868_799));
        check(tag::GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799));
    }

    #[test]
    fn a_moment_before_1970_reads_as_1970() {
        check(tag::UTC_TIME, "500101000000Z", Some(0));
        check(tag::GENERALIZED_TIME, "00000101000000Z", None);
        check(tag::GENERALIZED_TIME, "19691231235959Z", Some(0));
    }

    #[test]
    fn moments_that_do_not_exist_are_refused() {
        for content in ["210229000000Z", "211301000000Z", "210100000000Z", "210101240000Z", "210101006000Z"] {
            check(tag::UTC_TIME, content, None);
        }
    }

    #[test]
    fn forms_that_der_does_not_allow_are_refused() {
        for content in ["2101010000Z", "210101000000", "210101000000+0100", "21010100000xZ", ""] {
            check(tag::UTC_TIME, content, None);
        }
        check(tag::GENERALIZED_TIME, "20210101000000.5Z", None);
    }

    #[test]
    fn every_day_of_four_centuries_prints_as_it_reads() {
        for day in 0..146_097_u64 {
            let text = DateText(UnixSeconds(day * SECONDS_A_DAY)).to_string();
            let digits: std::string::String = text.chars().filter(char::is_ascii_digit).collect();
            check(tag::GENERALIZED_TIME, &(digits + "Z"), Some(day * SECONDS_A_DAY));
        }
    }
}
