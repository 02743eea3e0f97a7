//! What the device's memory suffices for: a whole update beside a session of the app's own, and the longest chains.

use std::{error::Error, io, time::Duration};

use bundle::{Sha256, write::ServiceAnchors};
use device_agent::mt3620::limits::SERVED_BYTES_MAX as CHAIN_BYTES_MAX;
use rustls::version::TLS13;
use system_tests::{
    board::kit::MEMORY_BYTES_MAX,
    tls_rows::{Algorithm, Holder},
    tls_service::Identity,
};

use crate::{
    figures::Figures,
    lab::{HOST, Lab, Root, Service, TREE_HOST, served},
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
    Test {
        name: "the longest chains are judged in the agent's memory",
        tier: Tier::Fast,
        act: longest_chains,
    },
];

/// What must be left for pages of files.
const MARGIN_BYTES: u64 = 16_384;
/// How long the machine may take to end after its program.
const PATIENCE: Duration = Duration::from_secs(60);

/// The service's newer protocol, for which the agent makes its probes itself.
const NEW_SERVICE: Service = Service { host: HOST, versions: &[&TLS13] };

fn update_on_a_machine(scene: &Scene, figures: &mut Figures) -> Observation {
    // The app's stack makes the probes too: two sessions beside the agent.
    let (peak, held) = update(Lab::new(scene, "machine")?, "own")?;
    // The kernel keeps pages of the mutable file for as long as there is room, so at the limit nothing is wanting; what it
    // cannot take back must stay below, with room for a page of code and one of the file.
    require(held + MARGIN_BYTES <= MEMORY_BYTES_MAX, || format!("{held} bytes are held"))?;
    figures.memory_peak_bytes = Some(peak);
    figures.memory_held_bytes = Some(held);
    let (_, beside) = update(Lab::with_service(scene, "machine-new", NEW_SERVICE)?, "agent")?;
    let without = without_the_agent(scene)?;
    let agent = beside.saturating_sub(without);
    figures.memory_agent_bytes = Some(agent);
    Ok(format!(
        "{peak} bytes at most with pages of the file, {held} without, of {MEMORY_BYTES_MAX}; beside one session of the app's \
         own the agent holds {agent}"
    ))
}

/// A whole update on a machine; what the kernel charged at most, and what of it it could not take back.
fn update(mut lab: Lab<'_>, prober: &str) -> Result<(u64, u64), Box<dyn Error>> {
    let (mut boot, _web) = lab.machine("board")?;
    boot.arguments.extend(["--cycles", "2", "--probe", prober].map(str::to_owned));
    let mut app = lab.start_on(Tier::Strict, &boot)?;
    app.wait("ready", &[("release", "0.1"), ("phase", "seed")])?;
    app.wait("cycle", &[("release", "0.1"), ("reason", "up_to_date")])?;
    lab.publish(&[Root::Old, Root::New]);
    lab.hub.nudge();
    app.wait("changed", &[("release", "0.2")])?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    let ending = app.ending_within(PATIENCE)?;
    require(ending.code == 0, || format!("it ended with {}:\n{}", ending.code, app.log()))?;
    Ok(ending
        .memory_peak_bytes
        .zip(ending.memory_held_bytes)
        .ok_or("the machine does not say what it took")?)
}

/// What the same app holds without the agent: one session with its service.
fn without_the_agent(scene: &Scene) -> Result<u64, Box<dyn Error>> {
    let lab = Lab::with_service(scene, "machine-without", NEW_SERVICE)?;
    lab.make_image("sample-without-agent")?;
    let (mut boot, _web) = lab.machine("board")?;
    boot.arguments.extend(["--cycles", "1"].map(str::to_owned));
    let mut app = lab.start_on(Tier::Strict, &boot)?;
    app.wait("service", &[("verdict", "verified")])?;
    lab.hub.nudge();
    let ending = app.ending_within(PATIENCE)?;
    require(ending.code == 0, || format!("it ended with {}:\n{}", ending.code, app.log()))?;
    Ok(ending.memory_held_bytes.ok_or("the machine does not say what it took")?)
}

/// An authority whose servers have chains of the largest size, of RSA keys that cost the most.
struct LongChains {
    root: Holder,
    issuers: [Holder; 2],
}

impl LongChains {
    fn new() -> io::Result<Self> {
        let root = Holder::root("Synthetic Long Root", Algorithm::Rsa4096)?;
        let upper = root.intermediate("Synthetic Long Policy CA", Algorithm::Rsa4096, |_| {})?;
        let lower = upper.intermediate("Synthetic Long Issuing CA", Algorithm::Rsa4096, |_| {})?;
        Ok(Self { root, issuers: [lower, upper] })
    }

    /// A server with as many names beside its own as make the chain as long as a chain may be.
    fn identity(&self, host: &str) -> io::Result<Identity> {
        let [lower, upper] = &self.issuers;
        let serving = |names: usize| -> io::Result<Identity> {
            let server = lower.server(host, Algorithm::Rsa4096, |params| {
                let more = (0..names).map(|number| format!("name-{number:04}.of.a.long.chain.example"));
                params
                    .subject_alt_names
                    .extend(more.filter_map(|name| Some(rcgen::SanType::DnsName(name.try_into().ok()?))));
            })?;
            let identity = server.serving(&[&lower.certificate, &upper.certificate]);
            let chain = [vec![identity.leaf], identity.others].concat();
            Ok(Identity { chain, key: identity.key_der })
        };
        let bytes = |identity: &Identity| identity.chain.iter().map(|der| der.len()).sum::<usize>();
        let (short, longer) = (bytes(&serving(0)?), bytes(&serving(20)?));
        let names = CHAIN_BYTES_MAX.saturating_sub(short + 16) * 20 / (longer - short);
        let long = serving(names)?;
        let left = CHAIN_BYTES_MAX.checked_sub(bytes(&long));
        if left.is_none_or(|left| left > 128) {
            return Err(io::Error::other(format!("a chain of {} bytes is not the longest", bytes(&long))));
        }
        Ok(long)
    }
}

/// Server and service have chains of the largest size: the first is kept beside the connection's buffers while it is
/// judged, the second is handed over by the app.
fn longest_chains(scene: &Scene, _: &mut Figures) -> Observation {
    let mut lab = Lab::new(scene, "long-chains")?;
    let long = LongChains::new()?;
    let root: &[u8] = &long.root.certificate;
    let mut content = lab.content(&[Root::Old]);
    content.anchors.push(lab.publisher.anchor(root));
    for service in &mut content.services {
        if let ServiceAnchors::Listed(anchors) = &mut service.anchors {
            anchors.push(Sha256::of(&[root]));
        }
    }
    lab.publish_with(&content, &[root]);
    let boot = lab.boot("board");
    let app = lab.start(&boot)?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    app.stop()?;
    lab.hub.switch(&long.identity(HOST)?)?;
    let web = lab.another_web(&long.identity(TREE_HOST)?)?;
    let mut boot = lab.boot_with("board", &[web.url(TREE_HOST)], &[TREE_HOST, HOST]);
    boot.hosts = vec![served(TREE_HOST, web.address()), served(HOST, lab.hub.address())];
    content.anchors.push(lab.publisher.anchor(lab.certificate(Root::New)));
    lab.publish_with(&content, &[root]);
    let app = lab.start(&boot)?;
    app.wait("cycle", &[("release", "0.3"), ("phase", "confirmed"), ("unauthenticated", "0")])?;
    let peak = app.figure("arena_bytes_peak").ok_or("no figure")?;
    let arena = app.figure("arena_bytes").ok_or("no figure")?;
    require(app.log().contains("present=verified candidate=verified"), || app.log())?;
    app.stop()?;
    Ok(format!(
        "two chains of {CHAIN_BYTES_MAX} bytes and RSA of 4,096 bits; {peak} of {arena} bytes of the arena"
    ))
}
