//! Uses the device crates where there is neither the standard library nor an allocator; that it builds is the test.
//!
//! `cargo xtask panics` searches what is built here: the panic handler calls a function that nobody defines, so
//! whatever can panic can be seen to lead there.

#![no_std]

mod engine;

use core::panic::PanicInfo;

use bundle::{ChannelId, Document as _, Envelope, Keyring, Manifest};

/// Counts the anchors of a release, from its document to its last anchor.
#[unsafe(no_mangle)]
pub extern "C" fn bare_count_anchors(keyring: &[u8; 512], manifest: &[u8; 512]) -> u32 {
    let Ok(keyring) = Keyring::provisioned(keyring) else { return 0 };
    let Ok(envelope) = Envelope::parse_whole(manifest) else { return 0 };
    let Ok(authentic) = envelope.verify(&keyring, ChannelId::of("bare")) else { return 0 };
    let Ok(manifest) = Manifest::decode(authentic) else { return 0 };
    u32::try_from(manifest.blobs().count()).unwrap_or(u32::MAX)
}

/// The largest record that the store writes, and the engine's shortest wait: both crates are linked in.
#[unsafe(no_mangle)]
pub extern "C" fn bare_limits() -> u32 {
    u32::try_from(core::mem::size_of::<device_agent::Status<'_>>()).unwrap_or(u32::MAX)
}

/// An `unwrap` that fails for some arguments.
#[cfg(feature = "seeded-unwrap")]
#[unsafe(no_mangle)]
pub extern "C" fn bare_seeded_unwrap(number: u32) -> u32 {
    number.checked_add(1).unwrap()
}

unsafe extern "C" {
    /// Nobody defines it.
    fn device_agent_panicked() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: it takes nothing and does not return; a program that could get here is not linked.
    unsafe { device_agent_panicked() }
}
