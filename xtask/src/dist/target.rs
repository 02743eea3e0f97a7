//! The Linux machines that packages are for.

use std::env::consts::ARCH;

use clap::ValueEnum;

use crate::arm::zig::CMachine;

/// A kind of machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// 64-bit PCs and servers
    #[value(name = "x86-64")]
    X86_64,
    /// 64-bit Arm
    #[value(name = "aarch64")]
    Aarch64,
    /// 32-bit Arm with hardware floating point, NEON or not
    #[value(name = "armv7")]
    Armv7,
}

impl Target {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::X86_64, Self::Aarch64, Self::Armv7];

    /// The word on the command line.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::X86_64 => "x86-64",
            Self::Aarch64 => "aarch64",
            Self::Armv7 => "armv7",
        }
    }

    /// Rust's name.
    pub(crate) const fn triple(self) -> &'static str {
        self.c_machine().rust
    }

    /// Debian's name.
    pub(crate) const fn debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
            Self::Armv7 => "armhf",
        }
    }

    /// What its C is compiled for: the oldest processors of Debian's architecture of that name.
    pub(crate) const fn c_machine(self) -> CMachine {
        let (rust, c, processor) = match self {
            Self::X86_64 => ("x86_64-unknown-linux-musl", "x86_64-linux-musl", "baseline"),
            Self::Aarch64 => ("aarch64-unknown-linux-musl", "aarch64-linux-musl", "baseline"),
            Self::Armv7 => {
                ("armv7-unknown-linux-musleabihf", "arm-linux-musleabihf", "generic+v7a+vfp3d16+thumb2")
            }
        };
        CMachine { rust, c, assembly: c, processor }
    }

    /// The program that runs its programs on this machine; none where this machine runs them itself.
    pub(crate) fn emulator(self) -> Option<&'static str> {
        let (native, emulator) = match self {
            Self::X86_64 => ("x86_64", "qemu-x86_64"),
            Self::Aarch64 => ("aarch64", "qemu-aarch64"),
            Self::Armv7 => ("arm", "qemu-arm"),
        };
        (native != ARCH).then_some(emulator)
    }

    /// Packages of this workspace whose programs are built for it: devices are all of them, servers are not.
    pub(crate) const fn packages(self) -> &'static [&'static str] {
        match self {
            Self::X86_64 => &["device-agent", "cloud-updater"],
            Self::Aarch64 | Self::Armv7 => &["device-agent"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_has_its_word_and_its_names() {
        for target in Target::ALL {
            let value = target.to_possible_value().unwrap();
            assert_eq!(value.get_name(), target.word());
            assert!(target.triple().contains("-linux-musl"));
            assert!(target.packages().contains(&"device-agent"));
        }
        assert!(Target::ALL.iter().filter(|target| target.emulator().is_none()).count() <= 1);
    }
}
