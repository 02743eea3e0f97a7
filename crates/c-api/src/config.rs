//! What an application says at the start.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::{c_char, c_int};

use bundle::{Order, UnixSeconds};
use device_agent::mt3620::BaseUrl;
use device_agent::mt3620::limits::BASE_URLS_MAX;
use device_agent::{Configuration, LocalHost, Mode};
use store::Floors;

use crate::Code;
use crate::argument::{Sized32, array, bytes, read, text};
use crate::callbacks::DeviceAgentCallbacks;

/// A place in the order of releases or keyrings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct DeviceAgentOrder {
    /// The recovery epoch.
    pub epoch: u16,
    /// The number in it.
    pub number: u32,
}

/// This device's own host where a service's pattern has a wildcard.
#[derive(Debug)]
#[repr(C)]
pub struct DeviceAgentLocalHost {
    /// sizeof(device_agent_local_host).
    pub struct_size: u32,
    /// The service's name.
    pub service: *const c_char,
    /// "host" or "host:port".
    pub host: *const c_char,
}

/// Bytes of all strings of a configuration, and sixteen more for each: what the arena has room for.
pub const DEVICE_AGENT_CONFIGURATION_BYTES_MAX: usize = 2_048;

/// Everything that the agent must know at the start. Strings and arrays are copied, up to
/// DEVICE_AGENT_CONFIGURATION_BYTES_MAX in all, above which the start says DEVICE_AGENT_ARENA_TOO_SMALL; seed and keyring are not, and stay
/// where they are, unchanged, until device_agent_stop.
#[derive(Debug)]
#[repr(C)]
pub struct DeviceAgentConfig {
    /// sizeof(device_agent_config).
    pub struct_size: u32,
    /// The device's id, as enrolled; also its place in rollouts.
    pub device: *const c_char,
    /// The channel's name.
    pub channel: *const c_char,
    /// Groups of the device, for rollouts by group; NULL for none.
    pub groups: *const *const c_char,
    /// How many there are.
    pub group_count: usize,
    /// True: verify, stage, probe and report, and install nothing.
    pub observe: bool,
    /// The image's seed file.
    pub seed: *const u8,
    /// Its length in bytes.
    pub seed_bytes: usize,
    /// The image's keyring document; NULL where the seed has it.
    pub keyring: *const u8,
    /// Its length in bytes.
    pub keyring_bytes: usize,
    /// The lowest keyring that the image accepts; zeros where seed and keyring say it.
    pub keyring_floor: DeviceAgentOrder,
    /// The lowest release that the image accepts; zeros where the seed says it.
    pub release_floor: DeviceAgentOrder,
    /// When the image was built, in seconds since 1970: the first floor of time.
    pub build_time: u64,
    /// An open file; the agent reads and writes only the region of it that follows, and never closes it.
    pub store_fd: c_int,
    /// Where the region starts: a multiple of 8,192.
    pub store_offset: u64,
    /// Its length in bytes: at least 32,768.
    pub store_bytes: u32,
    /// Base URLs of the published tree, two to eight, such as `https://updates.example/trust/`.
    pub urls: *const *const c_char,
    /// How many there are.
    pub url_count: usize,
    /// The hosts that the image may connect to (AllowedConnections); NULL: not checked.
    pub allowed_hosts: *const *const c_char,
    /// How many there are.
    pub allowed_host_count: usize,
    /// This device's own hosts; NULL for none.
    pub local_hosts: *const DeviceAgentLocalHost,
    /// How many there are.
    pub local_host_count: usize,
    /// What the agent calls.
    pub callbacks: DeviceAgentCallbacks,
    /// True: reports also say which anchors the services were seen to need. It is the device's owner who asks for it; told are
    /// names of services, eight bytes of each anchor's SHA-256, and hours.
    pub census: bool,
}

// SAFETY: both are repr(C) and begin with their size.
unsafe impl Sized32 for DeviceAgentLocalHost {}

// SAFETY: as above.
unsafe impl Sized32 for DeviceAgentConfig {}

/// What was read of it.
pub(crate) struct Parsed {
    pub(crate) configuration: Configuration<'static>,
    pub(crate) urls: Vec<BaseUrl>,
    pub(crate) allowed_hosts: Option<&'static [&'static str]>,
    pub(crate) census: bool,
}

/// Reads the configuration into the arena, where it stays until the arena is taken back.
///
/// # Safety
/// Everything that `config` points to is as its header says.
pub(crate) unsafe fn parse(config: &DeviceAgentConfig, entropy: u64) -> Result<Parsed, Code> {
    let mut shelf = Shelf { bytes_left: DEVICE_AGENT_CONFIGURATION_BYTES_MAX };
    // SAFETY: the header says what these point to; seed and keyring stay for as long as the agent runs, which is
    // the 'static of everything that refers to them.
    let (device, channel, seed, keyring, groups, urls, allowed, local_hosts) = unsafe {
        (
            shelf.keep(text(config.device)?)?,
            shelf.keep(text(config.channel)?)?,
            bytes(config.seed, config.seed_bytes)?,
            bytes(config.keyring, config.keyring_bytes)?,
            texts(&mut shelf, config.groups, config.group_count)?,
            texts(&mut shelf, config.urls, config.url_count)?,
            texts(&mut shelf, config.allowed_hosts, config.allowed_host_count)?,
            local_hosts(&mut shelf, config.local_hosts, config.local_host_count)?,
        )
    };
    let urls = urls.iter().map(|url| BaseUrl::parse(url)).collect::<Result<Vec<_>, _>>();
    let is_number = |urls: &Vec<BaseUrl>| (1..=BASE_URLS_MAX).contains(&urls.len());
    let urls = urls.ok().filter(is_number).ok_or(Code::UrlRefused)?;
    let build_time = UnixSeconds(config.build_time);
    let floors = Floors {
        keyring: Order::new(config.keyring_floor.epoch, config.keyring_floor.number),
        release: Order::new(config.release_floor.epoch, config.release_floor.number),
        time: build_time,
        ..Floors::default()
    };
    let configuration = Configuration {
        device,
        channel,
        groups: Vec::leak(groups),
        mode: if config.observe { Mode::Observe } else { Mode::Install },
        seed: (!seed.is_empty()).then_some(seed),
        keyring: (!keyring.is_empty()).then_some(keyring),
        build_time,
        floors,
        local_hosts,
        entropy,
    };
    let allowed_hosts = (!config.allowed_hosts.is_null()).then(|| &*Vec::leak(allowed));
    Ok(Parsed { configuration, urls, allowed_hosts, census: config.census })
}

/// Room for strings in the arena.
struct Shelf {
    bytes_left: usize,
}

impl Shelf {
    /// What a string costs beside its bytes: its place in a list, and the bookkeeping of the heap.
    const BESIDE_BYTES: usize = 16;

    /// Keeps a string in the arena.
    fn keep(&mut self, text: &str) -> Result<&'static str, Code> {
        let bytes = text.len().saturating_add(Self::BESIDE_BYTES);
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or(Code::ArenaTooSmall)?;
        Ok(Box::leak(Box::from(text)))
    }
}

/// # Safety
/// As the header says of an array of strings.
unsafe fn texts(
    shelf: &mut Shelf,
    pointer: *const *const c_char,
    count: usize,
) -> Result<Vec<&'static str>, Code> {
    // SAFETY: the caller's array of the caller's strings.
    unsafe { array(pointer, count)?.iter().map(|pointer| shelf.keep(text(*pointer)?)).collect() }
}

/// # Safety
/// As the header says of an array of local hosts.
unsafe fn local_hosts(
    shelf: &mut Shelf,
    pointer: *const DeviceAgentLocalHost,
    count: usize,
) -> Result<&'static [LocalHost<'static>], Code> {
    // SAFETY: the caller's array of structs; each is checked for its size.
    let hosts = unsafe {
        array(pointer, count)?
            .iter()
            .map(|host| {
                let host = read(host)?;
                let (service, host) = (text(host.service)?, text(host.host)?);
                Ok(LocalHost { service: shelf.keep(service)?, host: shelf.keep(host)? })
            })
            .collect::<Result<Vec<_>, Code>>()?
    };
    Ok(Vec::leak(hosts))
}
