//! The bundles that an engine holds, by what they are to it, and a way to read a manifest and what is behind it at
//! once.

use bundle::Manifest;
use store::Storage;

use crate::{
    Agent, Content,
    content::{self, Place, document},
};

/// A bundle, by what it is to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// What applications read.
    Installed,
    /// The one in use; in a trial, the one to go back to.
    Present,
    /// The one on its way, or on trial.
    Candidate,
}

/// A part of a bundle could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// Reads a part of a bundle from an offset on.
pub type BundleRead<'o> = dyn FnMut(u32, &mut [u8]) -> Result<(), Unreadable> + 'o;

/// One bundle, open for whoever makes something of its manifest and its certificates.
pub struct OpenBundle<'o> {
    /// Its manifest.
    pub manifest: Manifest<'o>,
    /// What and where it is.
    pub content: Content,
    /// Reads a part of it: the manifest document from byte 0, the certificates behind it.
    pub read: &'o mut BundleRead<'o>,
}

impl<S: Storage> Agent<'_, S> {
    /// Opens a bundle; `None` where there is none, or its manifest is not in memory.
    pub fn open<R>(&mut self, held: Held, look: impl FnOnce(OpenBundle<'_>) -> R) -> Option<R> {
        let content = self.bundle(held)?;
        let sealed = self.filling.as_ref().and_then(|filling| filling.sealed.as_ref());
        let is_candidate = self.candidate.is_some_and(|candidate| candidate.digest == content.digest);
        let bytes = match (content.place, held, is_candidate) {
            (Place::Seed, _, _) => self.seed?.manifest_document,
            (_, Held::Candidate, _) | (_, Held::Installed, true) => {
                document(self.memory.candidate, &content)?
            }
            _ => document(self.memory.present, &content)?,
        };
        let manifest = Manifest::restored(bytes, content.digest).ok()?;
        let (store, seed) = (&mut self.store, self.seed.as_ref());
        let mut read = |offset: u32, into: &mut [u8]| {
            content::read(store, seed, sealed, &content, offset, into).map_err(|_| Unreadable)
        };
        Some(look(OpenBundle { manifest, content, read: &mut read }))
    }

    /// Which bundle that is; `None` where there is none.
    #[must_use]
    pub fn bundle(&self, held: Held) -> Option<Content> {
        match held {
            Held::Installed => self.installed(),
            Held::Present => self.present(),
            Held::Candidate => self.candidate(),
        }
    }

    /// True while no clock was known at the newest event.
    #[must_use]
    pub const fn is_clock_unknown(&self) -> bool {
        self.memo.clock_unknown
    }

    /// The name of the channel that the engine follows.
    #[must_use]
    pub const fn channel_name(&self) -> &str {
        self.configuration.channel
    }
}
