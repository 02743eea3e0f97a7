//! A publisher, a service and a device that follows them.

use std::sync::{Arc, PoisonError, RwLock};

use bundle::{
    UnixSeconds,
    write::{ManifestContent, ServiceAnchors, ServiceContent},
};
use system_tests::{
    gateway::{Gateway, Setup},
    pki::{Authority, Vendor},
    publisher::{Publisher, Tree},
    tls_service::{ALL_VERSIONS, TlsService},
    web::Web,
};

/// When everything was signed, and the day on which the device lives.
pub(crate) const SIGNED: UnixSeconds = UnixSeconds(1_790_000_000);
pub(crate) const TODAY: Option<&str> = Some("2026-09-22");
/// The service's host and endpoint.
pub(crate) const HOST: &str = "hub.example";
pub(crate) const ENDPOINT: &str = "hub.example:8883";

/// Everything on this machine.
pub(crate) struct Scene {
    pub(crate) vendor: Vendor,
    pub(crate) hub: TlsService,
    pub(crate) publisher: Publisher,
    pub(crate) tree: Arc<RwLock<Tree>>,
}

impl Scene {
    /// A service under the old root, and release 1 with that root.
    pub(crate) fn new() -> Self {
        let vendor = Vendor::new();
        let hub = TlsService::start(&vendor.old_identity(HOST), ALL_VERSIONS).unwrap();
        let publisher = Publisher::new("prod", SIGNED);
        let mut scene = Self { vendor, hub, publisher, tree: Arc::default() };
        let content = scene.content(&[&scene.vendor.old_root]);
        scene.publish(&content, &["old"]);
        scene
    }

    /// A manifest of these roots, which all serve `iot-hub`.
    pub(crate) fn content(&self, roots: &[&Authority]) -> ManifestContent {
        ManifestContent {
            anchors: roots.iter().map(|root| self.publisher.anchor(root.certificate())).collect(),
            services: vec![ServiceContent {
                name: "iot-hub".into(),
                hosts: vec![ENDPOINT.into()],
                anchors: ServiceAnchors::All,
                pins: Vec::new(),
                probe: true,
                extensions: Vec::new(),
            }],
            ..ManifestContent::default()
        }
    }

    /// Publishes a release with the certificates of the vendor's `old` and `new` root.
    pub(crate) fn publish(&mut self, content: &ManifestContent, roots: &[&str]) -> u32 {
        let root = |name: &&str| if *name == "old" { &self.vendor.old_root } else { &self.vendor.new_root };
        let certificates: Vec<&[u8]> = roots.iter().map(|name| root(name).certificate().as_ref()).collect();
        let number = self.publisher.publish(content, &certificates);
        self.serve();
        number
    }

    /// Publishes release 2: both roots.
    pub(crate) fn publish_both(&mut self) -> u32 {
        let content = self.content(&[&self.vendor.old_root, &self.vendor.new_root]);
        self.publish(&content, &["old", "new"])
    }

    /// Serves what the publisher has.
    pub(crate) fn serve(&self) {
        *self.tree.write().unwrap_or_else(PoisonError::into_inner) = self.publisher.tree.clone();
    }

    /// The published tree over plain HTTP.
    pub(crate) fn web(&self) -> Web {
        Web::plain(Arc::clone(&self.tree)).unwrap()
    }

    /// A device whose image has release 1, and which follows `url`.
    pub(crate) fn device(&self, url: &str, extra: &str) -> Gateway {
        let setup = Setup {
            id: "gateway-7",
            channel: "prod",
            urls: vec![url.into()],
            seed: &self.publisher.seed(1),
            resolve: vec![(ENDPOINT.into(), self.hub.address())],
            extra,
        };
        Gateway::new(&setup).unwrap()
    }
}
