//! The coverage matrix: every service's endpoints under the release that devices have, under the one that is to come, and
//! under what both share; and the gate of `publish` that stands on it.
//!
//! What endpoints serve comes from observations, of any vantage. A verdict is that of the devices' own judge, crate
//! `chain`, and of no other.

mod gate;
mod html;
mod judged;
#[cfg(test)]
pub(crate) mod kit;
mod matrix;
mod sides;
mod sighting;
mod svg;
#[cfg(test)]
mod tests;
mod text;

pub use gate::{check, findings};
pub use html::page;
pub use judged::JudgedBundle;
pub use matrix::{EndpointRow, Matrix, ServiceRow, State};
pub use sides::Sides;
pub use sighting::{Cell, CellKind, Sighting};
pub(crate) use sighting::{anchors_of, verifies_with};
pub use svg::drawing;
pub use text::table;

use bundle::UnixSeconds;

use crate::Error;
use crate::observation::{Observations, read_all};
use crate::repository::Repository;

/// The matrix of `sides` by all observations of the repository.
///
/// # Errors
/// Exit code 2 or 3 where services or observations cannot be read.
pub fn of_repository(repository: &Repository, sides: &Sides, now: UnixSeconds) -> Result<Matrix, Error> {
    by(repository, sides, &read_all(repository.layout(), now)?, now)
}

/// As [`of_repository`], by observations that were read already.
///
/// # Errors
/// Exit code 2 where services cannot be read.
pub fn by(
    repository: &Repository,
    sides: &Sides,
    observations: &[Observations],
    now: UnixSeconds,
) -> Result<Matrix, Error> {
    let days = repository.fleet().watch.observation_days;
    Ok(Matrix::of(sides, &repository.services()?, observations, days, now))
}
