//! What becomes of a panic: there is none that can be reached, and the build for the device has no code for one.

use core::panic::PanicInfo;

#[cfg(feature = "panics")]
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        /// Defined nowhere: a library that can reach it does not link.
        safe fn device_agent_panicked() -> !;
    }
    device_agent_panicked()
}

#[cfg(not(feature = "panics"))]
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        /// C's own (ISO C11 §7.22.4.1). It is linked only where a build keeps panics.
        safe fn abort() -> !;
    }
    abort()
}

/// An `unwrap` that fails for some arguments.
#[cfg(feature = "seeded-unwrap")]
#[expect(clippy::unwrap_used, reason = "it is there to be found")]
#[unsafe(no_mangle)]
pub extern "C" fn device_agent_seeded_unwrap(number: u32) -> u32 {
    number.checked_add(1).unwrap()
}
