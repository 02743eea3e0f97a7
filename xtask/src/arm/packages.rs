//! Debian packages of the emulated machine and of the device's C library, unpacked into the target folder and never
//! installed.

use std::path::{Path, PathBuf};

use super::apt::{ARCHITECTURE, Apt, entries, require_consent, unpack};
use crate::{failure::Failure, setup::Consent};

/// The package that depends on the newest kernel for the device's architecture.
const KERNEL: &str = "linux-image-armmp";
/// The package with the guest's shell.
const SHELL: &str = "busybox-static";
/// The package with the C library to link with.
const C_LIBRARY: &str = "musl-dev";

/// What the emulated machine boots.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// The kernel.
    pub(crate) kernel: PathBuf,
    /// The folder of its modules, which ends in its version.
    pub(crate) modules: PathBuf,
    /// The guest's shell, a static program for Arm.
    pub(crate) shell: PathBuf,
}

/// The C library of the device's system, musl as its authors wrote it.
///
/// The C compiler brings a musl whose `malloc` rounds up to powers of two, so that a program's memory would be measured
/// on an allocator that no device has.
#[derive(Clone, Debug)]
pub(crate) struct CLibrary {
    /// The folder of the library and of what programs begin with.
    pub(crate) folder: PathBuf,
    /// The folder of its headers.
    pub(crate) headers: PathBuf,
}

impl Machine {
    /// Finds kernel and shell below `arm`, and fetches them there where that is allowed.
    ///
    /// # Errors
    /// [`Failure::Missing`] where they cannot be fetched; a file that cannot be read or written.
    pub(crate) fn find(arm: &Path, consent: Consent) -> Result<Self, Failure> {
        let root = arm.join("machine/root");
        if let Some(machine) = Self::unpacked(&root) {
            return Ok(machine);
        }
        let deed = format!("fetch Debian's {KERNEL} and {SHELL} for {ARCHITECTURE} into {}", arm.display());
        require_consent("the kernel of the emulated machine", &deed, consent)?;
        let apt = Apt::of_device(arm);
        apt.update()?;
        let kernel = apt.first_dependency(KERNEL)?;
        unpack(&apt.download(&[SHELL, &kernel], &arm.join("machine/download"))?, &root)?;
        Self::unpacked(&root).ok_or_else(|| nothing("no kernel or no shell"))
    }

    /// The machine, if all of it is there.
    fn unpacked(root: &Path) -> Option<Self> {
        let modules = first_entry(&root.join("lib/modules"), "")?;
        let kernel = first_entry(&root.join("boot"), "vmlinuz-")?;
        let shell = root.join("bin/busybox");
        shell.is_file().then_some(Self { kernel, modules, shell })
    }
}

impl CLibrary {
    /// Finds the library below `arm`, and fetches it there where that is allowed.
    ///
    /// # Errors
    /// As [`Machine::find`].
    pub(crate) fn find(arm: &Path, consent: Consent) -> Result<Self, Failure> {
        let root = arm.join("musl/root");
        let below = |name: &str| root.join("usr").join(name).join("arm-linux-musleabihf");
        let library = Self { folder: below("lib"), headers: below("include") };
        let is_there = || library.folder.join("libc.a").is_file();
        if !is_there() {
            let deed = format!("fetch Debian's {C_LIBRARY} for {ARCHITECTURE} into {}", arm.display());
            require_consent("the C library of the device", &deed, consent)?;
            let apt = Apt::of_device(arm);
            apt.update()?;
            unpack(&apt.download(&[C_LIBRARY], &arm.join("musl/download"))?, &root)?;
        }
        if is_there() { Ok(library) } else { Err(nothing("no C library")) }
    }
}

fn nothing(what: &str) -> Failure {
    Failure::Unreadable { what: "Debian's packages".to_owned(), message: format!("they hold {what}") }
}

fn first_entry(folder: &Path, prefix: &str) -> Option<PathBuf> {
    let starts =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    entries(folder).into_iter().find(starts)
}
