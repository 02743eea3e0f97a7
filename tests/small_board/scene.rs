//! A fleet with its servers: a publisher, a vendor that moves between roots, a service, and two servers of the tree.

use std::sync::{Arc, PoisonError, RwLock};

use bundle::UnixSeconds;
use bundle::write::{ManifestContent, ServiceAnchors, ServiceContent};
use rustls_pki_types::CertificateDer;
use system_tests::pki::{Authority, Vendor};
use system_tests::publisher::{Publisher, Tree};
use system_tests::tls_service::{ALL_VERSIONS, TlsService};

use crate::quiet::Quiet;
use crate::server::Server;

/// When everything was signed, and about when the board lives.
pub(crate) const SIGNED: UnixSeconds = UnixSeconds(1_790_000_000);
/// The service's host.
pub(crate) const HUB: &str = "hub.example";
/// The hosts of the published tree.
pub(crate) const UPDATES: [&str; 2] = ["one.updates.example", "two.updates.example"];

/// Everything on this machine.
pub(crate) struct Scene {
    pub(crate) vendor: Vendor,
    pub(crate) hub: TlsService,
    pub(crate) publisher: Publisher,
    pub(crate) tree: Arc<RwLock<Tree>>,
    pub(crate) quiet: Quiet,
    /// Two servers of the tree over TLS, under the vendor's old root.
    pub(crate) servers: [Server; 2],
}

impl Scene {
    /// Release 1 with the old root alone.
    pub(crate) fn new() -> Self {
        let (vendor, quiet, tree) = (Vendor::new(), Quiet::default(), Arc::default());
        let hub = TlsService::start(&vendor.old_identity(HUB), ALL_VERSIONS).unwrap();
        let servers = UPDATES.map(|host| Server::tls(&tree, &quiet, &vendor.old_identity(host)));
        let publisher = Publisher::new("prod", SIGNED);
        let mut scene = Self { vendor, hub, publisher, tree, quiet, servers };
        let content = scene.content(&[&scene.vendor.old_root]);
        scene.publish(&content);
        scene
    }

    /// A manifest of these roots, which all serve `iot-hub`.
    pub(crate) fn content(&self, roots: &[&Authority]) -> ManifestContent {
        ManifestContent {
            anchors: roots.iter().map(|root| self.publisher.anchor(root.certificate())).collect(),
            services: vec![ServiceContent {
                name: "iot-hub".into(),
                hosts: vec![format!("{HUB}:{}", self.hub.address().port())],
                anchors: ServiceAnchors::All,
                pins: Vec::new(),
                probe: true,
                extensions: Vec::new(),
            }],
            ..ManifestContent::default()
        }
    }

    /// Publishes a release; returns its number.
    pub(crate) fn publish(&mut self, content: &ManifestContent) -> u32 {
        let certificates: [&[u8]; 2] =
            [self.vendor.old_root.certificate(), self.vendor.new_root.certificate()];
        let number = self.publisher.publish(content, &certificates);
        self.show();
        number
    }

    /// Publishes a release with the old and the new root.
    pub(crate) fn publish_both(&mut self) -> u32 {
        let content = self.content(&[&self.vendor.old_root, &self.vendor.new_root]);
        self.publish(&content)
    }

    /// Publishes a release with the new root alone.
    pub(crate) fn publish_new(&mut self) -> u32 {
        let content = self.content(&[&self.vendor.new_root]);
        self.publish(&content)
    }

    /// Puts the publisher's tree where the servers find it.
    pub(crate) fn show(&self) {
        *self.tree.write().unwrap_or_else(PoisonError::into_inner) = self.publisher.tree.clone();
    }

    /// The base URLs, over TLS.
    pub(crate) fn urls(&self) -> Vec<String> {
        let ports = self.servers.iter().map(|server| server.address().port());
        UPDATES.iter().zip(ports).map(|(host, port)| format!("https://{host}:{port}/")).collect()
    }

    pub(crate) fn old_root(&self) -> &CertificateDer<'static> {
        self.vendor.old_root.certificate()
    }

    pub(crate) fn new_root(&self) -> &CertificateDer<'static> {
        self.vendor.new_root.certificate()
    }
}
