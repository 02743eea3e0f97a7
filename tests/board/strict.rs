//! The strict tier: a whole machine under `qemu-system-arm`, with Debian's kernel for the device's instruction set.
//!
//! - Memory: a cgroup of [`MEMORY_BYTES_MAX`] that kills. The image's own pages are not charged, as on the device,
//!   which runs programs from flash; the page cache of the mutable file is.
//! - Storage: the mutable file is the only file that the program, which is not root, can write. It lies on an ext4 file
//!   system with a journal, whose room is what the manifest gives it: beyond it a write fails with ENOSPC. The file
//!   system is a file of this machine, so a board that is killed has lost its power.
//! - Network: the emulator answers for the hosts of the boot and forwards nothing else.
//! - Clock: the machine's own, from 1970 to 2106.
//!
//! [`MEMORY_BYTES_MAX`]: crate::board::kit::MEMORY_BYTES_MAX

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    board::{
        bench::Bench,
        guest,
        image::Image,
        kit::{Boot, Clock, Kit, Reach, Running, Witness},
    },
    process::{self, Background},
};

/// The machine's memory, in MiB: the kernel's own and its first file system's; the program has far less.
const MACHINE_MIB: &str = "256";
/// The disk, in bytes: a journal, the mutable file, and ballast.
const DISK_BYTES: u64 = 16 * 1024 * 1024;
/// Arguments of the kernel. Its own words would stand between the lines of the log.
const KERNEL_ARGUMENTS: &str = "console=ttyAMA0 quiet loglevel=1 panic=-1";

/// The emulated machine.
#[derive(Clone, Debug)]
pub struct Strict {
    bench: Bench,
}

impl Strict {
    /// The strict tier, put together from these files.
    #[must_use]
    pub const fn new(bench: Bench) -> Self {
        Self { bench }
    }

    fn machine(&self, boot: &Boot, disk: &Path, file_system: &Path) -> io::Result<Command> {
        let mut qemu = Command::new("qemu-system-arm");
        qemu.args(["-M", "virt", "-cpu", "cortex-a7", "-m", MACHINE_MIB, "-nographic", "-no-reboot"]);
        qemu.args(["-nodefaults", "-serial", "stdio", "-monitor", "none"]);
        qemu.arg("-kernel").arg(self.bench.kernel()).arg("-initrd").arg(file_system);
        qemu.args(["-append", KERNEL_ARGUMENTS, "-rtc", &format!("base={}", date(boot.clock))]);
        qemu.arg("-drive").arg(format!("if=none,id=disk,format=raw,file={}", disk.display()));
        qemu.args(["-device", "virtio-blk-device,drive=disk"]);
        qemu.arg("-netdev").arg(self.network(boot)?);
        qemu.args(["-device", "virtio-net-device,netdev=net", "-device", "virtio-rng-device"]);
        Ok(qemu)
    }

    /// A network that forwards nothing but the connections to the boot's services.
    fn network(&self, boot: &Boot) -> io::Result<String> {
        let bridge = self.bench.bridge()?;
        let mut text = String::from("user,id=net,restrict=on");
        for (index, host) in boot.hosts.iter().enumerate() {
            if let Reach::Served(service) = host.reach {
                let address = guest::address(&boot.hosts, index)?;
                let (bridge, port) = (bridge.display(), host.port);
                text.push_str(&format!(",guestfwd=tcp:{address}:{port}-cmd:{bridge} bridge {service}"));
            }
        }
        Ok(text)
    }
}

impl Kit for Strict {
    fn name(&self) -> &'static str {
        "emulated, strict"
    }

    fn is_hardware(&self) -> bool {
        false
    }

    fn start(&self, image: &Image, boot: &Boot) -> io::Result<Running> {
        fs::create_dir_all(&boot.directory)?;
        let disk = disk(&boot.directory)?;
        let file_system = boot.directory.join("first.cpio");
        File::create(&file_system)?.write_all(&guest::file_system(&self.bench, image, boot)?)?;
        let log = Background::start(&mut self.machine(boot, &disk, &file_system)?)?;
        Ok(Running::new(log, Witness::Log))
    }
}

/// The board's disk, made when it is first started.
fn disk(directory: &Path) -> io::Result<PathBuf> {
    let disk = directory.join("disk");
    if !disk.is_file() {
        let new = directory.join("disk.new");
        File::create(&new)?.set_len(DISK_BYTES)?;
        let mut format = Command::new("mke2fs");
        format
            .args(["-q", "-F", "-t", "ext4", "-b", "4096", "-J", "size=4", "-N", "16", "-m", "0"])
            .arg(&new);
        process::run(&mut format, "")?.success()?;
        fs::rename(&new, &disk)?;
    }
    Ok(disk)
}

/// The clock as `-rtc base=` has it.
fn date(clock: Clock) -> String {
    let seconds = match clock {
        Clock::Unset => 0,
        Clock::Seconds(seconds) => seconds,
    };
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days to a civil date; Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_dates_of_the_machine() {
        assert_eq!(date(Clock::Unset), "1970-01-01T00:00:00");
        assert_eq!(date(Clock::Seconds(951_827_696)), "2000-02-29T12:34:56");
        assert_eq!(date(Clock::Seconds(4_070_908_800)), "2099-01-01T00:00:00");
    }
}
