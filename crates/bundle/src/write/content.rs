//! Contents of heads, keyrings and recovery sets, as their authors think of them.

use alloc::{string::String, vec::Vec};

use crate::{
    Algorithm, Echo, Extensions, Floor, Group, Key, KeyIndex, Nonce, Order, Previous, RecoverySet, RoleKeys,
    Section, Sha256, UnixSeconds,
    head::HeadBody,
    keyring::KeyringBody,
    write::{encode, section},
};

/// What a head says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadContent {
    /// Version of the newest keyring.
    pub keyring_version: u32,
    /// The release being rolled out.
    pub release: Order,
    /// SHA-256 of its manifest's header.
    pub release_digest: Sha256,
    /// Seconds from issue to expiry.
    pub lifetime_seconds: u32,
    /// Seconds between two checks.
    pub refresh_seconds: u32,
    /// Share of all devices, in 1/10,000.
    pub share: u16,
    /// The release that everybody else gets.
    pub previous: Option<Previous>,
    /// Shares of groups.
    pub groups: Vec<GroupContent>,
}

/// The share of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupContent {
    /// The group's name; only its tag is published.
    pub name: String,
    /// Share of the group, in 1/10,000.
    pub share: u16,
}

/// One key of a keyring or recovery set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyContent {
    /// How it signs.
    pub algorithm: Algorithm,
    /// The public key.
    pub bytes: Vec<u8>,
    /// Whose it is.
    pub name: String,
}

/// Keys and threshold of one role; keys by their public bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleContent {
    /// How many different keys must sign.
    pub threshold: u8,
    /// The keys, which must all stand in the keyring.
    pub keys: Vec<KeyContent>,
}

/// What a keyring says. Its keys are those of its roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyringContent {
    /// The fleet's name.
    pub fleet: String,
    /// Who may sign keyrings.
    pub keyring: RoleContent,
    /// Who may sign manifests.
    pub release: RoleContent,
    /// Who may sign heads.
    pub head: RoleContent,
    /// Who may sign echoes, if anybody.
    pub echo: Option<RoleContent>,
    /// Commitment to the recovery set.
    pub recovery_commitment: Sha256,
    /// Floors set anew.
    pub floors: Vec<Floor>,
    /// Time floor set anew.
    pub time_floor: Option<UnixSeconds>,
}

/// What a recovery set says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryContent {
    /// The recovery keys.
    pub keys: Vec<KeyContent>,
    /// How many of them must sign.
    pub threshold: u8,
}

impl HeadContent {
    /// The body of a head.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut groups: Vec<Group> = self
            .groups
            .iter()
            .map(|group| Group { tag: crate::group_tag(&group.name), share: group.share })
            .collect();
        groups.sort_by_key(|group| group.tag);
        let groups = section(groups);
        encode(&HeadBody {
            keyring_version: self.keyring_version,
            release_epoch: self.release.epoch,
            release_number: self.release.number,
            release_digest: self.release_digest,
            lifetime_seconds: self.lifetime_seconds,
            refresh_seconds: self.refresh_seconds,
            share: self.share,
            previous: self.previous,
            groups: Section::from_bytes(&groups),
            extensions: Extensions::empty(),
        })
    }
}

impl KeyContent {
    /// The key as the reading half sees it.
    #[must_use]
    pub fn as_key(&self) -> Key<'_> {
        Key { algorithm: self.algorithm, bytes: &self.bytes, name: &self.name }
    }
}

/// Keys once each, in the order of the wire: by algorithm and public key.
fn sorted<'a>(keys: impl Iterator<Item = &'a KeyContent>) -> Vec<Key<'a>> {
    let mut all: Vec<Key<'a>> = keys.map(KeyContent::as_key).collect();
    all.sort_by(|a, b| (a.algorithm, a.bytes).cmp(&(b.algorithm, b.bytes)));
    all.dedup_by(|a, b| a.is_same_key(b));
    all
}

impl RoleContent {
    fn indexes(&self, all: &[Key<'_>]) -> Vec<u8> {
        let numbered = (0_u8..).zip(all);
        let listed = numbered.filter(|(_, key)| self.keys.iter().any(|mine| mine.as_key().is_same_key(key)));
        section(listed.map(|(index, _)| KeyIndex(index)))
    }
}

impl KeyringContent {
    /// The body of a keyring. What a device would refuse (a threshold out of reach, a weak key) is encoded all
    /// the same: decode the result to see it refused.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let roles = [Some(&self.keyring), Some(&self.release), Some(&self.head), self.echo.as_ref()];
        let all = sorted(roles.into_iter().flatten().flat_map(|role| &role.keys));
        let keys = section(all.iter());
        let [keyring, release, head, echo] =
            roles.map(|role| role.map(|role| role.indexes(&all)).unwrap_or_default());
        let role = |content: &RoleContent, indexes| RoleKeys {
            threshold: content.threshold,
            keys: Section::from_bytes(indexes),
        };
        let mut floors = self.floors.clone();
        floors.sort_by_key(|floor| (floor.channel, floor.role));
        let floors = section(floors);
        encode(&KeyringBody {
            fleet: &self.fleet,
            keys: Section::from_bytes(&keys),
            keyring: role(&self.keyring, &keyring),
            release: role(&self.release, &release),
            head: role(&self.head, &head),
            echo: self.echo.as_ref().map(|content| role(content, &echo)),
            recovery_commitment: self.recovery_commitment,
            floors: Section::from_bytes(&floors),
            time_floor: self.time_floor,
            extensions: Extensions::empty(),
        })
    }
}

impl RecoveryContent {
    /// The body of a recovery set.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let keys = section(sorted(self.keys.iter()));
        encode(&RecoverySet {
            keys: Section::from_bytes(&keys),
            threshold: self.threshold,
            extensions: Extensions::empty(),
        })
    }

    /// What a keyring commits to.
    #[must_use]
    pub fn commitment(&self) -> Sha256 {
        RecoverySet::commitment(&self.encode())
    }
}

/// The body of an echo.
#[must_use]
pub fn echo_body(nonce: Nonce, head_digest: Sha256) -> Vec<u8> {
    encode(&Echo { nonce, head_digest, extensions: Extensions::empty() })
}
