//! What the status command knows: the store as applications read it, the exports, and what the agent last wrote
//! about itself. The agent is not asked, and need not run.

mod applications;
mod exports;
mod findings;
mod freshness;
mod journal;
mod overview;
mod requirement;
mod trusted;
mod words;

pub use applications::Applications;
pub use exports::Exports;
pub use findings::Finding;
pub use freshness::Freshness;
pub use journal::{Journal, RefusedRelease};
pub use overview::Overview;
pub use requirement::{Requirement, RequirementKind};
pub use trusted::{ServiceLine, Standing, Trusted};
