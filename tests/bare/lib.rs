//! Uses the device crates where there is neither the standard library nor an allocator; that it builds is the test.

#![no_std]

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

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
