//! A day of a scenario.

use std::{error::Error, fmt, str::FromStr};

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A day, in UTC; programs are told its noon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(Date);

impl Day {
    /// The day so many days later, or earlier where it is negative.
    pub(crate) fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days.days()))
    }

    /// Days from `earlier` to this one.
    pub(crate) fn since(self, earlier: Self) -> i32 {
        self.0.since(earlier.0).map_or(0, |span| span.get_days())
    }

    /// What `--as-of` takes: the day's noon.
    pub(crate) fn noon(self) -> String {
        format!("{self}T12:00:00Z")
    }

    /// Seconds since 1970 of its noon.
    pub(crate) fn seconds(self) -> Result<u64, Box<dyn Error>> {
        let noon: jiff::Timestamp = self.noon().parse()?;
        Ok(u64::try_from(noon.as_second())?)
    }

    /// Year, month and day.
    pub(crate) fn civil(self) -> Result<(i32, u8, u8), Box<dyn Error>> {
        Ok((self.0.year().into(), self.0.month().try_into()?, self.0.day().try_into()?))
    }
}

impl FromStr for Day {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| D::Error::custom(format!("{text:?} is not a day: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_over_the_ends_of_months_and_years() {
        let day: Day = "2020-12-30".parse().unwrap();
        assert_eq!(day.plus(3).to_string(), "2021-01-02");
        assert_eq!(day.plus(400).since(day), 400);
        assert_eq!(day.since(day.plus(1)), -1);
        assert_eq!(day.seconds().unwrap() % 86_400, 43_200);
    }
}
