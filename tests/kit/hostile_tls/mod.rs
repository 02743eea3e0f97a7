//! A server of TLS 1.3 that is hostile: honest cryptography around what no honest server sends.

#![expect(clippy::expect_used, reason = "a script that is wrong fails loudly and at once")]

mod proofs;
mod schedule;
mod scripts;
mod session;

use std::{
    io,
    net::{TcpListener, TcpStream},
    thread::{self, JoinHandle},
};

pub use scripts::{Script, scripts};
use session::{Material, Session};

use crate::tls_rows::Identity;

/// One running script on loopback. It serves every connection until it is dropped.
#[derive(Debug)]
pub struct HostileServer {
    port: u16,
    thread: Option<JoinHandle<()>>,
}

impl HostileServer {
    /// Starts the script of that name.
    ///
    /// # Errors
    /// There is no such script, or no port.
    pub fn start(script: &str, identity: &Identity) -> io::Result<Self> {
        let script =
            scripts().into_iter().find(|known| known.name == script).ok_or(io::ErrorKind::NotFound)?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let certificates = std::iter::once(&identity.leaf).chain(&identity.others);
        let material = Material {
            certificates: certificates.map(|der| der.to_vec()).collect(),
            key: identity.key_der.clone(),
        };
        let thread = thread::spawn(move || serve(&listener, script, &material));
        Ok(Self { port, thread: Some(thread) })
    }

    /// The port it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

/// Serves until a connection comes that says nothing: the one by which a dropped server is woken.
fn serve(listener: &TcpListener, script: Script, material: &Material) {
    while let Ok((stream, _)) = listener.accept() {
        if matches!(stream.peek(&mut [0]), Ok(0) | Err(_)) {
            return;
        }
        let Ok(mut session) = Session::open(stream, material.clone()) else { continue };
        // A client that has had enough hangs up, and the rest of the script goes nowhere.
        if (script.play)(&mut session).is_ok() {
            session.end();
        }
    }
}

impl Drop for HostileServer {
    fn drop(&mut self) {
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        drop(self.thread.take().map(JoinHandle::join));
    }
}
