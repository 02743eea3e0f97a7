//! What every board can do: start an image, and be listened to line by line.

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use crate::{board::image::Image, process::Background};

/// Bytes of memory that a high-level app has on the device, kernel memory of its own included.
pub const MEMORY_BYTES_MAX: u64 = 256 * 1024;
/// With this the guest's supervisor reports the end of the program.
const ENDED: &str = "board ended ";

/// The time that a board shows when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// 1970: nobody has told it.
    Unset,
    /// Seconds since 1970.
    Seconds(i64),
}

/// What becomes of connections to one host that a program knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It is in the manifest's AllowedConnections, and this service on loopback answers for it.
    Served(SocketAddr),
    /// Nobody listens there: connections are refused.
    Refused,
    /// What is sent there is dropped in silence.
    Dropped,
}

/// One host of a board's network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name, as the program looks it up.
    pub name: String,
    /// The port that the program connects to.
    pub port: u16,
    /// What becomes of it.
    pub reach: Reach,
}

/// How a program is started.
#[derive(Clone, Debug)]
pub struct Boot {
    /// The board's folder, which outlives a start: the mutable file is in it.
    pub directory: PathBuf,
    /// Arguments of the program, after those of the manifest.
    pub arguments: Vec<String>,
    /// The clock.
    pub clock: Clock,
    /// The network.
    pub hosts: Vec<Host>,
    /// Further variables of the board, as `tests/board/README.md` has them.
    pub environment: Vec<(String, String)>,
}

impl Boot {
    /// A board that knows neither time nor host.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            arguments: Vec::new(),
            clock: Clock::Unset,
            hosts: Vec::new(),
            environment: Vec::new(),
        }
    }
}

/// A kind of board.
pub trait Kit {
    /// Its name in reports.
    fn name(&self) -> &'static str;

    /// True only where programs run on the real chip.
    fn is_hardware(&self) -> bool;

    /// Starts a program.
    ///
    /// # Errors
    /// The board cannot be set up, or refuses the image.
    fn start(&self, image: &Image, boot: &Boot) -> io::Result<Running>;
}

/// Who knows how a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Witness {
    /// The emulator ends as its program does.
    Emulator,
    /// A line of the log.
    Log,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Its exit code, or 128 and the number of the signal that ended it.
    pub code: i32,
    /// The most memory that the kernel charged it with, in bytes, where the board can tell.
    pub memory_peak_bytes: Option<u64>,
    /// The most that it was seen to hold and the kernel could not take back; `None` where the board does not count.
    pub memory_held_bytes: Option<u64>,
}

/// A program that was started on a board; it is ended when this is dropped.
#[derive(Debug)]
pub struct Running {
    log: Background,
    witness: Witness,
}

impl Running {
    pub(crate) const fn new(log: Background, witness: Witness) -> Self {
        Self { log, witness }
    }

    /// The lines of the log until now.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.log.lines().iter().map(|line| clean(line).to_owned()).collect()
    }

    /// Waits until `what` finds what it looks for in a line of the log.
    ///
    /// # Errors
    /// It does not come within `patience`; the log is in the message.
    pub fn wait_for<T>(&self, patience: Duration, mut what: impl FnMut(&str) -> Option<T>) -> io::Result<T> {
        self.log.wait_for(patience, |lines| lines.iter().find_map(|line| what(clean(line))))
    }

    /// Waits until `what` finds what it looks for in all lines together.
    ///
    /// # Errors
    /// It does not come within `patience`; the log is in the message.
    pub fn wait_in<T>(&self, patience: Duration, what: impl FnMut(&[String]) -> Option<T>) -> io::Result<T> {
        self.log.wait_for(patience, what)
    }

    /// Waits until the log has this line.
    ///
    /// # Errors
    /// It does not come within `patience`; the log is in the message.
    pub fn wait_for_line(&self, patience: Duration, line: &str) -> io::Result<()> {
        self.wait_for(patience, |heard| (heard == line).then_some(()))
    }

    /// Waits until the program has ended.
    ///
    /// # Errors
    /// It still runs after `patience`, or the board cannot tell.
    pub fn ending(&mut self, patience: Duration) -> io::Result<Ending> {
        match self.witness {
            Witness::Log => self.wait_for(patience, ending),
            Witness::Emulator => {
                let status = self.log.ended(patience)?;
                Ok(Ending { code: code(status), memory_peak_bytes: None, memory_held_bytes: None })
            }
        }
    }

    /// Cuts the board's power: nothing that it has not written is written.
    pub fn cut_power(self) {
        drop(self);
    }

    /// The process that runs the board, to be sent a signal.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.log.id()
    }
}

/// A serial line ends its lines with a carriage return too.
fn clean(line: &str) -> &str {
    line.trim_end_matches('\r')
}

fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

/// Reads a line like `board ended code=137 memory_peak=262144 memory_held=225280`.
fn ending(line: &str) -> Option<Ending> {
    let mut ending = Ending { code: -1, memory_peak_bytes: None, memory_held_bytes: None };
    for word in line.strip_prefix(ENDED)?.split(' ') {
        match word.split_once('=')? {
            ("code", value) => ending.code = value.parse().ok()?,
            ("memory_peak", value) => ending.memory_peak_bytes = value.parse().ok(),
            ("memory_held", value) => ending.memory_held_bytes = value.parse().ok(),
            _ => {}
        }
    }
    Some(ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_program_is_read_from_the_log() {
        let read = ending("board ended code=137 memory_peak=262144 memory_held=225280").unwrap();
        assert_eq!(
            read,
            Ending { code: 137, memory_peak_bytes: Some(262_144), memory_held_bytes: Some(225_280) }
        );
        assert_eq!(ending("board ended code=0 memory_peak=").unwrap().memory_peak_bytes, None);
        assert_eq!(ending("trust generation=2"), None);
    }
}
