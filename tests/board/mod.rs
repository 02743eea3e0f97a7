//! The board that programs for the device run on in tests: emulated in two tiers, or a real development kit.
//!
//! | part | what it is |
//! |---|---|
//! | [`kit`] | what every board can do: start an image, and be listened to line by line |
//! | [`image`] | an image package: program, manifest and data, refused above the flash of the device |
//! | [`fast`] | the program alone under `qemu-arm`, with the platform's rules laid around its system calls |
//! | [`strict`], [`guest`] | a whole machine under `qemu-system-arm`: a real kernel that kills above 256 KiB, a restricted network |
//! | [`archive`] | the file format that a kernel unpacks its first file system from |
//! | [`sphere`] | a development kit on the desk, driven through `az sphere` |
//! | [`mod@bench`] | where the built files are that the emulated boards are put together from |
//!
//! Boards differ in what they can be told, never in what is read: lines of the program's log.

pub mod archive;
pub mod bench;
pub mod fast;
pub mod guest;
pub mod image;
pub mod kit;
pub mod sphere;
pub mod strict;
