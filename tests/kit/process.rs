//! The real programs of this workspace: found, run to their end, or run in the background and ended by id.

use std::{
    env,
    ffi::OsStr,
    fmt,
    io::{self, BufRead as _, BufReader, Read, Write as _},
    path::PathBuf,
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Names the folder of the built programs; `cargo xtask` sets it.
pub const PROGRAMS_VARIABLE: &str = "SYSTEM_TESTS_PROGRAMS";

/// How a program of the tests ends: with 0 only where everything passed; `complain` says why it could not go on.
pub fn ended<E>(result: Result<bool, E>, complain: impl FnOnce(&E)) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Where a program of this workspace is.
///
/// # Errors
/// The program is not built.
pub fn program(name: &str) -> io::Result<PathBuf> {
    let folder = match env::var_os(PROGRAMS_VARIABLE) {
        Some(folder) => PathBuf::from(folder),
        None => beside_this_program()?,
    };
    let path = folder.join(name);
    if path.is_file() {
        return Ok(path);
    }
    let hint = "build the programs with `cargo build --workspace --bins`";
    Err(io::Error::new(io::ErrorKind::NotFound, format!("{}: not found; {hint}", path.display())))
}

/// Cargo puts programs into one folder, and test programs into `deps` below it.
fn beside_this_program() -> io::Result<PathBuf> {
    let mut folder = env::current_exe()?;
    folder.pop();
    if folder.file_name() == Some(OsStr::new("deps")) {
        folder.pop();
    }
    Ok(folder)
}

/// What a program left behind.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The command, as one would type it.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
}

impl Ended {
    /// Its standard output, if it ended with exit code 0.
    ///
    /// # Errors
    /// The command, its exit code and all it said.
    pub fn success(self) -> io::Result<String> {
        if self.status.success() { Ok(self.output) } else { Err(io::Error::other(self.to_string())) }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}\n{}{}", self.command, self.status, self.output, self.errors)
    }
}

/// A command as one would type it.
#[must_use]
pub fn typed(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Runs a program to its end, with `input` as its standard input.
///
/// # Errors
/// It cannot be started.
pub fn run(command: &mut Command, input: &str) -> io::Result<Ended> {
    let text = typed(command);
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{text}: {error}"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(named)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that reads no input closes it; what it then says is its result.
        drop(stdin.write_all(input.as_bytes()));
    }
    let result = child.wait_with_output().map_err(named)?;
    let decode = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (output, errors) = (decode(&result.stdout), decode(&result.stderr));
    Ok(Ended { command: text, status: result.status, output, errors })
}

/// Lines of a running program, as they come.
#[derive(Debug, Default)]
struct Lines {
    heard: Mutex<Heard>,
    grown: Condvar,
}

/// What one stream said.
#[derive(Debug, Default)]
struct Heard {
    lines: Vec<String>,
    /// True once the stream was closed.
    closed: bool,
}

/// A program in the background; it is killed when this is dropped.
#[derive(Debug)]
pub struct Background {
    child: Child,
    output: Arc<Lines>,
    errors: Arc<Lines>,
    threads: Vec<JoinHandle<()>>,
    text: String,
}

impl Background {
    /// Starts a program.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let text = typed(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.spawn().map_err(|error| io::Error::new(error.kind(), format!("{text}: {error}")))?;
        let (output, errors) = (Arc::new(Lines::default()), Arc::new(Lines::default()));
        let mut threads = Vec::new();
        threads.extend(child.stdout.take().map(|stream| collect(stream, &output)));
        threads.extend(child.stderr.take().map(|stream| collect(stream, &errors)));
        Ok(Self { child, output, errors, threads, text })
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_none())
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// It still runs after `patience`.
    pub fn ended(&mut self, patience: Duration) -> io::Result<ExitStatus> {
        if !self.output.wait_for_end(patience) {
            return Err(self.silent(patience));
        }
        self.child.wait()
    }

    /// The lines of standard output until now.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.output.heard().lines.clone()
    }

    /// The lines of standard error until now.
    #[must_use]
    pub fn error_lines(&self) -> Vec<String> {
        self.errors.heard().lines.clone()
    }

    /// Waits until the lines of standard output hold what is looked for.
    ///
    /// # Errors
    /// It does not come within `patience`.
    pub fn wait_for<T>(&self, patience: Duration, what: impl FnMut(&[String]) -> Option<T>) -> io::Result<T> {
        self.output.wait_for(patience, what).ok_or_else(|| self.silent(patience))
    }

    /// Waits until the lines of standard error hold what is looked for.
    ///
    /// # Errors
    /// It does not come within `patience`.
    pub fn wait_for_error<T>(
        &self,
        patience: Duration,
        what: impl FnMut(&[String]) -> Option<T>,
    ) -> io::Result<T> {
        self.errors.wait_for(patience, what).ok_or_else(|| self.silent(patience))
    }

    fn silent(&self, patience: Duration) -> io::Error {
        let (output, errors) = (self.lines().join("\n"), self.error_lines().join("\n"));
        let seconds = patience.as_secs();
        io::Error::other(format!("{}: not said within {seconds} s\n{output}\n{errors}", self.text))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // A process that ended by itself can be neither killed nor left behind.
        drop(self.child.kill());
        drop(self.child.wait());
        // Children of a shell may outlive it by one request and hold the pipe; the threads end when they do.
        self.threads.clear();
    }
}

impl Lines {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True once the stream was closed.
    fn wait_for_end(&self, patience: Duration) -> bool {
        let running = |heard: &mut Heard| !heard.closed;
        let waited = self.grown.wait_timeout_while(self.heard(), patience, running);
        waited.unwrap_or_else(PoisonError::into_inner).0.closed
    }

    /// `None` when time is up, or when the stream was closed without saying it.
    fn wait_for<T>(&self, patience: Duration, mut what: impl FnMut(&[String]) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + patience;
        let mut heard = self.heard();
        loop {
            if let Some(found) = what(&heard.lines) {
                return Some(found);
            }
            let rest = deadline.saturating_duration_since(Instant::now());
            if rest.is_zero() || heard.closed {
                return None;
            }
            heard = self.grown.wait_timeout(heard, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn collect(stream: impl Read + Send + 'static, lines: &Arc<Lines>) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            lines.heard().lines.push(String::from_utf8_lossy(&line).into_owned());
            lines.grown.notify_all();
        }
        lines.heard().closed = true;
        lines.grown.notify_all();
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ran_says_how_it_ended() {
        let ended = run(Command::new("sh").args(["-c", "cat; echo no >&2; exit 3"]), "yes\n").unwrap();
        assert_eq!(
            (ended.status.code(), ended.output.as_str(), ended.errors.as_str()),
            (Some(3), "yes\n", "no\n")
        );
        assert!(ended.success().unwrap_err().to_string().contains("exit status: 3"));
    }

    #[test]
    fn a_program_in_the_background_is_heard_and_ended() {
        let mut program =
            Background::start(Command::new("sh").args(["-c", "echo ready; exec tail -f /dev/null"])).unwrap();
        let ready = |lines: &[String]| lines.iter().any(|line| line == "ready").then_some(());
        program.wait_for(Duration::from_secs(10), ready).unwrap();
        assert!(program.is_running());
        let entry = PathBuf::from(format!("/proc/{}", program.id()));
        drop(program);
        assert!(!entry.exists());
    }

    #[test]
    fn a_program_that_is_not_built_is_named_with_what_to_do() {
        let error = program("no-such-program").unwrap_err().to_string();
        assert!(error.contains("no-such-program") && error.contains("cargo build"), "{error}");
    }
}
