//! wolfSSL, the TLS library that the device's system brings: built here from Debian's source package, for the emulated board alone.
//!
//! wolfSSL is under the GNU General Public License. What links it (the sample in the emulated board) is a tool of the tests:
//! it is made in the target folder, and never committed or handed on. On the device it is a part of the system.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::Toolchain;
use crate::{
    failure::Failure,
    files, output, process,
    setup::{self, Consent},
    workspace,
};

/// Debian's name of the source package.
const PACKAGE: &str = "wolfssl";
/// The settings that it is compiled with, in the root folder: what the sample uses of it.
const SETTINGS: &str = "tests/board/wolfssl";
/// Parts of TLS.
const TLS_FILES: [&str; 6] = ["internal", "keys", "ssl", "tls", "tls13", "wolfio"];
/// Parts of the cryptography.
const CRYPTO_FILES: [&str; 25] = [
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
            fetch(&folder, &source, consent)?;
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

/// Fetches the source package with lists of its own, and unpacks what wolfSSL's authors published in it.
fn fetch(folder: &Path, source: &Path, consent: Consent) -> Result<(), Failure> {
    let deed = format!(
        "fetch the source of {PACKAGE} (GPL, for tests on the emulated board alone) from Debian into {}",
        folder.display()
    );
    let missing =
        |what: String| Failure::Missing { what, remedy: format!("to {deed}, run the command with --yes") };
    if setup::find("apt-get").is_none() || !setup::agreed_to(&deed, consent) {
        return Err(missing("missing: wolfSSL, the TLS library of the sample app".to_owned()));
    }
    output::say(format_args!("set-up: {deed}"));
    let download = folder.join("download");
    for path in [&folder.join("lists/partial"), &folder.join("cache/archives/partial"), &download] {
        files::create_folder(path)?;
    }
    files::write(&folder.join("sources.list"), source_lines()?.as_bytes())?;
    // A list that cannot be had makes an update fail in part; what counts is that the package is found.
    process::run_quiet(apt(folder).args(["-q", "update"]), |_| {})?;
    // apt compares the files with the hashes of the signed lists.
    expect(apt(folder).current_dir(&download).args(["-q", "--download-only", "source", PACKAGE]))?;
    let archive = entries(&download).into_iter().find(|path| is_original(path));
    let archive = archive.ok_or_else(|| missing(format!("Debian's {PACKAGE} holds no original archive")))?;
    let new = folder.join("source.new");
    files::create_folder(&new)?;
    expect(Command::new("tar").args(["--strip-components=1", "-xf"]).arg(archive).arg("-C").arg(&new))?;
    // The folder takes its name when it is whole, so a run that was cut short is done again.
    let failed = |error| Failure::File { action: "name the folder", path: source.to_owned(), source: error };
    fs::rename(&new, source).map_err(failed)
}

/// This machine's own sources of the main component, as lines that name their source packages.
fn source_lines() -> Result<String, Failure> {
    let mut apt = Command::new("apt-get");
    apt.args(["indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]);
    let told = process::run_quiet(&mut apt, |_| {})?;
    let lines = told.lines.iter().filter(|line| line.ends_with(" main"));
    Ok(lines.map(|line| format!("deb-src {line}\n")).collect())
}

/// apt with lists and cache of its own, and no other sources than these.
fn apt(folder: &Path) -> Command {
    let mut command = Command::new("apt-get");
    let shown = folder.display();
    for option in [
        format!("Dir::Etc::SourceList={shown}/sources.list"),
        "Dir::Etc::SourceParts=/dev/null".to_owned(),
        format!("Dir::State={shown}"),
        format!("Dir::State::lists={shown}/lists"),
        "Dir::State::status=/dev/null".to_owned(),
        format!("Dir::Cache={shown}/cache"),
        // The user that downloads otherwise may not be able to enter this folder.
        "APT::Sandbox::User=root".to_owned(),
    ] {
        command.arg("-o").arg(option);
    }
    command
}

fn is_original(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.contains(".orig.tar.") && !name.ends_with(".asc")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn expect(command: &mut Command) -> Result<(), Failure> {
    let result = process::run_quiet(command, |_| {})?;
    if result.passed {
        return Ok(());
    }
    Err(Failure::Check(format!("{}\nfailed: {}", result.lines.join("\n"), process::text(command))))
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
