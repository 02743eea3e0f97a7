//! The driver: it does what the engine asks for and tells it how that ended. No judgement is made here.

mod image;
mod machine;
mod record;
mod session;

pub use image::{Image, read as read_file};
pub use machine::Machine;
pub use record::{ActivityRecord, ProbeRecord};
pub use session::{Ended, Session};
