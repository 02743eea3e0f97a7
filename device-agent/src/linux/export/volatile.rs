//! Whether a folder outlives a reboot, as far as its file system says.

use std::path::Path;

use serde::Serialize;

/// Magic numbers of file systems (statfs(2)).
const TMPFS: u32 = 0x0102_1994;
const RAMFS: u32 = 0x8584_58f6;
const OVERLAYFS: u32 = 0x794c_7630;

/// What a folder is kept on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// Memory (tmpfs, ramfs): gone at the next reboot.
    Memory,
    /// An overlay: its upper layer is often memory, and nobody can tell from here.
    Overlay,
    /// Anything else: taken to be lasting.
    Lasting,
    /// The file system cannot be asked.
    Unknown,
}

/// What `folder`, or the nearest folder above it that exists, is kept on.
#[must_use]
pub fn medium(folder: &Path) -> Medium {
    let Some(existing) = folder.ancestors().find(|folder| folder.exists()) else { return Medium::Unknown };
    let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
    match rustix::fs::statfs(existing) {
        // The kernel's number has 32 bits; the field that holds it is signed, and has 32 of them or 64.
        Ok(found) => of_magic(found.f_type as u32),
        Err(_) => Medium::Unknown,
    }
}

const fn of_magic(magic: u32) -> Medium {
    match magic {
        TMPFS | RAMFS => Medium::Memory,
        OVERLAYFS => Medium::Overlay,
        _ => Medium::Lasting,
    }
}

impl Medium {
    /// What a person must know about it; `None` where there is nothing to say.
    #[must_use]
    pub const fn warning(self) -> Option<&'static str> {
        match self {
            Self::Memory => Some("is kept in memory and gone at the next reboot"),
            Self::Overlay => Some("is kept on an overlay and may be gone at the next reboot"),
            Self::Lasting | Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_overlays_are_known_by_their_numbers() {
        assert_eq!(of_magic(0x0102_1994), Medium::Memory);
        assert_eq!(of_magic(0x8584_58f6), Medium::Memory);
        assert_eq!(of_magic(0x794c_7630), Medium::Overlay);
        assert_eq!(of_magic(0xef53), Medium::Lasting);
    }

    #[test]
    fn a_missing_folder_is_judged_by_the_one_above_it() {
        assert_eq!(medium(Path::new("/proc/self/nothing/here")), Medium::Lasting);
        let shared_memory = Path::new("/dev/shm");
        if shared_memory.is_dir() {
            assert_eq!(medium(&shared_memory.join("not/there/yet")), Medium::Memory);
        }
    }
}
