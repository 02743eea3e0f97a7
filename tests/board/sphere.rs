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

#[cfg(test)]
mod tests {
    use std::{
        fs::{File, Permissions},
        io::Write as _,
        net::TcpListener,
        os::unix::fs::PermissionsExt as _,
        thread,
        time::Duration,
    };

    use super::*;

    const MANIFEST: &str = r#"{ "ComponentId": "25025d2c", "EntryPoint": "/bin/app", "Capabilities": {} }"#;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_kit_is_driven_by_its_command_and_heard_through_its_log_and_a_stand_in_is_no_hardware() {
        let folder = tempfile::tempdir().unwrap();
        let (az, image) = (folder.path().join("az"), folder.path().join("image"));
        let told = folder.path().join("told");
        write(&az, &format!("#!/bin/sh\necho \"$@\" >> {}\n", told.display()));
        write(&image.join("app_manifest.json"), MANIFEST);
        write(&image.join("bin/app"), "");
        let log = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = log.local_addr().unwrap().to_string();
        let speaker =
            thread::spawn(move || log.accept().unwrap().0.write_all(b"trust generation=2\r\n").unwrap());
        // `listen ADDRESS`, by a shell instead of the program that is built beside this one.
        let listener = folder.path().join("listener");
        write(&listener, "#!/bin/bash\nexec cat < /dev/tcp/${2%:*}/${2#*:}\n");
        let kit = Sphere::stand_in(az, listener, address);
        let boot = Boot::new(folder.path().join("board"));
        let running = kit.start(&Image::open(&image).unwrap(), &boot).unwrap();
        running.wait_for_line(Duration::from_secs(10), "trust generation=2").unwrap();
        speaker.join().unwrap();
        assert!(!kit.is_hardware());
        let told = fs::read_to_string(told).unwrap();
        let heads: Vec<&str> = told.lines().map(|line| line.split(" --").next().unwrap()).collect();
        assert_eq!(
            heads,
            [
                "sphere image-package pack-application",
                "sphere device sideload delete",
                "sphere device sideload deploy",
                "sphere device app stop",
                "sphere device app start",
            ]
        );
    }

    #[test]
    fn arguments_that_a_kit_cannot_hand_over_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("app_manifest.json"), MANIFEST);
        write(&folder.path().join("bin/app"), "");
        let kit = Sphere::stand_in("az".into(), "listener".into(), String::new());
        let mut boot = Boot::new(folder.path().join("board"));
        boot.arguments.push("clock".to_owned());
        assert!(kit.start(&Image::open(folder.path()).unwrap(), &boot).is_err());
    }
}
