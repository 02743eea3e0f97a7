//! A web server of a published tree, with a log of requests, and faults that a test asks for.

use std::{
    collections::BTreeMap,
    io::{self, Read as _, Write},
    net::{SocketAddr, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use rustls::{ServerConnection, StreamOwned};

use crate::{
    listener::Listener,
    publisher::Tree,
    tls_service::{ALL_VERSIONS, Identity, read_request, server_config},
};

/// Asks a server for a file over plain HTTP: status and body.
///
/// # Errors
/// No connection, or no answer.
pub fn fetch(address: SocketAddr, path: &str) -> io::Result<(u16, Vec<u8>)> {
    let mut connection = TcpStream::connect(address)?;
    write!(connection, "GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    let incomplete = || io::Error::other(format!("/{path}: no whole answer"));
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(incomplete)?;
    let body = answer.split_off(end.saturating_add(4));
    let head = String::from_utf8_lossy(&answer);
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(incomplete)?;
    Ok((status, body))
}

/// A tree that a test changes while it is served.
pub type SharedTree = Arc<RwLock<Tree>>;

/// What the server does wrong with one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Sends only so many bytes of the body, as if there were no more.
    Truncate(usize),
    /// Promises the whole body and closes the connection after so many bytes.
    BreakOff(usize),
    /// Turns this bit of the body over.
    FlipBit(usize),
    /// Says 404.
    NotFound,
    /// Sends another body.
    Replace(Vec<u8>),
}

/// A request and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The path, without the leading slash.
    pub path: String,
    /// The answer's status.
    pub status: u16,
    /// Bytes of the answer's body that were sent.
    pub body_bytes: usize,
}

/// A server on loopback.
#[derive(Debug)]
pub struct Web {
    listener: Listener,
    shared: Arc<Shared>,
    scheme: &'static str,
}

#[derive(Debug)]
struct Shared {
    tree: SharedTree,
    faults: Mutex<BTreeMap<String, Fault>>,
    requests: Mutex<Vec<Request>>,
}

/// An answer before it is sent.
struct Answer {
    status: u16,
    promised_bytes: usize,
    body: Vec<u8>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Web {
    /// Serves over plain HTTP.
    ///
    /// # Errors
    /// No free port.
    pub fn plain(tree: SharedTree) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(tree));
        let served = Arc::clone(&shared);
        let listener = Listener::start(move |mut connection: TcpStream| {
            // A client that hangs up early misses its answer, and nothing else.
            drop(served.serve(&mut connection));
        })?;
        Ok(Self { listener, shared, scheme: "http" })
    }

    /// Serves over TLS.
    ///
    /// # Errors
    /// No free port, or a key that does not belong to the chain.
    pub fn tls(tree: SharedTree, identity: &Identity) -> io::Result<Self> {
        let config = server_config(identity, ALL_VERSIONS).map_err(io::Error::other)?;
        let shared = Arc::new(Shared::new(tree));
        let served = Arc::clone(&shared);
        let listener = Listener::start(move |connection| {
            if let Ok(tls) = ServerConnection::new(Arc::clone(&config)) {
                let mut stream = StreamOwned::new(tls, connection);
                drop(served.serve(&mut stream));
                stream.conn.send_close_notify();
                drop(stream.conn.complete_io(&mut stream.sock));
            }
        })?;
        Ok(Self { listener, shared, scheme: "https" })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Its URL, for a host name that leads to this machine.
    #[must_use]
    pub fn url(&self, host: &str) -> String {
        format!("{}://{host}:{}/", self.scheme, self.address().port())
    }

    /// Makes the server do one path wrong from now on; `None` puts it right.
    pub fn set_fault(&self, path: &str, fault: Option<Fault>) {
        let mut faults = locked(&self.shared.faults);
        match fault {
            Some(fault) => drop(faults.insert(path.to_owned(), fault)),
            None => drop(faults.remove(path)),
        }
    }

    /// The requests since the last time they were taken.
    #[must_use]
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut locked(&self.shared.requests))
    }
}

impl Shared {
    const fn new(tree: SharedTree) -> Self {
        Self { tree, faults: Mutex::new(BTreeMap::new()), requests: Mutex::new(Vec::new()) }
    }

    fn serve(&self, stream: &mut (impl io::Read + Write)) -> io::Result<()> {
        let Some(line) = read_request(stream) else { return Ok(()) };
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let path = target.trim_start_matches('/').to_owned();
        let answer = if method == "GET" { self.answer(&path) } else { Answer::without_body(405) };
        locked(&self.requests).push(Request { path, status: answer.status, body_bytes: answer.body.len() });
        answer.send(stream)
    }

    fn answer(&self, path: &str) -> Answer {
        let fault = locked(&self.faults).get(path).cloned();
        let body = self.tree.read().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        match (fault, body) {
            (Some(Fault::Replace(body)), _) => Answer::whole(body),
            (Some(Fault::NotFound), _) | (_, None) => Answer::without_body(404),
            (None, Some(body)) => Answer::whole(body),
            (Some(Fault::Truncate(bytes)), Some(mut body)) => {
                body.truncate(bytes);
                Answer::whole(body)
            }
            (Some(Fault::BreakOff(bytes)), Some(mut body)) => {
                let promised_bytes = body.len();
                body.truncate(bytes);
                Answer { status: 200, promised_bytes, body }
            }
            (Some(Fault::FlipBit(bit)), Some(mut body)) => {
                if let Some(byte) = body.get_mut(bit / 8) {
                    *byte ^= 1 << (bit % 8);
                }
                Answer::whole(body)
            }
        }
    }
}

impl Answer {
    const fn whole(body: Vec<u8>) -> Self {
        Self { status: 200, promised_bytes: body.len(), body }
    }

    const fn without_body(status: u16) -> Self {
        Self { status, promised_bytes: 0, body: Vec::new() }
    }

    fn send(&self, stream: &mut impl Write) -> io::Result<()> {
        let (status, bytes) = (self.status, self.promised_bytes);
        write!(stream, "HTTP/1.1 {status} -\r\nContent-Length: {bytes}\r\nConnection: close\r\n\r\n")?;
        stream.write_all(&self.body)?;
        stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_as_asked_and_requests_are_logged() {
        let tree = Tree::from([("prod/head".to_owned(), vec![0, 1, 2, 3])]);
        let web = Web::plain(Arc::new(RwLock::new(tree))).unwrap();
        let check = |fault: Option<Fault>, status: u16, body: &[u8]| {
            web.set_fault("prod/head", fault);
            assert_eq!(fetch(web.address(), "prod/head").unwrap(), (status, body.to_vec()));
        };
        check(None, 200, &[0, 1, 2, 3]);
        check(Some(Fault::Truncate(2)), 200, &[0, 1]);
        check(Some(Fault::BreakOff(1)), 200, &[0]);
        check(Some(Fault::FlipBit(9)), 200, &[0, 3, 2, 3]);
        check(Some(Fault::NotFound), 404, &[]);
        check(Some(Fault::Replace(vec![9])), 200, &[9]);
        check(None, 200, &[0, 1, 2, 3]);
        let statuses: Vec<u16> = web.take_requests().iter().map(|request| request.status).collect();
        assert_eq!(statuses, [200, 200, 200, 200, 404, 200, 200]);
        assert_eq!(web.take_requests(), []);
    }
}
