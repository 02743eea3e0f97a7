//! Whether the other end of a connection on this machine has read what was sent to it.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    thread,
    time::Duration,
};

/// Looks at the queue before the reader counts as gone: half a minute, for a machine that has much else to do.
const LOOKS_MAX: u32 = 1_500;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Waits until the peer has read all that this end sent.
///
/// Returns false if the peer is gone, or reads nothing for half a minute.
///
/// # Errors
///
/// The connection is not over IPv4, or the kernel's table cannot be read.
pub(crate) fn is_emptied(stream: &TcpStream) -> io::Result<bool> {
    let (SocketAddr::V4(peer), SocketAddr::V4(here)) = (stream.peer_addr()?, stream.local_addr()?) else {
        return Err(io::Error::other("only connections over IPv4 can be looked at"));
    };
    let (peer, here) = (written((*peer.ip(), peer.port())), written((*here.ip(), here.port())));
    for _ in 0..LOOKS_MAX {
        match waiting(&fs::read_to_string("/proc/net/tcp")?, &peer, &here) {
            None => return Ok(false),
            Some(0) => return Ok(true),
            Some(_) => thread::sleep(BETWEEN_LOOKS),
        }
    }
    Ok(false)
}

/// An address as the kernel's table has it: the bytes of the address as a number of this machine.
fn written((address, port): (Ipv4Addr, u16)) -> String {
    format!("{:08X}:{port:04X}", u32::from_ne_bytes(address.octets()))
}

/// The bytes that wait to be read at the end `local` of a connection; `None` where there is no such end (proc_net_tcp in
/// the kernel's documentation: the second and third fields are the ends, the fifth the queues, sent before received).
fn waiting(table: &str, local: &str, remote: &str) -> Option<u64> {
    table.lines().find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let is_it = fields.next()? == local && fields.next()? == remote;
        let (_, received) = fields.nth(1)?.split_once(':')?;
        is_it.then(|| u64::from_str_radix(received, 16).ok()).flatten()
    })
}
