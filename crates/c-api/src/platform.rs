//! The platform port over an application's callbacks and what every POSIX system offers.

use alloc::ffi::CString;
use core::ffi::{CStr, c_void};
use core::fmt::{self, Write as _};
use core::net::SocketAddr;

use bundle::{UnixSeconds, join};
use device_agent::Clock;
use device_agent::mt3620::posix::{self, TcpSocket};
use device_agent::mt3620::{AppProbe, Asked, Level, NetworkError, Platform, Resolution};

use crate::callbacks::{DEVICE_AGENT_PROBE_STARTED, DeviceAgentCallbacks, DeviceAgentProbe};

/// Bytes of a line of the log, its NUL included; longer ones are cut.
const LINE_BYTES: usize = 256;

/// The application's side.
#[derive(Debug)]
pub(crate) struct CPlatform {
    callbacks: DeviceAgentCallbacks,
    build_time: UnixSeconds,
}

impl CPlatform {
    /// The application's callbacks, whose functions and context stay valid until the agent is stopped.
    pub(crate) const fn new(callbacks: DeviceAgentCallbacks, build_time: UnixSeconds) -> Self {
        Self { callbacks, build_time }
    }

    const fn context(&self) -> *mut c_void {
        self.callbacks.context
    }
}

impl Platform for CPlatform {
    type Socket = TcpSocket;

    fn uptime_milliseconds(&mut self) -> u64 {
        posix::uptime_milliseconds()
    }

    fn clock(&mut self) -> Clock {
        let Some(unix_seconds) = self.callbacks.unix_seconds else { return posix::clock(self.build_time) };
        // SAFETY: the application's function, called as its type says, on its thread.
        match unsafe { unix_seconds(self.context()) } {
            0 => Clock::Unknown,
            seconds => Clock::Known(UnixSeconds(seconds)),
        }
    }

    fn entropy(&mut self, into: &mut [u8]) -> Result<(), NetworkError> {
        posix::entropy(into)
    }

    fn resolve(&mut self, ticket: u32, host: &str) -> Resolution {
        let (Some(resolve), Ok(host)) = (self.callbacks.resolve, CString::new(host)) else {
            return Resolution::Failed;
        };
        // SAFETY: the application's function, called as its type says; the string lives until it returns.
        match unsafe { resolve(self.context(), ticket, host.as_ptr()) } {
            0 => Resolution::Started,
            _ => Resolution::Failed,
        }
    }

    fn connect(&mut self, address: SocketAddr) -> Result<TcpSocket, NetworkError> {
        TcpSocket::connect(address)
    }

    fn probe(&mut self, ticket: u32, asked: &Asked<'_>) -> AppProbe {
        let Some(probe) = self.callbacks.probe else { return AppProbe::Declined };
        let (Ok(service), Ok(host)) = (CString::new(asked.service), CString::new(asked.host)) else {
            return AppProbe::Declined;
        };
        let request = DeviceAgentProbe {
            struct_size: u32::try_from(size_of::<DeviceAgentProbe>()).unwrap_or(u32::MAX),
            ticket,
            service: service.as_ptr(),
            host: host.as_ptr(),
            port: asked.port,
            under_present: asked.under_present,
            under_candidate: asked.under_candidate,
        };
        // SAFETY: the application's function, called as its type says; struct and strings live until it returns.
        match unsafe { probe(self.context(), &raw const request) } {
            DEVICE_AGENT_PROBE_STARTED => AppProbe::Started,
            _ => AppProbe::Declined,
        }
    }

    fn changed(&mut self, generation: u64) {
        if let Some(changed) = self.callbacks.changed {
            // SAFETY: the application's function, called as its type says.
            unsafe { changed(self.context(), generation) };
        }
    }

    fn report(&mut self, ticket: u32, report: &[u8]) -> bool {
        let Some(send) = self.callbacks.report else { return false };
        // SAFETY: the application's function, called as its type says; the bytes live until it returns.
        unsafe { send(self.context(), ticket, report.as_ptr(), report.len()) == 0 }
    }

    fn log(&mut self, level: Level, line: fmt::Arguments<'_>) {
        let Some(log) = self.callbacks.log else { return };
        let mut text = Line { bytes: [0; LINE_BYTES], length: 0 };
        // A line that is too long is cut, which is no error.
        let _cut = text.write_fmt(line);
        let level = match level {
            Level::Error => 0,
            Level::Warning => 1,
            Level::Information => 2,
        };
        if let Ok(text) = CStr::from_bytes_until_nul(&text.bytes) {
            // SAFETY: the application's function, called as its type says; the string lives until it returns.
            unsafe { log(self.context(), level, text.as_ptr()) };
        }
    }
}

/// A line with a NUL behind it, whatever is written.
struct Line {
    bytes: [u8; LINE_BYTES],
    length: usize,
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            // Names come from outside: a line of the log is one line.
            let letter = if letter.is_control() { ' ' } else { letter };
            // The last byte stays zero.
            let room = self.bytes.get_mut(self.length..LINE_BYTES.saturating_sub(1)).ok_or(fmt::Error)?;
            let written = join(room, &[letter.encode_utf8(&mut [0; 4]).as_bytes()]).ok_or(fmt::Error)?;
            self.length = self.length.saturating_add(written);
        }
        Ok(())
    }
}
