//! The census: which anchors the services of devices were seen to need, by their own reports, and what a removal would
//! take from them.
//!
//! It only ever stands in the way: that no device was seen to need an anchor proves nothing of those that say nothing.

mod command;
mod removal;
#[cfg(test)]
mod tests;
mod text;
mod usage;

pub use command::{CensusArgs, of_step, run};
pub use removal::{Removal, check};
pub use text::table;
pub use usage::{AnchorUse, Census, ServiceUse};

use bundle::{UnixSeconds, limits::SHARE_MAX};

use crate::date::DAY_SECONDS;
use crate::repository::Share;

/// Seconds since 1970, so many days before `now`: what was seen earlier does not count.
fn since(now: UnixSeconds, days: u32) -> i64 {
    let since = now.0.saturating_sub(u64::from(days).saturating_mul(DAY_SECONDS));
    i64::try_from(since).unwrap_or(i64::MAX)
}

/// So many of all, rounded down: what is not everybody is never called that.
fn share(some: u32, all: u32) -> Share {
    let parts = u64::from(some).saturating_mul(u64::from(SHARE_MAX)) / u64::from(all.max(1));
    Share::of_parts(u16::try_from(parts).unwrap_or(SHARE_MAX))
}
