//! What can go wrong with a store: the medium, the content, or a step that does not fit the phase.

use core::fmt;

use crate::TransitionError;

/// What was being done when the medium failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Asking for the medium's length, or reading.
    Read,
    /// Writing, short writes and full disks included.
    Write,
    /// Making writes durable.
    Sync,
}

/// A store operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error<E> {
    /// The store belongs to another channel or fleet; it is not written to.
    Foreign,
    /// The content does not fit: the slot or the record would overflow.
    Full {
        /// Bytes that were offered in all.
        needed: u32,
        /// Bytes that there are.
        capacity: u32,
    },
    /// What was read back is not what was written.
    Mismatch,
    /// A newer version wrote this store; it is only read.
    NewerFormat {
        /// The format that stands there.
        format: u16,
    },
    /// The heap has no room for the next record; there may be once a connection is over.
    NoMemory,
    /// A read outside the slot's content.
    OutOfRange,
    /// The medium failed.
    Storage {
        /// What was being done.
        operation: Operation,
        /// Where in the file, in bytes.
        offset: u64,
        /// The medium's own error.
        source: E,
    },
    /// The step does not fit the store's phase.
    Transition(TransitionError),
}

impl<E> Error<E> {
    pub(crate) const fn storage(operation: Operation, offset: u64) -> impl FnOnce(E) -> Self {
        move |source| Self::Storage { operation, offset, source }
    }
}

impl<E> From<TransitionError> for Error<E> {
    fn from(error: TransitionError) -> Self {
        Self::Transition(error)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "reading",
            Self::Write => "writing",
            Self::Sync => "syncing",
        })
    }
}

impl<E> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => {
                f.write_str("the store belongs to another channel or fleet; it is not written to")
            }
            Self::Full { needed, capacity } => {
                write!(
                    f,
                    "the content needs {needed} bytes, the store has room for {capacity}: use a larger region"
                )
            }
            Self::Mismatch => {
                f.write_str("the slot does not read back as it was written: the medium is failing")
            }
            Self::NewerFormat { format } => {
                write!(f, "the store has format {format}, written by a newer version; it is not written to")
            }
            Self::NoMemory => f.write_str("there is no memory for a change of the journal now"),
            Self::OutOfRange => f.write_str("a read past the end of the slot's content"),
            Self::Storage { operation, offset, .. } => {
                write!(f, "{operation} the store at byte {offset} failed")
            }
            Self::Transition(_) => f.write_str("the step does not fit the store's phase"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Storage { source, .. } => Some(source),
            Self::Transition(error) => Some(error),
            _ => None,
        }
    }
}
