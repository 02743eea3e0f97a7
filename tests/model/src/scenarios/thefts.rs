//! Thefts: whole thresholds are in a thief's hands, and the operator answers.

use bundle::Order;

use super::cast::{
    A, B, EVIL, HEAD_1, HEAD_2, RELEASE_2, first_keyring, floors, head, next_keyring, one_of, recovery,
    release, step, two_of,
};
use crate::{
    device::Event,
    documents::{
        Document::{Head, Keyring, Release},
        Head as HeadDocument, Keyring as KeyringDocument, Release as ReleaseDocument,
    },
    scenario::{Hazards, Image, Scenario},
};

/// The head keys are stolen; the next keyring replaces them and restates the head's floor.
pub(super) fn head_keys() -> Scenario {
    let first = first_keyring();
    let second = KeyringDocument {
        head: one_of(HEAD_2),
        restated: floors(None, Some(Order::new(0, 1))),
        ..next_keyring("keyring 2, with other head keys", &first)
    };
    let forged = ReleaseDocument {
        signed: HEAD_1,
        is_forged: true,
        ..release("a release signed by head keys", 4, A | EVIL, B)
    };
    let of_second = HeadDocument {
        keyring_version: 2,
        names_keyring: 2,
        signed: HEAD_2,
        ..head("head 2 of keyring 2", 2, 2)
    };
    Scenario {
        keyrings: vec![first, second],
        releases: vec![
            release("release 1", 1, A, 0),
            release("release 2", 2, A | B, 0),
            release("release 3", 3, A | B, 0),
            forged,
        ],
        heads: vec![
            head("head 2", 2, 1),
            head("head 3", 3, 2),
            of_second,
            head("the thief's head 3, which names release 2", 3, 1),
            head("the thief's head 8, which names release 1", 8, 0),
            head("the thief's head 50, which names a release of his own", 50, 3),
            HeadDocument { names_keyring: 9, ..head("the thief's head 8, which names keyring 9", 8, 1) },
        ],
        recovery: recovery(),
        steps: vec![
            step("release 2 and head 2", [Release(1), Head(0)]),
            step("release 3 and head 3", [Release(2), Head(1)]),
            step("keyring 2 and its head", [Keyring(1), Head(2)]),
        ],
        loot: vec![Release(3), Head(3), Head(4), Head(5), Head(6)],
        answered_from: 3,
        hazards: Hazards { head_file: true, ..Scenario::empty("", "").hazards },
        sights: vec![Event::Confirmed, Event::EquivocationRefused, Event::FloorRestated, Event::OlderIgnored],
        ..Scenario::empty(
            "head_keys_stolen",
            "a thief of the head keys shows what he likes; a keyring replaces them and restates the floor",
        )
    }
}

/// Release and head keys are stolen; the next keyring replaces both and restates both floors.
pub(super) fn release_keys() -> Scenario {
    let first = first_keyring();
    let second = KeyringDocument {
        release: two_of(RELEASE_2),
        head: one_of(HEAD_2),
        restated: floors(Some(Order::new(0, 1)), Some(Order::new(0, 1))),
        ..next_keyring("keyring 2, with other release and head keys", &first)
    };
    let third = next_keyring("keyring 3", &second);
    let by_second = |release: ReleaseDocument| ReleaseDocument { signed: RELEASE_2, ..release };
    let of = |version, head: HeadDocument| HeadDocument {
        keyring_version: version,
        names_keyring: version,
        signed: HEAD_2,
        ..head
    };
    Scenario {
        keyrings: vec![first, second, third],
        releases: vec![
            release("release 1", 1, A, 0),
            release("release 2", 2, A, 0),
            by_second(release("release 3", 3, A, 0)),
            by_second(release("release 4", 4, A | B, EVIL)),
            release("the thief's release 2", 2, A | EVIL, 0),
            ReleaseDocument { issued_at: 99, ..release("the thief's release 9", 9, A | EVIL, B) },
        ],
        heads: vec![
            head("head 2", 2, 1),
            of(2, head("head 3 of keyring 2", 3, 2)),
            of(3, head("head 4 of keyring 3", 4, 3)),
            head("the thief's head 5", 5, 4),
            head("the thief's head 9", 9, 5),
        ],
        recovery: recovery(),
        steps: vec![
            step("release 2 and head 2", [Release(1), Head(0)]),
            step("keyring 2, release 3 and head 3", [Keyring(1), Release(2), Head(1)]),
            step("keyring 3, release 4 and head 4", [Keyring(2), Release(3), Head(2)]),
        ],
        loot: vec![Release(4), Release(5), Head(3), Head(4)],
        new_image: Some(Image { keyring: 2, seed: 3, from_step: 3 }),
        answered_from: 2,
        evil: EVIL,
        hazards: Hazards { path: true, ..Scenario::empty("", "").hazards },
        sights: vec![
            Event::Confirmed,
            Event::EquivocationRefused,
            Event::FloorRestated,
            Event::ImageTaken,
            Event::OlderIgnored,
            Event::TrialGaveWay,
            Event::VetoOverruled,
        ],
        ..Scenario::empty(
            "release_keys_stolen",
            "a thief of release and head keys installs what he likes; keyrings replace them and restate the floors",
        )
    }
}
