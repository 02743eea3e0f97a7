//! A publisher in memory: the production format and the paths of the published tree, without files or processes.

use std::collections::BTreeMap;

use bundle::{
    Envelope, Kind, Manifest, Order, Previous, Sha256, UnixSeconds,
    write::{self, HeadContent, KeyringContent, ManifestContent, RecoveryContent},
};

use crate::signers::{self, HEAD_KEYS, KEYRING_KEYS, RELEASE_KEYS};

/// The files of a published tree, by path.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// Makes keyrings, releases and heads of one fleet and one channel, and the tree that devices fetch from.
#[derive(Clone, Debug)]
pub struct Publisher {
    /// The channel's name.
    pub channel: String,
    /// The publisher's clock.
    pub now: UnixSeconds,
    /// The tree, as published so far.
    pub tree: Tree,
    /// Certificates of all releases, by SHA-256.
    pub blobs: BTreeMap<Sha256, Vec<u8>>,
    /// Who signs releases.
    pub release_signers: Vec<u8>,
    /// Who signs heads.
    pub head_signers: Vec<u8>,
    /// The newest keyring: order and document.
    pub keyring: (Order, Vec<u8>),
    /// The newest head's content, to change and sign again.
    pub head: Option<HeadContent>,
    /// Number of the newest head.
    pub head_number: u32,
    /// How many of the newest releases get an update to the next one.
    pub update_window: usize,
    /// Keyring files by generation.
    generations: BTreeMap<u32, Vec<u8>>,
    /// Manifest documents by release number.
    releases: BTreeMap<u32, Vec<u8>>,
}

/// Days since 1970, as manifests count them.
fn day(time: UnixSeconds) -> u32 {
    u32::try_from(time.0 / 86_400).unwrap_or(u32::MAX)
}

impl Publisher {
    /// A fleet with its first keyring generation and no release.
    #[must_use]
    pub fn new(channel: &str, now: UnixSeconds) -> Self {
        let mut publisher = Self {
            channel: channel.into(),
            now,
            tree: Tree::new(),
            blobs: BTreeMap::new(),
            release_signers: RELEASE_KEYS[..2].to_vec(),
            head_signers: HEAD_KEYS[..1].to_vec(),
            keyring: (Order::new(0, 1), Vec::new()),
            head: None,
            head_number: 0,
            update_window: usize::MAX,
            generations: BTreeMap::new(),
            releases: BTreeMap::new(),
        };
        publisher.publish_keyring(&signers::first_keyring(), None, Order::new(0, 1), &KEYRING_KEYS[..2]);
        publisher
    }

    /// One anchor for server authentication, active since today.
    #[must_use]
    pub fn anchor(&self, certificate: &[u8]) -> write::AnchorContent {
        write::AnchorContent {
            sha256: Sha256::of(&[certificate]),
            length: u32::try_from(certificate.len()).unwrap_or(u32::MAX),
            state: bundle::AnchorState::Active,
            purposes: bundle::Purposes::SERVER_AUTH,
            added_day: day(self.now),
            retire_day: None,
            note: String::new(),
            constraints: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// A keyring document, signed and not published.
    #[must_use]
    pub fn keyring_document(&self, content: &KeyringContent, order: Order, signers: &[u8]) -> Vec<u8> {
        let parent = order.number.saturating_sub(1);
        signers::signed(
            &signers::unsigned(Kind::Keyring, "", order, parent, self.now, content.encode()),
            signers,
        )
    }

    /// Signs and publishes a generation, its packs, and the recovery that it opens where it shows a recovery set.
    pub fn publish_keyring(
        &mut self,
        content: &KeyringContent,
        recovery: Option<&RecoveryContent>,
        order: Order,
        signers: &[u8],
    ) {
        let document = self.keyring_document(content, order, signers);
        let shown = recovery.map(|set| {
            let unsigned = signers::unsigned(Kind::Recovery, "", order, 0, self.now, set.encode());
            signers::signed(&unsigned, &[])
        });
        let file = write::keyring_file(shown.as_deref(), &document);
        if order.epoch > self.keyring.0.epoch {
            self.tree.insert(format!("recovery/{}", order.epoch), file.clone());
        }
        self.tree.insert(format!("keyring/{}", order.number), file.clone());
        self.generations.insert(order.number, file);
        self.keyring = (order, document);
        let numbers: Vec<u32> = self.generations.keys().copied().collect();
        for from in numbers.iter().filter(|from| **from < order.number) {
            let to = order.number.min(from.saturating_add(bundle::limits::PACK_GENERATIONS_MAX));
            let pack: Vec<u8> =
                self.generations.range(from + 1..=to).flat_map(|(_, file)| file.clone()).collect();
            self.tree.insert(format!("keyring/{from}-{to}"), pack);
        }
    }

    /// A manifest document, signed and not published.
    #[must_use]
    pub fn manifest_document(&self, content: &ManifestContent, number: u32, signers: &[u8]) -> Vec<u8> {
        let order = Order::new(self.keyring.0.epoch, number);
        let version = self.keyring.0.number;
        let unsigned =
            signers::unsigned(Kind::Manifest, &self.channel, order, version, self.now, content.encode());
        signers::signed(&unsigned, signers)
    }

    /// Signs a release, publishes it with its blobs, its updates from earlier releases, and a head for it.
    pub fn publish(&mut self, content: &ManifestContent, certificates: &[&[u8]]) -> u32 {
        let number = self.releases.keys().next_back().map_or(1, |last| last + 1);
        let document = self.manifest_document(content, number, &self.release_signers);
        self.publish_document(number, document, certificates);
        number
    }

    /// Publishes a signed manifest document.
    pub fn publish_document(&mut self, number: u32, document: Vec<u8>, certificates: &[&[u8]]) {
        for certificate in certificates {
            let sha256 = Sha256::of(&[certificate]);
            self.tree.insert(format!("{}/blob/{sha256}", self.channel), certificate.to_vec());
            self.blobs.insert(sha256, certificate.to_vec());
        }
        self.tree.insert(format!("{}/release/{number}", self.channel), document.clone());
        self.releases.insert(number, document);
        self.publish_updates(number);
        self.point_head_at(number);
    }

    /// The updates to a release from the newest earlier ones, and from nothing.
    fn publish_updates(&mut self, to: u32) {
        let Some(document) = self.releases.get(&to).cloned() else { return };
        let Some(target) = self.read(&document) else { return };
        let blob = |sha256| self.blobs.get(&sha256).map(Vec::as_slice);
        let mut made = Vec::new();
        for (from, earlier) in self.releases.range(..to).rev().take(self.update_window) {
            let base = self.read(earlier);
            made.push((*from, write::update(base.as_ref(), &document, &target, blob)));
        }
        made.push((0, write::update(None, &document, &target, blob)));
        for (from, file) in made {
            if let Ok(file) = file {
                self.tree.insert(format!("{}/update/{from}-{to}", self.channel), file);
            }
        }
    }

    /// What the newest release says.
    #[must_use]
    pub fn newest_content(&self) -> Option<ManifestContent> {
        let document = self.releases.values().next_back()?;
        self.read(document).map(|manifest| ManifestContent::of(&manifest))
    }

    /// Reads a manifest of this publisher's own, whichever keyring it was signed under; `None` where it does not
    /// decode.
    #[must_use]
    pub fn read<'a>(&self, document: &'a [u8]) -> Option<Manifest<'a>> {
        Manifest::restored(document, Envelope::parse_whole(document).ok()?.digest()).ok()
    }

    /// Publishes a head for a release, for the whole fleet.
    pub fn point_head_at(&mut self, number: u32) {
        let Some(document) = self.releases.get(&number) else { return };
        let Ok(envelope) = Envelope::parse_whole(document) else { return };
        self.head = Some(HeadContent {
            keyring_version: self.keyring.0.number,
            release: envelope.header().order,
            release_digest: envelope.digest(),
            lifetime_seconds: 14 * 86_400,
            refresh_seconds: 21_600,
            share: bundle::limits::SHARE_MAX,
            previous: None,
            groups: Vec::new(),
        });
        self.sign_head();
    }

    /// The release as heads name a previous one.
    #[must_use]
    pub fn previous(&self, number: u32) -> Option<Previous> {
        let envelope = Envelope::parse_whole(self.releases.get(&number)?).ok()?;
        let order = envelope.header().order;
        Some(Previous { epoch: order.epoch, number: order.number, digest: envelope.digest() })
    }

    /// Signs the head content with the next number and publishes it.
    pub fn sign_head(&mut self) {
        self.head_number += 1;
        let document = self.head_document(self.head_number, &self.head_signers);
        self.tree.insert(format!("{}/head", self.channel), document);
    }

    /// A head document, signed and not published.
    #[must_use]
    pub fn head_document(&self, number: u32, signers: &[u8]) -> Vec<u8> {
        let Some(content) = &self.head else { return Vec::new() };
        let (order, version) = (Order::new(self.keyring.0.epoch, number), self.keyring.0.number);
        let unsigned =
            signers::unsigned(Kind::Head, &self.channel, order, version, self.now, content.encode());
        signers::signed(&unsigned, signers)
    }

    /// The manifest document of a release.
    #[must_use]
    pub fn release_document(&self, number: u32) -> Option<&[u8]> {
        self.releases.get(&number).map(Vec::as_slice)
    }

    /// The blobs of a release, in its order.
    #[must_use]
    pub fn release_blobs(&self, number: u32) -> Vec<u8> {
        let manifest = self.release_document(number).and_then(|document| self.read(document));
        let hashes = manifest.iter().flat_map(|manifest| manifest.blobs().map(|(sha256, _)| sha256));
        hashes.filter_map(|sha256| self.blobs.get(&sha256)).flatten().copied().collect()
    }

    /// A seed of the newest keyring and a release.
    #[must_use]
    pub fn seed(&self, number: u32) -> Vec<u8> {
        let document = self.release_document(number).unwrap_or_default();
        write::seed(&self.keyring.1, document, &self.release_blobs(number))
    }
}
