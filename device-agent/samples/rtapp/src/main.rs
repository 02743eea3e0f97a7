//! A real-time application that takes keyrings and releases from the high-level application, verifies them for
//! itself, and trusts the anchors of one service.
//!
//! For the machine that builds, the program is empty; `README.md` beside it says how it is built for the board.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod board;
#[cfg(all(target_os = "none", not(feature = "scaffold")))]
mod image;
#[cfg(target_os = "none")]
mod mailbox;
#[cfg(target_os = "none")]
mod stack;

#[cfg(not(target_os = "none"))]
fn main() {}
