//! Tests of following: a rotation in one process, and what a check and an update cost.

use std::error::Error;

use rustls::{SupportedProtocolVersion, version::TLS13};

use crate::{
    app::{App, bytes_written},
    figures::Figures,
    lab::{HOST, Lab, Root, Service, TREE_HOST},
    scene::Scene,
    test::{Observation, Test, Tier, require},
};

/// The tests of following.
pub(crate) const TESTS: [Test; 3] = [
    Test {
        name: "the app follows a rotation with no rebuild and no restart",
        tier: Tier::Fast,
        act: follows_a_rotation,
    },
    Test {
        name: "a service over TLS 1.3 is probed by the app and by the agent",
        tier: Tier::Fast,
        act: tls_1_3,
    },
    Test { name: "an unchanged check is one request and writes nothing", tier: Tier::Fast, act: unchanged },
];

fn follows_a_rotation(scene: &Scene, figures: &mut Figures) -> Observation {
    let mut lab = Lab::new(scene, "rotation")?;
    lab.make_image("sample-measuring-stack")?;
    let app = lab.start(&lab.boot("board"))?;
    app.wait("ready", &[("release", "0.1"), ("phase", "seed")])?;
    app.wait("service", &[("verdict", "verified"), ("tls", "TLSv1.2")])?;
    app.wait("cycle", &[("reason", "up_to_date")])?;
    let id = app.id();
    // Release 2 brings the new root; the service moves when it is confirmed.
    lab.publish(&[Root::Old, Root::New]);
    lab.hub.nudge();
    app.wait("probe", &[("host", HOST)])?;
    app.wait("changed", &[("release", "0.2")])?;
    app.wait("service", &[("verdict", "verified")])?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    lab.hub.switch(&lab.vendor.new_identity(HOST))?;
    app.wait("service", &[("state", "lost")])?;
    app.wait("service", &[("verdict", "verified")])?;
    // Release 3 no longer has the old root.
    lab.publish(&[Root::New]);
    app.wait("changed", &[("release", "0.3")])?;
    app.wait("service", &[("verdict", "verified")])?;
    app.wait("cycle", &[("release", "0.3"), ("phase", "confirmed")])?;
    require(app.id() == id, || "it was restarted".to_owned())?;
    memory(app, figures)
}

fn tls_1_3(scene: &Scene, _: &mut Figures) -> Observation {
    const NEW: &[&SupportedProtocolVersion] = &[&TLS13];
    // The agent asks for addresses by name, and this name leads to this machine everywhere.
    let service = Service { host: TREE_HOST, versions: NEW };
    let mut lab = Lab::with_service(scene, "tls-1-3", service)?;
    lab.publish(&[Root::Old, Root::New]);
    for prober in ["own", "agent"] {
        let mut boot = lab.boot(prober);
        boot.arguments.extend(["--probe", prober].map(str::to_owned));
        let app = lab.start(&boot)?;
        app.wait("service", &[("verdict", "verified"), ("tls", "TLSv1.3")])?;
        app.wait("log", &[("text", "probe"), ("present", "verified"), ("candidate", "verified")])?;
        app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
        let log = app.stop()?.join("\n");
        require(log.contains("DA probe host=") == (prober == "own"), || log)?;
    }
    // And it refuses one that it must refuse.
    lab.publish(&[Root::New]);
    let mut boot = lab.boot("agent");
    boot.arguments.extend(["--probe", "agent"].map(str::to_owned));
    let app = lab.start(&boot)?;
    app.wait("log", &[("text", "probe"), ("present", "verified"), ("candidate", "chain")])?;
    app.wait("cycle", &[("release", "0.2"), ("reason", "probe_regression")])?;
    app.stop()?;
    Ok("release 2 confirmed over TLS 1.3 by either; release 3 would lose the service and is refused"
        .to_owned())
}

/// What the agent's memory came to, by its parts.
fn memory(app: App, figures: &mut Figures) -> Observation {
    let read = |name| app.figure(name).ok_or_else(|| format!("no figure {name}:\n{}", app.log()));
    let (arena, peak) = (read("arena_bytes")?, read("arena_bytes_peak")?);
    let stack = read("stack_bytes_peak")?;
    let fixed = figures.static_ram_bytes.unwrap_or(0);
    figures.peak_ram_bytes = Some(arena + stack + fixed);
    app.stop()?;
    Ok(format!(
        "one process from release 1 to 3; memory {} bytes = arena {arena} ({peak} used) + stack {stack} + static {fixed}",
        arena + stack + fixed
    ))
}

fn unchanged(scene: &Scene, figures: &mut Figures) -> Observation {
    let mut lab = Lab::new(scene, "unchanged")?;
    let boot = lab.boot("board");
    install(&mut lab, &boot)?;
    let app = lab.start(&boot)?;
    // The first check after a start also asks for a newer keyring, as it does once a day.
    app.wait("service", &[("verdict", "verified")])?;
    app.wait("cycle", &[("release", "0.2"), ("reason", "up_to_date")])?;
    drop(lab.web.take_requests());
    let before = bytes_written(&app.operations()?);
    lab.hub.nudge();
    app.wait("cycle", &[("release", "0.2"), ("reason", "up_to_date")])?;
    let written = bytes_written(&app.operations()?) - before;
    app.stop()?;
    let requests = lab.web.take_requests();
    require(requests.len() == 1, || format!("{requests:?}"))?;
    require(written == 0, || format!("{written} bytes were written"))?;
    figures.bytes_written_per_check = Some(written);
    // Release 3 differs by one root.
    lab.publish(&[Root::New]);
    lab.hub.switch(&lab.vendor.new_identity(HOST))?;
    let app = lab.start(&boot)?;
    app.wait("cycle", &[("release", "0.3"), ("phase", "confirmed")])?;
    let operations = app.operations()?;
    app.stop()?;
    let update = bytes_written(&operations);
    figures.bytes_written_per_update = Some(update);
    Ok(format!("1 request, 0 bytes; an update of one root writes {update} bytes"))
}

/// Publishes release 2 and lets a board install it.
fn install(lab: &mut Lab<'_>, boot: &system_tests::board::kit::Boot) -> Result<(), Box<dyn Error>> {
    lab.publish(&[Root::Old, Root::New]);
    let app = lab.start(boot)?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    app.stop()?;
    Ok(())
}
