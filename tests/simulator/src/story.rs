//! One device's life in words, for people.

use std::fmt;

use crate::{
    life::{Bench, live},
    tally::Tally,
    world::World,
};

/// What a device did and what happened to it.
#[derive(Clone, Debug, Default)]
pub struct Story {
    lines: Vec<(u64, String)>,
}

impl Story {
    /// Lives one device and listens; what came of it stands beside.
    #[must_use]
    pub fn of(world: &World, device: u64) -> (Self, Tally) {
        let (mut story, mut tally) = (Self::default(), Tally::new(world));
        live(world, device, &mut Bench::default(), &mut tally, Some(&mut story));
        (story, tally)
    }

    /// Hears something.
    pub(crate) fn tell(&mut self, at: u64, words: String) {
        self.lines.push((at, words));
    }

    /// Every line: milliseconds since the start, and what happened.
    #[must_use]
    pub fn lines(&self) -> &[(u64, String)] {
        &self.lines
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, words) in &self.lines {
            writeln!(f, "{}  {words}", Moment(*at))?;
        }
        Ok(())
    }
}

/// A moment of a scenario, as people read it: `day 2 06:00:12`.
#[derive(Clone, Copy, Debug)]
pub struct Moment(pub u64);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1_000;
        let (day, rest) = (seconds / 86_400, seconds % 86_400);
        write!(f, "day {day} {:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60)
    }
}
