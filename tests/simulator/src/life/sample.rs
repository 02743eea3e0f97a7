//! The curves: what a device reads and reaches at every full hour.

use device_agent::Agent;

use super::Life;
use crate::{flash::Lent, tally::HOUR};

impl Life<'_, '_> {
    /// Notes every full hour until a moment; nothing that is noted changes before it.
    pub(super) fn sample(&mut self, agent: &Agent<'_, Lent<'_>>, until: u64) {
        if self.sampled * HOUR > until {
            return;
        }
        let read = agent.installed().and_then(|content| self.world.release_index(content.digest));
        while self.sampled * HOUR <= until {
            let at = self.sampled * HOUR;
            let hour = usize::try_from(self.sampled).unwrap_or(usize::MAX);
            self.sampled += 1;
            if let Some(on) = self.tally.on.get_mut(hour) {
                *on += 1;
            }
            let column = read.unwrap_or(self.world.releases.len());
            if let Some(count) = self.tally.by_release.get_mut(hour).and_then(|row| row.get_mut(column)) {
                *count += 1;
            }
            let Some(row) = self.tally.by_service.get_mut(hour) else { continue };
            for (index, count) in row.iter_mut().enumerate() {
                *count += u64::from(read.is_some_and(|release| self.world.reaches(release, index, at)));
            }
        }
    }
}
