//! Instructions of one case, counted by callgrind in a process of its own.

use std::hint::black_box;
use std::process::Command;

use trust_store::Refreshed;

use crate::scene::Scene;

/// How often a case is run for its average: handshakes differ a little by the numbers that they draw.
const ROUNDS: u32 = 60;

/// Instructions of one round of a case.
pub(crate) fn instructions(case: &str, anchors: usize) -> f64 {
    let mut valgrind = Command::new("valgrind");
    // Collected is what runs inside of `counted`, and nothing of the scene and the server.
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"]);
    valgrind.arg("--toggle-collect=*cost*counted*").arg(std::env::current_exe().unwrap());
    let ended = valgrind.args([case, &anchors.to_string()]).output();
    let ended = ended.unwrap_or_else(|error| panic!("valgrind: {error}: install Debian's package valgrind"));
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{case}: {told}");
    let collected = told.lines().find_map(|line| line.split_once("Collected : "));
    let collected: f64 = collected.expect("callgrind counts").1.trim().parse().expect("a number");
    assert!(collected > 0.0, "{case}: callgrind saw nothing of it");
    collected / f64::from(ROUNDS)
}

/// Runs a case, its first round not counted: what is made once for a configuration is no cost of a handshake.
pub(crate) fn run(case: &str, scene: &Scene) {
    let config = if case == "plain" { &scene.plain } else { &scene.following };
    let round = |is_counted: bool| match case {
        "following" | "plain" => {
            scene.handshake(config, |step| if is_counted { counted(step) } else { step() });
        }
        // A configuration that has seen nothing yet: it has no ticket to offer, and judges the chain.
        "first" | "first-guarded" | "plain-first" => {
            let config = if case == "plain-first" { scene.fresh_plain() } else { scene.fresh_following() };
            scene.handshake(&config, |step| if is_counted { counted(step) } else { step() });
        }
        "lookup" => during(is_counted, || {
            let installed = scene.store.installed();
            let lookup = installed.lookup("hub").unwrap();
            assert_eq!(black_box(lookup.by_subject(black_box(&scene.subject))).count(), 1);
        }),
        "swap" => {
            scene.install();
            during(is_counted, || assert_eq!(scene.store.refresh().unwrap(), Refreshed::Changed));
        }
        "walk" => during(is_counted, || {
            let installed = scene.store.installed();
            let is_it = |der: &[u8]| {
                chain::Certificate::parse(der).is_ok_and(|one| one.subject().as_der() == scene.subject)
            };
            assert_eq!(installed.anchors("hub").unwrap().filter(|anchor| is_it(anchor.der)).count(), 1);
        }),
        other => panic!("{other}: no such case"),
    };
    round(false);
    (0..ROUNDS).for_each(|_| round(true));
}

fn during(is_counted: bool, mut step: impl FnMut()) {
    if is_counted { counted(&mut step) } else { step() }
}

/// What callgrind looks for by its name.
#[inline(never)]
fn counted(step: &mut dyn FnMut()) {
    step();
    // Keeps the call from being the function's last word, which would make it a jump.
    black_box(());
}
