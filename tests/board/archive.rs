//! The file format that a kernel unpacks its first file system from: `cpio`, in its `newc` form.
//!
//! Source: `Documentation/driver-api/early-userspace/buffer-format.rst` of Linux.

use std::io;

/// Type and permissions of a folder.
const FOLDER_MODE: u32 = 0o040_755;
/// Type and permissions of a file that anybody may read and nobody may write.
const FILE_MODE: u32 = 0o100_444;
/// The same of a program.
const PROGRAM_MODE: u32 = 0o100_555;
/// Names and contents start at multiples of this.
const ALIGNMENT: usize = 4;
/// The name that ends an archive.
const TRAILER: &str = "TRAILER!!!";

/// An archive that grows entry by entry; all entries are root's.
#[derive(Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

impl Archive {
    /// Adds a folder, whose parent must be there.
    ///
    /// # Errors
    /// The name is too long for the format.
    pub fn folder(&mut self, name: &str) -> io::Result<()> {
        self.entry(name, FOLDER_MODE, &[])
    }

    /// Adds a file, whose folder must be there.
    ///
    /// # Errors
    /// The name or the file is too long for the format.
    pub fn file(&mut self, name: &str, contents: &[u8]) -> io::Result<()> {
        self.entry(name, FILE_MODE, contents)
    }

    /// Adds a program, whose folder must be there.
    ///
    /// # Errors
    /// The name or the file is too long for the format.
    pub fn program(&mut self, name: &str, contents: &[u8]) -> io::Result<()> {
        self.entry(name, PROGRAM_MODE, contents)
    }

    /// The whole archive.
    ///
    /// # Errors
    /// None that an archive of this module can have.
    pub fn end(mut self) -> io::Result<Vec<u8>> {
        self.entry(TRAILER, 0, &[])?;
        Ok(self.bytes)
    }

    fn entry(&mut self, name: &str, mode: u32, contents: &[u8]) -> io::Result<()> {
        let size = |count: usize| u32::try_from(count).map_err(io::Error::other);
        self.entries += 1;
        let (name_bytes, file_bytes) = (size(name.len() + 1)?, size(contents.len())?);
        // inode, mode, user, group, links, time, size, device (2), special device (2), length of the name, checksum.
        let fields = [self.entries, mode, 0, 0, 1, 0, file_bytes, 0, 0, 0, 0, name_bytes, 0];
        self.bytes.extend(b"070701");
        for field in fields {
            self.bytes.extend(format!("{field:08X}").bytes());
        }
        self.bytes.extend(name.bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend(contents);
        self.align();
        Ok(())
    }

    fn align(&mut self) {
        let length = self.bytes.len().next_multiple_of(ALIGNMENT);
        self.bytes.resize(length, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_a_header_a_name_and_a_file_each_aligned() {
        let mut archive = Archive::default();
        archive.file("init", b"hello").unwrap();
        let bytes = archive.end().unwrap();
        assert_eq!(&bytes[..14], b"07070100000001");
        assert_eq!(&bytes[110..116], b"init\0\0");
        assert_eq!(&bytes[116..124], b"hello\0\0\0");
        assert_eq!(bytes.len() % ALIGNMENT, 0);
        assert!(bytes.windows(TRAILER.len()).any(|window| window == TRAILER.as_bytes()));
    }
}
