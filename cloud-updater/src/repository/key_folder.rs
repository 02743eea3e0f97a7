//! `keys/`: the public keys that signers handed over.

use std::collections::BTreeMap;
use std::path::Path;

use bundle::KeyId;

use crate::Error;
use crate::key::PublicKey;
use crate::repository::files_with;

/// The public keys of a repository, by name.
#[derive(Clone, Debug, Default)]
pub struct KeyFolder {
    keys: BTreeMap<String, PublicKey>,
}

impl KeyFolder {
    /// Reads every `.pub` file of `folder`.
    ///
    /// # Errors
    /// Exit code 3: a file that is no key, is named differently, or holds a key that stands there under another name.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let mut keys: BTreeMap<String, PublicKey> = BTreeMap::new();
        for path in files_with(folder, "pub")? {
            let key = PublicKey::read(&path)?;
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            if stem != key.name() {
                let message = format!("holds the key {:?}: file and key must have one name", key.name());
                return Err(Error::input("key_name", message).file(path));
            }
            if let Some(twin) = keys.values().find(|known| known.is_same_key(&key)) {
                let message = format!(
                    "is the same key as {}.pub: one key under two names still counts once",
                    twin.name()
                );
                return Err(Error::input("same_key", message).file(path));
            }
            keys.insert(stem, key);
        }
        Ok(Self { keys })
    }

    /// The key called `name`.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&PublicKey> {
        self.keys.get(name)
    }

    /// The key with this id.
    #[must_use]
    pub fn with_id(&self, id: KeyId) -> Option<&PublicKey> {
        self.keys.values().find(|key| key.id() == id)
    }

    /// All keys, by name.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.values()
    }
}
