//! A scenario: every document that there is, what the operator does in turn, and what a thief has.

use crate::documents::{Anchors, Document, Head, Keyring, Release, RoleKeys};

/// The anchor that the service's certificate chains to.
pub(crate) const SERVICE: Anchors = 1;

/// One bounded world.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its stable name.
    pub name: &'static str,
    /// What happens in it, in a sentence.
    pub about: &'static str,
    pub(crate) keyrings: Vec<Keyring>,
    pub(crate) releases: Vec<Release>,
    pub(crate) heads: Vec<Head>,
    /// Recovery sets, by the number that keyrings commit to.
    pub(crate) recovery: Vec<RoleKeys>,
    /// What the operator publishes, step by step.
    pub(crate) steps: Vec<Step>,
    /// What an attacker has from the start: thefts, forgeries, drafts that were never published.
    pub(crate) loot: Vec<Document>,
    /// What a newer image of the application brings; `None` where there is none.
    pub(crate) new_image: Option<Image>,
    /// From which step on the operator has answered what was stolen, and the goal must be reached.
    pub(crate) answered_from: u8,
    /// The anchor that an attacker on the path has a certificate of; zero where there is none.
    pub(crate) evil: Anchors,
    /// What the world may do beside documents that come and go.
    pub(crate) hazards: Hazards,
    /// What must be seen at least once.
    pub(crate) sights: Vec<crate::device::Event>,
}

/// A newer image, built from the published tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Image {
    pub(crate) keyring: u8,
    pub(crate) seed: u8,
    /// From which step on there is one.
    pub(crate) from_step: u8,
}

/// One step of the operator: documents that appear together.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) documents: Vec<Document>,
}

/// What the world may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hazards {
    /// Heads may expire.
    pub(crate) expiry: bool,
    /// Files may be put in.
    pub(crate) files: bool,
    /// The medium may spoil what is written.
    pub(crate) spoilt_writes: bool,
    /// After the theft the head's file alone may stay in the thief's hands.
    pub(crate) head_file: bool,
    /// After the theft an attacker may stay on the path to the service.
    pub(crate) path: bool,
}

impl Scenario {
    /// A world in which nothing happens yet.
    pub(crate) const fn empty(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            keyrings: Vec::new(),
            releases: Vec::new(),
            heads: Vec::new(),
            recovery: Vec::new(),
            steps: Vec::new(),
            loot: Vec::new(),
            new_image: None,
            answered_from: 0,
            evil: 0,
            hazards: Hazards {
                expiry: true,
                files: true,
                spoilt_writes: true,
                head_file: false,
                path: false,
            },
            sights: Vec::new(),
        }
    }

    pub(crate) fn keyring(&self, id: u8) -> &Keyring {
        &self.keyrings[usize::from(id)]
    }

    pub(crate) fn release(&self, id: u8) -> &Release {
        &self.releases[usize::from(id)]
    }

    pub(crate) fn head(&self, id: u8) -> &Head {
        &self.heads[usize::from(id)]
    }

    /// What the operator has published, oldest first.
    pub(crate) fn published(&self, steps: u8) -> impl DoubleEndedIterator<Item = Document> + '_ {
        self.steps.iter().take(usize::from(steps)).flat_map(|step| step.documents.iter().copied())
    }

    /// What an attacker can show: everything that was ever published, and the loot.
    pub(crate) fn available(&self, steps: u8) -> impl Iterator<Item = Document> + '_ {
        self.published(steps).chain(self.loot.iter().copied())
    }

    /// The file under `keyring/<number>` of the honest tree.
    pub(crate) fn generation(&self, steps: u8, number: u32) -> Option<u8> {
        self.newest_keyring(steps, |keyring| keyring.order.number == number)
    }

    /// The file under `recovery/<epoch>` of the honest tree.
    pub(crate) fn recovery_file(&self, steps: u8, epoch: u16) -> Option<u8> {
        self.newest_keyring(steps, |keyring| keyring.order.epoch == epoch && keyring.shown.is_some())
    }

    /// The files of the pack `keyring/<from>-<to>` of the honest tree.
    pub(crate) fn pack(&self, steps: u8, from: u32, to: u32) -> Option<Vec<u8>> {
        (from + 1..=to).map(|number| self.generation(steps, number)).collect()
    }

    /// The newest head of the honest tree.
    pub(crate) fn newest_head(&self, steps: u8) -> Option<u8> {
        self.published(steps).rev().find_map(|document| match document {
            Document::Head(id) => Some(id),
            Document::Keyring(_) | Document::Release(_) => None,
        })
    }

    /// The newest keyring that matches.
    pub(crate) fn newest_keyring(&self, steps: u8, matches: impl Fn(&Keyring) -> bool) -> Option<u8> {
        self.published(steps).rev().find_map(|document| match document {
            Document::Keyring(id) if matches(self.keyring(id)) => Some(id),
            Document::Keyring(_) | Document::Release(_) | Document::Head(_) => None,
        })
    }

    /// True where the honest tree has the release.
    pub(crate) fn has_release(&self, steps: u8, id: u8) -> bool {
        self.published(steps).any(|document| document == Document::Release(id))
    }
}
