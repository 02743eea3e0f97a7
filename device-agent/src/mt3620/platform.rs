//! The platform port: network, time, randomness, and what the application wants to hear of.

use core::fmt;
use core::net::{IpAddr, SocketAddr};

use crate::{Clock, ProbeOutcome};

/// What the platform has of its own. Nothing in it may block.
pub trait Platform {
    /// A connection.
    type Socket: Socket + 'static;

    /// Milliseconds since some moment before the start, from a clock that never jumps.
    fn uptime_milliseconds(&mut self) -> u64;

    /// The calendar.
    fn clock(&mut self) -> Clock;

    /// Fills `into` with random bytes.
    ///
    /// # Errors
    /// Where the system has none: no connection is then made.
    fn entropy(&mut self, into: &mut [u8]) -> Result<(), NetworkError>;

    /// Starts to resolve a name, or answers at once. A later answer comes with [`crate::mt3620::Driver::resolved`].
    fn resolve(&mut self, ticket: u32, host: &str) -> Resolution;

    /// Starts a connection.
    ///
    /// # Errors
    /// Where not even the start is possible.
    fn connect(&mut self, address: SocketAddr) -> Result<Self::Socket, NetworkError>;

    /// An endpoint is to be probed: the application may do it with a TLS stack of its own. A later answer comes
    /// with [`crate::mt3620::Driver::probed`].
    fn probe(&mut self, ticket: u32, asked: &Asked<'_>) -> AppProbe;

    /// What applications trust has changed.
    fn changed(&mut self, generation: u64);

    /// A report is due. True where it is on its way and [`crate::mt3620::Driver::reported`] follows.
    fn report(&mut self, ticket: u32, report: &[u8]) -> bool;

    /// One line for people.
    fn log(&mut self, level: Level, line: fmt::Arguments<'_>);
}

/// A connection whose calls return at once.
pub trait Socket {
    /// True once the connection is made.
    ///
    /// # Errors
    /// Where it never will be.
    fn is_connected(&mut self) -> Result<bool, NetworkError>;

    /// Reads what is there: no bytes at the end of the stream.
    ///
    /// # Errors
    /// [`Blocked::Wait`] where nothing is there yet.
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Blocked>;

    /// Writes what fits.
    ///
    /// # Errors
    /// [`Blocked::Wait`] where nothing fits yet.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Blocked>;

    /// The descriptor that an event loop waits for.
    fn descriptor(&self) -> i32;
}

/// Why a socket did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// It will be able to, later.
    Wait,
    /// The connection is gone.
    Failed(NetworkError),
}

/// Why there is no network, in the words of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkError {
    /// The system's error number; zero where there is none.
    pub errno: i32,
}

/// The beginning of a name's resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// There is no address.
    Failed,
    /// The address.
    Found(IpAddr),
    /// The answer follows.
    Started,
}

/// What the application says to a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppProbe {
    /// It leaves this endpoint to the agent's own TLS 1.3.
    Declined,
    /// It knows already.
    Known(ProbeOutcome),
    /// The answer follows.
    Started,
}

/// An endpoint to be probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The service's name.
    pub service: &'a str,
    /// Host name or address.
    pub host: &'a str,
    /// TCP port.
    pub port: u16,
    /// Judge under the present bundle.
    pub under_present: bool,
    /// Judge under the candidate.
    pub under_candidate: bool,
}

/// What an event loop waits for at a descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Bytes to read, or the end.
    pub readable: bool,
    /// Room to write, or a connection that is made.
    pub writable: bool,
}

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something that nobody repairs by waiting.
    Error = 0,
    /// Something that went wrong and is tried again.
    Warning = 1,
    /// What happens.
    Information = 2,
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the system's error {}", self.errno)
    }
}

impl core::error::Error for NetworkError {}
