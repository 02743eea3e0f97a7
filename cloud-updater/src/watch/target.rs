//! Which endpoints are asked: the hosts of every service, and those that stand for its patterns.

use std::collections::{BTreeMap, BTreeSet};

use bundle::HostPattern;
use bundle::write::ServiceContent;
use rustls_pki_types::ServerName;

use crate::repository::service_file::{ServiceFile, ServiceSettings};

/// An endpoint, and the services that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `host:port`; an IPv6 address in brackets.
    pub endpoint: String,
    /// The host alone.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The services.
    pub services: BTreeSet<String>,
}

impl Target {
    /// The endpoint that `text` names, `host:port`, of no service.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = bundle::split_host_port(text)?;
        ServerName::try_from(host).ok()?;
        Some(Self::new(host, port))
    }

    fn new(host: &str, port: u16) -> Self {
        let host = host.to_ascii_lowercase();
        Self { endpoint: endpoint(&host, port), host, port, services: BTreeSet::new() }
    }
}

/// `host:port`, as observations are kept under it.
fn endpoint(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Every endpoint of the services, each once: those that the repository describes, and those that devices have in the
/// releases that they hold. What is taken out of the repository is not left by devices with that.
#[must_use]
pub fn targets<'a>(
    services: &ServiceFile,
    held: impl IntoIterator<Item = &'a ServiceContent>,
) -> Vec<Target> {
    let described =
        services.services.iter().flat_map(|(name, service)| of_service(service).map(move |it| (name, it)));
    let held =
        held.into_iter().flat_map(|service| of_own_hosts(&service.hosts).map(|it| (&service.name, it)));
    let mut found: BTreeMap<String, Target> = BTreeMap::new();
    for (name, target) in described.chain(held) {
        found.entry(target.endpoint.clone()).or_insert(target).services.insert(name.clone());
    }
    found.into_values().collect()
}

fn of_own_hosts(hosts: &[String]) -> impl Iterator<Item = Target> {
    let own = hosts.iter().map(|host| HostPattern(host)).filter(|host| !host.is_wildcard());
    own.map(|host| Target::new(host.host(), host.port()))
}

/// The endpoints that a service has as the repository describes it.
fn of_service(service: &ServiceSettings) -> impl Iterator<Item = Target> {
    of_own_hosts(&service.hosts).chain(service.watch.iter().filter_map(|text| Target::parse(text)))
}

/// The endpoints of a service that a bundle describes by `hosts`: its own, and those in `watched` that its patterns fit.
pub(crate) fn of_hosts<'a>(hosts: &'a [String], watched: &'a [String]) -> impl Iterator<Item = String> + 'a {
    let patterns = || hosts.iter().map(|host| HostPattern(host));
    let own = patterns().filter(|pattern| !pattern.is_wildcard());
    let own = own.map(|pattern| endpoint(&pattern.host().to_ascii_lowercase(), pattern.port()));
    let fits = move |target: &Target| {
        patterns().any(|pattern| {
            pattern.is_wildcard() && pattern.port() == target.port && pattern.matches_host(&target.host)
        })
    };
    let more = watched.iter().filter_map(|text| Target::parse(text)).filter(fits);
    own.chain(more.map(|target| target.endpoint))
}
