//! What `draft` answers.

use serde::Serialize;

use crate::cli::coverage::Coverage;
use crate::cli::signers_answer::SignersAnswer;
use crate::diff::{Change, Difference};
use crate::finding::Findings;

/// What was drafted.
#[derive(Default, Serialize)]
pub(super) struct Answer {
    pub(super) channel: String,
    pub(super) number: Option<u32>,
    pub(super) files: Vec<String>,
    pub(super) bundle_bytes: u64,
    pub(super) bundle_bytes_max: u64,
    pub(super) changes: Vec<Change>,
    pub(super) warnings: Vec<String>,
    /// What the linter says, the most serious first.
    #[serde(flatten)]
    pub(super) lint: Findings,
    /// Which services it verifies, by what was seen of them; nothing for a revoke-all.
    pub(super) coverage: Option<Coverage>,
    pub(super) signers: Vec<SignersAnswer>,
    pub(super) promoted: Option<Promoted>,
    pub(super) notes: String,
}

/// How far a promoted release has come where it comes from.
#[derive(Clone, Serialize)]
pub(super) struct Promoted {
    pub(super) from: String,
    pub(super) release: u32,
    pub(super) confirmed_devices: u32,
    pub(super) on_trial_devices: u32,
    pub(super) reporting_devices: u32,
}

impl Answer {
    /// The answer for people.
    pub(super) fn text(&self) -> String {
        let difference = Difference { changes: self.changes.clone() };
        let mut text = difference.to_string();
        if let Some(promoted) = &self.promoted {
            let Promoted { from, release, confirmed_devices, on_trial_devices, reporting_devices } = promoted;
            text.push_str(&format!(
                "\nrelease {release} of {from}: confirmed by {confirmed_devices} of {reporting_devices} reporting devices, \
                 {on_trial_devices} on trial\n"
            ));
        }
        text.push_str(&self.notes);
        if let Some(coverage) = &self.coverage {
            text.push_str(&format!("\n{coverage}"));
        }
        text.push_str(&format!("\nbundle: {} of {} bytes\n", self.bundle_bytes, self.bundle_bytes_max));
        for signers in &self.signers {
            text.push_str(&format!("needs {signers}\n"));
        }
        for file in &self.files {
            text.push_str(&format!("{file}\n"));
        }
        text.push_str(&format!("next, each signer: cloud-updater sign {}\n", self.files.join(" ")));
        text
    }
}
