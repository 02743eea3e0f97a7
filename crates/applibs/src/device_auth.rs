//! Device authentication: the certificate that the platform renews every day. Its key is the hardware's, and is of use to the
//! platform's own TLS stacks only.

use crate::{Error, symbols};

/// Whether the device can authenticate itself yet.
///
/// # Errors
/// What the platform says.
pub fn is_ready() -> Result<bool, Error> {
    let mut is_ready = false;
    #[expect(unsafe_code, reason = "the address is that of a live bool, written during the call only")]
    let result = unsafe { symbols::Application_IsDeviceAuthReady(&raw mut is_ready) };
    Error::check("Application_IsDeviceAuthReady", result)?;
    Ok(is_ready)
}
