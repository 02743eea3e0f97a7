//! The scene of every test: a publisher, one device that follows it, and what the device asked for.

use bundle::{
    Envelope, Order, Sha256, UnixSeconds,
    write::{KeyringContent, ManifestContent, ServiceAnchors, ServiceContent},
};
use device_agent::Reason;
use system_tests::{
    device::{Device, Image, Probe, TrustState, all_verify},
    publisher::{Publisher, Tree},
    signers::KEYRING_KEYS,
};

/// When every story starts.
pub(crate) const START: UnixSeconds = UnixSeconds(1_790_000_000);
/// Seconds of a day.
pub(crate) const DAY: u64 = 86_400;
/// The certificates of the releases: bytes are enough, since the engine does not read certificates.
pub(crate) const CERTIFICATES: [&[u8]; 4] = [b"first root", b"second root", b"third root", b"fourth root"];
/// Bytes of a device's region: the smallest device class.
pub(crate) const REGION_BYTES: u32 = 65_536;

/// Publisher and device.
pub(crate) struct Scene {
    pub(crate) publisher: Publisher,
    pub(crate) device: Device,
}

/// A manifest of these certificates, with one probed service that all of them serve.
pub(crate) fn content(publisher: &Publisher, certificates: &[&[u8]]) -> ManifestContent {
    ManifestContent {
        anchors: certificates.iter().map(|certificate| publisher.anchor(certificate)).collect(),
        services: vec![service("iot-hub")],
        ..ManifestContent::default()
    }
}

/// A probed service on every anchor.
pub(crate) fn service(name: &str) -> ServiceContent {
    ServiceContent {
        name: name.into(),
        hosts: vec![format!("{name}.example:8883")],
        anchors: ServiceAnchors::All,
        pins: Vec::new(),
        probe: true,
        extensions: Vec::new(),
    }
}

/// A publisher with release 1 of the first two certificates.
pub(crate) fn publisher() -> Publisher {
    let mut publisher = Publisher::new("prod", START);
    let first = content(&publisher, &CERTIFICATES[..2]);
    publisher.publish(&first, &CERTIFICATES[..2]);
    publisher
}

/// The message of a document is its own: header and body, without the table between them.
pub(crate) fn unsigned_bytes(document: &[u8]) -> Vec<u8> {
    let envelope = Envelope::parse_whole(document).unwrap();
    [envelope.header_bytes(), envelope.body()].concat()
}

impl Scene {
    /// A device whose seed is release 1 and which has asked nobody yet.
    pub(crate) fn fresh() -> Self {
        let publisher = publisher();
        let seed = publisher.seed(1);
        let device = Device::new("device-1", "prod", &seed, START, REGION_BYTES);
        Self { publisher, device }
    }

    /// A device that went on to release 2 and confirmed it.
    pub(crate) fn following() -> Self {
        let mut scene = Self::fresh();
        scene.release(&CERTIFICATES[..3]);
        assert_eq!(scene.check(), Some(Reason::Confirmed));
        assert_eq!(scene.installed(), 2);
        scene
    }

    /// A device that was provisioned with this first keyring and nothing else; release 1 waits for it.
    pub(crate) fn provisioned(first: &KeyringContent, signers: &[u8]) -> Self {
        let mut publisher = Publisher::new("prod", START);
        publisher.publish_keyring(first, None, Order::new(0, 1), signers);
        let keyring = Some(publisher.keyring.1.as_slice());
        let image = Image { keyring, ..Image::default() };
        let device = Device::start("device-1", "prod", image, START, REGION_BYTES).unwrap();
        Self { publisher, device }
    }

    /// Publishes a release of these certificates and a head for it.
    pub(crate) fn release(&mut self, certificates: &[&[u8]]) -> u32 {
        let next = content(&self.publisher, certificates);
        self.publisher.publish(&next, certificates)
    }

    /// Publishes the next keyring generation, signed by two of the first keyring's keys.
    pub(crate) fn next_keyring(&mut self, content: &KeyringContent) {
        let order = Order::new(0, self.publisher.keyring.0.number + 1);
        self.publisher.publish_keyring(content, None, order, &KEYRING_KEYS[..2]);
    }

    /// Lets time pass, for the device and its publisher.
    pub(crate) fn pass(&mut self, seconds: u64) {
        self.device.pass(seconds);
        self.publisher.now = self.publisher.now.plus(seconds);
    }

    /// An hour later the device runs a cycle against what is published.
    pub(crate) fn check(&mut self) -> Option<Reason> {
        let tree = self.publisher.tree.clone();
        self.check_against(&tree)
    }

    /// An hour later the device runs a cycle against this tree; every handshake verifies.
    pub(crate) fn check_against(&mut self, tree: &Tree) -> Option<Reason> {
        self.check_with(tree, &mut all_verify)
    }

    /// An hour later the device runs a cycle against this tree, with these handshakes.
    pub(crate) fn check_with(&mut self, tree: &Tree, probe: &mut Probe<'_>) -> Option<Reason> {
        self.pass(3_600);
        self.device.cycle(&mut |path| tree.get(path).cloned(), probe)
    }

    /// An hour later the device refuses this tree by name; not a byte of its medium changes.
    pub(crate) fn refuse(&mut self, tree: &Tree, expect: Reason) {
        let bytes = self.device.bytes();
        self.refuse_and_note(tree, expect);
        assert!(self.device.bytes() == bytes, "{}: the medium has changed", expect.name());
    }

    /// As [`Scene::refuse`], where the refusal may be noted and a candidate may lie in the idle slot.
    pub(crate) fn refuse_and_note(&mut self, tree: &Tree, expect: Reason) {
        let before = self.device.trust_state();
        assert_eq!(self.check_against(tree), Some(expect));
        assert_eq!(self.device.trust_state(), before, "{}: trust has changed", expect.name());
    }

    /// Number of the release that applications read; zero for none.
    pub(crate) fn installed(&self) -> u32 {
        self.device.status().installed.map_or(0, |installed| installed.order.number)
    }

    /// The newest keyring that the device accepted.
    pub(crate) fn keyring(&self) -> Order {
        self.device.status().keyring
    }

    /// Number of the newest head that the device accepted.
    pub(crate) fn head(&self) -> u32 {
        self.device.status().head.map_or(0, |head| head.number)
    }

    /// The paths that the last cycle asked for.
    pub(crate) fn requests(&self) -> Vec<&str> {
        self.device.requests.iter().map(|(path, _)| path.as_str()).collect()
    }

    /// Path of the certificate that only the release of all four has.
    pub(crate) fn newest_blob(&self) -> String {
        format!("{}/blob/{}", self.publisher.channel, Sha256::of(&[CERTIFICATES[3]]))
    }

    /// SHA-256 of what applications read where they read this release as it was published.
    pub(crate) fn as_published(&self, number: u32) -> Sha256 {
        let document = self.publisher.release_document(number).unwrap();
        Sha256::of(&[document, &self.publisher.release_blobs(number)])
    }

    /// What no refused input may change.
    pub(crate) fn trust(&mut self) -> TrustState {
        self.device.trust_state()
    }
}
