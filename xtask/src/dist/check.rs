//! What Debian's, systemd's and the shells' own tools say of a package.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use super::{debian, expect};
use crate::{failure::Failure, files, output, process, setup};

/// Units, and the exposure that `systemd-analyze security` may find, in tenths of its points: the agent may use the
/// network and send signals, the other one nothing at all.
const EXPOSURES: [(&str, &str); 2] = [("device-agent.service", "20"), ("device-agent-export.service", "10")];
/// Units of this machine's systemd, which a package's units are ordered among.
const SYSTEM_UNITS: &str = "/lib/systemd/system";
/// Shells that look at a completion script, where they are here.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions"),
    ("fish", "usr/share/fish/vendor_completions.d"),
    ("zsh", "usr/share/zsh/vendor-completions"),
];

/// Debian's rules: nothing worth a warning, but for what the package's overrides give a reason for.
///
/// # Errors
/// lintian found something.
pub(super) fn lintian(packages: &[PathBuf]) -> Result<(), Failure> {
    let mut lintian = Command::new("lintian");
    lintian.args(["--fail-on", "error,warning", "--tag-display-limit", "0"]);
    if !debian::has_maintainer() {
        // Nobody answers for a build that is nobody's: whoever publishes packages names themselves.
        lintian.args(["--suppress-tags", "bogus-mail-host,bogus-mail-host-in-debian-changelog"]);
    }
    lintian.args(packages);
    expect(&mut lintian).map(drop)
}

/// Unpacks a package into an empty folder.
///
/// # Errors
/// It cannot be unpacked.
pub(super) fn unpack(package: &Path, root: &Path) -> Result<(), Failure> {
    drop(fs::remove_dir_all(root));
    expect(Command::new("dpkg-deb").arg("--extract").arg(package).arg(root)).map(drop)
}

/// Every man page is one, by the tool that people read it with.
///
/// # Errors
/// A page with a mistake, or no page at all.
pub(super) fn manual(root: &Path) -> Result<(), Failure> {
    let mut pages = Vec::new();
    for section in ["man1", "man5"] {
        pages.extend(entries(&root.join("usr/share/man").join(section)));
    }
    if pages.is_empty() {
        return Err(Failure::Check("the package has no man page".to_owned()));
    }
    for page in pages {
        // What is formatted goes to standard output, and a mistake to standard error.
        let mut man = Command::new("sh");
        man.args(["-c", "exec man --warnings -E UTF-8 -Tutf8 -Z -l \"$1\" >/dev/null", "man"]).arg(&page);
        let told = process::run_quiet(&mut man, |_| {})?;
        if !told.passed || !told.lines.is_empty() {
            return Err(Failure::Check(format!("{}: {}", page.display(), told.lines.join("\n"))));
        }
    }
    Ok(())
}

/// Every shell that is here can read its completions.
///
/// # Errors
/// A script that is missing or not one.
pub(super) fn completions(root: &Path) -> Result<(), Failure> {
    for (shell, folder) in SHELLS {
        let scripts = entries(&root.join(folder));
        if scripts.is_empty() {
            return Err(Failure::Check(format!("the package has no completions for {shell}")));
        }
        if setup::find(shell).is_none() {
            output::say(format_args!("not run here: {shell} is not installed"));
            continue;
        }
        for script in scripts {
            expect(Command::new(shell).arg("-n").arg(script))?;
        }
    }
    Ok(())
}

/// The units are ordered as they say among those of a whole system, and are exposed no further than they need.
///
/// # Errors
/// A unit that systemd does not like.
pub(super) fn units(root: &Path) -> Result<(), Failure> {
    for (unit, exposure_max) in EXPOSURES {
        let mut analyze = Command::new("systemd-analyze");
        analyze.args(["security", "--offline=true", "--no-pager", "--threshold", exposure_max]);
        let told = expect(analyze.arg(root.join("usr/lib/systemd/system").join(unit)))?;
        told.iter().filter(|line| line.contains("Overall")).for_each(output::say);
    }
    furnish(root)?;
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no", "--root"]).arg(root);
    verify.args(EXPOSURES.map(|(unit, _)| unit)).arg("application.service");
    let told = expect(&mut verify)?;
    // What it deletes to break a circle is a message and no failure.
    if told.iter().any(|line| line.contains("device-agent")) {
        return Err(Failure::Check(told.join("\n")));
    }
    let mut whole = Command::new("systemd-analyze");
    whole.args(["verify", "--man=no", "--root"]).arg(root).arg("multi-user.target");
    // Units of this machine may lack programs in that folder, which is nobody's mistake.
    let told = process::run_quiet(&mut whole, |_| {})?.lines;
    let found: Vec<&String> = told.iter().filter(|line| line.contains("device-agent")).collect();
    if found.is_empty() { Ok(()) } else { Err(Failure::Check(format!("{found:?}"))) }
}

/// Puts the system around the units: its own, an application, and those that are enabled.
fn furnish(root: &Path) -> Result<(), Failure> {
    let units = root.join("usr/lib/systemd/system");
    expect(Command::new("cp").args(["-a", "--no-clobber"]).arg(format!("{SYSTEM_UNITS}/.")).arg(&units))?;
    // A unit reloads by this program, which systemd looks for as it is written.
    expect(Command::new("cp").arg("/bin/kill").arg(root.join("usr/bin")))?;
    expect(Command::new("ln").args(["-s", "usr/bin"]).arg(root.join("bin")))?;
    let application =
        "[Unit]\nDescription=An application\n[Service]\nExecStart=/usr/bin/device-agent --version\n";
    files::write(&units.join("application.service"), application.as_bytes())?;
    for (target, unit) in [
        ("basic.target", "device-agent-export.service"),
        ("multi-user.target", "device-agent.service"),
        ("multi-user.target", "application.service"),
    ] {
        let wants = root.join("etc/systemd/system").join(format!("{target}.wants"));
        files::create_folder(&wants)?;
        let path = wants.join(unit);
        let failed = |source| Failure::File { action: "enable the unit", path: path.clone(), source };
        symlink(Path::new("/usr/lib/systemd/system").join(unit), &path).map_err(failed)?;
    }
    Ok(())
}

/// What a folder holds, in order; nothing where there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}
