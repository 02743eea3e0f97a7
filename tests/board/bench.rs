//! Where the built files are that the emulated boards are put together from; `cargo xtask devkit` puts them there.

use std::{env, io, path::PathBuf};

use crate::{board::image::Image, process};

/// Names the folder; `cargo xtask` sets it.
pub const FOLDER_VARIABLE: &str = "SYSTEM_TESTS_BOARD";

/// The folder with the built files.
#[derive(Clone, Debug)]
pub struct Bench {
    folder: PathBuf,
}

impl Bench {
    /// The folder that the environment names.
    ///
    /// # Errors
    /// It names none.
    pub fn of_environment() -> io::Result<Self> {
        let hint = "run `cargo xtask devkit`, which builds what the board needs";
        let missing =
            || io::Error::new(io::ErrorKind::NotFound, format!("{FOLDER_VARIABLE} is not set; {hint}"));
        env::var_os(FOLDER_VARIABLE).map(|folder| Self { folder: folder.into() }).ok_or_else(missing)
    }

    /// An image package by its name.
    ///
    /// # Errors
    /// It is not there, or the device would refuse it.
    pub fn image(&self, name: &str) -> io::Result<Image> {
        Image::open(self.folder.join("images").join(name))
    }

    /// The host's library that lays the platform's rules around a program's system calls.
    #[must_use]
    pub fn platform(&self) -> PathBuf {
        self.folder.join("platform.so")
    }

    /// The kernel of the strict tier.
    #[must_use]
    pub fn kernel(&self) -> PathBuf {
        self.folder.join("kernel")
    }

    /// The folder of the kernel's modules.
    #[must_use]
    pub fn modules(&self) -> PathBuf {
        self.folder.join("modules")
    }

    /// The guest's shell.
    #[must_use]
    pub fn shell(&self) -> PathBuf {
        self.folder.join("busybox")
    }

    /// The guest's supervisor.
    #[must_use]
    pub fn supervisor(&self) -> PathBuf {
        self.folder.join("supervisor")
    }

    /// The client of the table of TLS servers.
    #[must_use]
    pub fn tls_client(&self) -> PathBuf {
        self.folder.join("tls-client")
    }

    /// The program that carries one connection of the guest to a service on loopback.
    ///
    /// # Errors
    /// It is not built.
    pub fn bridge(&self) -> io::Result<PathBuf> {
        process::program("devkit")
    }
}
