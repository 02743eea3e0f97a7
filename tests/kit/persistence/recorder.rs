//! A program under `strace`: what it did to the files of one folder, or what becomes of it where a call fails.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    live::Live,
    operation::{Interpreter, Operation},
    trace::{self, Call},
    tree::Tree,
};
use crate::process::{Ended, run};

/// Every call by which a program of Linux can change files, or make changes last. The interpreter refuses what it has no
/// word for, so that a new way of writing is noticed.
const CALLS: &str = "open,openat,openat2,creat,close,dup,dup2,dup3,lseek,write,writev,pwrite64,pwritev,pwritev2,\
    truncate,ftruncate,fallocate,copy_file_range,sendfile,splice,rename,renameat,renameat2,link,linkat,symlink,\
    symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,mknod,mknodat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,\
    setxattr,fsetxattr,umask,fsync,fdatasync,sync,syncfs,sync_file_range,msync,io_uring_setup,utimensat";
/// Longest buffer that is written down: the largest write of the agent is a certificate.
const BYTES_MAX: &str = "1048576";
/// A umask that takes everything from everybody else: modes must be right whatever it is.
const UMASK: u32 = 0o077;

/// Which call fails, and how.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The call's name.
    pub call: String,
    /// Which of the calls of that name, counted from one.
    pub number: usize,
    /// The error's name.
    pub error: &'static str,
}

/// A run of a program.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The files before it.
    pub start: Live,
    /// What it did to them, in order.
    pub operations: Vec<Operation>,
    /// The calls behind the operations, each with its number among the calls of its name and thread.
    pub calls: Vec<(Call, usize)>,
    /// How it ended.
    pub ended: Ended,
}

impl Recording {
    /// Runs a program on the files of `folder`, which all are durable.
    ///
    /// # Errors
    /// `strace` cannot be run, or the record is not understood: its last state must be what is really there.
    pub fn of(folder: &Path, command: &Command, fault: Option<&Fault>) -> io::Result<Self> {
        let start = Live::new("", &Tree::read(folder)?);
        Self::resumed(&start, folder, command, fault)
    }

    /// Runs a program on files that an earlier one has left in `folder`, some of them not durable yet.
    ///
    /// # Errors
    /// As [`Recording::of`].
    pub fn resumed(
        before: &Live,
        folder: &Path,
        command: &Command,
        fault: Option<&Fault>,
    ) -> io::Result<Self> {
        let root = fs::canonicalize(folder)?;
        let start = before.moved(&root.to_string_lossy());
        let record = folder.with_extension("strace");
        let ended = run(&mut traced(command, &record, fault), "")?;
        let text = fs::read_to_string(&record)?;
        let calls = trace::parse(&text).map_err(|line| io::Error::other(format!("{line}\n{ended}")))?;
        let mut live = start.clone();
        let (operations, calls) = interpret(&mut live, calls)?;
        let (told, there) = (live.tree(), Tree::read(&root)?);
        if told != there {
            return Err(io::Error::other(format!(
                "strace has not seen everything: {}",
                difference(&told, &there)
            )));
        }
        Ok(Self { start, operations, calls, ended })
    }

    /// The files after the first `count` operations, as the running system had them.
    #[must_use]
    pub fn after(&self, count: usize) -> Live {
        let mut live = self.start.clone();
        self.operations.iter().take(count).for_each(|operation| live.apply(operation));
        live
    }
}

/// The command under `strace`, with a umask that it must not depend on.
fn traced(command: &Command, record: &Path, fault: Option<&Fault>) -> Command {
    let mut traced = Command::new("sh");
    traced.arg("-c").arg(format!("umask {UMASK:03o} && exec strace \"$@\"")).arg("sh");
    traced.args(["-f", "--seccomp-bpf", "-y", "-xx", "-s", BYTES_MAX, "-e", &format!("trace={CALLS}")]);
    if let Some(Fault { call, number, error }) = fault {
        traced.args(["-e", &format!("inject={call}:error={error}:when={number}")]);
    }
    traced.arg("-o").arg(record).arg(command.get_program()).args(command.get_args());
    traced
}

/// Operations, and their calls with their numbers.
type Interpreted = (Vec<Operation>, Vec<(Call, usize)>);

fn interpret(live: &mut Live, calls: Vec<Call>) -> io::Result<Interpreted> {
    let mut interpreter = Interpreter::new(live, UMASK);
    let mut counts = std::collections::BTreeMap::new();
    let (mut operations, mut behind) = (Vec::new(), Vec::new());
    for call in calls {
        let count: &mut usize = counts.entry((call.thread, call.name.clone())).or_default();
        *count += 1;
        let operation = interpreter.read(&call).map_err(io::Error::other)?;
        if operation.is_some() || call.is_injected {
            operations.extend(operation);
            behind.push((call, *count));
        }
    }
    Ok((operations, behind))
}

fn difference(told: &Tree, there: &Tree) -> String {
    let differs = |path: &&String| told.0.get(*path) != there.0.get(*path);
    let paths = told.0.keys().chain(there.0.keys()).filter(differs);
    paths.cloned().collect::<Vec<_>>().join(", ")
}

/// Where a folder that tests fill and empty all the time stands best: in memory, where there is such a place.
#[must_use]
pub fn quick_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(script: &str, fault: Option<&Fault>) -> io::Result<Recording> {
        let folder = tempfile::tempdir_in(quick_folder()).unwrap();
        let files = folder.path().join("files");
        fs::create_dir_all(files.join("there")).unwrap();
        let mut command = Command::new("python3");
        command.args(["-c", &format!("import os\nos.chdir('{}')\n{script}", files.display())]);
        Recording::of(&files, &command, fault)
    }

    const SCRIPT: &str = "f = os.open('new', os.O_RDWR | os.O_CREAT, 0o666)\n\
        os.write(f, b'one'); os.lseek(f, 5000, 0); os.write(f, b'two'); os.fchmod(f, 0o640); os.fsync(f)\n\
        os.rename('new', 'old'); os.symlink('old', 'link'); os.link('old', 'there/second'); os.mkdir('made')\n\
        d = os.open('there', os.O_RDONLY); os.fsync(d); os.unlink('second', dir_fd=d); os.rmdir('made')";

    #[test]
    fn a_program_is_recorded_and_its_record_is_compared_with_what_is_there() {
        let recording = recorded(SCRIPT, None).unwrap();
        assert!(recording.ended.status.success(), "{}", recording.ended);
        let names: Vec<&str> = recording.calls.iter().map(|(call, _)| call.name.as_str()).collect();
        assert_eq!(names[..6], ["openat", "write", "write", "fchmod", "fsync", "rename"]);
        assert_eq!(recording.operations.len(), 12);
    }

    #[test]
    fn a_way_of_writing_that_the_model_does_not_know_is_refused() {
        let script = "f = os.open('new', os.O_RDWR | os.O_CREAT, 0o666)\nos.writev(f, [b'one'])";
        let error = recorded(script, None).unwrap_err().to_string();
        assert!(error.contains("writev"), "{error}");
    }

    #[test]
    fn the_call_that_is_to_fail_fails_and_does_nothing() {
        let fault = Fault { call: "rename".to_owned(), number: 1, error: "EROFS" };
        let recording = recorded(SCRIPT, Some(&fault)).unwrap();
        assert!(recording.ended.errors.contains("Read-only file system"), "{}", recording.ended);
        assert!(recording.calls.iter().any(|(call, number)| call.is_injected && *number == 1));
        assert!(!recording.operations.iter().any(|operation| matches!(operation, Operation::Rename { .. })));
    }
}
