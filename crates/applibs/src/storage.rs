//! The application's one mutable file, and files of its image package.

use core::ffi::{CStr, c_int};

use crate::{Error, event_loop::Descriptor, symbols};

/// An open file, closed when it is dropped. Reading and writing it is `pread` and `pwrite` of whoever has these.
#[derive(Debug)]
pub struct File {
    fd: c_int,
}

impl File {
    /// Opens the mutable file, which is made, empty, where there is none. It grows up to the manifest's `SizeKB`.
    ///
    /// # Errors
    /// `EACCES` where the manifest has no `MutableStorage`, `EIO`.
    pub fn mutable() -> Result<Self, Error> {
        #[expect(unsafe_code, reason = "a call without arguments")]
        let fd = unsafe { symbols::Storage_OpenMutableFile() };
        Self::opened("Storage_OpenMutableFile", fd)
    }

    /// Opens a file of the image package for reading, by its path inside the package.
    ///
    /// # Errors
    /// `EINVAL` where the path is absolute or leaves the package, `ENOENT`.
    pub fn in_image_package(relative_path: &CStr) -> Result<Self, Error> {
        #[expect(unsafe_code, reason = "the path ends with NUL and is read during the call only")]
        let fd = unsafe { symbols::Storage_OpenFileInImagePackage(relative_path.as_ptr()) };
        Self::opened("Storage_OpenFileInImagePackage", fd)
    }

    fn opened(function: &'static str, fd: c_int) -> Result<Self, Error> {
        if fd < 0 { Err(Error::last(function)) } else { Ok(Self { fd }) }
    }

    /// The file's descriptor, open for as long as this value lives.
    #[must_use]
    pub const fn fd(&self) -> i32 {
        self.fd
    }

    /// Gives the descriptor away; the caller closes it.
    #[must_use]
    pub const fn into_fd(self) -> i32 {
        let fd = self.fd;
        core::mem::forget(self);
        fd
    }
}

impl Drop for File {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "this value owns the descriptor, and nobody can use it afterwards")]
        let _closed = unsafe { symbols::close(self.fd) };
    }
}

#[expect(unsafe_code, reason = "the file closes its descriptor when it is dropped, not before")]
unsafe impl Descriptor for File {
    fn fd(&self) -> i32 {
        self.fd
    }
}
