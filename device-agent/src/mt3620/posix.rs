//! What every POSIX system offers without blocking: sockets, clocks, random bytes, and a region of an open file.

use core::net::SocketAddr;

use bundle::UnixSeconds;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto, sockopt};
use rustix::time::{ClockId, clock_gettime};
use store::{Storage, StorageRead};

use super::{Blocked, NetworkError, Socket};
use crate::Clock;

/// Bytes that the kernel keeps for each direction of a connection: on the MT3620 they count as the application's.
const SOCKET_BUFFER_BYTES: usize = 8_192;

/// A TCP connection.
#[derive(Debug)]
pub struct TcpSocket {
    descriptor: OwnedFd,
}

impl TcpSocket {
    /// Starts a connection.
    ///
    /// # Errors
    /// The system's error, where not even the start is possible.
    pub fn connect(address: SocketAddr) -> Result<Self, NetworkError> {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let descriptor =
            rustix::net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP)).map_err(fault)?;
        // A system that will not is no obstacle: the connection then costs more memory.
        let _asked = sockopt::set_socket_recv_buffer_size(&descriptor, SOCKET_BUFFER_BYTES)
            .and_then(|()| sockopt::set_socket_send_buffer_size(&descriptor, SOCKET_BUFFER_BYTES));
        match rustix::net::connect(&descriptor, &address) {
            // Interrupted, it goes on all the same.
            Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(Self { descriptor }),
            Err(error) => Err(fault(error)),
        }
    }
}

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Socket for TcpSocket {
    fn is_connected(&mut self) -> Result<bool, NetworkError> {
        let mut polled = [PollFd::new(&self.descriptor, PollFlags::OUT)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        match poll(&mut polled, Some(&now)) {
            Ok(0) | Err(Errno::INTR) => return Ok(false),
            Ok(_) => {}
            Err(error) => return Err(fault(error)),
        }
        match sockopt::socket_error(&self.descriptor) {
            Ok(Ok(())) => Ok(true),
            Ok(Err(error)) | Err(error) => Err(fault(error)),
        }
    }

    fn read(&mut self, into: &mut [u8]) -> Result<usize, Blocked> {
        rustix::net::recv(&self.descriptor, into, RecvFlags::empty())
            .map(|(length, _)| length)
            .map_err(blocked)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, Blocked> {
        // Without it a connection that the server has closed would raise SIGPIPE in the application.
        rustix::net::send(&self.descriptor, bytes, SendFlags::NOSIGNAL).map_err(blocked)
    }

    fn descriptor(&self) -> i32 {
        self.descriptor.as_raw_fd()
    }
}

fn fault(error: Errno) -> NetworkError {
    NetworkError { errno: error.raw_os_error() }
}

fn blocked(error: Errno) -> Blocked {
    match error {
        Errno::AGAIN | Errno::INTR => Blocked::Wait,
        error => Blocked::Failed(fault(error)),
    }
}

/// Milliseconds since the system's start.
#[must_use]
pub fn uptime_milliseconds() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let milliseconds = u64::try_from(time.tv_nsec / 1_000_000).unwrap_or(0);
    seconds.saturating_mul(1_000).saturating_add(milliseconds)
}

/// The system's calendar, believed only from `not_before` on: a clock that was never set starts in 1970.
#[must_use]
pub fn clock(not_before: UnixSeconds) -> Clock {
    let seconds = UnixSeconds(u64::try_from(clock_gettime(ClockId::Realtime).tv_sec).unwrap_or(0));
    if seconds >= not_before { Clock::Known(seconds) } else { Clock::Unknown }
}

/// Fills `into` with random bytes of the kernel.
///
/// # Errors
/// The system's error; soon after a start there may be none yet.
pub fn entropy(into: &mut [u8]) -> Result<(), NetworkError> {
    let mut filled = 0_usize;
    while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::NONBLOCK) {
            Ok(length) => filled = filled.saturating_add(length),
            Err(Errno::INTR) => {}
            Err(error) => return Err(fault(error)),
        }
    }
    Ok(())
}

/// An open file that an application shares with the store; whoever opened it keeps it.
#[derive(Debug)]
pub struct SharedFile<F> {
    file: F,
}

impl<F: AsFd> SharedFile<F> {
    /// The store's side of an open file.
    #[must_use]
    pub const fn new(file: F) -> Self {
        Self { file }
    }
}

impl<F: AsFd> StorageRead for SharedFile<F> {
    type Error = NetworkError;

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), NetworkError> {
        let mut done = 0_usize;
        while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(u64::try_from(done).unwrap_or(u64::MAX));
            match rustix::io::pread(&self.file, rest, at) {
                Ok(0) => return Err(fault(Errno::IO)),
                Ok(length) => done = done.saturating_add(length),
                Err(Errno::INTR) => {}
                Err(error) => return Err(fault(error)),
            }
        }
        Ok(())
    }

    fn len(&mut self) -> Result<u64, NetworkError> {
        let status = rustix::fs::fstat(&self.file).map_err(fault)?;
        Ok(u64::try_from(status.st_size).unwrap_or(0))
    }
}

impl<F: AsFd> Storage for SharedFile<F> {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), NetworkError> {
        let mut done = 0_usize;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(u64::try_from(done).unwrap_or(u64::MAX));
            match rustix::io::pwrite(&self.file, rest, at) {
                // A quota ends a write early before it refuses one.
                Ok(0) => return Err(fault(Errno::DQUOT)),
                Ok(length) => done = done.saturating_add(length),
                Err(Errno::INTR) => {}
                Err(error) => return Err(fault(error)),
            }
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), NetworkError> {
        rustix::fs::fsync(&self.file).map_err(fault)
    }
}
