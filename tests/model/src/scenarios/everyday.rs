//! Everyday: no threshold is stolen; the network is an attacker's all the same.

use super::cast::{A, B, C, D, EVIL, ONE_RELEASE_KEY, first_keyring, head, recovery, release, step};
use crate::{
    device::Event,
    documents::{
        Document::{Head, Release},
        Head as HeadDocument, Release as ReleaseDocument,
    },
    scenario::Scenario,
};

/// A removal, a release that breaks the service, and its repair; one release key is stolen.
pub(super) fn rollouts() -> Scenario {
    let forged_release = ReleaseDocument {
        signed: ONE_RELEASE_KEY,
        is_forged: true,
        ..release("a release of one stolen key", 2, A | EVIL, C)
    };
    let forged_head = HeadDocument { signed: 0, is_forged: true, ..head("an unsigned head", 9, 4) };
    Scenario {
        keyrings: vec![first_keyring()],
        releases: vec![
            release("release 1", 1, A | B, 0),
            release("release 2", 2, A | C, B),
            release("release 3, which breaks the service", 3, C, B | D),
            release("release 4", 4, A | C, B | D),
            forged_release,
            release("release 5", 5, A | C | D, B),
        ],
        heads: vec![
            head("head 2", 2, 1),
            head("head 3", 3, 2),
            head("head 4", 4, 3),
            forged_head,
            head("head 5", 5, 5),
        ],
        recovery: recovery(),
        steps: vec![
            step("release 2 and head 2", [Release(1), Head(0)]),
            step("release 3 and head 3", [Release(2), Head(1)]),
            step("release 4 and head 4", [Release(3), Head(2)]),
            step("release 5 and head 5", [Release(5), Head(4)]),
        ],
        loot: vec![Release(4), Head(3)],
        sights: vec![
            Event::Confirmed,
            Event::LossRefused,
            Event::OlderIgnored,
            Event::Reverted,
            Event::TrialGaveWay,
        ],
        ..Scenario::empty(
            "rollouts",
            "an anchor is removed, a release breaks the service, the next one repairs it; one release key is stolen",
        )
    }
}

/// A rollout whose share comes, goes and comes again.
pub(super) fn shares() -> Scenario {
    let outside = |name, number, release, previous| HeadDocument {
        in_share: false,
        previous,
        ..head(name, number, release)
    };
    Scenario {
        keyrings: vec![first_keyring()],
        releases: vec![
            release("release 1", 1, A | B, 0),
            release("release 2", 2, A | C, 0),
            release("release 3", 3, A | C | D, B),
        ],
        heads: vec![
            outside("head 2, outside the share", 2, 1, None),
            head("head 3", 3, 1),
            outside("head 4, outside the share", 4, 2, Some(1)),
            head("head 5", 5, 2),
            outside("head 6, with a lowered share", 6, 2, Some(1)),
        ],
        recovery: recovery(),
        steps: vec![
            step("release 2, for others", [Release(1), Head(0)]),
            step("release 2, for this device", [Head(1)]),
            step("release 3, for others", [Release(2), Head(2)]),
            step("release 3, for this device", [Head(3)]),
            step("release 3, with a lowered share", [Head(4)]),
        ],
        sights: vec![Event::Confirmed, Event::OlderIgnored, Event::TrialGaveWay],
        ..Scenario::empty(
            "shares",
            "a rollout reaches the device, is paused, and goes on with another release",
        )
    }
}
