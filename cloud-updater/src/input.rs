//! Files that somebody else wrote: read whole, up to a limit that is known before.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use crate::Error;

/// Reads `path`, if it has at most `bytes_max` bytes; `what` names what it should hold: "a draft".
///
/// # Errors
/// Exit code 2 where there is no such file, 3 where it is too large, 5 where it cannot be read.
pub fn read(path: &Path, bytes_max: u64, what: &str) -> Result<Vec<u8>, Error> {
    let failed = |error| Error::io("read", path, error);
    let file = fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).map_or(true, |length| length > bytes_max) {
        let message = format!("is above {bytes_max} bytes: too large for {what}");
        return Err(Error::input("too_large", message).file(path));
    }
    Ok(bytes)
}

/// As [`read`], for UTF-8 text.
///
/// # Errors
/// As [`read`], and exit code 3 where it is not text.
pub fn read_text(path: &Path, bytes_max: u64, what: &str) -> Result<String, Error> {
    let bytes = read(path, bytes_max, what)?;
    String::from_utf8(bytes)
        .map_err(|error| Error::input("not_text", "is not UTF-8 text").file(path).because(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::{PUBLIC_MODE, write_file};

    #[test]
    fn a_file_above_its_limit_is_refused_without_being_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_file(&path, &[b'x'; 100], PUBLIC_MODE).unwrap();
        assert_eq!(read(&path, 100, "a test").unwrap().len(), 100);
        assert_eq!(read(&path, 99, "a test").unwrap_err().code(), "too_large");
        let endless = read(Path::new("/dev/zero"), 99, "a test").unwrap_err();
        assert_eq!(endless.code(), "too_large");
        let missing = read(&folder.path().join("none"), 99, "a test").unwrap_err();
        assert_eq!((missing.code(), missing.exit().number()), ("file_missing", 2));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_file(&path, &[0xff], PUBLIC_MODE).unwrap();
        assert_eq!(read_text(&path, 9, "a test").unwrap_err().code(), "not_text");
    }
}
