//! Programs for Arm: the device's Linux (`armv7-unknown-linux-musleabihf`) and its real-time cores
//! (`thumbv7em-none-eabihf`), built on any machine.
//!
//! | part | what it is |
//! |---|---|
//! | [`toolchain`] | everything that builds for Arm, found once in a run |
//! | [`rust`] | the Rust compiler and the source of its library: rustup's, or Debian's |
//! | [`zig`] | the C compiler for the device, which brings musl |
//! | [`library`], [`program`] | what is built: a static library, a C program that links it, a program of a real-time core |
//! | [`wolfssl`] | the TLS library of the sample app, which the device's system brings |
//! | [`packages`] | Debian packages of the emulated machine and of the device's C library |
//! | [`apt`] | how packages are fetched, unpacked and never installed |
//!
//! All of it lives in `target/arm`; nothing else on the machine is written, but for Debian packages that
//! [`crate::setup`] installs when it may.

pub(crate) mod apt;
pub(crate) mod library;
pub(crate) mod packages;
pub(crate) mod program;
pub(crate) mod rust;
pub(crate) mod toolchain;
pub(crate) mod wolfssl;
pub(crate) mod zig;

pub(crate) use library::{Library, Variant};
pub(crate) use program::Program;
pub(crate) use toolchain::Toolchain;

/// The device's Linux: hard-float musl on a Cortex-A7.
pub(crate) const DEVICE_TARGET: &str = "armv7-unknown-linux-musleabihf";
/// The device's real-time cores: Cortex-M4 with a floating-point unit.
pub(crate) const CORE_TARGET: &str = "thumbv7em-none-eabihf";
