//! Debian packages, put together by Debian's own `dpkg-deb`: it is the format's reference, knows whom files belong to
//! without being root, and gives the same bytes for the same files and `SOURCE_DATE_EPOCH`.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, UNIX_EPOCH},
};

use serde::Deserialize;

use super::{expect, unreadable};
use crate::{failure::Failure, files, workspace};

/// Whom a package names, unless `DEBFULLNAME` and `DEBEMAIL` say otherwise, as for Debian's own tools.
const MAINTAINER: (&str, &str) = ("The packagers of this build", "packages@localhost");
/// The variable that Debian's own tools read a maintainer's address from.
const ADDRESS_VARIABLE: &str = "DEBEMAIL";
/// The licence of this workspace, as Debian wants it.
const COPYRIGHT: &str = include_str!("../../copyright");
/// Scripts that `dpkg` runs.
const SCRIPTS: [&str; 4] = ["preinst", "postinst", "prerm", "postrm"];

/// `debian/package.toml` of a package of this workspace.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    section: String,
    summary: String,
    description: String,
    #[serde(default)]
    depends: String,
    #[serde(default)]
    folders: Vec<PathBuf>,
    /// Where each file goes, and where it is in the package's folder.
    files: BTreeMap<PathBuf, PathBuf>,
}

/// What goes into one package.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content<'a> {
    /// The package of this workspace, whose folder has the same name.
    pub(super) name: &'a str,
    /// Debian's name of the machine.
    pub(super) architecture: &'a str,
    /// The program, which goes to `/usr/bin`.
    pub(super) program: &'a Path,
    /// Man pages and completions, laid out as they are installed.
    pub(super) manual: &'a Path,
    /// What the program is linked from, a line for each crate.
    pub(super) linked: &'a str,
    /// The time of every file.
    pub(super) epoch: u64,
}

impl Content<'_> {
    /// Makes the package in `folder`, by way of a tree of files in `scratch`; returns its name.
    ///
    /// # Errors
    /// A file that is missing, or a tool that fails.
    pub(super) fn pack(&self, folder: &Path, scratch: &Path) -> Result<String, Failure> {
        let version = version()?;
        let tree = scratch.join(format!("{}-{}", self.name, self.architecture));
        drop(fs::remove_dir_all(&tree));
        let description = self.description()?;
        self.lay_out(&description, &version, &tree)?;
        self.write_control(&description, &version, &tree)?;
        date(&tree, self.epoch)?;
        let file = format!("{}_{version}_{}.deb", self.name, self.architecture);
        let mut dpkg = Command::new("dpkg-deb");
        // More threads would split the archive elsewhere.
        dpkg.args(["--root-owner-group", "-Zxz", "--threads-max=1", "--build"]);
        dpkg.arg(&tree).arg(folder.join(&file)).env("SOURCE_DATE_EPOCH", self.epoch.to_string());
        expect(&mut dpkg)?;
        Ok(file)
    }

    fn source(&self) -> PathBuf {
        workspace::root().join(self.name)
    }

    fn description(&self) -> Result<Description, Failure> {
        let path = self.source().join("debian/package.toml");
        let text = String::from_utf8_lossy(&files::read(&path)?).into_owned();
        toml::from_str(&text).map_err(|error| unreadable(&path.display().to_string(), &error))
    }

    /// Everything that is installed.
    fn lay_out(&self, description: &Description, version: &str, tree: &Path) -> Result<(), Failure> {
        copy_tree(self.manual, tree)?;
        copy(self.program, &tree.join("usr/bin").join(self.name), 0o755)?;
        for (to, from) in &description.files {
            copy(&self.source().join(from), &tree.join(to), 0o644)?;
        }
        for folder in &description.folders {
            make_folder(&tree.join(folder))?;
        }
        let documents = tree.join("usr/share/doc").join(self.name);
        let copyright = COPYRIGHT.replace("PACKAGE", self.name) + &self.linked_licences();
        place(&documents.join("copyright"), copyright.as_bytes(), 0o644)?;
        place(&documents.join("changelog"), self.changelog(version)?.as_bytes(), 0o644)?;
        compress(&documents.join("changelog"))?;
        for page in all_files(&tree.join("usr/share/man"))? {
            compress(&page)?;
        }
        Ok(())
    }

    /// The licences of what is linked, as the crates name them.
    fn linked_licences(&self) -> String {
        let lines: String = self.linked.lines().map(|line| format!(" {line}\n")).collect();
        format!(
            "\nComment: /usr/bin/{} is linked from these crates, under these licences:\n{lines}",
            self.name
        )
    }

    fn changelog(&self, version: &str) -> Result<String, Failure> {
        let mut command = Command::new("date");
        command.args(["--utc", "--rfc-email", "--date", &format!("@{}", self.epoch)]).env("LC_ALL", "C");
        let date = expect(&mut command)?.join("");
        Ok(format!(
            "{} ({version}) unstable; urgency=medium\n\n  * Made from the source of this version.\n\n -- {}  {date}\n",
            self.name,
            maintainer()
        ))
    }

    /// What `dpkg` reads of the package.
    fn write_control(&self, description: &Description, version: &str, tree: &Path) -> Result<(), Failure> {
        let installed = all_files(tree)?;
        let control = tree.join("DEBIAN");
        let bytes: u64 = installed.iter().flat_map(fs::metadata).map(|metadata| metadata.len()).sum();
        let lines = description.description.lines().map(|line| format!(" {line}\n")).collect::<String>();
        let depends = match description.depends.as_str() {
            "" => String::new(),
            depends => format!("Depends: {depends}\n"),
        };
        let text = format!(
            "Package: {}\nVersion: {version}\nArchitecture: {}\nMaintainer: {}\nInstalled-Size: {}\n{depends}\
             Section: {}\nPriority: optional\nDescription: {}\n{lines}",
            self.name,
            self.architecture,
            maintainer(),
            bytes.div_ceil(1024),
            description.section,
            description.summary,
        );
        place(&control.join("control"), text.as_bytes(), 0o644)?;
        let of_tree = |path: &Path| path.strip_prefix(tree).unwrap_or(path).display().to_string();
        let conffiles: String = installed
            .iter()
            .map(|path| of_tree(path))
            .filter(|path| path.starts_with("etc/"))
            .map(|path| format!("/{path}\n"))
            .collect();
        if !conffiles.is_empty() {
            place(&control.join("conffiles"), conffiles.as_bytes(), 0o644)?;
        }
        for script in SCRIPTS {
            let path = self.source().join("debian").join(script);
            if path.is_file() {
                copy(&path, &control.join(script), 0o755)?;
            }
        }
        let mut sums = Command::new("md5sum");
        sums.current_dir(tree).args(installed.iter().map(|path| of_tree(path)));
        place(&control.join("md5sums"), (expect(&mut sums)?.join("\n") + "\n").as_bytes(), 0o644)
    }
}

/// The version of this workspace.
fn version() -> Result<String, Failure> {
    let path = workspace::root().join("Cargo.toml");
    let text = String::from_utf8_lossy(&files::read(&path)?).into_owned();
    let manifest: toml::Table =
        toml::from_str(&text).map_err(|error| unreadable("the workspace's manifest", &error))?;
    let version = manifest.get("workspace").and_then(|table| table.get("package")?.get("version")?.as_str());
    version.map(str::to_owned).ok_or_else(|| unreadable("the workspace's manifest", &"it names no version"))
}

fn maintainer() -> String {
    let said = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    format!("{} <{}>", said("DEBFULLNAME", MAINTAINER.0), said(ADDRESS_VARIABLE, MAINTAINER.1))
}

/// Whether somebody answers for packages of this run.
pub(super) fn has_maintainer() -> bool {
    env::var_os(ADDRESS_VARIABLE).is_some()
}

/// Every file below a folder, in order.
fn all_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        let failed = |source| Failure::File { action: "list the folder", path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), Failure> {
    for file in all_files(from)? {
        copy(&file, &to.join(file.strip_prefix(from).unwrap_or(&file)), 0o644)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<(), Failure> {
    place(to, &files::read(from)?, mode)
}

/// Writes a file of exactly this mode, whatever the umask.
fn place(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    path.parent().map_or(Ok(()), make_folder)?;
    files::write(path, bytes)?;
    set_mode(path, mode)
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    if folder.is_dir() {
        return Ok(());
    }
    folder.parent().map_or(Ok(()), make_folder)?;
    files::create_folder(folder)?;
    set_mode(folder, 0o755)
}

fn set_mode(path: &Path, mode: u32) -> Result<(), Failure> {
    let failed = |source| Failure::File { action: "set the mode", path: path.to_owned(), source };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(failed)
}

/// Compresses a file, without its name and time.
fn compress(path: &Path) -> Result<(), Failure> {
    expect(Command::new("gzip").args(["--best", "--no-name", "--force"]).arg(path)).map(drop)
}

/// Dates a folder and all that is in it.
fn date(path: &Path, epoch: u64) -> Result<(), Failure> {
    let failed = |source| Failure::File { action: "date", path: path.to_owned(), source };
    if path.is_dir() {
        for entry in fs::read_dir(path).map_err(failed)? {
            date(&entry.map_err(failed)?.path(), epoch)?;
        }
    }
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(epoch)).unwrap_or(UNIX_EPOCH);
    File::open(path).and_then(|file| file.set_modified(time)).map_err(failed)
}
