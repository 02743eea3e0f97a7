//! The client as a program for the device's instruction set, one process a question, under `qemu-arm`.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::Duration,
};

use chain::pki::Release;

use super::question::{Client, Question};
use crate::process::Background;

/// Time that the program may take: the two answers that it gives up on by itself, one for each suite, and its start.
const PATIENCE: Duration = Duration::from_secs(45);

/// The client, built for Arm.
#[derive(Clone, Debug)]
pub struct ArmClient {
    program: PathBuf,
}

impl ArmClient {
    /// The program, which `cargo xtask devkit` builds.
    ///
    /// # Errors
    /// It is not there.
    pub fn new(program: PathBuf) -> io::Result<Self> {
        fs::metadata(&program)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", program.display())))?;
        Ok(Self { program })
    }
}

impl Client for ArmClient {
    fn answer(&self, question: &Question<'_>) -> io::Result<String> {
        let folder = tempfile::tempdir()?;
        let release = folder.path().join("release");
        write(&release, question.release)?;
        let mut command = Command::new("qemu-arm");
        // Nothing of this machine's environment is the program's.
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.arg(&self.program).arg(question.port.to_string()).arg(question.server_name);
        command.arg(question.time_argument()).arg(release);
        // Where a core is kept of a program that a signal ended, it goes with the folder.
        command.current_dir(folder.path());
        let mut program = Background::start(&mut command)?;
        let status = program.ended(PATIENCE)?;
        read(status, &program.lines())
    }
}

/// The answer of a program that has ended. One that a panic or another signal ended has none, whatever it said before.
///
/// # Errors
/// It did not end well, or said anything but one line.
fn read(status: ExitStatus, lines: &[String]) -> io::Result<String> {
    match lines {
        [line] if status.success() => Ok(line.clone()),
        _ => Err(io::Error::other(format!("no answer but {lines:?}, and {status}"))),
    }
}

/// Writes a release as the program reads it.
fn write(path: &Path, release: &Release) -> io::Result<()> {
    let length = u32::try_from(release.document.len()).map_err(io::Error::other)?;
    let mut file = fs::File::create(path)?;
    for part in [release.digest.0.as_slice(), &length.to_le_bytes(), &release.document, &release.blobs] {
        file.write_all(part)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    fn check(status: i32, lines: &[&str], expect: Option<&str>) {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(read(ExitStatus::from_raw(status), &lines).ok().as_deref(), expect, "{status} {lines:?}");
    }

    #[test]
    fn only_a_program_that_ends_well_after_one_line_has_answered() {
        const ILLEGAL_INSTRUCTION: i32 = 4;
        const EXIT_CODE_2: i32 = 2 << 8;
        check(0, &["verified"], Some("verified"));
        check(ILLEGAL_INSTRUCTION, &["verified"], None);
        check(EXIT_CODE_2, &["not asked: there is no network"], None);
        check(0, &["verified", "refused chain"], None);
        check(0, &[], None);
    }
}
