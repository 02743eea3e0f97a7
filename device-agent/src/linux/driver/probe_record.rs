//! What the last round of probes found at one endpoint, as the activity file keeps it.

use serde::{Deserialize, Serialize};

use crate::linux::report::Observation;
use crate::{ProbeOutcome, Reason, Verdict};

/// One endpoint of the last round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeRecord {
    /// The service.
    pub service: String,
    /// `host:port`.
    pub endpoint: String,
    /// Under the present bundle: `verified`, or the reason's code; nothing where it was not asked.
    pub present: Option<String>,
    /// Under the candidate.
    pub candidate: Option<String>,
    /// True where the candidate loses it without an excuse.
    #[serde(default)]
    pub is_lost: bool,
}

impl ProbeRecord {
    /// What was lost, and the code of why.
    #[must_use]
    pub fn loss(&self) -> String {
        let code = self.candidate.as_deref().unwrap_or(Reason::ServiceDropped.name());
        format!("{}: {code} (service {})", self.endpoint, self.service)
    }

    pub(super) fn of(observation: &Observation) -> Self {
        let ProbeOutcome { present, candidate, excused } = observation.outcome;
        let is_refused = matches!(candidate, Some(Verdict::Refused(_)));
        Self {
            service: observation.service.clone(),
            endpoint: observation.endpoint.clone(),
            present: present.map(|verdict| code(verdict).to_owned()),
            candidate: candidate.map(|verdict| code(verdict).to_owned()),
            is_lost: present == Some(Verdict::Verified) && (is_refused || observation.is_dropped) && !excused,
        }
    }
}

/// `verified`, or the reason's code.
const fn code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Verified => "verified",
        Verdict::Refused(reason) | Verdict::Inconclusive(reason) => Reason::name(reason),
    }
}
