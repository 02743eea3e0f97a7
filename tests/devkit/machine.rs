//! The app on a whole machine, whose memory, storage and network are as small as the device's; and the table of TLS
//! servers, which needs no board.

use std::time::Duration;

use system_tests::{
    board::kit::MEMORY_BYTES_MAX,
    tls_rows::{self, NativeClient},
};

use crate::{
    figures::Figures,
    lab::{HOST, Lab, Root, served},
    scene::Scene,
    test::{Observation, Test, Tier, require},
};

/// The tests of this file.
pub(crate) const TESTS: [Test; 2] = [
    Test {
        name: "an update beside a session of the app's own stays within the device's memory",
        tier: Tier::Strict,
        act: update_on_a_machine,
    },
    Test { name: "every TLS server ends as its row says", tier: Tier::Host, act: every_row },
];

/// The name of the tree's server in the machine's network.
const TREE: &str = "updates.example";
/// How long the machine may take to end after its program.
const PATIENCE: Duration = Duration::from_secs(60);

fn update_on_a_machine(scene: &Scene, figures: &mut Figures) -> Observation {
    let mut lab = Lab::new(scene, "machine")?;
    let web = lab.another_web(&lab.tree_identity_as(TREE))?;
    let mut boot = lab.boot_with("board", &[web.url(TREE)], &[TREE, HOST]);
    // The machine has a name system of its own.
    let named = boot.arguments.iter().position(|word| word == "--address");
    if let Some(at) = named {
        boot.arguments.drain(at..at + 2);
    }
    boot.arguments.extend(["--cycles", "2"].map(str::to_owned));
    boot.hosts = vec![served(TREE, web.address()), served(HOST, lab.hub.address())];
    let mut app = lab.start_strict(&boot)?;
    app.wait("ready", &[("release", "0.1"), ("phase", "seed")])?;
    app.wait("cycle", &[("release", "0.1"), ("reason", "up_to_date")])?;
    lab.publish(&[Root::Old, Root::New]);
    lab.hub.nudge();
    app.wait("changed", &[("release", "0.2")])?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    let ending = app.ending_within(PATIENCE)?;
    require(ending.code == 0, || format!("it ended with {}:\n{}", ending.code, app.log()))?;
    let peak = ending.memory_peak_bytes.ok_or("the machine does not say what it took")?;
    require(peak < MEMORY_BYTES_MAX, || format!("{peak} bytes at the peak"))?;
    figures.memory_peak_bytes = Some(peak);
    Ok(format!("the kernel charged {peak} bytes at most, of {MEMORY_BYTES_MAX}"))
}

fn every_row(_: &Scene, figures: &mut Figures) -> Observation {
    let (rows, hostile) = (tls_rows::rows()?, tls_rows::hostile_rows()?);
    let (mut passed, mut wrong) = (0_u64, Vec::new());
    for row in rows.iter().chain(&hostile) {
        let outcome = tls_rows::run(row, &NativeClient)?;
        if outcome.is_expected {
            passed += 1;
        } else {
            wrong.push(format!("{}: {} instead of {}", row.name, outcome.answer, row.expect));
        }
    }
    let total = rows.len() + hostile.len();
    figures.tls_rows_passed = Some(passed);
    figures.tls_rows_total = u64::try_from(total).ok();
    require(wrong.is_empty(), || wrong.join("\n"))?;
    Ok(format!("{} servers of openssl and {} scripts of a hostile one", rows.len(), hostile.len()))
}
