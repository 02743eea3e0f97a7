//! A device in memory: the production engine over a medium in memory, driven through whole cycles.

use bundle::{Sha256, UnixSeconds};
use device_agent::{
    Agent, Clock, Configuration, Event, Memory, Mode, Now, ProbeOutcome, Reason, StartError, Verdict, limits,
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
    configuration: Configuration<'static>,
    region: Region,
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

/// What a device is made of before its first start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Image<'a> {
    /// A seed, where the image has one.
    pub seed: Option<&'a [u8]>,
    /// A keyring document alone, where the device was provisioned with one.
    pub keyring: Option<&'a [u8]>,
    /// Groups that the device belongs to.
    pub groups: &'a [&'a str],
}

impl Device {
    /// A device with this seed, on an empty medium whose region has `region_bytes`.
    ///
    /// # Panics
    /// Where the seed does not verify or the region is too small.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a device that cannot start stops its test")]
    pub fn new(id: &str, channel: &str, seed: &[u8], now: UnixSeconds, region_bytes: u32) -> Self {
        let image = Image { seed: Some(seed), ..Image::default() };
        Self::start(id, channel, image, now, region_bytes).expect("the seed verifies")
    }

    /// A device that was provisioned with a keyring document alone.
    ///
    /// # Panics
    /// As [`Device::new`].
    #[must_use]
    #[expect(clippy::expect_used, reason = "as above")]
    pub fn with_keyring(
        id: &str,
        channel: &str,
        keyring: &[u8],
        now: UnixSeconds,
        region_bytes: u32,
    ) -> Self {
        let image = Image { keyring: Some(keyring), ..Image::default() };
        Self::start(id, channel, image, now, region_bytes).expect("the keyring verifies")
    }

    /// A device of this image, on an empty medium whose region has `region_bytes`.
    ///
    /// # Errors
    /// Where image or configuration cannot be used.
    ///
    /// # Panics
    /// Where the region is too small.
    #[expect(clippy::expect_used, reason = "as above")]
    pub fn start(
        id: &str,
        channel: &str,
        image: Image<'_>,
        now: UnixSeconds,
        region_bytes: u32,
    ) -> Result<Self, StartError> {
        // The engine borrows its configuration and memory for its whole life, which here is the process's.
        let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
        let leak_bytes = |bytes: &[u8]| -> &'static [u8] { Box::leak(bytes.to_vec().into_boxed_slice()) };
        let groups: Vec<&'static str> = image.groups.iter().map(|group| leak(group)).collect();
        let configuration = Configuration {
            device: leak(id),
            channel: leak(channel),
            groups: Box::leak(groups.into_boxed_slice()),
            mode: Mode::Install,
            seed: image.seed.map(leak_bytes),
            keyring: image.keyring.map(leak_bytes),
            floors: store::Floors::default(),
            build_time: now,
            local_hosts: &[],
            entropy: 7,
        };
        let region = Region::new(0, region_bytes).expect("the region is large enough");
        let agent = boot(configuration, region, Medium::new(BLOCK_BYTES))?;
        let clock = Clock::Known(now);
        Ok(Self { agent, configuration, region, uptime_seconds: 0, clock, requests: Vec::new() })
    }

    /// The same device after a restart: what is not on the medium is forgotten.
    ///
    /// # Panics
    /// Where it does not start any more.
    #[must_use]
    pub fn restart(self) -> Self {
        let configuration = self.configuration;
        self.restart_as(configuration)
    }

    /// The same device after its image was exchanged for one with this seed.
    ///
    /// # Panics
    /// Where the seed does not verify.
    #[must_use]
    pub fn restart_with_seed(self, seed: &[u8]) -> Self {
        let seed: &'static [u8] = Box::leak(seed.to_vec().into_boxed_slice());
        let configuration = Configuration { seed: Some(seed), keyring: None, ..self.configuration };
        self.restart_as(configuration)
    }

    #[expect(clippy::expect_used, reason = "as above")]
    fn restart_as(self, configuration: Configuration<'static>) -> Self {
        let Self { agent, region, clock, .. } = self;
        let medium = agent.into_store().into_storage().kill();
        let agent = boot(configuration, region, medium).expect("the image verifies");
        Self { agent, configuration, region, uptime_seconds: 0, clock, requests: Vec::new() }
    }

    /// Sets the device's clock, or takes it away.
    pub const fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
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
        let channel = self.configuration.channel;
        drive(&mut self.agent, now, channel, Event::Nudge, Some(&mut recorded), probe);
        self.agent.status(now).reason
    }

    /// Hands over a USB file and finishes what it starts.
    pub fn install(&mut self, file: &[u8], probe: &mut Probe<'_>) -> Option<Reason> {
        let now = self.now();
        let channel = self.configuration.channel;
        drive(&mut self.agent, now, channel, Event::Install(file), None, probe);
        self.agent.status(now).reason
    }

    /// The document of the keyring in force, without its signatures: header and body, as they were signed.
    #[must_use]
    pub fn keyring_bytes(&self) -> &[u8] {
        self.agent.record().keyring.as_bytes()
    }

    /// Names of the services in use, with their hosts.
    #[must_use]
    pub fn services(&self) -> Vec<(String, Vec<String>)> {
        let manifest = self.agent.present_manifest();
        let services = manifest.iter().flat_map(bundle::Manifest::services);
        let hosts = |service: &bundle::Service<'_>| {
            service.hosts.iter().map(|host| host.host().to_owned()).collect::<Vec<_>>()
        };
        services.map(|service| (service.name.to_owned(), hosts(&service))).collect()
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

/// The engine of a device on a medium.
#[expect(clippy::expect_used, reason = "a medium that cannot be opened stops its test")]
fn boot(
    configuration: Configuration<'static>,
    region: Region,
    medium: Medium,
) -> Result<Agent<'static, Medium>, StartError> {
    let memory = Memory::new(Box::leak(vec![0; limits::MEMORY_BYTES_MAX].into_boxed_slice()));
    let store = Store::open(medium, region).expect("a medium of this kit opens");
    Agent::new(configuration, store, memory)
}
