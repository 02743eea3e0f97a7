//! The crate's examples as running programs: started once, asked in lines, ended by their id.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// Longest wait for a line: a machine under load is slow, a program that hangs is silent for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running example.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// Starts an example; `cargo test -p trust-store` has built it.
    pub(crate) fn start(name: &str, store: &Path, service: &str) -> Self {
        let path = folder().join(name);
        assert!(path.is_file(), "{}: not built; `cargo test -p trust-store` builds it", path.display());
        let mut command = Command::new(path);
        command.arg(store).arg(service);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let (tell, lines) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| tell.send(line).map_err(drop))
        });
        Self { child, lines }
    }

    /// Writes one line to its standard input, and returns the line with which it answers.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        let mut input = self.child.stdin.as_ref().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
        self.line()
    }

    /// The next line that it writes.
    pub(crate) fn line(&mut self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap_or_else(|error| {
            let _ = self.child.kill();
            let mut told = String::new();
            self.child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
            panic!("no line: {error}; it said {told:?}")
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that ended by itself can be neither killed nor left behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Cargo puts examples beside the folder of the test programs.
fn folder() -> PathBuf {
    let mut folder = std::env::current_exe().unwrap();
    folder.pop();
    folder.with_file_name("examples")
}
