//! What a client says of the two servers, asked again and again until it says what is waited for.

use std::{
    io, thread,
    time::{Duration, Instant},
};

use crate::client::{Answer, Client};
use crate::hub::Peer;

/// Between two connections of one client.
const PAUSE: Duration = Duration::from_millis(200);

/// Asks until the server is accepted (or refused) as `wanted` says; how long after `since` that was, or `None` where it
/// was not within `patience`.
///
/// # Errors
/// The client ended, or could not connect at all: that says nothing of trust.
pub(crate) fn until(
    client: &mut Client,
    peer: &Peer,
    wanted: bool,
    since: Instant,
    patience: Duration,
) -> io::Result<Option<Duration>> {
    let deadline = Instant::now() + patience;
    loop {
        match client.connect(&peer.host, peer.port)? {
            Answer::Accepted if wanted => return Ok(Some(since.elapsed())),
            Answer::Refused(_) if !wanted => return Ok(Some(since.elapsed())),
            Answer::Failed(words) => {
                return Err(io::Error::other(format!("{}:{}: {words}", peer.host, peer.port)));
            }
            Answer::Accepted | Answer::Refused(_) => {}
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}

/// Whether the server is accepted now.
///
/// # Errors
/// As [`until`].
pub(crate) fn once(client: &mut Client, peer: &Peer) -> io::Result<bool> {
    match client.connect(&peer.host, peer.port)? {
        Answer::Accepted => Ok(true),
        Answer::Refused(_) => Ok(false),
        Answer::Failed(words) => Err(io::Error::other(format!("{}:{}: {words}", peer.host, peer.port))),
    }
}
