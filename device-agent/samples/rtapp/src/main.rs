//! A real-time application that takes keyrings and releases from the high-level application, verifies them for
//! itself, and trusts the anchors of one service.
//!
//! For the machine that builds, the program is empty, and its tests are those of the arithmetic of shared memory;
//! `README.md` beside it says how it is built for the board.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod board;
#[cfg(target_os = "none")]
mod image;
#[cfg(any(test, target_os = "none"))]
mod mailbox;
#[cfg(target_os = "none")]
mod report;
#[cfg(all(target_os = "none", not(feature = "mt3620")))]
mod stack;

#[cfg(not(target_os = "none"))]
fn main() {}
