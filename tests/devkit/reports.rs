//! Tests of reports: the fleet hears of every install and of every release that was given up.

use std::error::Error;

use bundle::{AnchorMark, Sha256};
use device_agent::Reason;
use system_tests::report;

use crate::{
    app::{App, Line},
    figures::Figures,
    lab::{Lab, Root},
    scene::Scene,
    test::{Observation, Test, Tier, require},
};

/// The tests of reports.
pub(crate) const TESTS: [Test; 1] =
    [Test { name: "a report leaves after an install and after a revert", tier: Tier::Fast, act: reported }];

/// Starts after which a trial that fails must have ended: one round each at least.
const STARTS_MAX: usize = 3;

/// What a report says.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    release: String,
    reason: Reason,
    /// Anchors that verified the service; the board's owner asked for that.
    needs: Vec<AnchorMark>,
}

impl Said {
    /// Reads the report of a line, whose bytes are those that an enrolled key signs.
    fn of(line: &Line) -> Result<Self, Box<dyn Error>> {
        let digits: Vec<char> = line.value("message").chars().collect();
        let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
        let message = digits.chunks(2).map(byte).collect::<Result<Vec<u8>, _>>()?;
        require(line.value("bytes") == message.len().to_string(), || format!("{line:?}"))?;
        let said = report::read(&message, "prod-mcu", |report| {
            let release = report.release();
            let release = format!("{}.{}", release.epoch, release.number);
            let census = report.census().ok().flatten().into_iter().flat_map(|census| census.observed.iter());
            let needs: Vec<AnchorMark> = census.flat_map(|seen| seen.anchors().collect::<Vec<_>>()).collect();
            (report.device.to_owned(), release, Reason::from_number(report.reason), needs)
        });
        let (device, release, reason, needs) = said.ok_or("a report that no key could sign")?;
        require(device == "board-1", || device)?;
        Ok(Self { release, needs, reason: reason.ok_or("a reason without a name")? })
    }

    /// Waits for the report of this, and of nothing else after the reports that were heard before.
    fn wait(app: &App, release: &str, reason: Reason, needs: &[AnchorMark]) -> Result<(), Box<dyn Error>> {
        let said = Self::of(&app.wait("report", &[])?)?;
        let expected = Self { release: release.to_owned(), reason, needs: needs.to_vec() };
        require(said == expected, || format!("{said:?} and not {expected:?}\n{}", app.log()))
    }
}

fn reported(scene: &Scene, _: &mut Figures) -> Observation {
    let mut lab = Lab::new(scene, "reports")?;
    let mut boot = lab.boot("board");
    boot.arguments.extend(["--census", "yes"].map(str::to_owned));
    let app = lab.start(&boot)?;
    app.wait("service", &[("verdict", "verified")])?;
    // Nothing was probed yet.
    Said::wait(&app, "0.1", Reason::UpToDate, &[])?;
    // A nudge is granted between two cycles.
    app.wait("cycle", &[("reason", "up_to_date")])?;
    lab.publish(&[Root::Old, Root::New]);
    lab.hub.nudge();
    let old = [AnchorMark::of(&Sha256::of(&[lab.certificate(Root::Old)]))];
    Said::wait(&app, "0.2", Reason::Confirmed, &old)?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    app.stop()?;
    // Release 3 would lose the service, which cannot be asked for now: it is installed, and stays on trial.
    lab.publish(&[Root::New]);
    boot.environment.push(("BOARD_ALLOWED".to_owned(), lab.web.address().to_string()));
    let app = lab.start(&boot)?;
    Said::wait(&app, "0.3", Reason::OnTrial, &[])?;
    app.stop()?;
    // With the service back every round has evidence against it, and the third reverts.
    boot.environment.clear();
    for _ in 0..STARTS_MAX {
        let app = lab.start(&boot)?;
        let cycle = app.wait("cycle", &[])?;
        if cycle.value("phase") == "trial" {
            app.stop()?;
            continue;
        }
        require(cycle.is_confirmed("0.2"), || format!("{cycle:?}"))?;
        let log = app.log();
        let last = log.lines().rfind(|line| line.contains("DA report ")).and_then(Line::parse);
        let said = Said::of(&last.ok_or("no report after the revert")?)?;
        let expected = Said { release: "0.2".to_owned(), reason: Reason::TrialFailed, needs: old.to_vec() };
        require(said == expected, || format!("{said:?}"))?;
        app.stop()?;
        return Ok("release 2 confirmed, release 3 on trial, release 2 after the revert".to_owned());
    }
    Err("the trial did not end".into())
}
