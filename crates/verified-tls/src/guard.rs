//! The transport that `embedded-tls` is given: records are checked before it sees their first byte.

use alloc::vec::Vec;

use embedded_io::{Error as _, ErrorKind};
use embedded_io_async::{ErrorType, Read, Write};

use crate::fault::Fault;
use crate::hello;
use crate::limits::{CIPHERTEXT_BYTES_MIN, READ_BUFFER_BYTES, SERVER_HELLO_BYTES_MAX};
use crate::mark::{self, Phase, VERSION};
use crate::signals::Signals;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// A socket whose incoming records are what a server of TLS 1.3 may send at this point.
pub(crate) struct Guard<'b, S> {
    socket: S,
    signals: &'b Signals,
    suite: u16,
    /// The server's hello was passed on; everything after it is encrypted.
    is_encrypted: bool,
    /// Checked bytes that `embedded-tls` has not taken yet: a header, and after it the server's hello.
    ready: Vec<u8>,
    taken: usize,
    /// Bytes of the present record that are still in the socket.
    body_left: usize,
}

/// The header of a record (RFC 8446 §5.1).
struct Header {
    bytes: [u8; 5],
    kind: u8,
    version: [u8; 2],
    length: usize,
}

impl<'b, S: Read + Write> Guard<'b, S> {
    pub(crate) const fn new(socket: S, signals: &'b Signals, suite: u16) -> Self {
        Self { socket, signals, suite, is_encrypted: false, ready: Vec::new(), taken: 0, body_left: 0 }
    }

    /// The socket itself.
    pub(crate) fn into_socket(self) -> S {
        self.socket
    }

    fn refuse<T>(&self, fault: Fault) -> Result<T, ErrorKind> {
        self.signals.report(fault);
        Err(ErrorKind::InvalidData)
    }

    /// Reads some bytes from the socket; none is the end of a connection that has not said so.
    async fn receive(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        match self.socket.read(out).await {
            Ok(0) => self.refuse(Fault::Truncated),
            Ok(count) if count > out.len() => self.refuse(Fault::Socket),
            Ok(count) => Ok(count),
            Err(error) => Err(error.kind()),
        }
    }

    async fn receive_all(&mut self, mut out: &mut [u8]) -> Result<(), ErrorKind> {
        while !out.is_empty() {
            let count = self.receive(out).await?;
            out = out.get_mut(count..).unwrap_or_default();
        }
        Ok(())
    }

    async fn header(&mut self) -> Result<Header, ErrorKind> {
        if !self.signals.take_record() {
            return self.refuse(Fault::TooManyRecords);
        }
        let mut bytes = [0; 5];
        self.receive_all(&mut bytes).await?;
        let [kind, major, minor, high, low] = bytes;
        let length = usize::from(u16::from_be_bytes([high, low]));
        Ok(Header { bytes, kind, version: [major, minor], length })
    }

    /// Makes the next record ready that `embedded-tls` may see.
    async fn next_record(&mut self) -> Result<(), ErrorKind> {
        loop {
            let header = self.header().await?;
            match header.kind {
                CHANGE_CIPHER_SPEC if !self.signals.is_open() => self.drop_change(&header).await?,
                ALERT if !self.is_encrypted => return self.alert(&header).await,
                HANDSHAKE if !self.is_encrypted => return self.hello(&header).await,
                APPLICATION_DATA if self.is_encrypted => return self.encrypted(&header),
                _ => return self.refuse(Fault::RecordNotAllowed),
            }
        }
    }

    /// RFC 8446 §5: one byte of 1 in the clear, for middleboxes, dropped by whoever receives it.
    async fn drop_change(&mut self, header: &Header) -> Result<(), ErrorKind> {
        let mut content = [0];
        if header.length != content.len() {
            return self.refuse(Fault::RecordNotAllowed);
        }
        self.receive_all(&mut content).await?;
        if content == [1] { Ok(()) } else { self.refuse(Fault::RecordNotAllowed) }
    }

    async fn alert(&mut self, header: &Header) -> Result<(), ErrorKind> {
        let mut content = [0; 2];
        if header.length != content.len() {
            return self.refuse(Fault::RecordNotAllowed);
        }
        self.receive_all(&mut content).await?;
        let [_, description] = content;
        self.refuse(Fault::Alert(description))
    }

    async fn hello(&mut self, header: &Header) -> Result<(), ErrorKind> {
        if header.length > SERVER_HELLO_BYTES_MAX {
            return self.refuse(Fault::ServerHello);
        }
        let mut record = alloc::vec![0; header.length];
        self.receive_all(&mut record).await?;
        if let Err(fault) = hello::check(&record, self.suite) {
            return self.refuse(fault);
        }
        self.ready = header.bytes.into_iter().chain(record).collect();
        self.is_encrypted = true;
        Ok(())
    }

    fn encrypted(&mut self, header: &Header) -> Result<(), ErrorKind> {
        if header.version != VERSION {
            return self.refuse(Fault::RecordNotAllowed);
        }
        if header.length < CIPHERTEXT_BYTES_MIN {
            return self.refuse(Fault::RecordEmpty);
        }
        if header.length > READ_BUFFER_BYTES {
            return self.refuse(Fault::RecordTooLong);
        }
        let phase = if self.signals.is_open() { Phase::Application } else { Phase::Handshake };
        self.ready = mark::write(phase, header.bytes).to_vec();
        self.body_left = header.length;
        Ok(())
    }

    /// Gives out what is ready.
    fn take_ready(&mut self, out: &mut [u8]) -> usize {
        let left = self.ready.get(self.taken..).unwrap_or_default();
        let count = left.len().min(out.len());
        out.iter_mut().zip(left).for_each(|(to, from)| *to = *from);
        self.taken = self.taken.saturating_add(count);
        if self.taken >= self.ready.len() {
            self.ready = Vec::new();
            self.taken = 0;
        }
        count
    }
}

impl<S> ErrorType for Guard<'_, S> {
    type Error = ErrorKind;
}

impl<S: Read + Write> Read for Guard<'_, S> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        if out.is_empty() {
            return Ok(0);
        }
        if self.ready.is_empty() && self.body_left == 0 {
            self.next_record().await?;
        }
        if !self.ready.is_empty() {
            return Ok(self.take_ready(out));
        }
        let wanted = out.len().min(self.body_left);
        let count = self.receive(out.get_mut(..wanted).unwrap_or_default()).await?;
        self.body_left = self.body_left.saturating_sub(count);
        Ok(count)
    }
}

impl<S: Read + Write> Write for Guard<'_, S> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        if bytes.is_empty() {
            return Ok(0);
        }
        match self.socket.write(bytes).await {
            // `write_all` of embedded-io-async panics on it.
            Ok(0) => Err(ErrorKind::WriteZero),
            Ok(count) if count > bytes.len() => self.refuse(Fault::Socket),
            Ok(count) => Ok(count),
            Err(error) => Err(error.kind()),
        }
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.socket.flush().await.map_err(|error| error.kind())
    }
}
