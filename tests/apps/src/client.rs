//! A running client: it is asked to connect, one line at a time, and says what came of it.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use system_tests::process::typed;

/// How long a client may take to start: a virtual machine on a busy computer needs seconds.
const START: Duration = Duration::from_secs(60);
/// How long one connection may take.
const ANSWER: Duration = Duration::from_secs(30);
/// Lines of standard error that are kept for the error of a client that ends.
const COMPLAINTS_MAX: usize = 20;

/// A client and its pipes; it is ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Client {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<String>,
    complaints: Receiver<String>,
    text: String,
    /// Name and version that the client gave.
    pub(crate) version: String,
}

/// What came of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The server's chain was accepted and the request answered.
    Accepted,
    /// The chain was not accepted.
    Refused(String),
    /// Something else went wrong, which says nothing of trust.
    Failed(String),
}

impl Client {
    /// Starts a client and hears its version.
    ///
    /// # Errors
    /// It cannot be started, or does not become ready.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let text = typed(command);
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{text}: {error}"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: what a wrapper started ends with it.
        command.process_group(0);
        let mut child = command.spawn().map_err(named)?;
        let input = child.stdin.take();
        let (answers, complaints) = (lines(child.stdout.take()), lines(child.stderr.take()));
        let mut client = Self { child, input, answers, complaints, text, version: String::new() };
        let ready = client.hear(START)?;
        client.version = ready
            .strip_prefix("ready ")
            .ok_or_else(|| io::Error::other(format!("{}: said {ready:?} in place of ready", client.text)))?
            .to_owned();
        Ok(client)
    }

    /// The process that is told of changes.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has the client open one more connection.
    ///
    /// # Errors
    /// The client has ended, or falls silent.
    pub(crate) fn connect(&mut self, host: &str, port: u16) -> io::Result<Answer> {
        let input = self.input.as_mut().ok_or_else(|| io::Error::other("no standard input"))?;
        let sent = writeln!(input, "connect {host} {port}").and_then(|()| input.flush());
        sent.map_err(|error| self.ended(&error.to_string()))?;
        let line = self.hear(ANSWER)?;
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match word {
            "accepted" => Ok(Answer::Accepted),
            "refused" => Ok(Answer::Refused(rest.to_owned())),
            "failed" => Ok(Answer::Failed(rest.to_owned())),
            _ => Err(io::Error::other(format!("{}: said {line:?}", self.text))),
        }
    }

    fn hear(&self, patience: Duration) -> io::Result<String> {
        self.answers.recv_timeout(patience).map_err(|error| match error {
            RecvTimeoutError::Timeout => self.ended(&format!("silent for {} s", patience.as_secs())),
            RecvTimeoutError::Disconnected => self.ended("it ended"),
        })
    }

    fn ended(&self, what: &str) -> io::Error {
        let complaints: Vec<String> = self.complaints.try_iter().take(COMPLAINTS_MAX).collect();
        io::Error::other(format!("{}: {what}\n{}", self.text, complaints.join("\n")))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Its input ends, which ends a client; whatever a wrapper left in its group is killed.
        drop(self.input.take());
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            // A group that is gone already is what is wanted.
            let _gone = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        drop(self.child.wait());
    }
}

fn lines(stream: Option<impl io::Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stream) = stream {
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
    }
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> io::Result<Client> {
        Client::start(Command::new("sh").args(["-c", text]))
    }

    #[test]
    fn a_client_is_asked_line_by_line() {
        let script =
            "echo ready shell 1; read a; echo accepted; read a; echo refused no anchor; read a; echo failed";
        let mut client = shell(script).unwrap();
        assert_eq!(client.version, "shell 1");
        assert_eq!(client.connect("localhost", 1).unwrap(), Answer::Accepted);
        assert_eq!(client.connect("localhost", 1).unwrap(), Answer::Refused("no anchor".into()));
        assert_eq!(client.connect("localhost", 1).unwrap(), Answer::Failed(String::new()));
    }

    #[test]
    fn a_client_that_ends_or_says_something_else_is_an_error_with_its_own_words() {
        let error = shell("echo broken >&2; exit 3").unwrap_err().to_string();
        assert!(error.contains("it ended"), "{error}");
        let error = shell("echo steady").unwrap_err().to_string();
        assert!(error.contains("in place of ready"), "{error}");
    }
}
