//! Contents of manifests, as their authors think of them: lists in any order, anchors by SHA-256.

use alloc::{string::String, vec::Vec};

use crate::{
    Anchor, AnchorIndex, AnchorState, Anchors, ConstraintSet, Denial, DistrustOrder, Extension, HostPattern,
    Intermediate, Manifest, Pin, Purposes, Section, Service, Sha256, Subtree, UnixSeconds, Url,
    manifest::ManifestBody,
    write::{encode, section},
};

/// What a manifest says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestContent {
    /// The anchors.
    pub anchors: Vec<AnchorContent>,
    /// The intermediates.
    pub intermediates: Vec<IntermediateContent>,
    /// The services.
    pub services: Vec<ServiceContent>,
    /// The deny list.
    pub denials: Vec<Denial>,
    /// Distrust orders: SHA-256 of the anchor, and why.
    pub distrust_orders: Vec<(Sha256, String)>,
    /// Further URLs of the channel.
    pub urls: Vec<String>,
}

/// One anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorContent {
    /// SHA-256 of the certificate.
    pub sha256: Sha256,
    /// Bytes of the certificate.
    pub length: u32,
    /// Where it stands in its life.
    pub state: AnchorState,
    /// What it may vouch for.
    pub purposes: Purposes,
    /// Day on which it joined, since 1970-01-01.
    pub added_day: u32,
    /// Day on which it is planned to leave.
    pub retire_day: Option<u32>,
    /// Why it is here.
    pub note: String,
    /// Its constraint sets.
    pub constraints: Vec<ConstraintContent>,
    /// Its extensions.
    pub extensions: Vec<ExtensionContent>,
}

/// One constraint set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConstraintContent {
    /// Earliest notBefore of the end entity.
    pub issued_from: Option<UnixSeconds>,
    /// Latest notBefore of the end entity.
    pub distrust_after: Option<UnixSeconds>,
    /// When the set stops holding.
    pub expires_at: Option<UnixSeconds>,
    /// DNS subtrees.
    pub subtrees: Vec<String>,
}

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionContent {
    /// Its id.
    pub id: u16,
    /// Whether it may be ignored.
    pub critical: bool,
    /// Its content.
    pub content: Vec<u8>,
}

/// One intermediate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntermediateContent {
    /// SHA-256 of the certificate.
    pub sha256: Sha256,
    /// Bytes of the certificate.
    pub length: u32,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceContent {
    /// Its name.
    pub name: String,
    /// Its host patterns.
    pub hosts: Vec<String>,
    /// Its anchors.
    pub anchors: ServiceAnchors,
    /// Its pins.
    pub pins: Vec<PinContent>,
    /// Whether devices probe it.
    pub probe: bool,
    /// Its extensions.
    pub extensions: Vec<ExtensionContent>,
}

/// Which anchors serve a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceAnchors {
    /// Every anchor.
    All,
    /// These, by SHA-256; one that the manifest does not list is left out.
    Listed(Vec<Sha256>),
}

impl ServiceAnchors {
    /// True where the anchor with this SHA-256 serves the service, if the manifest lists it.
    #[must_use]
    pub fn includes(&self, sha256: Sha256) -> bool {
        match self {
            Self::All => true,
            Self::Listed(list) => list.contains(&sha256),
        }
    }
}

/// One pin.
pub type PinContent = Pin;

impl ManifestContent {
    /// The body of a manifest: one set gives one encoding, whatever the order of the lists.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut anchors = self.anchors.clone();
        anchors.sort_by_key(|anchor| anchor.sha256);
        let hashes: Vec<Sha256> = anchors.iter().map(|anchor| anchor.sha256).collect();
        let mut intermediates = self.intermediates.clone();
        intermediates.sort_by_key(|intermediate| intermediate.sha256);
        let mut services = self.services.clone();
        services.sort_by(|a, b| a.name.cmp(&b.name));
        let mut denials = self.denials.clone();
        denials.sort();
        denials.dedup();
        let mut orders = self.distrust_orders.clone();
        orders.sort();
        let anchors = anchors.iter().flat_map(AnchorContent::encode).collect::<Vec<u8>>();
        let intermediates = section(intermediates.iter().map(|intermediate| Intermediate {
            sha256: intermediate.sha256,
            length: intermediate.length,
            extensions: Section::empty(),
        }));
        let services = services.iter().flat_map(|service| service.encode(&hashes)).collect::<Vec<u8>>();
        let denials = section(denials);
        let orders = section(orders.iter().map(|(sha256, reason)| DistrustOrder { sha256: *sha256, reason }));
        let urls = section(self.urls.iter().map(|url| Url(url)));
        encode(&ManifestBody {
            anchors: Section::from_bytes(&anchors),
            intermediates: Section::from_bytes(&intermediates),
            services: Section::from_bytes(&services),
            denials: Section::from_bytes(&denials),
            distrust_orders: Section::from_bytes(&orders),
            urls: Section::from_bytes(&urls),
            extensions: Section::empty(),
        })
    }

    /// The content of a manifest that was read: the start of the next draft.
    #[must_use]
    pub fn of(manifest: &Manifest<'_>) -> Self {
        let hashes: Vec<Sha256> = manifest.all_anchors().iter().map(|anchor| anchor.sha256).collect();
        Self {
            anchors: manifest.all_anchors().iter().map(AnchorContent::of).collect(),
            intermediates: manifest
                .intermediates()
                .iter()
                .map(|entry| IntermediateContent { sha256: entry.sha256, length: entry.length })
                .collect(),
            services: manifest
                .all_services()
                .iter()
                .map(|service| ServiceContent::of(&service, &hashes))
                .collect(),
            denials: manifest.denials().iter().collect(),
            distrust_orders: manifest
                .distrust_orders()
                .iter()
                .map(|order| (order.sha256, order.reason.into()))
                .collect(),
            urls: manifest.urls().iter().map(|url| url.0.into()).collect(),
        }
    }
}

impl AnchorContent {
    fn encode(&self) -> Vec<u8> {
        let constraints = self.constraints.iter().flat_map(ConstraintContent::encode).collect::<Vec<u8>>();
        let extensions = encode_extensions(&self.extensions);
        encode(&Anchor {
            sha256: self.sha256,
            length: self.length,
            state: self.state,
            purposes: self.purposes,
            added_day: self.added_day,
            retire_day: self.retire_day,
            note: &self.note,
            constraints: Section::from_bytes(&constraints),
            extensions: Section::from_bytes(&extensions),
        })
    }

    fn of(anchor: Anchor<'_>) -> Self {
        Self {
            sha256: anchor.sha256,
            length: anchor.length,
            state: anchor.state,
            purposes: anchor.purposes,
            added_day: anchor.added_day,
            retire_day: anchor.retire_day,
            note: anchor.note.into(),
            constraints: anchor.constraints.iter().map(ConstraintContent::of).collect(),
            extensions: anchor.extensions.iter().map(ExtensionContent::of).collect(),
        }
    }
}

impl ConstraintContent {
    fn encode(&self) -> Vec<u8> {
        let mut subtrees = self.subtrees.clone();
        subtrees.sort();
        let subtrees = section(subtrees.iter().map(|name| Subtree(name)));
        encode(&ConstraintSet {
            issued_from: self.issued_from,
            distrust_after: self.distrust_after,
            expires_at: self.expires_at,
            subtrees: Section::from_bytes(&subtrees),
        })
    }

    fn of(set: ConstraintSet<'_>) -> Self {
        Self {
            issued_from: set.issued_from,
            distrust_after: set.distrust_after,
            expires_at: set.expires_at,
            subtrees: set.subtrees.iter().map(|subtree| subtree.0.into()).collect(),
        }
    }
}

impl ExtensionContent {
    fn of(extension: Extension<'_>) -> Self {
        Self { id: extension.id, critical: extension.critical, content: extension.content.to_vec() }
    }
}

fn encode_extensions(extensions: &[ExtensionContent]) -> Vec<u8> {
    let mut sorted: Vec<_> = extensions
        .iter()
        .map(|extension| Extension {
            id: extension.id,
            critical: extension.critical,
            content: &extension.content,
        })
        .collect();
    sorted.sort_by_key(|extension| (extension.id, extension.content));
    section(sorted)
}

impl ServiceContent {
    fn encode(&self, hashes: &[Sha256]) -> Vec<u8> {
        let mut hosts = self.hosts.clone();
        hosts.sort();
        hosts.dedup();
        let hosts = section(hosts.iter().map(|host| HostPattern(host)));
        let listed = match &self.anchors {
            ServiceAnchors::All => Vec::new(),
            ServiceAnchors::Listed(mine) => {
                let numbered = (0_u16..).zip(hashes).filter(|(_, hash)| mine.contains(hash));
                section(numbered.map(|(index, _)| AnchorIndex(index)))
            }
        };
        let anchors = match &self.anchors {
            ServiceAnchors::All => Anchors::All,
            ServiceAnchors::Listed(_) => Anchors::Listed(Section::from_bytes(&listed)),
        };
        let mut pins = self.pins.clone();
        pins.sort();
        let pins = section(pins);
        let extensions = encode_extensions(&self.extensions);
        encode(&Service {
            name: &self.name,
            hosts: Section::from_bytes(&hosts),
            anchors,
            pins: Section::from_bytes(&pins),
            probe: self.probe,
            extensions: Section::from_bytes(&extensions),
        })
    }

    fn of(service: &Service<'_>, hashes: &[Sha256]) -> Self {
        let anchors = match service.anchors {
            Anchors::All => ServiceAnchors::All,
            Anchors::Listed(indexes) => {
                let named = indexes.iter().filter_map(|index| hashes.get(usize::from(index.0)).copied());
                ServiceAnchors::Listed(named.collect())
            }
        };
        Self {
            name: service.name.into(),
            hosts: service.hosts.iter().map(|host| host.0.into()).collect(),
            anchors,
            pins: service.pins.iter().collect(),
            probe: service.probe,
            extensions: service.extensions.iter().map(ExtensionContent::of).collect(),
        }
    }
}
