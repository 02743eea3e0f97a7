//! Streams between a board and an address of this machine.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    thread,
};

/// Bytes that are carried at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// Carries one connection in both directions until both ends have closed it.
pub(crate) fn bridge(address: &str) -> io::Result<()> {
    let stream = TcpStream::connect(address)?;
    let mut to_service = stream.try_clone()?;
    thread::spawn(move || {
        // A guest that breaks off ends its direction like one that closes.
        drop(carry(&mut io::stdin().lock(), &mut to_service));
        drop(to_service.shutdown(Shutdown::Write));
    });
    carry(&mut &stream, &mut io::stdout().lock())
}

/// Writes what an address sends to standard output.
pub(crate) fn listen(address: &str) -> io::Result<()> {
    carry(&mut TcpStream::connect(address)?, &mut io::stdout().lock())
}

/// Every chunk is sent on at once: whoever waits for it has nothing else to wait for.
fn carry(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut chunk = [0; CHUNK_BYTES];
    loop {
        let count = from.read(&mut chunk)?;
        let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
        to.write_all(bytes)?;
        to.flush()?;
    }
}
