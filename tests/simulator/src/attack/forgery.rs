//! Documents of a thief: well-formed, and signed with whatever keys were stolen.

use std::{collections::BTreeMap, sync::Arc};

use bundle::{
    Algorithm, AnchorState, ChannelId, Envelope, Keyring, Kind, Manifest, Order, Purposes, Sha256,
    UnixSeconds,
    limits::{HEAD_STEP_MAX, SHARE_MAX},
    write::{
        self, AnchorContent, HeadContent, KeyContent, KeyringContent, ManifestContent, RecoveryContent,
        RoleContent, Signature, Unsigned,
    },
};
use ed25519_dalek::Signer as _;

use crate::{
    history::{History, Release, keyring_document},
    operator::{CHANNEL, secret},
    pki::{Pki, THIEF},
    scenario::{Aim, Forged},
};

/// The key that the thief made.
const OWN: &str = "thief";
/// What the names of recovery keys begin with.
const RECOVERY: &str = "recovery-";
/// Three months, which is far from every honest lifetime of a head.
const LONG_SECONDS: u32 = 90 * 86_400;

/// A thief's files, over the honest tree.
#[derive(Clone, Debug, Default)]
pub struct Forgery {
    /// By path.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// The thief's release, by the digest of its header.
    pub release: Option<Sha256>,
    aim: Option<Aim>,
    keys: Vec<String>,
}

/// The thief's table: the tree as it was, and the stolen keys.
struct Table<'t> {
    forged: &'t Forged,
    history: &'t History,
    from: u64,
    releases: &'t [Release],
    issued_at: UnixSeconds,
    keyring: u32,
    head: Order,
    pki: &'t Pki,
}

impl Forgery {
    /// What a thief makes of the tree as it is at a moment.
    pub(crate) fn new(
        forged: &Forged,
        from: u64,
        history: &History,
        releases: &[Release],
        pki: &Pki,
    ) -> Self {
        let made = Self { aim: Some(forged.what), keys: forged.keys.clone(), ..Self::default() };
        let header = |path: &str| {
            let file = history.file(path, from)?;
            Envelope::parse_whole(file).ok().map(|envelope| *envelope.header())
        };
        let Some(head) = header(&format!("{CHANNEL}/head")) else { return made };
        let table = Table {
            forged,
            history,
            from,
            releases,
            issued_at: head.issued_at,
            keyring: head.keyring_version,
            head: head.order,
            pki,
        };
        table.spread().unwrap_or(made)
    }

    /// True where no device may act on any of it: not enough keys for what it is to bring about.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        match self.aim {
            Some(Aim::Freeze | Aim::Hurry) => !self.has_head(),
            // A head with a good signature is a head, whatever becomes of the release that it names.
            Some(Aim::Twin | Aim::Release) => !self.has_head(),
            Some(Aim::Keyring) => self.people() < 2,
            Some(Aim::Recovery) => self.keys.iter().filter(|key| key.starts_with(RECOVERY)).count() < 2,
            None => true,
        }
    }

    /// True for a path that the thief has nothing for, and does not want the device to find.
    #[must_use]
    pub fn hides(&self, path: &str) -> bool {
        path.contains("/update/") || path.starts_with("keyring/") || path.starts_with("recovery/")
    }

    /// Stolen keys of the people who sign keyrings and releases.
    fn people(&self) -> usize {
        self.keys.iter().filter(|key| !key.starts_with("head")).count()
    }

    fn has_head(&self) -> bool {
        self.keys.iter().any(|key| key.starts_with("head"))
    }
}

impl Table<'_> {
    fn spread(&self) -> Option<Forgery> {
        let mut made =
            Forgery { aim: Some(self.forged.what), keys: self.forged.keys.clone(), ..Forgery::default() };
        let mut put = |path: String, bytes: Vec<u8>| made.files.insert(path, bytes.into());
        let newest = self.newest()?;
        match self.forged.what {
            Aim::Freeze => {
                let first = self.releases.first()?;
                let head = self.head_of(first.order, first.digest, HEAD_STEP_MAX / 2, 21_600);
                put(format!("{CHANNEL}/head"), head?);
            }
            Aim::Hurry => {
                put(format!("{CHANNEL}/head"), self.head_of(newest.order, newest.digest, 10, 1)?);
            }
            Aim::Release | Aim::Twin => {
                let further = u32::from(self.forged.what == Aim::Release) * 50;
                let number = newest.order.number.checked_add(further)?;
                let (document, certificate) = self.manifest(Order::new(newest.order.epoch, number))?;
                let digest = Envelope::parse_whole(&document).ok()?.digest();
                put(format!("{CHANNEL}/blob/{}", Sha256::of(&[&certificate])), certificate);
                put(format!("{CHANNEL}/release/{number}"), document);
                let head = self.head_of(Order::new(newest.order.epoch, number), digest, 10, 21_600)?;
                put(format!("{CHANNEL}/head"), head);
                made.release = Some(digest);
            }
            Aim::Keyring => {
                let number = self.keyring.checked_add(1)?;
                put(format!("keyring/{number}"), self.keyring(None, Order::new(newest.order.epoch, number))?);
            }
            Aim::Recovery => {
                let shown = self.recovery_set();
                let order = Order::new(newest.order.epoch.checked_add(1)?, self.keyring.checked_add(1)?);
                let file = self.keyring(Some(&shown), order)?;
                put(format!("recovery/{}", order.epoch), file.clone());
                put(format!("keyring/{}", order.number), file);
            }
        }
        Some(made)
    }

    /// The newest release that was published by then.
    fn newest(&self) -> Option<&Release> {
        self.releases.iter().rfind(|release| release.published <= self.from)
    }

    /// A manifest that holds the thief's root beside the operator's, and the root.
    fn manifest(&self, order: Order) -> Option<(Vec<u8>, Vec<u8>)> {
        let path = format!("{CHANNEL}/release/{}", self.newest()?.order.number);
        let honest = self.history.file(&path, self.from)?;
        let manifest = Manifest::restored(honest, Envelope::parse_whole(honest).ok()?.digest()).ok()?;
        let certificate = self.pki.root(THIEF)?.to_vec();
        let anchor = AnchorContent {
            sha256: Sha256::of(&[&certificate]),
            length: u32::try_from(certificate.len()).ok()?,
            state: AnchorState::Active,
            purposes: Purposes::SERVER_AUTH,
            added_day: 0,
            retire_day: None,
            note: String::new(),
            constraints: Vec::new(),
            extensions: Vec::new(),
        };
        // Every service still verifies, so that no probe objects.
        let mut content = ManifestContent::of(&manifest);
        content.anchors.push(anchor);
        let document = self.signed(Kind::Manifest, order, self.keyring, content.encode())?;
        Some((document, certificate))
    }

    fn head_of(&self, release: Order, digest: Sha256, leap: u32, refresh_seconds: u32) -> Option<Vec<u8>> {
        let content = HeadContent {
            keyring_version: self.keyring,
            release,
            release_digest: digest,
            lifetime_seconds: LONG_SECONDS,
            refresh_seconds,
            share: SHARE_MAX,
            previous: None,
            groups: Vec::new(),
        };
        let order = Order::new(self.head.epoch, self.head.number.checked_add(leap)?);
        self.signed(Kind::Head, order, self.keyring, content.encode())
    }

    /// A keyring file with the thief's key in every role.
    fn keyring(&self, recovery: Option<&RecoveryContent>, order: Order) -> Option<Vec<u8>> {
        let role = RoleContent { threshold: 1, keys: vec![key(OWN)] };
        // Without recovery keys the commitment must stay what it is; with them it must change.
        let recovery_commitment = match recovery {
            Some(_) => RecoveryContent { keys: vec![key(OWN)], threshold: 1 }.commitment(),
            None => self.commitment()?,
        };
        let content = KeyringContent {
            fleet: "simulated".into(),
            keyring: role.clone(),
            release: role.clone(),
            head: role,
            echo: None,
            recovery_commitment,
            floors: Vec::new(),
            time_floor: None,
        };
        let parent = self.keyring;
        let document = self.signed(Kind::Keyring, order, parent, content.encode())?;
        let shown = match recovery {
            Some(set) => Some(self.unsigned(Kind::Recovery, order, 0, set.encode())?.assemble(&[]).ok()?),
            None => None,
        };
        Some(write::keyring_file(shown.as_deref(), &document))
    }

    /// The set that is shown: the operator's, whose content whoever has a key of it knows, or one of the thief's own.
    fn recovery_set(&self) -> RecoveryContent {
        if self.forged.keys.iter().any(|key| key.starts_with(RECOVERY)) {
            let keys = ["recovery-a", "recovery-b", "recovery-c"].map(key).to_vec();
            return RecoveryContent { keys, threshold: 2 };
        }
        RecoveryContent { keys: vec![key(OWN)], threshold: 1 }
    }

    /// What the operator's keyring commits to.
    fn commitment(&self) -> Option<Sha256> {
        let file = self.history.file(&format!("keyring/{}", self.keyring), self.from)?;
        Some(Keyring::provisioned(keyring_document(file)?).ok()?.recovery_commitment())
    }

    fn unsigned(&self, kind: Kind, order: Order, version: u32, body: Vec<u8>) -> Option<Unsigned> {
        let of_fleet = matches!(kind, Kind::Keyring | Kind::Recovery);
        let channel = if of_fleet { ChannelId::FLEET } else { ChannelId::of(CHANNEL) };
        Unsigned::new(kind, channel, order, version, self.issued_at, body).ok()
    }

    /// A document with the signatures of every stolen key and the thief's own.
    fn signed(&self, kind: Kind, order: Order, version: u32, body: Vec<u8>) -> Option<Vec<u8>> {
        let unsigned = self.unsigned(kind, order, version, body)?;
        let message = unsigned.message();
        let holders = self.forged.keys.iter().map(String::as_str).chain([OWN]);
        let signatures: Vec<Signature> = holders
            .map(|holder| Signature {
                key_id: key(holder).as_key().id(),
                algorithm: Algorithm::ED25519,
                bytes: secret(holder).sign(&message).to_bytes().to_vec(),
            })
            .collect();
        unsigned.assemble(&signatures).ok()
    }
}

fn key(holder: &str) -> KeyContent {
    let bytes = secret(holder).verifying_key().to_bytes().to_vec();
    KeyContent { algorithm: Algorithm::ED25519, bytes, name: holder.to_owned() }
}
