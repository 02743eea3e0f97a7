//! A stream that ends with an error once the peer has sent more than a handshake can need.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that a peer may send: the largest chain, twice as it comes with its frames, and what surrounds it.
const BYTES_MAX: usize = 256 * 1_024;

/// A stream and what it may still read.
#[derive(Debug)]
pub(super) struct Metered<S> {
    stream: S,
    left: usize,
}

/// The peer sent too much.
#[derive(Debug, thiserror::Error)]
#[error("it sent more than {BYTES_MAX} bytes")]
pub(super) struct TooMuch;

impl<S> Metered<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self { stream, left: BYTES_MAX }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let count = buffer.filled().len().saturating_sub(before);
        match self.left.checked_sub(count) {
            Some(left) => {
                self.left = left;
                read
            }
            None => {
                // A read that fails has read nothing.
                buffer.set_filled(before);
                Poll::Ready(Err(io::Error::other(TooMuch)))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_peer_that_talks_without_end_is_cut_off_at_the_limit() {
        for (count, is_fine) in [(BYTES_MAX, true), (BYTES_MAX + 1, false)] {
            let (mut peer, stream) = tokio::io::duplex(2 * BYTES_MAX);
            peer.write_all(&vec![7; count]).await.unwrap();
            drop(peer);
            let read = Metered::new(stream).read_to_end(&mut Vec::new()).await;
            assert_eq!(read.is_ok(), is_fine, "{count}: {read:?}");
        }
    }
}
