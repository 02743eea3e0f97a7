//! A device with a store in a temporary folder, to which releases are installed while applications look on.

use std::path::PathBuf;

use bundle::write::{KeyContent, KeyringContent, RoleContent, Signature, Unsigned};
use bundle::{Algorithm, ChannelId, Denial, Envelope, Kind, Order, Sha256, UnixSeconds};
use chain::pki::{Content, january};
use crc::{CRC_32_ISO_HDLC, Crc};
use ed25519_dalek::{Signer as _, SigningKey};
use store::file::StoreFile;
use store::limits::{BLOCK_BYTES, RECORD_BYTES, STORE_FORMAT};
use store::{Denials, Region, Store};
use tempfile::TempDir;
use trust_store::{DEFAULT_REGION_BYTES, Location, TrustStore};

pub(crate) struct Device {
    folder: TempDir,
    store: Store<StoreFile>,
    number: u32,
}

impl Device {
    /// A device on which nothing is installed.
    pub(crate) fn blank() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = StoreFile::open(&folder.path().join("store")).unwrap();
        let store = Store::open(file, Region::new(0, DEFAULT_REGION_BYTES).unwrap()).unwrap();
        Self { folder, store, number: 0 }
    }

    /// A device on which `content` is installed.
    pub(crate) fn with(content: &Content) -> Self {
        let mut device = Self::blank();
        device.install(content);
        device
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn location(&self) -> Location {
        Location::of(&self.path("store"))
    }

    /// What an application opens.
    pub(crate) fn open(&self) -> TrustStore {
        TrustStore::open(self.location(), None).unwrap()
    }

    /// Installs and confirms the next release.
    pub(crate) fn install(&mut self, content: &Content) {
        self.install_on_trial(content);
        self.store.change(|change| change.confirm()).unwrap();
    }

    /// Installs the next release without confirming it.
    pub(crate) fn install_on_trial(&mut self, content: &Content) {
        self.number += 1;
        let release = content.release(self.number);
        let mut staging = self.store.begin().unwrap();
        self.store.append(&mut staging, &release.document).unwrap();
        self.store.append(&mut staging, &release.blobs).unwrap();
        let sealed = self.store.seal(staging).unwrap();
        let entry = store::Release {
            order: Order::new(0, self.number),
            digest: release.digest,
            document_bytes: release.document.len().try_into().unwrap(),
            issued_at: january(2026),
        };
        self.store.change(|change| change.commit_trial(&sealed, entry, None)).unwrap();
    }

    pub(crate) fn revert(&mut self) {
        self.store.change(|change| change.revert()).unwrap();
    }

    /// Puts a deny list in force as the agent does: in the journal, at once, whatever slot is read.
    pub(crate) fn deny(&mut self, denials: &[Denial]) {
        let denials = Denials::new(Order::new(0, self.number), denials.iter().copied()).unwrap();
        self.store.change(|change| change.replace_denials(&denials)).unwrap();
    }

    /// Makes both records of the journal those of a later format, with a change in them, as an agent of a later
    /// version writes them.
    pub(crate) fn write_as_newer_format(&self) {
        let mut bytes = std::fs::read(self.path("store")).unwrap();
        let journal = bytes.len() - 2 * BLOCK_BYTES;
        for record in bytes[journal..].chunks_mut(BLOCK_BYTES) {
            record[4..6].copy_from_slice(&(STORE_FORMAT + 1).to_le_bytes());
            // The first byte of the generation.
            record[16] += 1;
            let sum = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&record[..RECORD_BYTES]);
            record[RECORD_BYTES..RECORD_BYTES + 4].copy_from_slice(&sum.to_le_bytes());
        }
        let mut file = std::fs::OpenOptions::new().write(true).open(self.path("store")).unwrap();
        std::io::Write::write_all(&mut file, &bytes).unwrap();
    }

    /// Writes a seed with this content beside the store.
    pub(crate) fn seed(&self, content: &Content, number: u32) -> PathBuf {
        let path = self.path("seed");
        let mut file = std::fs::File::create(&path).unwrap();
        std::io::Write::write_all(&mut file, &seed(content, number)).unwrap();
        path
    }
}

fn seed(content: &Content, number: u32) -> Vec<u8> {
    let signing = SigningKey::from_bytes(&[7; 32]);
    let key = KeyContent {
        algorithm: Algorithm::ED25519,
        bytes: signing.verifying_key().to_bytes().into(),
        name: "test".into(),
    };
    let role = || RoleContent { threshold: 1, keys: vec![key.clone()] };
    let keyring = KeyringContent {
        fleet: "test".into(),
        keyring: role(),
        release: role(),
        head: role(),
        echo: None,
        recovery_commitment: Sha256([0; 32]),
        floors: Vec::new(),
        time_floor: None,
    };
    let sign = |unsigned: Unsigned| {
        let bytes = signing.sign(&unsigned.message()).to_bytes().into();
        let signature = Signature { key_id: key.as_key().id(), algorithm: Algorithm::ED25519, bytes };
        unsigned.assemble(&[signature]).unwrap()
    };
    let issued_at: UnixSeconds = january(2026);
    let keyring =
        Unsigned::new(Kind::Keyring, ChannelId::FLEET, Order::new(0, 1), 1, issued_at, keyring.encode())
            .unwrap();
    let release = content.release(number);
    let manifest = Unsigned::of(&Envelope::parse_whole(&release.document).unwrap());
    bundle::write::seed(&sign(keyring), &sign(manifest), &release.blobs)
}
