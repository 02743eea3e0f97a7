//! `cargo xtask c-library`: the C library for applications on Linux, laid out below a prefix as packages have it.

mod archive;
mod build;
mod pages;

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use crate::{
    cli::CLibraryArgs,
    failure::Failure,
    files, output,
    setup::{self, Consent},
    workspace,
};

/// The crate, in the root folder.
const FOLDER: &str = "crates/c-trust-store";
/// The library's name, as linkers are told it.
const NAME: &str = "trust_store";
/// How every name that programs see begins.
const PREFIX: &str = "trust_store_";
/// The line of the header that says the number of the soname.
const ABI_LINE: &str = "#define TRUST_STORE_ABI_VERSION ";

/// Where the files go.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// In front of everything, and in no file's content: a package's folder; empty for the machine itself.
    pub(crate) destdir: PathBuf,
    /// The prefix, absolute, as programs will see it.
    pub(crate) prefix: PathBuf,
    /// The folder of libraries below the prefix, such as `lib/x86_64-linux-gnu`.
    pub(crate) libdir: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// A tool is missing, a build fails, a file cannot be written.
pub(crate) fn run(args: &CLibraryArgs, consent: Consent) -> Result<(), Failure> {
    setup::require(&[setup::COMPILER, setup::BINUTILS], consent)?;
    let layout = Layout {
        destdir: args.destdir.clone().unwrap_or_default(),
        prefix: args.prefix.clone(),
        libdir: args.libdir.clone(),
    };
    let files = stage(&layout, &args.profile, |line| output::say(line))?;
    files.iter().for_each(|file| output::line(file.display()));
    Ok(())
}

/// Builds the library and lays it out: both libraries, the link for linkers, header, pkg-config file, manual. Returns the
/// files; `watch` sees what cargo says.
///
/// # Errors
/// A build fails, or a file cannot be written.
pub(crate) fn stage(
    layout: &Layout,
    profile: &str,
    watch: impl FnMut(&str),
) -> Result<Vec<PathBuf>, Failure> {
    let folder = workspace::root().join(FOLDER);
    let header = files::read(&folder.join("include/trust_store.h"))?;
    let soname = format!("lib{NAME}.so.{}", abi_version(&String::from_utf8_lossy(&header))?);
    let built = build::build(&soname, profile, watch)?;
    let functions = archive::functions(&built.shared)?;
    let mut staged = Staged { root: layout.root()?, files: Vec::new() };
    let libdir = &layout.libdir;
    staged.put(&libdir.join(&soname), &files::read(&built.shared)?, 0o755)?;
    staged.link(&libdir.join(format!("lib{NAME}.so")), &soname)?;
    staged.put(&libdir.join(format!("lib{NAME}.a")), &archive::closed(&built.archive, &functions)?, 0o644)?;
    staged.put(&libdir.join(format!("pkgconfig/{NAME}.pc")), layout.pkg_config()?.as_bytes(), 0o644)?;
    staged.put(Path::new("include/trust_store.h"), &header, 0o644)?;
    for (name, text) in pages::pages(&folder.join("man"), &functions)? {
        staged.put(&Path::new("share/man/man3").join(name), &text, 0o644)?;
    }
    Ok(staged.files)
}

impl Layout {
    /// The folder that the prefix is for now.
    fn root(&self) -> Result<PathBuf, Failure> {
        let inside = self.prefix.strip_prefix("/").map_err(|_| Failure::Unreadable {
            what: "--prefix".to_owned(),
            message: format!("{} is not absolute", self.prefix.display()),
        })?;
        if self.destdir.as_os_str().is_empty() {
            Ok(self.prefix.clone())
        } else {
            Ok(self.destdir.join(inside))
        }
    }

    /// The file that pkg-config reads.
    fn pkg_config(&self) -> Result<String, Failure> {
        let folder = workspace::root().join(FOLDER);
        let template = files::read(&folder.join("trust_store.pc.in"))?;
        let values = [
            ("@PREFIX@", self.prefix.display().to_string()),
            ("@LIBDIR@", self.libdir.display().to_string()),
            ("@VERSION@", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        let text = String::from_utf8_lossy(&template).into_owned();
        Ok(values.iter().fold(text, |text, (name, value)| text.replace(name, value)))
    }
}

/// What has been laid out so far.
struct Staged {
    root: PathBuf,
    files: Vec<PathBuf>,
}

impl Staged {
    /// Writes a file; one that programs have open stays as it is for them.
    fn put(&mut self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.place(path)?;
        files::write(&path, bytes)?;
        let failed = |source| Failure::File { action: "set the mode of", path: path.clone(), source };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(failed)?;
        self.files.push(path);
        Ok(())
    }

    fn link(&mut self, path: &Path, target: &str) -> Result<(), Failure> {
        let path = self.place(path)?;
        let failed = |source| Failure::File { action: "make the link", path: path.clone(), source };
        symlink(target, &path).map_err(failed)?;
        self.files.push(path);
        Ok(())
    }

    /// Where a file goes: its folder is made, and what stood there is unlinked.
    fn place(&self, path: &Path) -> Result<PathBuf, Failure> {
        let path = self.root.join(path);
        if let Some(folder) = path.parent() {
            files::create_folder(folder)?;
        }
        match fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::File { action: "replace", path, source })
            }
            _ => Ok(path),
        }
    }
}

/// The number in the header.
fn abi_version(header: &str) -> Result<&str, Failure> {
    let number = header.lines().find_map(|line| line.strip_prefix(ABI_LINE));
    number.ok_or_else(|| Failure::Unreadable {
        what: "include/trust_store.h".to_owned(),
        message: "it does not say the version of the interface".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staging_folder_is_in_no_file() {
        let layout =
            Layout { destdir: "/tmp/x".into(), prefix: "/usr".into(), libdir: "lib/some-linux-gnu".into() };
        assert_eq!(layout.root().unwrap(), Path::new("/tmp/x/usr"));
        let text = layout.pkg_config().unwrap();
        assert!(
            text.contains("prefix=/usr\n") && text.contains("libdir=${prefix}/lib/some-linux-gnu\n"),
            "{text}"
        );
        assert!(!text.contains("/tmp") && !text.contains('@'), "{text}");
        let relative = Layout { prefix: "usr".into(), ..layout };
        assert!(relative.root().is_err());
    }
}
