//! Tests of judgement: what clocks, images, hosts and orders make of a release.

use std::{error::Error, fs, io};

use bundle::{Denial, DenialKind, Sha256};
use system_tests::board::kit::{Boot, Clock};

use crate::{
    app::App,
    figures::Figures,
    lab::{HOST, Lab, NOW, Root, TREE_HOST, control},
    scene::Scene,
    test::{Observation, Test, Tier, require},
};

/// The tests of judgement.
pub(crate) const TESTS: [Test; 7] = [
    Test {
        name: "a device without a clock installs, and learns the time later",
        tier: Tier::Fast,
        act: no_clock,
    },
    Test { name: "a clock at 1970 is no clock", tier: Tier::Fast, act: year_1970 },
    Test { name: "a clock at 2099 costs no bundle", tier: Tier::Fast, act: year_2099 },
    Test {
        name: "a clock at 2099 costs a whole machine no bundle",
        tier: Tier::Strict,
        act: year_2099_machine,
    },
    Test { name: "an older app under a newer store reads the store", tier: Tier::Fast, act: older_app },
    Test {
        name: "a host that the image does not allow is no regression",
        tier: Tier::Fast,
        act: not_allowed,
    },
    Test { name: "a withdrawal and a distrust order take effect", tier: Tier::Fast, act: orders },
];

/// The first second of 2099.
const YEAR_2099: i64 = 4_070_908_800;
/// A second of 1970.
const YEAR_1970: i64 = 1_000;

fn no_clock(scene: &Scene, _: &mut Figures) -> Observation {
    let lab = Lab::with_update(scene, "no-clock")?;
    let mut boot = lab.boot("board");
    boot.clock = Clock::Unset;
    let app = lab.start(&boot)?;
    app.wait("ready", &[("release", "0.1")])?;
    app.wait("changed", &[("release", "0.2"), ("clock_unknown", "1")])?;
    control(&boot.directory, &format!("clock {NOW}"))?;
    app.wait("service", &[("verdict", "verified")])?;
    lab.hub.nudge();
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed"), ("clock_unknown", "0")])?;
    app.stop()?;
    Ok("release 2 without a clock; confirmed with one, in the same process".to_owned())
}

fn year_1970(scene: &Scene, _: &mut Figures) -> Observation {
    let lab = Lab::with_update(scene, "year-1970")?;
    let mut boot = lab.boot("board");
    boot.clock = Clock::Seconds(YEAR_1970);
    let app = lab.start(&boot)?;
    app.wait("ready", &[("release", "0.1"), ("clock_unknown", "1")])?;
    // Chains are judged by the floors of time, and no date of 1970 speaks against one.
    app.wait("log", &[("text", "probe"), ("present", "verified"), ("candidate", "verified")])?;
    app.wait("changed", &[("release", "0.2"), ("clock_unknown", "1")])?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed"), ("clock_unknown", "1")])?;
    control(&boot.directory, &format!("clock {NOW}"))?;
    app.wait("service", &[("verdict", "verified")])?;
    lab.hub.nudge();
    app.wait("cycle", &[("release", "0.2"), ("reason", "up_to_date"), ("clock_unknown", "0")])?;
    app.stop()?;
    Ok("release 2 confirmed with clock_unknown=1; the time is known later, in the same process".to_owned())
}

/// What a board in 2099 comes to, and stays at: the release is installed and on trial, since every chain of every service
/// is out of date under both bundles, which speaks against neither; and nobody vouches for freshness any more.
const IN_2099: [(&str, &str); 5] =
    [("release", "0.2"), ("phase", "trial"), ("reason", "on_trial"), ("stale", "1"), ("clock_unknown", "0")];
/// What it comes to with the right time.
const CONFIRMED: [(&str, &str); 4] =
    [("release", "0.2"), ("phase", "confirmed"), ("reason", "up_to_date"), ("stale", "0")];

fn year_2099(scene: &Scene, _: &mut Figures) -> Observation {
    let lab = Lab::with_update(scene, "year-2099")?;
    let mut boot = lab.boot("board");
    in_2099(&lab, &mut boot, Tier::Fast, App::stop)?;
    // The right time, in the same process.
    let app = lab.start(&boot)?;
    app.wait("cycle", &IN_2099)?;
    control(&boot.directory, &format!("clock {NOW}"))?;
    app.wait("service", &[("verdict", "verified")])?;
    app.wait("cycle", &CONFIRMED)?;
    app.stop()?;
    Ok("release 2 stays on trial and stale in 2099, over restarts; confirmed with the right time".to_owned())
}

fn year_2099_machine(scene: &Scene, _: &mut Figures) -> Observation {
    let lab = Lab::with_update(scene, "year-2099-machine")?;
    let (mut boot, _web) = lab.machine("board")?;
    let cut_power = |app| {
        drop::<App>(app);
        Ok(())
    };
    in_2099(&lab, &mut boot, Tier::Strict, cut_power)?;
    boot.clock = Clock::Seconds(NOW);
    let app = lab.start_on(Tier::Strict, &boot)?;
    app.wait("ready", &[("release", "0.2"), ("phase", "trial")])?;
    app.wait("cycle", &CONFIRMED)?;
    Ok("release 2 stays on trial and stale in 2099, over a power cut; confirmed with the right time"
        .to_owned())
}

/// Installs in 2099, and starts anew in it, which ends no trial; `end` ends the app as the board can.
fn in_2099<T>(
    lab: &Lab<'_>,
    boot: &mut Boot,
    tier: Tier,
    end: impl FnOnce(App) -> io::Result<T>,
) -> Result<(), Box<dyn Error>> {
    boot.clock = Clock::Seconds(YEAR_2099);
    let app = lab.start_on(tier, boot)?;
    app.wait("ready", &[("release", "0.1"), ("phase", "seed")])?;
    app.wait("log", &[("text", "probe"), ("present", "date"), ("candidate", "date")])?;
    app.wait("cycle", &IN_2099)?;
    end(app)?;
    let app = lab.start_on(tier, boot)?;
    app.wait("ready", &[("release", "0.2"), ("phase", "trial")])?;
    app.wait("cycle", &IN_2099)?;
    Ok(())
}

fn older_app(scene: &Scene, _: &mut Figures) -> Observation {
    let lab = Lab::with_update(scene, "older-app")?;
    let boot = lab.boot("board");
    installs(&lab, "board", "0.1")?;
    // The image still has release 1.
    let app = lab.start(&boot)?;
    app.wait("ready", &[("release", "0.2"), ("phase", "confirmed")])?;
    app.stop()?;
    // Another component id is another file: an empty one.
    fs::remove_file(boot.directory.join("mutable"))?;
    installs(&lab, "board", "0.1")?;
    Ok("release 2 over the image's release 1; the image's without a file, then release 2 again".to_owned())
}

/// A board starts on this release and comes to release 2.
fn installs(lab: &Lab<'_>, board: &str, from: &str) -> Result<(), Box<dyn Error>> {
    let app = lab.start(&lab.boot(board))?;
    app.wait("ready", &[("release", from)])?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    app.stop()?;
    Ok(())
}

fn not_allowed(scene: &Scene, _: &mut Figures) -> Observation {
    let mut lab = Lab::new(scene, "not-allowed")?;
    // What the service chains to is lost with release 2: a board that may look sees a regression.
    lab.publish(&[Root::New]);
    let app = lab.start(&lab.boot("looks"))?;
    app.wait("cycle", &[("release", "0.1"), ("reason", "probe_regression")])?;
    app.stop()?;
    // One whose image does not allow the host sees nothing at all, which is no regression and no proof.
    let boot = lab.boot_with("board", &[lab.web.url(TREE_HOST)], &[TREE_HOST]);
    let open = [("release", "0.2"), ("phase", "trial"), ("reason", "on_trial")];
    let unseen = [("text", "probe"), ("present", "not_allowed"), ("candidate", "not_allowed")];
    let app = lab.start(&boot)?;
    for _ in 0..2 {
        // Before the commit, and in the round of the trial.
        app.wait("log", &unseen)?;
    }
    app.wait("cycle", &open)?;
    let log = app.stop()?.join("\n");
    require(!log.contains("DA probe") && !log.contains("regression"), || log)?;
    // The trial stays open over a restart, and a refusal of the app's own is no evidence by itself.
    let app = lab.start(&boot)?;
    app.wait("ready", &open)?;
    app.wait("cycle", &open)?;
    app.wait("service", &[("verdict", "refused"), ("generation", "1")])?;
    app.wait("cycle", &open)?;
    // What proves it is the app's own connection.
    lab.hub.switch(&lab.vendor.new_identity(HOST))?;
    app.wait("service", &[("verdict", "verified"), ("generation", "1")])?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    app.stop()?;
    Ok(format!(
        "{HOST} is not_allowed under both bundles: release 2 on trial until the app's connection proves it"
    ))
}

fn orders(scene: &Scene, _: &mut Figures) -> Observation {
    let mut lab = Lab::with_update(scene, "orders")?;
    installs(&lab, "board", "0.1")?;
    // Release 3 withdraws what release 2 brought.
    lab.publish(&[Root::Old]);
    let app = lab.start(&lab.boot("board"))?;
    app.wait("cycle", &[("release", "0.3"), ("phase", "confirmed")])?;
    app.stop()?;
    // Release 4 distrusts the root that the service still chains to.
    let old = Sha256::of(&[lab.certificate(Root::Old)]);
    let mut content = lab.content(&[Root::New]);
    content.denials = vec![Denial { kind: DenialKind::Certificate, sha256: old }];
    content.distrust_orders = vec![(old, "The key was stolen".into())];
    lab.publish_content(&content);
    let app = lab.start(&lab.boot("board"))?;
    app.wait("changed", &[("release", "0.4")])?;
    app.wait("service", &[("verdict", "refused")])?;
    lab.hub.switch(&lab.vendor.new_identity(HOST))?;
    app.wait("service", &[("verdict", "verified")])?;
    lab.hub.nudge();
    app.wait("cycle", &[("release", "0.4"), ("phase", "confirmed")])?;
    app.stop()?;
    Ok("release 3 withdrew a root; release 4 distrusts one in use, and the app refuses it".to_owned())
}
