//! Files of the published tree, by what they are; the path is made from nothing else.

use core::fmt;

use bundle::Sha256;

/// One file of a channel's published tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// The channel's head: the only file that changes.
    Head,
    /// One keyring generation.
    Keyring(u32),
    /// The generations after `from`, up to `to`.
    KeyringPack {
        /// The generation that the device has.
        from: u32,
        /// The last one in the pack.
        to: u32,
    },
    /// The keyring that opens a recovery epoch.
    Recovery(u16),
    /// What a device at release `from` lacks of release `to`; from zero it is everything.
    Update {
        /// The release that the device has; zero for none.
        from: u32,
        /// The release it wants.
        to: u32,
    },
    /// A release's manifest.
    Release(u32),
    /// One certificate.
    Blob(Sha256),
}

/// A resource's path below the tree's URL.
#[derive(Clone, Copy, Debug)]
pub struct ResourcePath<'a> {
    resource: Resource,
    channel: &'a str,
}

impl Resource {
    /// The path below the tree's URL, without a leading slash.
    #[must_use]
    pub const fn path(self, channel: &str) -> ResourcePath<'_> {
        ResourcePath { resource: self, channel }
    }
}

impl fmt::Display for ResourcePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channel = self.channel;
        match self.resource {
            Resource::Head => write!(f, "{channel}/head"),
            Resource::Keyring(number) => write!(f, "keyring/{number}"),
            Resource::KeyringPack { from, to } => write!(f, "keyring/{from}-{to}"),
            Resource::Recovery(epoch) => write!(f, "recovery/{epoch}"),
            Resource::Update { from, to } => write!(f, "{channel}/update/{from}-{to}"),
            Resource::Release(number) => write!(f, "{channel}/release/{number}"),
            Resource::Blob(sha256) => write!(f, "{channel}/blob/{sha256}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(resource: Resource, expect: &str) {
        assert_eq!(std::format!("{}", resource.path("prod")), expect);
    }

    #[test]
    fn paths_are_those_of_the_published_tree() {
        check(Resource::Head, "prod/head");
        check(Resource::Keyring(7), "keyring/7");
        check(Resource::KeyringPack { from: 1, to: 65 }, "keyring/1-65");
        check(Resource::Recovery(1), "recovery/1");
        check(Resource::Update { from: 0, to: 9 }, "prod/update/0-9");
        check(Resource::Release(9), "prod/release/9");
        let blob = Resource::Blob(Sha256([0xab; 32]));
        assert!(std::format!("{}", blob.path("prod")).starts_with("prod/blob/abababab"));
    }
}
