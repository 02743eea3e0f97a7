//! A device with a store in a temporary folder, to which releases are installed while applications look on.

use std::path::PathBuf;

use bundle::write::{KeyContent, KeyringContent, RoleContent, Signature, Unsigned};
use bundle::{Algorithm, ChannelId, Denial, Envelope, Kind, Order, Sha256, UnixSeconds};
use chain::pki::{Content, january};
use ed25519_dalek::{Signer as _, SigningKey};
use store::file::StoreFile;
use store::{Denials, Region, Store};
use tempfile::TempDir;
use trust_store::{DEFAULT_REGION_BYTES, Location, TrustStore};

pub(crate) struct Device {
    folder: TempDir,
    store: Store<StoreFile>,
    pub(crate) number: u32,
}

/// Where the journal begins in the agent's region, and the bytes of its two blocks.
const JOURNAL_AT: usize = 1_032_192;
const BLOCK_BYTES: usize = 8_192;
/// Where a record has its counters; in a test the lowest byte is all of them.
const SEQUENCE_AT: usize = 8;
const GENERATION_AT: usize = 16;

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

    /// Makes every journal record one of a later format, with a change in it, as an agent of a later version does.
    pub(crate) fn write_as_newer_format(&self) {
        self.rewrite_as_format(2);
    }

    /// Makes every journal record a whole one of this format, of a later generation and otherwise as it is.
    pub(crate) fn rewrite_as_format(&self, format: u8) {
        self.edit(|file| {
            for block in file[JOURNAL_AT..].chunks_mut(BLOCK_BYTES).filter(|block| block.starts_with(b"TBST"))
            {
                block[4] = format;
                block[GENERATION_AT] += 1;
                let length = usize::from(u16::from_le_bytes([block[6], block[7]]));
                let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&block[..length]);
                block[length..length + 4].copy_from_slice(&crc.to_le_bytes());
            }
        });
    }

    /// Leaves the older journal record as the agent does while it writes the next one over it: begun, and not whole.
    pub(crate) fn begin_record(&self) {
        self.edit(|file| {
            let mut blocks: Vec<_> = file[JOURNAL_AT..].chunks_mut(BLOCK_BYTES).collect();
            blocks.sort_by_key(|block| block[SEQUENCE_AT]);
            for counter in [SEQUENCE_AT, GENERATION_AT] {
                blocks[0][counter] = blocks[1][counter] + 1;
            }
        });
    }

    /// Changes one byte at the beginning of each slot.
    pub(crate) fn rot(&self) {
        self.edit(|file| [0, JOURNAL_AT / 2].iter().for_each(|at| file[*at] ^= 1));
    }

    fn edit(&self, change: impl FnOnce(&mut [u8])) {
        let mut bytes = std::fs::read(self.path("store")).unwrap();
        change(&mut bytes);
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
