//! Alarms over a head's life: at 50, 75 and 90 % of it, and when it is over.

use bundle::UnixSeconds;

use super::PublishedHead;
use crate::date;
use crate::finding::{Finding, Severity};

/// Parts of a lifetime, in percent, from which on it is told, and how much that matters, the latest first. A head that is
/// signed again as planned never reaches the first: `fleet.toml` takes no plan above half of the lifetime.
const STEPS: [(u64, Severity); 4] =
    [(100, Severity::Error), (90, Severity::Error), (75, Severity::Warning), (50, Severity::Notice)];

/// What is to be said of a head's age; `None` in the first half of its life.
#[must_use]
pub fn alarm(channel: &str, head: &PublishedHead, now: UnixSeconds) -> Option<Finding> {
    let lifetime = head.expires_at.since(head.issued_at).max(1);
    let percent = now.since(head.issued_at).saturating_mul(100) / lifetime;
    let (step, severity) = STEPS.into_iter().find(|(step, _)| percent >= *step)?;
    let message = if step == 100 {
        format!(
            "is stale since {}: devices keep what they have and learn nothing new",
            date::instant(head.expires_at)
        )
    } else {
        let left = date::span(head.expires_at.since(now));
        format!("has used {step} % of its lifetime: it is stale in {left}, and was to be signed again before")
    };
    let finding = Finding::new("head-lifetime", severity, format!("the head of {channel}"), message);
    let finding = finding.field(format!("{step} %")).due(head.expires_at);
    Some(finding.hint("see why the head signer does not run, or sign by hand: cloud-updater head sign"))
}

#[cfg(test)]
mod tests {
    use bundle::Order;

    use super::*;

    #[test]
    fn a_head_is_told_of_at_each_part_of_its_lifetime_and_not_before() {
        let head = PublishedHead {
            document: Vec::new(),
            body: Vec::new(),
            order: Order::new(0, 1),
            issued_at: UnixSeconds(1_000),
            expires_at: UnixSeconds(2_000),
            release: Order::new(0, 1),
            release_digest: bundle::Sha256([0; 32]),
            keyring_version: 1,
            share: 10_000,
            previous: None,
            groups: Vec::new(),
            under_newest: true,
        };
        let told =
            |now| alarm("prod", &head, UnixSeconds(now)).map(|told| (told.field.unwrap(), told.severity));
        assert_eq!(told(900), None, "a clock that is behind is no alarm");
        assert_eq!(told(1_499), None);
        let expect = [
            (1_500, 50, Severity::Notice),
            (1_750, 75, Severity::Warning),
            (1_899, 75, Severity::Warning),
            (1_900, 90, Severity::Error),
            (1_999, 90, Severity::Error),
            (2_000, 100, Severity::Error),
            (9_000, 100, Severity::Error),
        ];
        for (now, step, severity) in expect {
            assert_eq!(told(now), Some((format!("{step} %"), severity)), "{now}");
        }
    }
}
