//! Attacks on the proof that endpoints still verify.

use device_agent::{ProbeOutcome, Reason, Verdict};

use super::{
    Attack,
    scene::{CERTIFICATES, Named, Scene},
};

pub(super) const ALL: &[Named] = &[
    ("a release that would lose an endpoint", regression),
    ("an on-path veto of the probe", on_path_veto),
    ("silence instead of evidence", silence),
];

fn outcome(present: Verdict, candidate: Verdict) -> ProbeOutcome {
    ProbeOutcome { present: Some(present), candidate: Some(candidate), excused: false }
}

fn regression() -> Attack {
    let mut scene = Scene::at_second_release();
    scene.release(&CERTIFICATES[2..]);
    let tree = scene.publisher.tree.clone();
    scene.device.pass(3_600);
    let (before, bytes) = (scene.device.trust_state(), scene.device.bytes());
    let mut probe = |_: &str| outcome(Verdict::Verified, Verdict::Refused(Reason::ProbeChain));
    let reason = scene.device.cycle(&mut |path| tree.get(path).cloned(), &mut probe);
    scene.judge(reason, Reason::ProbeRegression, &before, &bytes);
    scene.end()
}

fn on_path_veto() -> Attack {
    // Whoever is on the path serves a chain that nobody trusts: it is judged under both bundles alike, so it
    // verifies under neither, and what did not verify before cannot be lost.
    let mut scene = Scene::at_second_release();
    scene.release(&CERTIFICATES);
    let tree = scene.publisher.tree.clone();
    scene.device.pass(3_600);
    let refused = Verdict::Refused(Reason::ProbeChain);
    scene.device.cycle(&mut |path| tree.get(path).cloned(), &mut |_| outcome(refused, refused));
    scene.expect_release(3);
    scene.end_as("not_vetoed")
}

fn silence() -> Attack {
    let mut scene = Scene::at_second_release();
    scene.release(&CERTIFICATES);
    let tree = scene.publisher.tree.clone();
    scene.device.pass(3_600);
    let mut silent = |_: &str| {
        let nothing = Verdict::Inconclusive(Reason::ProbeTimeout);
        outcome(nothing, nothing)
    };
    scene.device.cycle(&mut |path| tree.get(path).cloned(), &mut silent);
    scene.expect_release(3);
    let on_trial =
        scene.device.status().phase == device_agent::Phase::Trial || scene.device.status().fallback.is_some();
    scene.expect(on_trial, "silence confirmed the trial");
    scene.end_as("trial_stays_open")
}
