//! What the engine is told once: who the device is, what it follows, and what its image carries.

use bundle::UnixSeconds;
use store::Floors;

use crate::Mode;

/// The engine's configuration. Everything in it is local; nothing fetched can change it.
#[derive(Clone, Copy, Debug)]
pub struct Configuration<'w> {
    /// The device's id, as enrolled; also its place in rollouts.
    pub device: &'w str,
    /// The channel's name.
    pub channel: &'w str,
    /// The groups that the device belongs to, for rollouts by group.
    pub groups: &'w [&'w str],
    /// Whether the engine installs.
    pub mode: Mode,
    /// The image's seed file: keyring and release.
    pub seed: Option<&'w [u8]>,
    /// A keyring document alone, for devices that are provisioned without a release.
    pub keyring: Option<&'w [u8]>,
    /// Floors that the image carries beside those of its seed, as an application built later may; zero where it
    /// carries none. Of journal, seed and these the highest holds.
    pub floors: Floors,
    /// When the image was built: the first floor of time.
    pub build_time: UnixSeconds,
    /// This device's own hosts where a service's pattern has a wildcard.
    pub local_hosts: &'w [LocalHost<'w>],
    /// Random bits of this start, for jitter.
    pub entropy: u64,
}

/// A host that stands for a wildcard of a service on this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalHost<'w> {
    /// The service.
    pub service: &'w str,
    /// `host` or `host:port`.
    pub host: &'w str,
}

/// The engine's working memory, given once; it never asks for more.
///
/// [`crate::limits::MEMORY_BYTES_MAX`] in all suffices for every release that the format allows; a small board
/// gives what its largest manifest needs, and larger ones are refused.
#[derive(Debug)]
pub struct Memory<'w> {
    /// Documents and patches as they arrive.
    pub(crate) incoming: &'w mut [u8],
    /// The manifest in use, or the one to go back to.
    pub(crate) present: &'w mut [u8],
    /// The manifest on its way, or on trial.
    pub(crate) candidate: &'w mut [u8],
}

impl<'w> Memory<'w> {
    /// Splits one buffer into the three parts, evenly.
    #[must_use]
    pub fn new(buffer: &'w mut [u8]) -> Self {
        let third = buffer.len() / 3;
        let (incoming, rest) = buffer.split_at_mut_checked(third).unwrap_or_default();
        let (present, rest) = rest.split_at_mut_checked(third).unwrap_or_default();
        let candidate = rest.get_mut(..third).unwrap_or_default();
        Self { incoming, present, candidate }
    }
}
