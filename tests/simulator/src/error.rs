//! Why a simulation cannot begin. What goes wrong in the fleet is no error: it is what the simulation finds.

use std::{io, path::PathBuf};

/// What cannot be read, made or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder of this machine.
    #[error("{}: cannot be used", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The publisher refused what the scenario has it do.
    #[error("at hour {hours}: {command} ended with {status}\n{said}")]
    Publisher {
        /// Hours since the scenario's start.
        hours: f64,
        /// The command, as one would type it.
        command: String,
        /// How it ended.
        status: String,
        /// What it said.
        said: String,
    },
    /// A published file is not what the publisher promises.
    #[error("{path}: {fault}; the publisher's tree cannot be simulated")]
    Published {
        /// The file, in the tree.
        path: String,
        /// What is wrong with it.
        fault: String,
    },
    /// The scenario says something that cannot be.
    #[error("{}: {field}: {fault}", file.display())]
    Scenario {
        /// The scenario's file.
        file: PathBuf,
        /// The field at fault.
        field: String,
        /// What is wrong with it, and what may stand there.
        fault: String,
    },
    /// A certificate of the scenario's PKI could not be made.
    #[error("the certificate {name} cannot be made")]
    Certificate {
        /// Its name in the scenario.
        name: String,
        /// Why.
        #[source]
        source: rcgen::Error,
    },
    /// No such device.
    #[error("device {device} is not one of {devices}: they are numbered from 0")]
    Device {
        /// The number that was asked for.
        device: u64,
        /// How many there are.
        devices: u64,
    },
}

impl Error {
    /// A failure of a file or folder.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }
}
