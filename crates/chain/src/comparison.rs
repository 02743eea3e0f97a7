//! One served chain under two bundles: whether installing the candidate would lose a service (invariant 10).

use bundle::Denial;

use crate::{Judge, Served, Time, Verdict};

/// The verdicts on one served chain under the present bundle and under a candidate.
///
/// Both are asked about the very same bytes, so that an attacker on the path cannot show one bundle a good chain
/// and the other a bad one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Under the bundle that is installed.
    pub present: Verdict,
    /// Under the bundle that would take its place.
    pub candidate: Verdict,
    /// Every path that verifies under the present bundle runs through something that the candidate denies.
    pub is_excused: bool,
}

impl Comparison {
    /// Judges `served` under both; `denials` is the candidate's deny list.
    #[must_use]
    pub fn of(
        present: &Judge<'_>,
        candidate: &Judge<'_>,
        denials: &[Denial],
        served: &Served<'_>,
        time: Time,
    ) -> Self {
        let verdicts = (present.verdict(served, time), candidate.verdict(served, time));
        let (present_verdict, candidate_verdict) = verdicts;
        let is_excused =
            present_verdict.is_verified() && present.every_path_is_denied_by(denials, served, time);
        Self { present: present_verdict, candidate: candidate_verdict, is_excused }
    }

    /// True where the candidate must be refused: it loses what the present bundle verifies, without excuse.
    #[must_use]
    pub const fn is_loss(&self) -> bool {
        self.present.is_verified() && matches!(self.candidate, Verdict::Refused(_)) && !self.is_excused
    }
}
