//! Where the repository's files are: the only place that spells their paths.

use std::path::{Path, PathBuf};

use bundle::{KeyId, Sha256};

/// The paths of one repository.
#[derive(Clone, Debug)]
pub struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// The layout of the repository in `folder`.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The repository itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Locks and caches; never in git.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.join(".state")
    }

    /// Public keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// What endpoints were seen to serve.
    #[must_use]
    pub fn observations(&self) -> PathBuf {
        self.folder.join("observations")
    }

    /// What one vantage saw.
    #[must_use]
    pub fn observation(&self, vantage: &str) -> PathBuf {
        self.observations().join(format!("{vantage}.json"))
    }

    /// Keyring generations.
    #[must_use]
    pub fn keyrings(&self) -> PathBuf {
        self.folder.join("keyring")
    }

    /// One keyring generation.
    #[must_use]
    pub fn keyring(&self, number: u32) -> PathBuf {
        self.keyrings().join(number.to_string())
    }

    /// The recovery set with this commitment.
    #[must_use]
    pub fn recovery_set(&self, commitment: Sha256) -> PathBuf {
        let short: String = commitment.to_string().chars().take(8).collect();
        self.keyrings().join(format!("recovery-{short}"))
    }

    /// Every certificate that a release ever held, by its SHA-256.
    #[must_use]
    pub fn blob(&self, sha256: Sha256) -> PathBuf {
        self.folder.join("blob").join(sha256.to_string())
    }

    /// Sources and what they said.
    #[must_use]
    pub fn sources(&self) -> PathBuf {
        self.folder.join("sources")
    }

    /// One file of a source: its `toml`, `json` or `history`.
    #[must_use]
    pub fn source(&self, name: &str, kind: &str) -> PathBuf {
        self.sources().join(format!("{name}.{kind}"))
    }

    /// A certificate that a source had, by its SHA-256.
    #[must_use]
    pub fn source_certificate(&self, sha256: Sha256) -> PathBuf {
        self.sources().join("certificates").join(format!("{sha256}.der"))
    }

    /// Signed manifests of a channel.
    #[must_use]
    pub fn releases(&self, channel: &str) -> PathBuf {
        self.channel(channel).join("release")
    }

    /// One signed manifest.
    #[must_use]
    pub fn release(&self, channel: &str, number: u32) -> PathBuf {
        self.releases(channel).join(number.to_string())
    }

    /// Every signature that a release or, without a channel, a keyring got, with the record of what its signer saw.
    #[must_use]
    pub fn signatures(&self, channel: Option<&str>, number: u32) -> PathBuf {
        let folder = channel.map_or_else(|| self.keyrings(), |channel| self.releases(channel));
        folder.join(format!("{number}.signatures"))
    }

    /// The rollout of a channel.
    #[must_use]
    pub fn rollout(&self, channel: &str) -> PathBuf {
        self.channel(channel).join("rollout.toml")
    }

    /// Drafts of a channel, or of the keyring, with their signatures.
    #[must_use]
    pub fn drafts(&self, channel: Option<&str>) -> PathBuf {
        channel.map_or_else(|| self.keyrings(), |channel| self.channel(channel)).join("drafts")
    }

    /// One draft of a channel, or of the keyring.
    #[must_use]
    pub fn draft(&self, channel: Option<&str>, number: u32) -> PathBuf {
        self.drafts(channel).join(format!("{number}.draft"))
    }

    /// The folders that commands write into, the repository's own excepted.
    #[must_use]
    pub fn written_folders(&self) -> Vec<PathBuf> {
        let names = [
            "anchors",
            "intermediates",
            "keys",
            "keyring",
            "blob",
            "channels",
            "observations",
            "sources",
            "log",
            ".state",
        ];
        names.map(|name| self.folder.join(name)).to_vec()
    }

    /// `path` as errors and logs name it: from the repository's folder on, where it is inside.
    #[must_use]
    pub fn label(&self, path: &Path) -> String {
        path.strip_prefix(&self.folder).unwrap_or(path).display().to_string()
    }

    fn channel(&self, channel: &str) -> PathBuf {
        self.folder.join("channels").join(channel)
    }
}

/// Name of the signature of one key over draft `number`.
#[must_use]
pub fn signature_name(number: u32, key_id: KeyId) -> String {
    format!("{number}.{key_id}.sig")
}
