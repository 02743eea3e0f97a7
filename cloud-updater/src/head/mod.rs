//! Heads: what the next one says, which number it has, and the compare-and-swap that publishes it.

mod lifetime;
mod number;
mod published;
mod signing;
mod swap;
mod wanted;

pub use lifetime::{alarm, step as lifetime_step};
pub use number::next_number;
pub use published::{Published, PublishedHead};
pub(crate) use signing::{CLOCK_SKEW_SECONDS_MAX, check_clock, check_clock_is_reached};
pub use signing::{NewHead, Urgency, refuse_before_its_files, sign, urgency};
pub use swap::swap;
pub use wanted::wanted;
