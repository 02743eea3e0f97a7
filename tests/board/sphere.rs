//! A development kit on the desk, driven through `az sphere`; its log is read line by line like every other board's.
//!
//! The commands are those of the Azure Sphere CLI, which talks to the one kit that is attached. What a boot says of
//! clock, network and storage is the kit's own here: tests that need to set them run on the emulated boards.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    board::{
        image::Image,
        kit::{Boot, Kit, Running, Witness},
    },
    process::{self, Background},
};

/// Where a kit in debug mode sends what its app logs.
const LOG_ADDRESS: &str = "192.168.35.2:2342";

/// A kit, and the command that drives it.
#[derive(Clone, Debug)]
pub struct Sphere {
    /// `az`, or what stands in for it.
    program: PathBuf,
    /// The program that writes what an address sends to its standard output.
    listener: PathBuf,
    /// Where the log comes from.
    log_address: String,
    /// Whether the command is a stand-in, which is never counted as hardware.
    is_stand_in: bool,
}

impl Sphere {
    /// The kit that is attached to this machine.
    ///
    /// # Errors
    /// A program of this workspace is not built.
    pub fn attached() -> io::Result<Self> {
        let listener = process::program("devkit")?;
        Ok(Self { program: "az".into(), listener, log_address: LOG_ADDRESS.to_owned(), is_stand_in: false })
    }

    /// A scripted command in place of `az`, which stands for no hardware.
    #[must_use]
    pub const fn stand_in(program: PathBuf, listener: PathBuf, log_address: String) -> Self {
        Self { program, listener, log_address, is_stand_in: true }
    }

    fn az(&self, words: &[&str], path: Option<(&str, &Path)>) -> io::Result<()> {
        let mut command = Command::new(&self.program);
        command.arg("sphere").args(words);
        if let Some((flag, path)) = path {
            command.arg(flag).arg(path);
        }
        process::run(&mut command, "")?.success().map(drop)
    }
}

impl Kit for Sphere {
    fn name(&self) -> &'static str {
        if self.is_stand_in { "stand-in for az sphere" } else { "az sphere" }
    }

    fn is_hardware(&self) -> bool {
        !self.is_stand_in
    }

    fn start(&self, image: &Image, boot: &Boot) -> io::Result<Running> {
        if !boot.arguments.is_empty() {
            return Err(io::Error::other("a kit starts a program with the arguments of its manifest alone"));
        }
        fs::create_dir_all(&boot.directory)?;
        let package = boot.directory.join("app.imagepackage");
        let (input, output) = (image.folder().to_string_lossy(), package.to_string_lossy());
        self.az(&["image-package", "pack-application", "--input", &input, "--output", &output], None)?;
        self.az(&["device", "sideload", "delete"], None)?;
        self.az(&["device", "sideload", "deploy"], Some(("--image-package", &package)))?;
        let id = image.component_id();
        self.az(&["device", "app", "stop", "--component-id", id], None)?;
        self.az(&["device", "app", "start", "--component-id", id, "--debug-mode"], None)?;
        let mut listener = Command::new(&self.listener);
        listener.args(["listen", &self.log_address]);
        Ok(Running::new(Background::start(&mut listener)?, Witness::Log))
    }
}
