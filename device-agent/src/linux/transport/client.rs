//! HTTP clients: one for authenticated TLS, one for files that are signed; neither redirects, proxies or remembers.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HOST, HeaderMap, HeaderValue};
use reqwest::{Client, redirect};
use rustls::ClientConfig;
use url::Url;

use super::channel_judge::ChannelJudge;
use super::tls::{Anything, client_config};
use crate::Transport;
use crate::linux::clock::Clock;
use crate::linux::configuration::ResolveTable;
use crate::linux::error::Error;
use crate::linux::trust::Trust;

/// Longest wait for a connection, TLS included.
const CONNECT_SECONDS: u64 = 15;
/// Longest time for a whole request: the largest update over 2 kB/s takes four minutes.
const REQUEST_SECONDS: u64 = 600;
/// How long an idle connection is kept: the requests of one cycle follow each other at once.
const IDLE_SECONDS: u64 = 10;

/// Makes clients. Each cycle gets new ones, so that no connection outlives the trust it was made under.
#[derive(Debug)]
pub struct Clients {
    trust: Arc<Trust>,
    clock: Clock,
    resolve: ResolveTable,
    timeout: Duration,
}

/// A URL as it is asked for: an override of the resolve table changes port and address, and nothing else.
#[derive(Clone, Debug)]
pub struct Target {
    /// The URL to connect to.
    pub url: Url,
    /// The host header, where the URL's own would be another one.
    pub headers: HeaderMap,
}

impl Clients {
    /// Clients that trust what is installed; `timeout` is the longest wait for the next bytes of an answer.
    #[must_use]
    pub const fn new(trust: Arc<Trust>, clock: Clock, resolve: ResolveTable, timeout: Duration) -> Self {
        Self { trust, clock, resolve, timeout }
    }

    /// What is trusted.
    #[must_use]
    pub const fn trust(&self) -> &Arc<Trust> {
        &self.trust
    }

    /// A client for one transport, which knows the overrides of `urls`.
    ///
    /// # Errors
    /// The TLS stack refuses its own defaults.
    pub fn client<'u>(
        &self,
        transport: Transport,
        urls: impl Iterator<Item = &'u Url>,
    ) -> Result<Client, Error> {
        let config =
            self.tls(transport).map_err(|error| Error::bug("TLS cannot be configured").because(error))?;
        let mut builder = Client::builder()
            .tls_backend_preconfigured(config)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS).min(self.timeout))
            .read_timeout(self.timeout)
            .timeout(Duration::from_secs(REQUEST_SECONDS))
            .pool_idle_timeout(Duration::from_secs(IDLE_SECONDS));
        for url in urls {
            if let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default())
                && let Some(address) = self.resolve.find(host, port)
            {
                builder = builder.resolve(host, address);
            }
        }
        builder.build().map_err(|error| Error::bug("the HTTP client cannot be built").because(error))
    }

    fn tls(&self, transport: Transport) -> Result<ClientConfig, rustls::Error> {
        match transport {
            Transport::Authenticated => {
                client_config(Arc::new(ChannelJudge::new(Arc::clone(&self.trust), self.clock)))
            }
            Transport::Unauthenticated => client_config(Arc::new(Anything)),
        }
    }

    /// How to ask for `url`.
    #[must_use]
    pub fn target(&self, url: Url) -> Target {
        let mut target = Target { url, headers: HeaderMap::new() };
        let (Some(host), Some(port)) = (target.url.host_str(), target.url.port_or_known_default()) else {
            return target;
        };
        let Some(address) = self.resolve.find(host, port) else { return target };
        let authority = match target.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        if let Ok(value) = HeaderValue::from_str(&authority) {
            target.headers.insert(HOST, value);
        }
        // The scheme's own port is written as none; both mean the same.
        let _set = target.url.set_port(Some(address.port()));
        target
    }
}
