//! Every access to the chip's registers and to memory that it shares, one argument each. All else in this program is
//! safe code.
//!
//! Addresses: the vendor's sample `IntercoreComms_RTApp_MT3620_BareMetal` and MediaTek's `mt3620_m4_software`; those of
//! the processor: ARMv7-M Architecture Reference Manual, B3.4.

#![expect(unsafe_code, reason = "registers and shared memory; each access says why it may")]

use core::{arch::asm, ptr};

use super::ring::{Region, Shared};

/// The mailbox between this core and the high-level one; the same address on both M4 cores, each of which sees its own.
const MAILBOX: usize = 0x2105_0000;
/// Where bits that are written interrupt the high-level core.
const RAISE: usize = MAILBOX + 0x14;
/// Which interrupts of the high-level core are let through.
const RECEIVE_ENABLE: usize = MAILBOX + 0x18;
/// Which of them have come; a bit that is written is cleared.
const RECEIVE_STATUS: usize = MAILBOX + 0x1c;
/// The command at the front of the FIFO; reading it takes command and data off.
const FIFO_COMMAND: usize = MAILBOX + 0x50;
/// The data of that command, which is read first.
const FIFO_DATA: usize = MAILBOX + 0x54;
/// How many commands the FIFO has.
const FIFO_COUNT: usize = MAILBOX + 0x58;
/// Interrupt enables 0 to 31 of the processor.
const NVIC_ENABLE: usize = 0xe000_e100;
/// Their pending bits; a bit that is written is cleared.
const NVIC_CLEAR_PENDING: usize = 0xe000_e280;
/// The mailbox's software interrupt is the processor's number 11.
const MAILBOX_INTERRUPT: u32 = 1 << 11;
/// The high-level core has written a message: bit 1 of its interrupts.
const THEY_SENT: u32 = 1 << 1;

/// Interrupts of the high-level core.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum Signal {
    /// This core has written a message.
    Sent = 1 << 0,
    /// This core has read one.
    Received = 1 << 1,
}

fn read(register: usize) -> u32 {
    // SAFETY: every caller passes one of the constants above: aligned words of device memory that are there as long as
    // the chip is, and no Rust object. Reading `FIFO_COMMAND` has an effect, which is wanted; the others have none.
    unsafe { ptr::with_exposed_provenance::<u32>(register).read_volatile() }
}

fn write(register: usize, value: u32) {
    // SAFETY: as in `read`. None of these registers changes this core's memory; they raise, enable and clear
    // interrupts, and this program has no interrupt handler that could run.
    unsafe { ptr::with_exposed_provenance_mut::<u32>(register).write_volatile(value) }
}

/// Everything before it is done, in memory too, before anything behind it begins.
fn barrier() {
    // SAFETY: it changes no register and no flag; the compiler takes it for an access to all memory, as is meant.
    unsafe { asm!("dsb", options(nostack, preserves_flags)) }
}

/// Sleeps until an interrupt is pending. With interrupts masked it is not entered, and what came before is not missed.
pub(crate) fn sleep() {
    // SAFETY: as in `barrier`; the processor stops until the next interrupt, of which the mailbox's is enabled.
    unsafe { asm!("wfi", options(nostack, preserves_flags)) }
}

/// Lets the high-level core's messages end [`sleep`], without a handler: interrupts stay masked.
pub(crate) fn enable_waking() {
    // SAFETY: masking interrupts breaks nothing: this program has no handlers, and faults are not masked by it.
    unsafe { asm!("cpsid i", options(nostack, preserves_flags)) }
    write(RECEIVE_ENABLE, THEY_SENT);
    write(NVIC_ENABLE, MAILBOX_INTERRUPT);
}

/// Forgets what has come; whatever comes afterwards ends [`sleep`].
pub(crate) fn acknowledge() {
    write(RECEIVE_STATUS, THEY_SENT);
    // The mailbox must have taken its line back before the processor's bit is cleared, else it is set again.
    barrier();
    write(NVIC_CLEAR_PENDING, MAILBOX_INTERRUPT);
    barrier();
}

/// The next command and its data, if one has come.
pub(crate) fn command() -> Option<(u32, u32)> {
    (read(FIFO_COUNT) > 0).then(|| {
        let data = read(FIFO_DATA);
        (read(FIFO_COMMAND), data)
    })
}

/// Interrupts the high-level core, when all memory that was written can be seen there.
pub(crate) fn raise(signal: Signal) {
    barrier();
    let bit = match signal {
        Signal::Sent => 1,
        Signal::Received => 2,
    };
    write(RAISE, bit);
}

/// A shared buffer. There is no reference to it anywhere: the other core writes there whenever it likes.
#[derive(Debug)]
pub(crate) struct Window(Region);

impl Window {
    /// The window onto a region, which [`Region::from_word`] has found to be none of this core's own memory.
    pub(crate) const fn new(region: Region) -> Self {
        Self(region)
    }

    /// The address of `length` bytes at a place, if all of them are inside.
    fn address(&self, at: usize, length: usize) -> Option<usize> {
        let end = at.checked_add(length)?;
        let bytes = usize::try_from(self.0.bytes).ok()?;
        (end <= bytes).then(|| usize::try_from(self.0.address).ok()?.checked_add(at))?
    }
}

impl Shared for Window {
    fn word(&self, at: usize) -> u32 {
        let Some(address) = self.address(at, 4).filter(|address| address.is_multiple_of(4)) else { return 0 };
        // SAFETY: aligned, and inside a region that the kernel said it shares, which holds no Rust object. Volatile: it
        // may change at any time, and any value is a `u32`.
        let word = unsafe { ptr::with_exposed_provenance::<u32>(address).read_volatile() };
        barrier();
        word
    }

    fn set_word(&mut self, at: usize, value: u32) {
        let Some(address) = self.address(at, 4).filter(|address| address.is_multiple_of(4)) else { return };
        barrier();
        // SAFETY: as in `word`; what is written there is no Rust object either.
        unsafe { ptr::with_exposed_provenance_mut::<u32>(address).write_volatile(value) }
    }

    fn load(&self, at: usize, into: &mut [u8]) {
        let Some(address) = self.address(at, into.len()) else { return };
        for (address, byte) in (address..).zip(into) {
            // SAFETY: inside, as `address` has checked for all of `into`; a byte has no alignment. Volatile as in `word`.
            *byte = unsafe { ptr::with_exposed_provenance::<u8>(address).read_volatile() };
        }
    }

    fn store(&mut self, at: usize, from: &[u8]) {
        let Some(address) = self.address(at, from.len()) else { return };
        for (address, byte) in (address..).zip(from) {
            // SAFETY: as in `load`, and as in `set_word`.
            unsafe { ptr::with_exposed_provenance_mut::<u8>(address).write_volatile(*byte) }
        }
    }
}
