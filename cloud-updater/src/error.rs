//! The one error that leaves a command: a stable code, the place at fault, what to do, and the exit code.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::Path;

use serde::Serialize;

/// What a finished process says to its caller. The numbers are documented in `--help`: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[must_use]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// Done, and there is something to look at: a difference, a lint, lost coverage, a stale head.
    Finding = 1,
    /// The command line, the environment or the configuration cannot be used.
    Usage = 2,
    /// An input is malformed or refused; nothing was changed.
    BadInput = 3,
    /// Signatures are missing or wrong; nothing was changed.
    Signatures = 4,
    /// A file or the network failed; trying again is safe.
    Io = 5,
    /// Somebody else moved the head first; look at what they published, then try again.
    Lost = 6,
    /// A bug of ours.
    Bug = 70,
}

/// Why a command did not do what it was asked to do.
///
/// `Display` is `<file>: <field>: <message>`; causes are in [`StdError::source`] and are never repeated.
#[derive(Debug)]
pub struct Error(Box<Report>);

#[derive(Debug)]
struct Report {
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
        Self(Box::new(Report { exit, code, file: None, field: None, message, hint: None, source: None }))
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

    /// Signatures are missing or wrong.
    #[must_use]
    pub fn signatures(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Exit::Signatures, code, message)
    }

    /// A file could not be read, written or listed; `action` is the verb: "read". Exit code 5, and 2 where there is
    /// no such file: then somebody named the wrong one, and a retry changes nothing.
    #[must_use]
    pub fn io(action: &str, path: &Path, source: io::Error) -> Self {
        let code = match source.kind() {
            io::ErrorKind::NotFound => "file_missing",
            io::ErrorKind::PermissionDenied => "permission_denied",
            io::ErrorKind::ReadOnlyFilesystem => "read_only_file_system",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "disk_full",
            _ => "io",
        };
        let exit = if source.kind() == io::ErrorKind::NotFound { Exit::Usage } else { Exit::Io };
        Self::new(exit, code, format!("cannot {action}")).file(path).because(source)
    }

    /// Something that cannot happen did.
    #[must_use]
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Exit::Bug, "bug", message).hint("this is a bug of cloud-updater: please report it")
    }

    /// The same error with another exit code: where it is found decides whether it is a setting or an input.
    #[must_use]
    pub fn exit_with(mut self, exit: Exit) -> Self {
        self.0.exit = exit;
        self
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

    /// Names the field at fault, as a path: `services.iot-hub.hosts[1]`.
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

    /// The exit code of the process.
    pub fn exit(&self) -> Exit {
        self.0.exit
    }

    /// The stable code, for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What to do about it, where we know.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The machine-readable form; its message holds the causes too.
    #[must_use]
    pub fn report(&self) -> ErrorReport<'_> {
        let Report { code, file, field, message, hint, .. } = &*self.0;
        let message = self.causes().fold(message.clone(), |text, cause| format!("{text}: {cause}"));
        ErrorReport { code, file: file.as_deref(), field: field.as_deref(), message, hint: hint.as_deref() }
    }

    /// The causes, nearest first.
    pub fn causes(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        let mut next = self.source();
        std::iter::from_fn(move || {
            let cause = next?;
            next = cause.source();
            Some(cause)
        })
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
            Self::Lost => 6,
            Self::Bug => 70,
        }
    }
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
        let cause = io::Error::other("the cause");
        let error = Error::input("bad_host", "\"a b\" is not a host")
            .file("services.toml")
            .field("services.iot-hub.hosts[1]")
            .hint("write host:port")
            .because(cause);
        assert_eq!(error.to_string(), "services.toml: services.iot-hub.hosts[1]: \"a b\" is not a host");
        assert_eq!(error.causes().map(ToString::to_string).collect::<Vec<_>>(), ["the cause"]);
        assert_eq!(error.exit().number(), 3);
        let json = serde_json::to_value(error.report()).unwrap();
        assert_eq!(json["field"], "services.iot-hub.hosts[1]");
        assert_eq!(json["message"], "\"a b\" is not a host: the cause");
    }
}
