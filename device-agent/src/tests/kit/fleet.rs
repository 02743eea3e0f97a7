//! The operator of a fleet, and the tree it publishes.

use std::{collections::BTreeMap, format, string::String, vec, vec::Vec};

use bundle::{
    ChannelId, Floor, Kind, Order, Previous, Role, Sha256, UnixSeconds,
    write::{
        HeadContent, KeyringContent, ManifestContent, RecoveryContent, RoleContent, Unsigned, keyring_file,
        seed, update,
    },
};
use ed25519_dalek::SigningKey;

use super::{
    CHANNEL, START,
    documents::{certificate, decoded, manifest, public, sign, signers},
};

/// The operator: keys, what was published, and where the rollout stands.
#[derive(Clone)]
pub(crate) struct Fleet {
    pub(crate) tree: BTreeMap<String, Vec<u8>>,
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) releases: Vec<(Order, Vec<u8>)>,
    pub(crate) keyring_order: Order,
    pub(crate) keyring_document: Vec<u8>,
    pub(crate) generations: [u8; 4],
    pub(crate) recovery: u8,
    pub(crate) head_number: u32,
    pub(crate) now: u64,
    pub(crate) share: u16,
    pub(crate) lifetime_seconds: u32,
    pub(crate) requests: Vec<String>,
}

impl Fleet {
    /// A fleet with keyring 1 and release 1 (anchors `a` and `b`), its head published.
    pub(crate) fn new() -> Self {
        Self::with_keys([0; 4])
    }

    /// A fleet of its own, with keys of these generations.
    pub(crate) fn with_keys(generations: [u8; 4]) -> Self {
        let mut fleet = Self {
            tree: BTreeMap::new(),
            certificates: Vec::new(),
            releases: Vec::new(),
            keyring_order: Order::default(),
            keyring_document: Vec::new(),
            generations,
            recovery: 0,
            head_number: 0,
            now: START,
            share: 10_000,
            lifetime_seconds: 14 * 86_400,
            requests: Vec::new(),
        };
        fleet.next_keyring(&[], None);
        fleet.release(&manifest(&["a", "b"]));
        fleet.publish_head();
        fleet
    }

    fn role(&self, role: Role) -> (Vec<SigningKey>, u8) {
        let (name, count, threshold, index) = match role {
            Role::Keyring => ("keyring", 3, 2, 0),
            Role::Release => ("release", 3, 2, 1),
            Role::Head => ("head", 2, 1, 2),
            Role::Echo => ("echo", 1, 1, 3),
        };
        (signers(name, count, self.generations[index]), threshold)
    }

    /// The keys that sign for a role: as many as its threshold.
    pub(crate) fn threshold_of(&self, role: Role) -> Vec<SigningKey> {
        let (keys, threshold) = self.role(role);
        keys.into_iter().take(usize::from(threshold)).collect()
    }

    fn recovery_content(&self, recovery: u8) -> RecoveryContent {
        let keys = signers("recovery", 3, recovery).iter().map(public).collect();
        RecoveryContent { keys, threshold: 2 }
    }

    fn keyring_content(&self, floors: &[Floor]) -> KeyringContent {
        let role = |role| {
            let (keys, threshold) = self.role(role);
            RoleContent { threshold, keys: keys.iter().map(public).collect() }
        };
        KeyringContent {
            fleet: String::from("test"),
            keyring: role(Role::Keyring),
            release: role(Role::Release),
            head: role(Role::Head),
            echo: None,
            recovery_commitment: self.recovery_content(self.recovery).commitment(),
            floors: floors.to_vec(),
            time_floor: None,
        }
    }

    /// Publishes the next keyring generation; `replace` names a role whose keys are all replaced in it.
    pub(crate) fn next_keyring(&mut self, floors: &[Floor], replace: Option<Role>) {
        let mut keys = if self.keyring_order == Order::default() {
            Vec::new()
        } else {
            self.threshold_of(Role::Keyring)
        };
        if let Some(role) = replace {
            self.generations[role as usize] += 1;
        }
        self.keyring_order.number += 1;
        keys.extend(self.threshold_of(Role::Keyring));
        self.keyring_document = self.keyring(self.keyring_order, floors, &keys);
        let path = format!("keyring/{}", self.keyring_order.number);
        self.tree.insert(path, keyring_file(None, &self.keyring_document));
    }

    fn keyring(&self, order: Order, floors: &[Floor], keys: &[SigningKey]) -> Vec<u8> {
        let body = self.keyring_content(floors).encode();
        let version = order.number.saturating_sub(1);
        let unsigned =
            Unsigned::new(Kind::Keyring, ChannelId::FLEET, order, version, UnixSeconds(self.now), body)
                .unwrap();
        sign(&unsigned, keys)
    }

    /// The recovery set that the newest keyring commits to, as a document.
    fn revealed(&self) -> Vec<u8> {
        let body = self.recovery_content(self.recovery).encode();
        let issued_at = UnixSeconds(self.now);
        let unsigned =
            Unsigned::new(Kind::Recovery, ChannelId::FLEET, self.keyring_order, 0, issued_at, body);
        sign(&unsigned.unwrap(), &[])
    }

    /// Commits to other recovery keys, with the signatures of the ones before.
    pub(crate) fn next_recovery(&mut self) {
        let revealed = self.revealed();
        let mut keys = signers("recovery", 2, self.recovery);
        keys.extend(self.threshold_of(Role::Keyring));
        self.recovery += 1;
        self.keyring_order.number += 1;
        self.keyring_document = self.keyring(self.keyring_order, &[], &keys);
        let file = keyring_file(Some(&revealed), &self.keyring_document);
        self.tree.insert(format!("keyring/{}", self.keyring_order.number), file);
    }

    /// Opens the next recovery epoch with the recovery keys: every key is replaced, every floor restated.
    pub(crate) fn recover(&mut self, floors: &[Floor]) {
        let revealed = self.revealed();
        let mut keys = signers("recovery", 2, self.recovery);
        self.recovery += 1;
        self.generations = self.generations.map(|generation| generation + 1);
        self.keyring_order = Order::new(self.keyring_order.epoch + 1, self.keyring_order.number + 1);
        keys.extend(self.threshold_of(Role::Keyring));
        self.keyring_document = self.keyring(self.keyring_order, floors, &keys);
        let file = keyring_file(Some(&revealed), &self.keyring_document);
        self.tree.insert(format!("recovery/{}", self.keyring_order.epoch), file.clone());
        self.tree.insert(format!("keyring/{}", self.keyring_order.number), file);
    }

    /// Publishes packs from every generation to the newest, as a publisher does.
    pub(crate) fn publish_packs(&mut self) {
        let last = self.keyring_order.number;
        for from in 1..last {
            let to = last.min(from + 64);
            let files = (from + 1..=to).map(|number| self.tree[&format!("keyring/{number}")].clone());
            let pack = files.collect::<Vec<_>>().concat();
            self.tree.insert(format!("keyring/{from}-{to}"), pack);
        }
    }

    /// Signs and publishes the next release: its manifest, its certificates, the update from every other one.
    pub(crate) fn release(&mut self, content: &ManifestContent) -> Order {
        let number = self.releases.last().map_or(1, |(order, _)| order.number + 1);
        let keys = self.threshold_of(Role::Release);
        self.release_as(Order::new(self.keyring_order.epoch, number), content, &keys, CHANNEL)
    }

    pub(crate) fn manifest_document(
        &self,
        order: Order,
        content: &ManifestContent,
        keys: &[SigningKey],
        channel: &str,
    ) -> Vec<u8> {
        let kind = if content.anchors.is_empty() { Kind::RevokeAll } else { Kind::Manifest };
        let version = self.keyring_order.number;
        let issued_at = UnixSeconds(self.now);
        let unsigned =
            Unsigned::new(kind, ChannelId::of(channel), order, version, issued_at, content.encode());
        sign(&unsigned.unwrap(), keys)
    }

    pub(crate) fn release_as(
        &mut self,
        order: Order,
        content: &ManifestContent,
        keys: &[SigningKey],
        channel: &str,
    ) -> Order {
        for anchor in &content.anchors {
            let der = certificate(&anchor.note);
            self.tree.insert(format!("{CHANNEL}/blob/{}", Sha256::of(&[&der])), der.clone());
            self.certificates.push(der);
        }
        let document = self.manifest_document(order, content, keys, channel);
        self.tree.insert(format!("{CHANNEL}/release/{}", order.number), document.clone());
        let find =
            |sha256| self.certificates.iter().find(|der| Sha256::of(&[der]) == sha256).map(Vec::as_slice);
        let to = decoded(&document);
        let mut files = vec![(0, update(None, &document, &to, find).unwrap())];
        for (from, other) in &self.releases {
            files.push((from.number, update(Some(&decoded(other)), &document, &to, find).unwrap()));
        }
        for (from, file) in files {
            self.tree.insert(format!("{CHANNEL}/update/{from}-{}", order.number), file);
        }
        self.releases.push((order, document));
        order
    }

    /// What the next head says.
    pub(crate) fn head_content(&self) -> HeadContent {
        let named: Vec<(Order, Sha256)> = self
            .releases
            .iter()
            .rev()
            .map(|(order, document)| (*order, decoded(document).digest()))
            .collect();
        let previous = named.get(1).map(|(order, digest)| Previous {
            epoch: order.epoch,
            number: order.number,
            digest: *digest,
        });
        HeadContent {
            keyring_version: self.keyring_order.number,
            release: named[0].0,
            release_digest: named[0].1,
            lifetime_seconds: self.lifetime_seconds,
            refresh_seconds: 21_600,
            share: self.share,
            previous: previous.filter(|previous| previous.order() < named[0].0),
            groups: Vec::new(),
        }
    }

    /// Signs and publishes the next head.
    pub(crate) fn publish_head(&mut self) {
        self.head_number += 1;
        let content = self.head_content();
        self.publish_head_as(self.head_number, &content);
    }

    pub(crate) fn publish_head_as(&mut self, number: u32, content: &HeadContent) {
        let order = Order::new(self.keyring_order.epoch, number);
        let keys = self.threshold_of(Role::Head);
        let document = self.head_document(order, content, &keys, CHANNEL);
        self.tree.insert(format!("{CHANNEL}/head"), document);
    }

    pub(crate) fn head_document(
        &self,
        order: Order,
        content: &HeadContent,
        keys: &[SigningKey],
        channel: &str,
    ) -> Vec<u8> {
        let version = self.keyring_order.number;
        let unsigned = Unsigned::new(
            Kind::Head,
            ChannelId::of(channel),
            order,
            version,
            UnixSeconds(self.now),
            content.encode(),
        );
        sign(&unsigned.unwrap(), keys)
    }

    /// Releases and publishes in one step.
    pub(crate) fn roll_out(&mut self, content: &ManifestContent) -> Order {
        let order = self.release(content);
        self.publish_head();
        order
    }

    /// The certificates of a release, one after the other.
    pub(crate) fn blobs(&self, document: &[u8]) -> Vec<u8> {
        let wanted = decoded(document).blobs().map(|(sha256, _)| sha256).collect::<Vec<_>>();
        let find = |sha256: &Sha256| {
            self.certificates.iter().find(|der| Sha256::of(&[der]) == *sha256).unwrap().clone()
        };
        wanted.iter().flat_map(find).collect()
    }

    /// A seed with the first keyring and the first release.
    pub(crate) fn seed(&self) -> Vec<u8> {
        let (_, document) = &self.releases[0];
        seed(&self.tree["keyring/1"], document, &self.blobs(document))
    }
}
