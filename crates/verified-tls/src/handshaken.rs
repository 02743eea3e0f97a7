//! The handshake, and a connection whose server has proved its key and nothing more.

use alloc::boxed::Box;
use core::fmt;

use embedded_io_async::{Read, Write};
use embedded_tls::{TlsConfig, TlsConnection, TlsContext};
use rustls_pki_types::ServerName;

use crate::connection::{self, Unauthenticated};
use crate::guard::Guard;
use crate::limits::HANDSHAKE_RECORDS_MAX;
use crate::verifier::Provider;
use crate::{Buffers, ChainJudge, Connection, Entropy, Error, Ruling, ServedChain, Suite};

/// A connection whose server signed the handshake with the key of the certificate that it served. Whether that
/// certificate is anybody's is not known yet, so it can be judged and not be used.
#[must_use]
pub struct Handshaken<'b, S: Read + Write, C: Suite> {
    /// On the heap, so that what passes it on moves a pointer and not two kilobytes.
    tls: Box<TlsConnection<'b, Guard<'b, S>, C>>,
    signals: &'b crate::signals::Signals,
    served: ServedChain,
    name: ServerName<'static>,
}

/// What a judgement makes of a connection.
#[must_use]
pub enum Judged<'b, S: Read + Write, C: Suite, R> {
    /// The judge has more to do: let others run, then judge again.
    Again(Handshaken<'b, S, C>),
    /// The server is who it says: the connection may be used.
    Authenticated(Connection<'b, S, C>),
    /// The server's chain is refused.
    Refused {
        /// Why.
        refusal: R,
        /// The connection, still without a way to use it.
        handshaken: Handshaken<'b, S, C>,
    },
}

/// Shakes hands with the server at the other end of `socket`, which is asked for as `name`.
///
/// A DNS name is also told to the server (RFC 6066 §3); an address is not, as that section has it, and is only
/// what the chain is judged for. There is no connection without either. Dropping the future ends the connection.
///
/// # Errors
/// Everything that keeps the server from proving its key; see [`Error`]. The socket is then dropped.
pub async fn connect<'b, C, S>(
    socket: S,
    buffers: &'b mut Buffers,
    name: &ServerName<'_>,
    entropy: Entropy,
) -> Result<Handshaken<'b, S, C>, Error>
where
    C: Suite,
    S: Read + Write + 'b,
{
    let Buffers { read, write, signals } = buffers;
    let signals = &*signals;
    signals.begin(HANDSHAKE_RECORDS_MAX);
    let mut provider = Provider::<C>::new(entropy);
    let mut tls = Box::new(TlsConnection::new(Guard::new(socket, signals, C::CODE_POINT), read, write));
    // The algorithms of RSA that this offers include PKCS #1 v1.5, which certificates are signed with; a server
    // that signs the handshake with it is refused by the verifier.
    let mut config = TlsConfig::new().enable_rsa_signatures();
    if let ServerName::DnsName(host) = name {
        let host = host.as_ref();
        let name = match host.as_bytes().split_last() {
            Some((b'.', rest)) => host.get(..rest.len()).unwrap_or(host),
            _ => host,
        };
        config = config.with_server_name(name);
    }
    let opened = tls.open(TlsContext::new(&config, &mut provider)).await;
    if let Err(error) = opened {
        let found = provider.verifier.fault().or_else(|| signals.fault().map(crate::fault::Fault::error));
        return Err(found.unwrap_or_else(|| connection::explain(&error, signals)));
    }
    let served = provider.verifier.proven()?;
    signals.open();
    Ok(Handshaken { tls, signals, served, name: name.to_owned() })
}

impl<'b, S: Read + Write + 'b, C: Suite> Handshaken<'b, S, C> {
    /// What the server served.
    #[must_use]
    pub const fn served(&self) -> &ServedChain {
        &self.served
    }

    /// What it was asked for.
    #[must_use]
    pub const fn name(&self) -> &ServerName<'static> {
        &self.name
    }

    /// Has `judge` say whether the chain is the named server's.
    pub fn judge<J: ChainJudge>(self, judge: &mut J) -> Judged<'b, S, C, J::Refusal> {
        match judge.judge(&self.served, &self.name) {
            Ruling::Again => Judged::Again(self),
            Ruling::Authentic => Judged::Authenticated(Connection::new(self.tls, self.signals)),
            Ruling::Refused(refusal) => Judged::Refused { refusal, handshaken: self },
        }
    }

    /// Drops the connection, and with it the borrow of the buffers, and keeps what was served: for probes, which
    /// judge it under several sets of anchors.
    #[must_use]
    pub fn hang_up(self) -> ServedChain {
        self.served
    }

    /// A connection to whoever answered, **who may be anybody**. What is read from it must be believed for reasons
    /// of its own, such as a signature, and nothing secret may be written to it.
    pub fn into_unauthenticated(self) -> Connection<'b, S, C, Unauthenticated> {
        Connection::new(self.tls, self.signals)
    }
}

impl<S: Read + Write, C: Suite> fmt::Debug for Handshaken<'_, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshaken").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<S: Read + Write, C: Suite, R: fmt::Debug> fmt::Debug for Judged<'_, S, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Again(_) => f.write_str("Again"),
            Self::Authenticated(_) => f.write_str("Authenticated"),
            Self::Refused { refusal, .. } => f.debug_tuple("Refused").field(refusal).finish(),
        }
    }
}
