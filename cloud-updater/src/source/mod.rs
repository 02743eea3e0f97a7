//! Sources: what root programmes, vendors, machines and files say about CA certificates. All of it is advice; keys sign.
//!
//! A source is described in `sources/<name>.toml`, what it said last is in `sources/<name>.json`, and every change of
//! that is a line of `sources/<name>.history`. The version of what a source says is the hash of its statements, so the
//! same set is the same version, whatever the order of rows or the form of the file.

mod ccadb;
mod chrome;
mod fetch;
mod files;
mod heard;
mod history;
mod preset;
mod record;
mod said;
mod table;

pub use heard::{Dropped, Heard};
pub use history::{Entry, FieldChange};
pub use preset::{PRESETS, Preset, PresetService};
pub use record::{Kind, Record, Source};
pub use said::{Fault, Said, Statement};

#[cfg(feature = "fuzzing")]
pub(crate) use ccadb::parse as parse_ccadb;
