//! The stories of the exploration: what a device holds at the beginning, what is published, what its probes say.

use bundle::{Denial, DenialKind, Order, Sha256, UnixSeconds};
use device_agent::{ProbeOutcome, Reason, Verdict};

use crate::{
    publisher::{Publisher, Tree},
    signers::{self, KEYRING_KEYS},
};

/// When every story begins.
pub(super) const START: UnixSeconds = UnixSeconds(1_790_000_000);
/// The certificates: bytes are enough, since the engine does not read them. The first fills more than one block.
const CERTIFICATES: [&[u8]; 6] =
    [&[7; 5_000], b"second root", b"third root", b"fourth root", b"fifth root", b"sixth root"];

/// One cycle of a story: what the server has, and what probes say.
pub(super) struct Act {
    pub(super) tree: Tree,
    pub(super) probe: fn(&str) -> ProbeOutcome,
}

/// A way through the engine.
pub(super) struct Story {
    pub(super) seed: Vec<u8>,
    /// The cycles before the power fails for the first time.
    pub(super) before: Act,
    pub(super) acts: Vec<Act>,
    /// The releases that may be readable on the way.
    pub(super) allowed: Vec<u32>,
    /// What is published when the power is back, and must be installed in the end.
    pub(super) after: Act,
    pub(super) last: Order,
}

fn verified(_endpoint: &str) -> ProbeOutcome {
    both(Verdict::Verified)
}

fn silent(_endpoint: &str) -> ProbeOutcome {
    both(Verdict::Inconclusive(Reason::ProbeTcp))
}

fn refused(_endpoint: &str) -> ProbeOutcome {
    let candidate = Some(Verdict::Refused(Reason::ProbeChain));
    ProbeOutcome { present: Some(Verdict::Verified), candidate, excused: false }
}

const fn both(verdict: Verdict) -> ProbeOutcome {
    ProbeOutcome { present: Some(verdict), candidate: Some(verdict), excused: false }
}

fn publish(publisher: &mut Publisher, certificates: &[usize], denied: &[usize]) -> Tree {
    let certificates: Vec<&[u8]> =
        certificates.iter().filter_map(|index| CERTIFICATES.get(*index)).copied().collect();
    let mut content = crate::attacks::content(publisher, &certificates);
    let denied = denied.iter().filter_map(|index| CERTIFICATES.get(*index));
    content.denials =
        denied.map(|der| Denial { kind: DenialKind::Certificate, sha256: Sha256::of(&[der]) }).collect();
    publisher.publish(&content, &certificates);
    publisher.tree.clone()
}

/// Every story.
pub(super) fn all() -> [Story; 3] {
    let mut publisher = Publisher::new("prod", START);
    publish(&mut publisher, &[0, 1], &[]);
    let seed = publisher.seed(1);
    let second = publish(&mut publisher, &[0, 2], &[]);
    publisher.publish_keyring(&signers::first_keyring(), None, Order::new(0, 2), &KEYRING_KEYS[..2]);
    let third = publish(&mut publisher, &[0, 3, 4], &[1]);
    let fourth = publish(&mut publisher, &[0, 5], &[1]);
    let fifth = publish(&mut publisher, &[0, 2, 5], &[1]);
    let act = |tree: &Tree, probe| Act { tree: tree.clone(), probe };
    let story = |acts, allowed: &[u32], after: &Tree, last| Story {
        seed: seed.clone(),
        before: act(&second, verified),
        acts,
        allowed: allowed.to_vec(),
        after: act(after, verified),
        last: Order::new(0, last),
    };
    let trial = || act(&third, silent);
    let evidence = || act(&third, refused);
    [
        // A keyring and a release with a denial, confirmed.
        story(vec![act(&third, verified)], &[2, 3], &fourth, 4),
        // A trial that stays open, and a newer release over it.
        story(vec![trial(), act(&fourth, silent)], &[2, 3, 4], &fifth, 5),
        // A trial that is reverted by evidence.
        story(vec![trial(), evidence(), evidence(), evidence()], &[2, 3], &fourth, 4),
    ]
}
