//! The published tree, under any of its URLs: which of them is asked, in which order, over which transport.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::io;

use bundle::Manifest;
use reqwest::{Client, Response, StatusCode};
use url::Url;

use super::client::Clients;
use crate::linux::configuration::{BaseUrl, Settings, SignedOnlyTransport};
use crate::linux::error::{Error, with_causes};
use crate::{FetchFailure, Resource, Transport};

/// The tree of one channel, and what this cycle has learned about its servers.
#[derive(Debug)]
pub struct Tree {
    clients: Clients,
    channel: String,
    configured: Vec<BaseUrl>,
    policy: SignedOnlyTransport,
    /// How many servers the order of preference was moved on by.
    turns: usize,
    cycle: Cycle,
}

/// One cycle: its routes in the order of preference, and the first one that still may work.
#[derive(Debug, Default)]
struct Cycle {
    routes: Vec<Route>,
    next: usize,
    notes: Vec<String>,
    authenticated: Option<Client>,
    unauthenticated: Option<Client>,
}

/// One way to the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Route {
    base: BaseUrl,
    transport: Transport,
}

/// An answer that has begun.
#[derive(Debug)]
pub struct Answer {
    response: Response,
    /// How it comes.
    pub transport: Transport,
    bytes_left: u64,
}

/// Why a route gave no answer.
enum Fault {
    /// The server answered, and not with the file.
    Answered(FetchFailure, String),
    /// TLS was refused: the same URL may work without authentication.
    Refused(String),
    /// Nobody answered.
    Unreachable(String),
}

impl Tree {
    /// The tree that the settings name.
    #[must_use]
    pub fn new(settings: &Settings, clients: Clients) -> Self {
        Self {
            clients,
            channel: settings.channel.clone(),
            configured: settings.urls.clone(),
            policy: settings.signed_only_transport,
            turns: 0,
            cycle: Cycle::default(),
        }
    }

    /// Forgets what the last cycle learned: TLS is tried first again, on what is trusted now.
    pub fn begin_cycle(&mut self) {
        let mut bases = self.configured.clone();
        if let Ok(installed) = self.clients.trust().installed() {
            let manifest = installed.manifest();
            let further = manifest.iter().flat_map(|manifest: &Manifest<'_>| manifest.urls().iter());
            bases.extend(further.filter_map(|url| BaseUrl::parse(url.0)));
        }
        let turns = self.turns.checked_rem(bases.len()).unwrap_or(0);
        bases.rotate_left(turns);
        self.cycle = Cycle { routes: routes(&bases, self.policy), ..Cycle::default() };
    }

    /// The server that was asked first shows nothing of use: the next cycle begins with the one after it, and
    /// stays there until that one fails in the same way.
    pub fn turn(&mut self) {
        self.turns = self.turns.wrapping_add(1);
    }

    /// How many servers this cycle knows.
    #[must_use]
    pub fn servers(&self) -> usize {
        let bases: BTreeSet<&str> = self.cycle.routes.iter().map(|route| route.base.url().as_str()).collect();
        bases.len()
    }

    /// What went wrong with servers in this cycle, for people.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.cycle.notes
    }

    /// Asks for one file, route by route, until one answers.
    ///
    /// # Errors
    /// What the last route said.
    pub async fn open(&mut self, resource: Resource, bytes_max: u32) -> Result<Answer, FetchFailure> {
        let path = resource.path(&self.channel).to_string();
        let mut failure = FetchFailure::Unreachable;
        while let Some(route) = self.cycle.routes.get(self.cycle.next).cloned() {
            let fault = match self.ask(&route, &path, bytes_max).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let (of_route, note) = match fault {
                // Only a head must be everywhere: of the other files, "not there" is an answer like any other.
                Fault::Answered(FetchFailure::NotFound, _) if resource != Resource::Head => {
                    return Err(FetchFailure::NotFound);
                }
                Fault::Answered(failure, note) => (failure, note),
                Fault::Refused(note) => (FetchFailure::Unreachable, note),
                Fault::Unreachable(note) => {
                    // Whoever cannot be reached is not asked again in this cycle.
                    let same = |later: &Route| later.base == route.base && later != &route;
                    let after = self.cycle.next.saturating_add(1);
                    let mut index = 0;
                    self.cycle.routes.retain(|later| {
                        index += 1;
                        index <= after || !same(later)
                    });
                    (FetchFailure::Unreachable, note)
                }
            };
            failure = of_route;
            self.cycle.notes.push(note);
            self.cycle.next = self.cycle.next.saturating_add(1);
        }
        Err(failure)
    }

    async fn ask(&mut self, route: &Route, path: &str, bytes_max: u32) -> Result<Answer, Fault> {
        let url = route.base.join(path);
        let client =
            self.client(route.transport).map_err(|error| Fault::Unreachable(format!("{url}: {error}")))?;
        let target = self.clients.target(url.clone());
        let sent = client.get(target.url).headers(target.headers).send().await;
        let response = sent.map_err(|error| fault(&url, error))?;
        let failure = match response.status() {
            StatusCode::OK => None,
            StatusCode::NOT_FOUND | StatusCode::GONE => Some(FetchFailure::NotFound),
            _ => Some(FetchFailure::Server),
        };
        if let Some(failure) = failure {
            return Err(Fault::Answered(failure, format!("{url}: the server answers {}", response.status())));
        }
        let bytes_left = u64::from(bytes_max);
        if response.content_length().is_some_and(|length| length > bytes_left) {
            let note = format!("{url}: the file has more than {bytes_max} bytes");
            return Err(Fault::Answered(FetchFailure::TooLarge, note));
        }
        Ok(Answer { response, transport: route.transport, bytes_left })
    }

    fn client(&mut self, transport: Transport) -> Result<Client, Error> {
        let kept = match transport {
            Transport::Authenticated => &mut self.cycle.authenticated,
            Transport::Unauthenticated => &mut self.cycle.unauthenticated,
        };
        if let Some(client) = kept {
            return Ok(client.clone());
        }
        let client =
            self.clients.client(transport, self.cycle.routes.iter().map(|route| route.base.url()))?;
        *kept = Some(client.clone());
        Ok(client)
    }
}

impl Answer {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// The connection broke, or more bytes came than were asked for.
    pub async fn chunk(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, FetchFailure> {
        let chunk = self.response.chunk().await.map_err(|_| FetchFailure::Unreachable)?;
        let length = chunk.as_ref().map_or(0, |bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.bytes_left = self.bytes_left.checked_sub(length).ok_or(FetchFailure::TooLarge)?;
        Ok(chunk)
    }
}

/// Authenticated TLS first; then, where that is allowed, whatever carries signed files.
fn routes(bases: &[BaseUrl], policy: SignedOnlyTransport) -> Vec<Route> {
    let route = |transport| move |base: &BaseUrl| Route { base: base.clone(), transport };
    let mut routes: Vec<Route> = Vec::new();
    let tls = bases.iter().filter(|base| base.is_tls()).map(route(Transport::Authenticated));
    let any = bases.iter().map(route(Transport::Unauthenticated));
    let allowed = any.filter(|_| policy == SignedOnlyTransport::Allow);
    for route in tls.chain(allowed) {
        if !routes.contains(&route) {
            routes.push(route);
        }
    }
    routes
}

fn fault(url: &Url, error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let note = format!("{url}: {}", with_causes(&error, error.source()));
    if is_tls(&error) { Fault::Refused(note) } else { Fault::Unreachable(note) }
}

/// True where TLS itself ended the connection. rustls errors travel inside `io::Error`, which may stand in another
/// one, and whose source is not what it holds but the source of that.
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        if cause.is::<rustls::Error>() {
            return true;
        }
        let held = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = held.map_or_else(|| cause.source(), |held| Some(held));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_comes_first_and_signed_only_routes_come_only_where_they_are_allowed() {
        let bases = ["http://a/t/", "https://b/t/", "https://b/t/"].map(|url| BaseUrl::parse(url).unwrap());
        let names = |policy| -> Vec<String> {
            let routes = routes(&bases, policy);
            routes.iter().map(|route| format!("{} {:?}", route.base, route.transport)).collect()
        };
        assert_eq!(names(SignedOnlyTransport::Refuse), ["https://b/t/ Authenticated"]);
        assert_eq!(
            names(SignedOnlyTransport::Allow),
            ["https://b/t/ Authenticated", "http://a/t/ Unauthenticated", "https://b/t/ Unauthenticated"]
        );
    }
    #[test]
    fn a_refusal_by_tls_is_found_however_deep_it_is_wrapped() {
        let refusal = || rustls::Error::General("unknown issuer".into());
        let once = io::Error::new(io::ErrorKind::InvalidData, refusal());
        assert!(is_tls(&refusal()) && is_tls(&once));
        assert!(is_tls(&io::Error::other(once)));
        assert!(!is_tls(&io::Error::other(io::Error::from(io::ErrorKind::ConnectionRefused))));
    }
}
