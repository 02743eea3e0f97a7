//! What the platform says of the network.

use core::ffi::CStr;

use crate::{Error, symbols};

/// Whether the network is there *and* the clock is synchronised.
///
/// Do not make an agent wait for this. It stays `false` where a network has no time service, or blocks it, and a device
/// whose clock is not set can still verify an update by its floors; sockets say on their own when there is no network.
/// It is good for one thing: once it was `true`, the clock may be believed.
///
/// # Errors
/// What the platform says.
pub fn is_ready() -> Result<bool, Error> {
    let mut is_ready = false;
    #[expect(unsafe_code, reason = "the address is that of a live bool, written during the call only")]
    let result = unsafe { symbols::Networking_IsNetworkingReady(&raw mut is_ready) };
    Error::check("Networking_IsNetworkingReady", result)?;
    Ok(is_ready)
}

/// How far a network interface has got: the bits of `Networking_InterfaceConnectionStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterfaceStatus {
    bits: u32,
}

impl InterfaceStatus {
    /// The status of an interface, `wlan0` or `eth0`.
    ///
    /// # Errors
    /// `ENOENT` where there is no such interface, `EAGAIN` where the network is not set up yet.
    pub fn of(interface: &CStr) -> Result<Self, Error> {
        let mut bits = 0;
        #[expect(
            unsafe_code,
            reason = "the name ends with NUL, the address is that of a live integer; both for the call only"
        )]
        let result =
            unsafe { symbols::Networking_GetInterfaceConnectionStatus(interface.as_ptr(), &raw mut bits) };
        Error::check("Networking_GetInterfaceConnectionStatus", result)?;
        Ok(Self { bits })
    }

    /// The interface is enabled.
    #[must_use]
    pub const fn is_up(self) -> bool {
        self.bits & 1 != 0
    }

    /// It is connected to a network.
    #[must_use]
    pub const fn is_connected(self) -> bool {
        self.bits & 2 != 0
    }

    /// It has an address.
    #[must_use]
    pub const fn has_address(self) -> bool {
        self.bits & 4 != 0
    }

    /// It reaches the internet, as far as the platform can tell.
    #[must_use]
    pub const fn has_internet(self) -> bool {
        self.bits & 8 != 0
    }
}
