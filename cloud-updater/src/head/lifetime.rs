//! Alarms over a head's life: at 50, 75 and 90 % of it, and when it is over.

use bundle::UnixSeconds;

use super::signing::CLOCK_SKEW_SECONDS_MAX;
use super::{Published, PublishedHead};
use crate::date;
use crate::finding::{Finding, Severity};

/// Parts of a lifetime, in percent, from which on it is told, and how much that matters, the latest first. A head that is
/// signed again as planned never reaches the first: `fleet.toml` takes no plan of half of the lifetime or more. So the
/// first one already means that something does not run, and alerts.
const STEPS: [(u64, Severity); 4] =
    [(100, Severity::Error), (90, Severity::Error), (75, Severity::Warning), (50, Severity::Warning)];

/// What is to be said of what stands where a channel's head should, called `subject`; `was_signed` where a head is known
/// to have been there.
#[must_use]
pub fn alarm(subject: &str, published: &Published, was_signed: bool, now: UnixSeconds) -> Option<Finding> {
    let finding = |rule, severity, message: String| Finding::new(rule, severity, subject, message);
    let hint = "see why the head signer does not run, or sign by hand: cloud-updater head sign";
    match published {
        Published::Good(head) => of_head(subject, head, now).map(|told| told.hint(hint)),
        Published::Bad { error, .. } => {
            let message = format!("is none that devices would take: {error}");
            Some(finding("head-unreadable", Severity::Error, message).hint(hint))
        }
        Published::Missing if was_signed => {
            let message = "is missing, and one was published: devices learn nothing new".to_owned();
            Some(finding("head-missing", Severity::Error, message).hint(hint))
        }
        Published::Missing => {
            let message = "is missing: devices do not learn of the release yet".to_owned();
            Some(finding("head-missing", Severity::Notice, message).hint("cloud-updater head sign"))
        }
    }
}

/// The part of a lifetime, in percent, that has come, and how much that matters; `None` in the first half.
#[must_use]
pub fn step(issued_at: UnixSeconds, expires_at: UnixSeconds, now: UnixSeconds) -> Option<(u64, Severity)> {
    let lifetime = expires_at.since(issued_at).max(1);
    let percent = now.since(issued_at).saturating_mul(100) / lifetime;
    STEPS.into_iter().find(|(step, _)| percent >= *step)
}

/// What is to be said of a head's age; `None` in the first half of its life.
fn of_head(subject: &str, head: &PublishedHead, now: UnixSeconds) -> Option<Finding> {
    if head.issued_at.since(now) > CLOCK_SKEW_SECONDS_MAX {
        let day = date::instant(head.issued_at);
        let message = format!(
            "was issued at {day}, which has not come yet: the clock of its signer, or this one, is wrong"
        );
        return Some(Finding::new("head-from-future", Severity::Error, subject, message));
    }
    let (step, severity) = step(head.issued_at, head.expires_at, now)?;
    let message = if step == 100 {
        let since = date::instant(head.expires_at);
        format!("is stale since {since}: devices keep what they have and learn nothing new")
    } else {
        let left = date::span(head.expires_at.since(now));
        format!("has used {step} % of its lifetime: it is stale in {left}, and was to be signed again before")
    };
    let finding = Finding::new("head-lifetime", severity, subject, message);
    Some(finding.field(format!("{step} %")).due(head.expires_at))
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
        let published = Published::Good(head);
        let alarm = |published, was_signed, now| alarm("prod", published, was_signed, UnixSeconds(now));
        let told = |now| alarm(&published, true, now).map(|told| (told.field.unwrap(), told.severity));
        assert_eq!(told(900), None, "a clock may be a little behind");
        assert_eq!(alarm(&published, true, 699).unwrap().rule, "head-from-future");
        let missing = |was_signed| alarm(&Published::Missing, was_signed, 900).unwrap();
        assert_eq!((missing(true).severity, missing(false).severity), (Severity::Error, Severity::Notice));
        assert_eq!(told(1_499), None);
        let expect = [
            (1_500, 50, Severity::Warning),
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
