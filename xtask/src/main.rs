//! The build system of this workspace: `cargo xtask demo | devkit | dist | c-library | size | panics | fuzz | test | model | ci | vectors`.
//!
//! It depends on no other crate of the workspace, so that it builds in seconds and says what a machine lacks before
//! the long build starts. The rules of the source tree are tests of this package (`tidy`).

#![forbid(unsafe_code)]

mod apps;
mod arm;
mod bare;
mod board;
mod c_library;
mod ci;
mod cli;
mod conformance;
mod demo;
mod devkit;
mod dist;
mod failure;
mod files;
mod fuzz;
mod licence;
mod m4;
mod metadata;
mod model;
mod node;
mod output;
mod panics;
mod policy;
mod process;
mod sample;
mod setup;
mod sim;
mod size;
mod steps;
mod storage;
mod tally;
mod test;
#[cfg(test)]
mod tidy;
mod vectors;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::failure(&failure);
            ExitCode::from(failure.exit())
        }
    }
}
