//! What a program's files may be after a power cut, from the system calls that it really made.
//!
//! [`recorder`] runs a program under `strace`, [`trace`] reads the calls, [`operation`] turns names into files, [`disk`]
//! keeps what may be lost, and [`states`] lists what a restart may find, as a [`tree`] to be written into a folder.

pub mod disk;
pub mod live;
pub mod operation;
pub mod recorder;
pub mod states;
pub mod trace;
pub mod tree;
