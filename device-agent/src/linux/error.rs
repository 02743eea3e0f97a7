//! The one error that leaves a command: a stable code, the place at fault, what to do, and the exit code.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::Path;

use serde::Serialize;

/// What a finished process says to its caller. The numbers are documented in `--help`: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Done, and there is something to look at: a refused release, a refused endpoint, a stale head.
    Finding,
    /// The command line, the environment or the configuration cannot be used.
    Usage,
    /// An input is malformed or refused; nothing was changed.
    BadInput,
    /// Signatures are missing or wrong; nothing was changed.
    Signatures,
    /// A file or the network failed; trying again is safe.
    Io,
    /// A bug of ours.
    Bug,
}

/// Why a command did not do what it was asked to do.
///
/// `Display` is `<file>: <field>: <message>`; causes are in [`StdError::source`] and are never repeated.
#[derive(Debug)]
pub struct Error(Box<Content>);

#[derive(Debug)]
struct Content {
    exit: Exit,
    code: &'static str,
    file: Option<String>,
    field: Option<String>,
    message: String,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The machine-readable form of an [`Error`].
#[derive(Debug, Serialize)]
pub struct ErrorReport<'a> {
    code: &'a str,
    file: Option<&'a str>,
    field: Option<&'a str>,
    message: String,
    hint: Option<&'a str>,
}

impl Error {
    /// An error with its exit code, its stable snake_case code, and one sentence without a full stop.
    #[must_use]
    pub fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Content { exit, code, file: None, field: None, message, hint: None, source: None }))
    }

    /// The command line, the environment or the configuration cannot be used.
    #[must_use]
    pub fn usage(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, code, message)
    }

    /// An input is malformed or refused.
    #[must_use]
    pub fn input(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Exit::BadInput, code, message)
    }

    /// A file could not be read, written or listed; `action` is the verb: "read".
    #[must_use]
    pub fn io(action: &str, path: &Path, source: io::Error) -> Self {
        let code = match source.kind() {
            io::ErrorKind::NotFound => "file_missing",
            io::ErrorKind::PermissionDenied => "permission_denied",
            io::ErrorKind::ReadOnlyFilesystem => "read_only_file_system",
            io::ErrorKind::ResourceBusy => "busy",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "disk_full",
            _ => "io",
        };
        Self::new(Exit::Io, code, format!("cannot {action}")).file(path).because(source)
    }

    /// Something that cannot happen did.
    #[must_use]
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Exit::Bug, "bug", message).hint("this is a bug of device-agent: please report it")
    }

    /// Names the file at fault.
    #[must_use]
    pub fn file(mut self, path: impl AsRef<Path>) -> Self {
        self.0.file = Some(path.as_ref().display().to_string());
        self
    }

    /// Names the URL or endpoint at fault, where a file would stand.
    #[must_use]
    pub fn place(mut self, place: impl fmt::Display) -> Self {
        self.0.file = Some(place.to_string());
        self
    }

    /// Names the field at fault, as a path: `channel.urls[1]`.
    #[must_use]
    pub fn field(mut self, field: impl fmt::Display) -> Self {
        self.0.field = Some(field.to_string());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Keeps the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// True where a file system has no room left.
    pub(super) fn is_about_room(&self) -> bool {
        self.0.code == "disk_full"
    }

    /// The exit code of the process.
    pub fn exit(&self) -> Exit {
        self.0.exit
    }

    /// What to do about it, where we know.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The machine-readable form; its message holds the causes too.
    #[must_use]
    pub fn report(&self) -> ErrorReport<'_> {
        let Content { code, file, field, hint, .. } = &*self.0;
        let message = with_causes(&self.0.message, self.source());
        ErrorReport { code, file: file.as_deref(), field: field.as_deref(), message, hint: hint.as_deref() }
    }
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Finding => 1,
            Self::Usage => 2,
            Self::BadInput => 3,
            Self::Signatures => 4,
            Self::Io => 5,
            Self::Bug => 70,
        }
    }
}

/// An error and all its causes on one line: `Display` of ours never repeats a cause.
#[must_use]
pub fn with_causes(message: impl fmt::Display, source: Option<&(dyn StdError + 'static)>) -> String {
    causes(source).fold(message.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// The causes from `first` on, nearest first.
pub fn causes<'a>(
    first: Option<&'a (dyn StdError + 'static)>,
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(first, |cause: &&'a (dyn StdError + 'static)| (*cause).source())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in [&self.0.file, &self.0.field].into_iter().flatten() {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| -> &(dyn StdError + 'static) { source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_file_and_field_and_never_repeats_its_cause() {
        let error = Error::usage("bad_url", "\"ftp://a\" is not an http or https URL")
            .file("agent.toml")
            .field("channel.urls[1]")
            .because(io::Error::other("the cause"));
        assert_eq!(error.to_string(), "agent.toml: channel.urls[1]: \"ftp://a\" is not an http or https URL");
        assert_eq!(error.exit().number(), 2);
        let json = serde_json::to_value(error.report()).unwrap();
        assert_eq!(json["field"], "channel.urls[1]");
        assert_eq!(json["message"], "\"ftp://a\" is not an http or https URL: the cause");
    }
}
