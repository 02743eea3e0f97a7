//! wolfSSL, the TLS library that the device's system brings: built here from Debian's source package, for the emulated board alone.
//!
//! wolfSSL is under the GNU General Public License. What links it (the sample in the emulated board) is a tool of the tests:
//! it is made in the target folder, and never committed or handed on. On the device it is a part of the system.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Toolchain,
    apt::{Apt, expect, put_in_place, require_consent},
};
use crate::{failure::Failure, files, output, setup::Consent, workspace};

/// Debian's name of the source package.
const PACKAGE: &str = "wolfssl";
/// The settings that it is compiled with, in the root folder: what the sample uses of it.
const SETTINGS: &str = "tests/board/wolfssl";
/// Parts of TLS.
const TLS_FILES: [&str; 6] = ["internal", "keys", "ssl", "tls", "tls13", "wolfio"];
/// Parts of the cryptography.
const CRYPTO_FILES: [&str; 26] = [
    "aes",
    "asn",
    "chacha",
    "chacha20_poly1305",
    "coding",
    "cpuid",
    "ecc",
    "error",
    "hash",
    "hmac",
    "kdf",
    "logging",
    "md5",
    "memory",
    "poly1305",
    "random",
    "rsa",
    "sha",
    "sha256",
    "sha512",
    "signature",
    "sp_c32",
    "sp_int",
    "wc_encrypt",
    "wc_port",
    "wolfmath",
];

/// The library and its headers.
#[derive(Clone, Debug)]
pub(crate) struct WolfSsl {
    /// The static library.
    pub(crate) library: PathBuf,
    /// The folder of its headers.
    pub(crate) headers: PathBuf,
    /// The folder of the settings that both are read with.
    pub(crate) settings: PathBuf,
}

impl WolfSsl {
    /// Finds the source below the toolchain's folder, fetches it there where that is allowed, and builds the library
    /// unless it was built with the same settings before.
    ///
    /// # Errors
    /// [`Failure::Missing`] where the source cannot be fetched; a build that fails.
    pub(crate) fn find(toolchain: &Toolchain, consent: Consent) -> Result<Self, Failure> {
        let folder = toolchain.folder.join(PACKAGE);
        let source = folder.join("source");
        if !source.is_dir() {
            fetch(&toolchain.folder, &folder, &source, consent)?;
        }
        let settings = workspace::root().join(SETTINGS);
        let wolfssl = Self { library: folder.join("libwolfssl.a"), headers: source, settings };
        let wanted = files::read(&wolfssl.settings.join("user_settings.h"))?;
        let built_with = folder.join("built-with.h");
        if !wolfssl.library.is_file() || fs::read(&built_with).ok().as_ref() != Some(&wanted) {
            wolfssl.build(toolchain, &folder.join("objects"))?;
            files::write(&built_with, &wanted)?;
        }
        Ok(wolfssl)
    }

    fn build(&self, toolchain: &Toolchain, objects: &Path) -> Result<(), Failure> {
        output::say("build: wolfSSL for the sample");
        files::create_folder(objects)?;
        let tls = TLS_FILES.map(|name| format!("src/{name}.c"));
        let crypto = CRYPTO_FILES.map(|name| format!("wolfcrypt/src/{name}.c"));
        let mut made = Vec::new();
        for file in tls.iter().chain(&crypto) {
            let object = objects.join(file.replace('/', "_")).with_extension("o");
            let mut compiler = toolchain.zig.compiler();
            compiler.args(["-Os", "-ffunction-sections", "-fdata-sections", "-DWOLFSSL_USER_SETTINGS", "-w"]);
            compiler.arg("-I").arg(&self.settings).arg("-I").arg(&self.headers);
            compiler.arg("-c").arg(self.headers.join(file)).arg("-o").arg(&object);
            expect(&mut compiler)?;
            made.push(object);
        }
        // An archive is added to, so an old one goes first.
        drop(fs::remove_file(&self.library));
        expect(toolchain.zig.archiver().arg("rcs").arg(&self.library).args(&made))
    }
}

/// Fetches the source package, and unpacks what wolfSSL's authors published in it.
fn fetch(arm: &Path, folder: &Path, source: &Path, consent: Consent) -> Result<(), Failure> {
    let deed = format!(
        "fetch the source of {PACKAGE} (GPL, for tests on the emulated board alone) from Debian into {}",
        folder.display()
    );
    require_consent("wolfSSL, the TLS library of the sample app", &deed, consent)?;
    let apt = Apt::of_sources(arm)?;
    apt.update()?;
    let fetched = apt.download_source(PACKAGE, &folder.join("download"))?;
    let archive = fetched.iter().find(|path| is_original(path)).ok_or_else(|| Failure::Unreadable {
        what: format!("Debian's {PACKAGE}"),
        message: "it holds no original archive".to_owned(),
    })?;
    let new = folder.join("source.new");
    files::create_folder(&new)?;
    expect(Command::new("tar").args(["--strip-components=1", "-xf"]).arg(archive).arg("-C").arg(&new))?;
    put_in_place(&new, source)
}

fn is_original(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.contains(".orig.tar.") && !name.ends_with(".asc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_original_archive_is_no_signature_and_no_patch() {
        assert!(is_original(Path::new("/d/wolfssl_5.5.4.orig.tar.gz")));
        assert!(!is_original(Path::new("/d/wolfssl_5.5.4.orig.tar.gz.asc")));
        assert!(!is_original(Path::new("/d/wolfssl_5.5.4-2.debian.tar.xz")));
    }
}
