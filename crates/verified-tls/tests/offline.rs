//! What can be known of a connection without a server: how large it is, what it sends first, how it is polled.

#![expect(clippy::panic, clippy::unwrap_used, reason = "what a test needs and does not get is its failure")]

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use embedded_io::ErrorKind;
use embedded_io_async::{ErrorType, Read, Write};
use rustls_pki_types::ServerName;
use verified_tls::limits::WRITE_BUFFER_BYTES;
use verified_tls::{Aes128, Buffers, Connection, Entropy, Error, connect};

/// A socket that takes everything, gives `gives`, and then does as it is told.
#[derive(Clone, Default)]
struct Socket {
    sent: Rc<RefCell<Vec<u8>>>,
    gives: Vec<u8>,
    end: End,
}

#[derive(Clone, Copy, Default)]
enum End {
    #[default]
    Closed,
    Fails,
    Lies,
    TakesNothing,
    Waits,
}

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl Read for Socket {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        if !self.gives.is_empty() {
            let count = out.len().min(self.gives.len());
            out[..count].copy_from_slice(&self.gives[..count]);
            self.gives.drain(..count);
            return Ok(count);
        }
        match self.end {
            End::Closed | End::TakesNothing => Ok(0),
            End::Fails => Err(ErrorKind::ConnectionReset),
            End::Lies => Ok(out.len() + 1),
            End::Waits => std::future::pending().await,
        }
    }
}

impl Write for Socket {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        if matches!(self.end, End::TakesNothing) {
            return Ok(0);
        }
        self.sent.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Connects over such a socket; the error and what was sent.
fn check(socket: Socket, host: &str) -> (Option<Error>, Vec<u8>) {
    let (mut buffers, sent) = (Buffers::new(), Rc::clone(&socket.sent));
    let name = ServerName::try_from(host).unwrap();
    let outcome = poll_once(connect::<Aes128, _>(socket, &mut buffers, &name, Entropy::new([1; 32])));
    let error = match outcome {
        Poll::Ready(Err(error)) => Some(error),
        Poll::Ready(Ok(_)) => panic!("nobody answered"),
        Poll::Pending => None,
    };
    (error, sent.take())
}

fn ending(end: End) -> Socket {
    Socket { end, ..Socket::default() }
}

#[test]
fn a_transport_that_fails_is_an_error_with_a_code() {
    for (end, expect) in [
        (End::Closed, Error::Truncated),
        (End::Fails, Error::Transport(ErrorKind::ConnectionReset)),
        (End::Lies, Error::Socket),
        (End::TakesNothing, Error::Transport(ErrorKind::WriteZero)),
    ] {
        assert_eq!(check(ending(end), "hub.example").0, Some(expect), "{}", expect.code());
    }
}

#[test]
fn a_silent_server_keeps_nobody_waiting() {
    assert_eq!(check(ending(End::Waits), "hub.example").0, None);
}

#[test]
fn the_longest_name_fits_into_the_write_buffer() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "b".repeat(61));
    assert_eq!(longest.len(), 253);
    let (_, hello) = check(ending(End::Waits), &longest);
    assert!(hello.windows(253).any(|window| window == longest.as_bytes()));
    assert!(hello.len() <= WRITE_BUFFER_BYTES, "{}", hello.len());
    assert_eq!(hello.len(), 434);
}

#[test]
fn an_address_is_told_to_nobody_and_a_final_dot_neither() {
    let name_of = |host| check(ending(End::Waits), host).1;
    for address in ["192.0.2.7", "2001:db8::7"] {
        // The extension's type and length: type 0 stands nowhere else.
        let hello = name_of(address);
        assert!(!hello.windows(address.len()).any(|window| window == address.as_bytes()));
        assert!(hello.len() + 9 < name_of("h.example").len() + 9);
    }
    assert_eq!(name_of("hub.example.").len(), name_of("hub.example").len());
}

#[test]
fn every_connection_has_its_own_keys() {
    let hello = |seed| {
        let (mut buffers, socket) = (Buffers::new(), ending(End::Waits));
        let sent = Rc::clone(&socket.sent);
        let name = ServerName::try_from("hub.example").unwrap();
        let connecting = connect::<Aes128, _>(socket, &mut buffers, &name, Entropy::new([seed; 32]));
        assert!(poll_once(connecting).is_pending());
        sent.take()
    };
    assert_ne!(hello(1)[11..43], hello(2)[11..43]);
    // A source that gives nothing but zeros must not keep the choice of a key from ending.
    assert_eq!(hello(0).len(), hello(1).len());
}

#[test]
fn random_answers_are_errors() {
    // xorshift: any sequence will do, and this one is the same every time.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..2_000 {
        let length = usize::try_from(next() % 300).unwrap();
        let mut gives: Vec<u8> = (0..length).map(|_| next().to_le_bytes()[0]).collect();
        // Every other one at least looks like a record.
        let kind = [20, 21, 22, 23][usize::try_from(next() % 4).unwrap()];
        if next() % 2 == 0 {
            let body = gives.len().to_be_bytes();
            gives.splice(0..0, [kind, 3, 3, body[6], body[7]]);
        }
        let (error, _) = check(Socket { gives, ..ending(End::Closed) }, "hub.example");
        assert!(error.is_some_and(|error| error != Error::Internal), "{error:?}");
    }
}

#[test]
fn a_connection_is_small() {
    let (mut buffers, socket) = (Buffers::new(), ending(End::Waits));
    let name = ServerName::try_from("hub.example").unwrap();
    let connecting = connect::<Aes128, _>(socket, &mut buffers, &name, Entropy::new([1; 32]));
    let (future, connection) = (size_of_val(&connecting), size_of::<Connection<'_, Socket, Aes128>>());
    println!(
        "connect: {future} bytes, connection: {connection} bytes, socket: {} bytes",
        size_of::<Socket>()
    );
    assert!(future <= 2_048, "{future}");
    assert!(connection <= 64, "{connection}");
}
