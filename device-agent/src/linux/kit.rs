//! What the driver's tests start from: a device in a temporary folder with a release installed.

use std::path::PathBuf;
use std::sync::Arc;

use bundle::{Denial, Order};
use chain::pki::{Content, january};
use store::file::StoreFile;
use store::{Denials, Region, Store};
use tempfile::TempDir;
use trust_store::{DEFAULT_REGION_BYTES, Installed, Location, TrustStore};

/// A device whose store is written to directly, as the engine would.
pub(crate) struct Device {
    folder: TempDir,
    store: Store<StoreFile>,
    number: u32,
}

impl Device {
    /// A device on which `content` is installed as release 1.
    pub(crate) fn with(content: &Content) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = StoreFile::open(&folder.path().join("store")).unwrap();
        let store = Store::open(file, Region::new(0, DEFAULT_REGION_BYTES).unwrap()).unwrap();
        let mut device = Self { folder, store, number: 0 };
        device.install(content);
        device
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What applications read now.
    pub(crate) fn installed(&self) -> Arc<Installed> {
        TrustStore::open(Location::of(&self.path("store")), None).unwrap().installed()
    }

    /// Installs and confirms the next release.
    pub(crate) fn install(&mut self, content: &Content) {
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
        self.store.change(|change| change.confirm()).unwrap();
    }

    /// Puts a deny list in force, as a newer manifest does.
    pub(crate) fn deny(&mut self, denials: &[Denial]) {
        let denials = Denials::new(Order::new(0, self.number), denials.iter().copied()).unwrap();
        self.store.change(|change| change.replace_denials(&denials)).unwrap();
    }
}
