//! Mozilla's schedule: a root loses its trust for TLS when its key is 15 years old (Mozilla Root Store Policy §7.4), with a
//! transition for keys made before 15 April 2014 (wiki.mozilla.org/CA/Root_CA_Lifecycles).

use bundle::UnixSeconds;
use jiff::civil::Date;

use crate::date;

/// Years from the making of a key to the end of trust.
const TERM_YEARS: i16 = 15;
/// Version 2.9 of the policy, which brought the rule.
const ANNOUNCED: Date = Date::constant(2023, 9, 1);
/// First day of keys that the transition does not cover.
const TRANSITION_END: Date = Date::constant(2014, 4, 15);
/// Keys made before the first day leave on the second, the oldest first.
const TRANSITION: [(Date, Date); 5] = [
    (Date::constant(2006, 1, 1), Date::constant(2025, 4, 15)),
    (Date::constant(2008, 1, 1), Date::constant(2026, 4, 15)),
    (Date::constant(2010, 1, 1), Date::constant(2027, 4, 15)),
    (Date::constant(2012, 1, 1), Date::constant(2028, 4, 15)),
    (TRANSITION_END, Date::constant(2029, 4, 15)),
];

/// The day on which the rule was in force for the first time.
#[must_use]
pub fn announced() -> UnixSeconds {
    date::start(ANNOUNCED)
}

/// The day on which a root loses its trust for TLS, by the day on which its key was made. Where nobody has the report of
/// that, Mozilla takes the certificate's notBefore.
#[must_use]
pub fn last_day(key_made: UnixSeconds) -> UnixSeconds {
    let transition = TRANSITION.iter().find(|(before, _)| key_made < date::start(*before));
    transition.map_or_else(|| date::years_later(key_made, TERM_YEARS), |(_, last)| date::start(*last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key_made: &str, expect: &str) {
        assert_eq!(date::day(last_day(date::parse(key_made).unwrap())), expect, "{key_made}");
    }

    #[test]
    fn the_schedule_is_the_published_one_at_every_edge() {
        check("1998-09-01", "2025-04-15");
        check("2005-12-31", "2025-04-15");
        check("2006-01-01", "2026-04-15");
        check("2007-12-31T23:59:59Z", "2026-04-15");
        check("2008-01-01", "2027-04-15");
        check("2009-12-31", "2027-04-15");
        check("2010-01-01", "2028-04-15");
        check("2011-12-31", "2028-04-15");
        check("2012-01-01", "2029-04-15");
        check("2014-04-14", "2029-04-15");
        check("2014-04-15", "2029-04-15");
        check("2016-06-22", "2031-06-22");
        check("2020-02-29", "2035-02-28");
    }
}
