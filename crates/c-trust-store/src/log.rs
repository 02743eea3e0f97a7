//! Lines for people, through the application's log.

use std::error::Error;
use std::ffi::{CString, c_char, c_void};
use std::fmt::Write as _;

use trust_store::{Installed, Origin};

use crate::reason;

/// What a log is: the application's function and what it is handed.
pub(crate) type LogFunction = unsafe extern "C" fn(context: *mut c_void, level: i32, line: *const c_char);

/// How loud a line is, by the numbers of the interface.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    Error,
    Warning,
    Information,
}

/// The application's log; none where it has no function for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    function: Option<LogFunction>,
    context: *mut c_void,
}

// SAFETY: the interface says that the function is called on any thread, with the context as it was given; this library
// only carries the address.
unsafe impl Send for Log {}

// SAFETY: as above.
unsafe impl Sync for Log {}

impl Log {
    /// The application's function and context, which stay valid until the handle is closed.
    pub(crate) const fn new(function: Option<LogFunction>, context: *mut c_void) -> Self {
        Self { function, context }
    }

    /// An error with its causes.
    pub(crate) fn error(&self, level: Level, error: &dyn Error) {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            // A string takes everything.
            let _written = write!(text, ": {error}");
            cause = error.source();
        }
        self.line(level, &text);
    }

    /// Another state is in force.
    pub(crate) fn installed(&self, installed: &Installed) {
        let order = installed.order();
        let origin = match installed.origin() {
            Origin::Seed => "the seed",
            _ if installed.is_trial() => "the store, on trial",
            _ => "the store",
        };
        let generation = installed.generation();
        self.line(
            Level::Information,
            &format!("release {}.{} from {origin}, generation {generation}", order.epoch, order.number),
        );
    }

    /// The store was found to be something else than before.
    pub(crate) fn store_is(&self, reason: u16) {
        match reason::name(reason).and_then(|name| name.to_str().ok()) {
            Some(name) => self.line(Level::Warning, &format!("{name}: what was read before stays in force")),
            None => self.line(Level::Information, "the store can be read again"),
        }
    }

    fn line(&self, level: Level, text: &str) {
        let level = match level {
            Level::Error => 0,
            Level::Warning => 1,
            Level::Information => 2,
        };
        // Names come from outside: a line of the log is one line.
        let text: String =
            text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        if let (Some(function), Ok(line)) = (self.function, CString::new(text)) {
            // SAFETY: the application's function, called as its type says; the string lives until it returns.
            unsafe { function(self.context, level, line.as_ptr()) };
        }
    }
}
