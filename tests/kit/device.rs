//! A device in memory: the production engine over a medium in memory, driven through whole cycles.

use bundle::{Sha256, UnixSeconds};
use device_agent::{
    Agent, Clock, Configuration, Event, Memory, Mode, Now, ProbeOutcome, Reason, Verdict, limits,
};
use store::{Region, Store, fault::Medium};

use crate::drive::drive;

/// Bytes of a block of the medium.
const BLOCK_BYTES: usize = 4_096;

/// What a server has under a path; `None` is a 404.
pub type Serve<'s> = dyn FnMut(&str) -> Option<Vec<u8>> + 's;
/// What a handshake with `host:port` says.
pub type Probe<'s> = dyn FnMut(&str) -> ProbeOutcome + 's;

/// One device and its medium.
pub struct Device {
    agent: Agent<'static, Medium>,
    channel: String,
    uptime_seconds: u64,
    clock: Clock,
    /// Path and body bytes of every request of the last cycle; `None` for a 404.
    pub requests: Vec<(String, Option<usize>)>,
}

/// What a device trusts and will not go back on: what no refused input may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustState {
    /// Order and digest of the release that applications read.
    pub installed: Option<(bundle::Order, Sha256)>,
    /// SHA-256 of the bytes that applications read.
    pub readable: Sha256,
    /// The floors.
    pub floors: store::Floors,
    /// The keyring in force.
    pub keyring: bundle::Order,
    /// Entries of the deny list.
    pub denials: usize,
    /// How often what applications read has changed.
    pub generation: u64,
}

/// Every handshake verifies, under whatever bundle.
#[must_use]
pub fn all_verify(_endpoint: &str) -> ProbeOutcome {
    ProbeOutcome { present: Some(Verdict::Verified), candidate: Some(Verdict::Verified), excused: false }
}

impl Device {
    /// A device with this seed, on an empty medium whose region has `region_bytes`.
    ///
    /// # Panics
    /// Where the seed does not verify or the region is too small.
    #[must_use]
    pub fn new(id: &str, channel: &str, seed: &[u8], now: UnixSeconds, region_bytes: u32) -> Self {
        Self::start(id, channel, Some(seed), None, now, region_bytes)
    }

    /// A device that was provisioned with a keyring document alone.
    ///
    /// # Panics
    /// As [`Device::new`].
    #[must_use]
    pub fn with_keyring(
        id: &str,
        channel: &str,
        keyring: &[u8],
        now: UnixSeconds,
        region_bytes: u32,
    ) -> Self {
        Self::start(id, channel, None, Some(keyring), now, region_bytes)
    }

    #[expect(clippy::expect_used, reason = "a device that cannot start stops its test")]
    fn start(
        id: &str,
        channel: &str,
        seed: Option<&[u8]>,
        keyring: Option<&[u8]>,
        now: UnixSeconds,
        region_bytes: u32,
    ) -> Self {
        // The engine borrows its configuration and memory for its whole life, which here is the process's.
        let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
        let leak_bytes = |bytes: &[u8]| -> &'static [u8] { Box::leak(bytes.to_vec().into_boxed_slice()) };
        let configuration = Configuration {
            device: leak(id),
            channel: leak(channel),
            groups: &[],
            mode: Mode::Install,
            seed: seed.map(leak_bytes),
            keyring: keyring.map(leak_bytes),
            floors: store::Floors::default(),
            build_time: now,
            local_hosts: &[],
            entropy: 7,
        };
        let memory = Memory::new(Box::leak(vec![0; limits::MEMORY_BYTES_MAX].into_boxed_slice()));
        let region = Region::new(0, region_bytes).expect("the region is large enough");
        let store = Store::open(Medium::new(BLOCK_BYTES), region).expect("an empty medium opens");
        let agent = Agent::new(configuration, store, memory).expect("the seed verifies");
        Self {
            agent,
            channel: channel.into(),
            uptime_seconds: 0,
            clock: Clock::Known(now),
            requests: Vec::new(),
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, seconds: u64) {
        self.uptime_seconds += seconds;
        if let Clock::Known(time) = self.clock {
            self.clock = Clock::Known(time.plus(seconds));
        }
    }

    /// Lets time pass until this time, by the device's clock.
    pub fn pass_to(&mut self, time: UnixSeconds) {
        if let Clock::Known(now) = self.clock {
            self.pass(time.since(now));
        }
    }

    /// SHA-256 of the anchors that applications read.
    #[must_use]
    pub fn anchors(&self) -> std::collections::BTreeSet<Sha256> {
        let manifest = self.agent.present_manifest();
        manifest.iter().flat_map(|manifest| manifest.anchors().map(|(_, anchor)| anchor.sha256)).collect()
    }

    /// The device's time.
    #[must_use]
    pub const fn now(&self) -> Now {
        Now { uptime_seconds: self.uptime_seconds, clock: self.clock }
    }

    /// Runs one whole cycle, from a nudge until the engine waits, and says what came of it.
    pub fn cycle(&mut self, serve: &mut Serve<'_>, probe: &mut Probe<'_>) -> Option<Reason> {
        self.requests.clear();
        let now = self.now();
        let requests = &mut self.requests;
        let mut recorded = |path: &str| {
            let body = serve(path);
            requests.push((path.to_owned(), body.as_ref().map(Vec::len)));
            body
        };
        drive(&mut self.agent, now, &self.channel, Event::Nudge, Some(&mut recorded), probe);
        self.agent.status(now).reason
    }

    /// Hands over a USB file and finishes what it starts.
    pub fn install(&mut self, file: &[u8], probe: &mut Probe<'_>) -> Option<Reason> {
        let now = self.now();
        drive(&mut self.agent, now, &self.channel, Event::Install(file), None, probe);
        self.agent.status(now).reason
    }

    /// The engine's status.
    #[must_use]
    pub fn status(&self) -> device_agent::Status<'_> {
        self.agent.status(self.now())
    }

    /// Every byte of the medium.
    #[must_use]
    pub fn bytes(&mut self) -> Vec<u8> {
        self.agent.store_mut().storage_mut().bytes().to_vec()
    }

    /// What no refused input may change.
    #[must_use]
    pub fn trust_state(&mut self) -> TrustState {
        let installed = self.agent.installed();
        let mut content = Vec::new();
        if let Some(installed) = installed {
            content = vec![0; usize::try_from(installed.total_bytes).unwrap_or(0)];
            if self.agent.read(&installed, 0, &mut content).is_err() {
                content.clear();
            }
        }
        let status = self.agent.status(self.now());
        TrustState {
            installed: installed.map(|content| (content.order, content.digest)),
            readable: Sha256::of(&[&content]),
            floors: status.floors,
            keyring: status.keyring,
            denials: status.denials,
            generation: status.generation,
        }
    }
}
