//! Publishing: what the tree must hold, the steps that bring it there, and their execution.

mod archive;
mod plan;
mod tree;

pub use archive::{Archive, StoredRelease};
pub use plan::{Plan, Step};
pub use tree::{Tree, plan_tree};
