//! Which endpoints prove a candidate: those of its probed services, and those of services that it drops.

#[cfg(any(feature = "linux", feature = "mt3620"))]
use alloc::{format, string::String};

use bundle::{HostPattern, Manifest, Service, split_host_port};
use store::Storage;

use crate::{Agent, Endpoint, LocalHost, limits::ENDPOINTS_MAX};

impl<S: Storage> Agent<'_, S> {
    /// The endpoint with this index, of at most [`ENDPOINTS_MAX`].
    pub(crate) fn endpoint(&self, index: u16) -> Option<Endpoint<'_>> {
        if index >= ENDPOINTS_MAX {
            return None;
        }
        let candidate = self.candidate_manifest()?;
        // Revoking everything loses every service on purpose.
        if candidate.is_revoke_all() {
            return None;
        }
        let present = self.present_manifest();
        let kept = candidate.services().filter(|service| service.probe).flat_map(|service| {
            let under_present = present.is_some_and(|present| present.service(service.name).is_some());
            self.hosts(service).map(move |(host, port)| Endpoint {
                service: service.name,
                host,
                port,
                under_present,
                under_candidate: true,
            })
        });
        let is_dropped = |service: &Service<'_>| service.probe && !lists(&candidate, service.name);
        let dropped = present.into_iter().flat_map(|present| present.services()).filter(is_dropped);
        let dropped = dropped.flat_map(|service| {
            self.hosts(service).map(move |(host, port)| Endpoint {
                service: service.name,
                host,
                port,
                under_present: true,
                under_candidate: false,
            })
        });
        kept.chain(dropped).nth(usize::from(index))
    }

    fn hosts<'s>(&'s self, service: Service<'s>) -> impl Iterator<Item = (&'s str, u16)> {
        service_endpoints(service, self.configuration.local_hosts)
    }
}

/// The hosts of a service on one device: its own names, and the local ones that its wildcards stand for.
pub fn service_endpoints<'s>(
    service: Service<'s>,
    local_hosts: &'s [LocalHost<'s>],
) -> impl Iterator<Item = (&'s str, u16)> {
    service.hosts.iter().flat_map(move |pattern: HostPattern<'s>| {
        let own = (!pattern.is_wildcard()).then(|| (pattern.host(), pattern.port()));
        let local =
            local_hosts.iter().filter(move |local| pattern.is_wildcard() && local.service == service.name);
        let local = local
            .filter_map(|local| split_host_port(local.host))
            .filter(move |(host, _)| pattern.matches_host(host));
        own.into_iter().chain(local)
    })
}

/// Host and port as reports, logs and files have them: `host:port`, an IPv6 address in brackets.
#[cfg(any(feature = "linux", feature = "mt3620"))]
pub(crate) fn endpoint_text(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// True where the manifest lists the service and this version can use it: one that it cannot use would be lost here.
fn lists(manifest: &Manifest<'_>, name: &str) -> bool {
    manifest.service(name).is_some()
}
