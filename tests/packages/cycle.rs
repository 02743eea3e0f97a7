//! A whole cycle of a packaged agent: it fetches a release, probes, installs, exports and says so.

use std::{fs, io};

use bundle::UnixSeconds;
use serde_json::Value;
use system_tests::{gateway::Gateway, process::Ended};

use crate::{
    made::Program,
    part::{Found, expect},
    scene::Scene,
};

/// A moment of the year in which the certificates of the scene are valid, and which has passed.
pub(crate) const NOW: (&str, UnixSeconds) = ("2026-06-01", UnixSeconds(1_780_272_000));

/// From the seed to the second release and back to its files, which were lost.
pub(crate) fn whole(agent: &Program) -> Found {
    let mut scene = Scene::new(NOW.1)?;
    let device = scene.device()?.run_by(agent.words());
    let number = scene.add_root();
    installs(&device, Some(NOW.0), number)?;
    expect(scene.handshakes() > 0, || "the service was not probed".to_owned())?;
    fs::remove_dir_all(device.path("trust"))?;
    device.agent(&["--as-of", NOW.0, "export"])?.success()?;
    exports(&device, 2)?;
    refuses_nonsense(&device)
}

/// One cycle that must install release `number`, and what `status` says after it.
pub(crate) fn installs(device: &Gateway, as_of: Option<&str>, number: u32) -> Found {
    let ended = device.check(as_of)?;
    let cycle = object(&ended)?;
    let confirmed = ended.status.success() && cycle["reason"] == "confirmed";
    expect(confirmed, || format!("not confirmed: {ended}"))?;
    exports(device, 2)?;
    let status = device.status(as_of)?;
    let trusted = &status["trusted"];
    let release = number.to_string();
    let says_so = trusted["release"] == release && trusted["standing"] == "confirmed";
    expect(says_so && status["findings"].as_array().is_some_and(Vec::is_empty), || {
        format!("status: {status:#}")
    })
}

fn object(ended: &Ended) -> io::Result<Value> {
    serde_json::from_str(&ended.output).map_err(|error| io::Error::other(format!("{error}\n{ended}")))
}

/// The exported file of the service holds so many certificates.
fn exports(device: &Gateway, count: usize) -> Found {
    let text = fs::read_to_string(device.services().join("hub.pem"))?;
    let found = text.matches("BEGIN CERTIFICATE").count();
    expect(found == count, || format!("{found} certificates instead of {count} in hub.pem"))
}

/// A file that nobody signed is bad input, and nothing more.
fn refuses_nonsense(device: &Gateway) -> Found {
    let file = device.path("nonsense");
    system_tests::gateway::place(&file, &[0xA5; 4096])?;
    let ended = device.agent(&["install", &file.to_string_lossy()])?;
    expect(ended.status.code() == Some(3), || format!("nonsense was not refused as bad input: {ended}"))?;
    exports(device, 2)
}
