//! Attacks with heads: replayed, withheld, doubled, from elsewhere, or made with a stolen head key.

use bundle::limits::HEAD_STEP_MAX;
use device_agent::{Freshness, Reason};

use super::{
    Attack,
    scene::{CERTIFICATES, Named, START, Scene, content},
};
use crate::publisher::Publisher;

pub(super) const ALL: &[Named] = &[
    ("rollback: an older tree is served", rollback),
    ("rollback: a stolen head key names an older release", rollback_with_head_key),
    ("fast-forward: a head that leaps", fast_forward),
    ("freeze: the same head for ever", freeze),
    ("equivocation: two heads of one number", equivocation),
    ("mix-and-match: the head of another channel", other_channel),
    ("a head without its signature", unsigned),
];

fn rollback() -> Attack {
    let mut scene = Scene::new();
    let old = scene.publisher.tree.clone();
    scene.release(&CERTIFICATES[..3]);
    scene.follow();
    scene.expect_release(2);
    scene.refuse(&old, Reason::HeadOlder);
    scene.end()
}

fn rollback_with_head_key() -> Attack {
    let mut scene = Scene::at_second_release();
    let mut thief = scene.publisher.clone();
    thief.point_head_at(1);
    scene.refuse(&thief.tree, Reason::ReleaseOlder);
    scene.end()
}

fn fast_forward() -> Attack {
    let mut scene = Scene::at_second_release();
    let mut thief = scene.publisher.clone();
    thief.head_number += HEAD_STEP_MAX;
    thief.sign_head();
    scene.refuse(&thief.tree, Reason::HeadFastForward);
    scene.end()
}

fn freeze() -> Attack {
    let mut scene = Scene::at_second_release();
    let frozen = scene.publisher.tree.clone();
    scene.release(&CERTIFICATES);
    let before = scene.device.trust_state();
    scene.device.pass(15 * 86_400);
    let reason = scene.device.cycle(&mut |path| frozen.get(path).cloned(), &mut crate::device::all_verify);
    let stale = matches!(scene.device.status().freshness, Freshness::Stale { .. });
    scene.expect(stale, "the device does not call itself stale");
    scene.expect(reason == Some(Reason::Stale), "the reason is not stale");
    let kept = scene.device.trust_state() == before;
    scene.expect(kept, "staleness took trust away");
    scene.publisher.now = START.plus(16 * 86_400);
    scene.publisher.sign_head();
    scene.follow();
    scene.expect_release(3);
    scene.end_as("stale")
}

fn equivocation() -> Attack {
    let mut scene = Scene::at_second_release();
    let mut thief = scene.publisher.clone();
    thief.head_number -= 1;
    if let Some(head) = &mut thief.head {
        head.refresh_seconds += 1;
    }
    thief.sign_head();
    scene.refuse(&thief.tree, Reason::HeadEquivocation);
    scene.end()
}

fn other_channel() -> Attack {
    let mut scene = Scene::at_second_release();
    let mut staging = Publisher::new("staging", START);
    for count in [2, 3, 4] {
        let next = content(&staging, &CERTIFICATES[..count]);
        staging.publish(&next, &CERTIFICATES[..count]);
    }
    let mut tree = scene.publisher.tree.clone();
    tree.extend(staging.tree.get("staging/head").map(|head| ("prod/head".to_owned(), head.clone())));
    scene.refuse(&tree, Reason::HeadOfOtherChannel);
    scene.end()
}

fn unsigned() -> Attack {
    let mut scene = Scene::at_second_release();
    let mut thief = scene.publisher.clone();
    thief.head_signers = vec![77];
    thief.sign_head();
    scene.refuse(&thief.tree, Reason::HeadUnsigned);
    scene.end()
}
