//! How a task fails.

use std::{io, path::PathBuf};

/// Why a task stopped; the number of its exit code is [`Failure::exit`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A check found something; what it found has been printed.
    #[error("{0}")]
    Check(String),
    /// A file that cannot be read or written.
    #[error("{path}: cannot {action}")]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A tool that this machine lacks.
    #[error("{what}\n{remedy}")]
    Missing {
        /// What is missing, and what for.
        what: String,
        /// The one line that installs it.
        remedy: String,
    },
    /// A command that could not be started or waited for.
    #[error("cannot run {command}")]
    Spawn {
        /// The command.
        command: String,
        /// Why it failed.
        source: io::Error,
    },
    /// An answer of a tool, or a file of this workspace, that makes no sense.
    #[error("{what}: {message}")]
    Unreadable {
        /// Which answer or file.
        what: String,
        /// What is wrong with it.
        message: String,
    },
}

impl Failure {
    /// The exit code: 1 a finding, 2 a machine that must be prepared first, 5 a file or a tool that failed.
    pub(crate) const fn exit(&self) -> u8 {
        match self {
            Self::Check(_) => 1,
            Self::Missing { .. } => 2,
            Self::File { .. } | Self::Spawn { .. } | Self::Unreadable { .. } => 5,
        }
    }
}
