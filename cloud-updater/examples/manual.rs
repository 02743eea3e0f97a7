//! `manual FOLDER`: what a package brings beside the program, laid out as it is installed: man pages of every command,
//! and completions of three shells.

use std::{
    env,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap_complete::Shell;
use cloud_updater::cli;

/// Where each shell looks for completions of this program.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "usr/share/bash-completion/completions/cloud-updater"),
    (Shell::Fish, "usr/share/fish/vendor_completions.d/cloud-updater.fish"),
    (Shell::Zsh, "usr/share/zsh/vendor-completions/_cloud-updater"),
];

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| io::Error::other("say into which folder: manual FOLDER"))?;
    let pages = folder.join("usr/share/man/man1");
    fs::create_dir_all(&pages)?;
    clap_mangen::generate_to(cli::command(), &pages)?;
    for (shell, path) in COMPLETIONS {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut cli::command(), "cloud-updater", &mut script);
        write(&folder.join(path), &script)?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create(path)?.write_all(bytes)
}
