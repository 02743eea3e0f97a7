//! The service that the app is connected to: it keeps its connections, and can ask the app for a check.

use std::{
    io::{self, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use rustls::{ServerConfig, ServerConnection, Stream, SupportedProtocolVersion};
use system_tests::{
    listener::Listener,
    tls_service::{Identity, server_config},
};

/// The word that asks for a check.
const NUDGE: &[u8] = b"nudge\n";

/// A TLS service on loopback.
pub(crate) struct Hub {
    listener: Listener,
    shared: Arc<Shared>,
    versions: &'static [&'static SupportedProtocolVersion],
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    config: Arc<ServerConfig>,
    /// Counts changes of the identity: connections of an earlier one are closed.
    era: u32,
    /// How often a check was asked for.
    nudges: u32,
}

impl Hub {
    /// A service with this identity, for these versions of TLS.
    pub(crate) fn start(
        identity: &Identity,
        versions: &'static [&'static SupportedProtocolVersion],
    ) -> io::Result<Self> {
        let config = server_config(identity, versions).map_err(io::Error::other)?;
        let state = Mutex::new(State { config, era: 0, nudges: 0 });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let served = Arc::clone(&shared);
        let listener = Listener::start(move |connection| {
            // A client that hangs up is gone, and nothing is lost.
            drop(served.serve(connection));
        })?;
        Ok(Self { listener, shared, versions })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Asks every connected app for a check.
    pub(crate) fn nudge(&self) {
        self.shared.locked().nudges += 1;
        self.shared.changed.notify_all();
    }

    /// Serves another chain from now on, and closes the connections that were made under the earlier one.
    pub(crate) fn switch(&self, identity: &Identity) -> io::Result<()> {
        let config = server_config(identity, self.versions).map_err(io::Error::other)?;
        let mut state = self.shared.locked();
        state.config = config;
        state.era += 1;
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.shared.locked().era += 1;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut connection: TcpStream) -> io::Result<()> {
        let (config, era, mut told) = {
            let state = self.locked();
            (Arc::clone(&state.config), state.era, state.nudges)
        };
        let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut connection)?;
        }
        let mut state = self.locked();
        while state.era == era {
            if state.nudges == told {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            told = state.nudges;
            drop(state);
            Stream::new(&mut tls, &mut connection).write_all(NUDGE)?;
            state = self.locked();
        }
        drop(state);
        tls.send_close_notify();
        tls.complete_io(&mut connection).map(drop)
    }
}
