//! The fast tier: the program alone under `qemu-arm`, with the platform's rules laid around its system calls.

use std::{fs, io, process::Command};

use crate::{
    board::{
        bench::Bench,
        image::Image,
        kit::{Boot, Clock, Kit, Reach, Running, Witness},
    },
    process::Background,
};

/// The emulated instruction set.
#[derive(Clone, Debug)]
pub struct Fast {
    bench: Bench,
}

impl Fast {
    /// The fast tier, put together from these files.
    #[must_use]
    pub const fn new(bench: Bench) -> Self {
        Self { bench }
    }
}

impl Kit for Fast {
    fn name(&self) -> &'static str {
        "emulated, fast"
    }

    fn is_hardware(&self) -> bool {
        false
    }

    fn start(&self, image: &Image, boot: &Boot) -> io::Result<Running> {
        fs::create_dir_all(&boot.directory)?;
        let mut command = Command::new("qemu-arm");
        // Nothing of this machine's environment is the program's.
        command.env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("LD_PRELOAD", self.bench.platform());
        command.env("BOARD_DIRECTORY", &boot.directory).env("BOARD_IMAGE", image.folder());
        command.env("BOARD_STORAGE_KIB", image.storage_kib().to_string());
        command.env("BOARD_CLOCK", clock(boot.clock)).env("BOARD_ALLOWED", allowed(boot));
        command.envs(boot.environment.iter().map(|(name, value)| (name, value)));
        command.arg(image.program()).args(image.arguments()).args(&boot.arguments);
        Ok(Running::new(Background::start(&mut command)?, Witness::Emulator))
    }
}

fn clock(clock: Clock) -> String {
    match clock {
        Clock::Unset => "unset".to_owned(),
        Clock::Seconds(seconds) => seconds.to_string(),
    }
}

/// The addresses of the services that may be reached. Names are the program's business here: it is told loopback.
fn allowed(boot: &Boot) -> String {
    let addresses = boot.hosts.iter().filter_map(|host| match host.reach {
        Reach::Served(address) => Some(address.to_string()),
        Reach::Refused | Reach::Dropped => None,
    });
    let addresses: Vec<String> = addresses.collect();
    // An empty list would admit everything.
    if addresses.is_empty() { "0.0.0.0:0".to_owned() } else { addresses.join(",") }
}
