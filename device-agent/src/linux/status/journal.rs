//! The journal, as far as people ask for it.

use bundle::{Keyring, Seed};
use serde::Serialize;
use store::{Condition, Record};
use trust_store::{Installed, Origin};

use crate::Reason;
use crate::linux::clock::instant;
use crate::linux::configuration::Settings;
use crate::linux::export::{Medium, medium};

/// What the journal says beside the release.
#[derive(Clone, Debug, Serialize)]
pub struct Journal {
    /// `ready`, `blank`, `lost` or `newer_format`.
    pub condition: &'static str,
    /// What the store's folder is kept on.
    pub medium: Medium,
    /// The keyring in force.
    pub keyring: Option<String>,
    /// The fleet's name, as the keyring says.
    pub fleet: Option<String>,
    /// The lowest release that would be accepted.
    pub release_floor: String,
    /// The newest head that was written down.
    pub head: Option<String>,
    /// The time that has passed for certain.
    pub time_floor: String,
    /// Entries of the deny list in force.
    pub denials: usize,
    /// Failures that count against the trial.
    pub conclusive_failures: u8,
    /// Releases that are not taken for now, newest first.
    pub refused: Vec<RefusedRelease>,
    #[serde(skip)]
    pub(super) record: Record,
}

/// A release that is not taken for now.
#[derive(Clone, Debug, Serialize)]
pub struct RefusedRelease {
    /// The release.
    pub release: String,
    /// Its digest.
    pub digest: String,
    /// Why: a stable code.
    pub reason: String,
    /// The same in words.
    pub words: String,
    /// How often it was tried.
    pub attempts: u16,
    /// When it is tried again.
    pub retry_at: Option<String>,
}

impl Journal {
    /// What a journal says that was read under these settings.
    pub(super) fn of(
        settings: &Settings,
        condition: Condition,
        record: Record,
        installed: Option<&Installed>,
    ) -> Self {
        // The image's own release is a floor too; one on trial is not yet.
        let seed_order =
            installed.filter(|installed| installed.origin() == Origin::Seed).map(Installed::order);
        let release_floor = record.floors.release.max(seed_order.unwrap_or_default());
        let mut keyring = Keyring::restored(record.keyring.as_bytes()).ok().map(named);
        if keyring.is_none() {
            keyring = of_image(settings);
        }
        let (keyring, fleet) = keyring.unzip();
        let head = record.head.map(|head| head.order.to_string());
        Self {
            condition: condition_name(condition),
            medium: medium(&settings.store.path),
            keyring,
            fleet,
            release_floor: release_floor.to_string(),
            head,
            time_floor: instant(record.floors.time),
            denials: record.denials.count(),
            conclusive_failures: record.conclusive_failures,
            refused: record.refusals.iter().map(RefusedRelease::of).collect(),
            record,
        }
    }
}

impl RefusedRelease {
    fn of(refusal: &store::Refusal) -> Self {
        let reason = Reason::from_number(refusal.reason);
        Self {
            release: refusal.order.to_string(),
            digest: refusal.digest.to_string(),
            reason: reason
                .map_or_else(|| format!("reason-{}", refusal.reason), |reason| reason.name().to_owned()),
            words: reason.map_or("a reason of a later version", Reason::words).to_owned(),
            attempts: refusal.attempts,
            retry_at: refusal.retry_at.map(instant),
        }
    }
}

/// The keyring that the image brings, for a store that has none yet.
fn of_image(settings: &Settings) -> Option<(String, String)> {
    if let Some(bytes) = settings.seed_path.as_ref().and_then(|path| std::fs::read(path).ok()) {
        let seed = Seed::parse(&bytes).ok()?;
        return Keyring::provisioned(seed.keyring_document).ok().map(named);
    }
    let bytes = std::fs::read(settings.keyring_path.as_ref()?).ok()?;
    Keyring::provisioned(&bytes).ok().map(named)
}

fn named(keyring: Keyring<'_>) -> (String, String) {
    (keyring.order().to_string(), keyring.fleet().to_owned())
}

const fn condition_name(condition: Condition) -> &'static str {
    match condition {
        Condition::Blank => "blank",
        Condition::Lost => "lost",
        Condition::NewerFormat { .. } => "newer_format",
        Condition::Ready => "ready",
        // The enum may grow; whatever comes is at least not ready.
        _ => "unknown",
    }
}
