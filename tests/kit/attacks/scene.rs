//! The scene of every attack: one publisher, one device that follows it, and what is compared afterwards.

use bundle::{UnixSeconds, write::ManifestContent};
use device_agent::Reason;

use crate::{
    device::{Device, Serve, TrustState, all_verify},
    publisher::{Publisher, Tree},
};

/// When every attack starts.
pub(super) const START: UnixSeconds = UnixSeconds(1_790_000_000);
/// The certificates of the releases: bytes are enough, since the engine does not read certificates.
pub(super) const CERTIFICATES: [&[u8]; 4] = [b"first root", b"second root", b"third root", b"fourth root"];
/// Bytes of a device's region: the smallest device class.
const REGION_BYTES: u32 = 65_536;

/// What came of one attack.
#[derive(Clone, Debug)]
pub struct Attack {
    /// What was tried.
    pub name: &'static str,
    /// The stable names under which it was refused, in the order of the tries.
    pub refused_as: Vec<&'static str>,
    /// What went otherwise than it must; empty where the defence held.
    pub faults: Vec<String>,
}

/// An attack and what it is called.
pub(super) type Named = (&'static str, fn() -> Attack);

/// Publisher and device, at release 1.
pub(super) struct Scene {
    pub(super) publisher: Publisher,
    pub(super) device: Device,
    outcome: Attack,
}

impl Attack {
    pub(super) fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// True where the defence held.
    #[must_use]
    pub fn held(&self) -> bool {
        self.faults.is_empty() && !self.refused_as.is_empty()
    }
}

/// A manifest of some of the certificates, with one probed service that all of them serve.
pub(crate) fn content(publisher: &Publisher, certificates: &[&[u8]]) -> ManifestContent {
    ManifestContent {
        anchors: certificates.iter().map(|certificate| publisher.anchor(certificate)).collect(),
        services: vec![bundle::write::ServiceContent {
            name: "iot-hub".into(),
            hosts: vec!["hub.example:8883".into()],
            anchors: bundle::write::ServiceAnchors::All,
            pins: Vec::new(),
            probe: true,
            extensions: Vec::new(),
        }],
        ..ManifestContent::default()
    }
}

impl Scene {
    /// A device whose seed is release 1, and which has checked once.
    pub(super) fn new() -> Self {
        let mut publisher = Publisher::new("prod", START);
        let first = content(&publisher, &CERTIFICATES[..2]);
        publisher.publish(&first, &CERTIFICATES[..2]);
        let seed = publisher.seed(1);
        let device = Device::new("device-1", "prod", &seed, START, REGION_BYTES);
        let outcome = Attack { name: "", refused_as: Vec::new(), faults: Vec::new() };
        let mut scene = Self { publisher, device, outcome };
        scene.follow();
        scene
    }

    /// A device that has gone on to release 2 and confirmed it.
    pub(super) fn at_second_release() -> Self {
        let mut scene = Self::new();
        scene.release(&CERTIFICATES[..3]);
        scene.follow();
        scene.expect_release(2);
        scene
    }

    /// Publishes a release of these certificates.
    pub(super) fn release(&mut self, certificates: &[&[u8]]) -> u32 {
        let next = content(&self.publisher, certificates);
        self.publisher.publish(&next, certificates)
    }

    /// The device follows the published tree, in as many cycles as a trial needs.
    pub(super) fn follow(&mut self) {
        let tree = self.publisher.tree.clone();
        for _ in 0..4 {
            self.device.pass(3_600);
            self.publisher.now = self.publisher.now.plus(3_600);
            self.device.cycle(&mut |path| tree.get(path).cloned(), &mut all_verify);
        }
    }

    /// One cycle against an attacker's tree. It must be refused as `expect`, and change nothing that counts.
    pub(super) fn refuse(&mut self, tree: &Tree, expect: Reason) {
        self.refuse_served(&mut |path| tree.get(path).cloned(), expect);
    }

    /// As [`Scene::refuse`], against an attacker's server.
    pub(super) fn refuse_served(&mut self, serve: &mut Serve<'_>, expect: Reason) {
        self.device.pass(3_600);
        let (before, bytes) = (self.device.trust_state(), self.device.bytes());
        let reason = self.device.cycle(serve, &mut all_verify);
        self.judge(reason, expect, &before, &bytes);
    }

    /// Compares what the device says and is with what it must say and must still be.
    pub(super) fn judge(
        &mut self,
        reason: Option<Reason>,
        expect: Reason,
        before: &TrustState,
        bytes: &[u8],
    ) {
        if reason != Some(expect) {
            let said = reason.map_or("nothing", Reason::name);
            self.outcome.faults.push(format!("the device says {said} and not {}", expect.name()));
        }
        if self.device.trust_state() != *before {
            self.outcome.faults.push(format!("{}: what the device trusts has changed", expect.name()));
        }
        // A refusal may be noted, and a candidate may lie in the idle slot; what is readable was compared above.
        let noted = self.device.status().refused.is_some();
        if !noted && self.device.bytes() != bytes {
            self.outcome.faults.push(format!("{}: the store has changed", expect.name()));
        }
        self.outcome.refused_as.push(expect.name());
    }

    /// Notes a fault unless `holds`.
    pub(super) fn expect(&mut self, holds: bool, fault: &str) {
        if !holds {
            self.outcome.faults.push(fault.to_owned());
        }
    }

    /// Notes a fault unless applications read this release.
    pub(super) fn expect_release(&mut self, number: u32) {
        let installed = self.device.status().installed.map(|installed| installed.order);
        let holds = installed.is_some_and(|order| order.number == number);
        let reason = self.device.status().reason.map_or("nothing", Reason::name);
        self.expect(
            holds,
            &format!("release {number} is not in use, but {installed:?}; the device says {reason}"),
        );
    }

    /// What came of it.
    pub(super) fn end(self) -> Attack {
        self.outcome
    }

    /// What came of it, where the defence is that something else happens than a refusal.
    pub(super) fn end_as(mut self, name: &'static str) -> Attack {
        self.outcome.refused_as.push(name);
        self.outcome
    }
}
