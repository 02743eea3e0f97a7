//! Process groups of hooks: none of them outlives the agent's interest in it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::time::{sleep, timeout};

/// Time between the request to end and the end by force.
const GRACE: Duration = Duration::from_secs(2);
/// Time between two looks at a program that was asked to end.
const LOOK: Duration = Duration::from_millis(20);
/// Longest wait for a process that cannot be ended even by force, as in a system call that hangs.
const REAP: Duration = Duration::from_secs(1);

/// The hooks that were dropped while they ran: the agent was told to end, say.
#[derive(Clone, Debug, Default)]
pub struct Groups(Arc<Mutex<Vec<Process>>>);

/// A program, and what it prints to. The pipes stay open until it has ended: a program that is asked to end, and says
/// something about it, must not be killed by that.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) child: Child,
    pub(super) out: Option<ChildStdout>,
    pub(super) errors: Option<ChildStderr>,
}

/// A running hook, the first process of its own group. Dropped while it runs, it is asked to end, and [`Groups::end`] sees
/// to it.
#[derive(Debug)]
pub(super) struct Running {
    process: Option<Process>,
    left: Groups,
}

impl Groups {
    /// Ends what was left running, with every process of its group: by request, then by force.
    pub async fn end(&self) {
        // Nothing panics while the lock is held, and the list is valid at every moment.
        let left = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let until = Instant::now() + GRACE;
        for mut process in left {
            end(&mut process.child, until).await;
        }
    }
}

impl Running {
    pub(super) fn new(mut child: Child, left: Groups) -> Self {
        let (out, errors) = (child.stdout.take(), child.stderr.take());
        Self { process: Some(Process { child, out, errors }), left }
    }

    /// The program; nothing once it has ended.
    pub(super) const fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    /// It has ended by itself: processes that it left behind on purpose stay.
    pub(super) fn ended(mut self) {
        self.process = None;
    }

    /// Ends it with its group.
    pub(super) async fn kill(mut self) {
        let Some(process) = self.process.as_mut() else { return };
        ask(&process.child);
        end(&mut process.child, Instant::now() + GRACE).await;
        self.process = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            ask(&process.child);
            self.left.0.lock().unwrap_or_else(PoisonError::into_inner).push(process);
        }
    }
}

/// The group's number, for as long as nobody else can have it: until its first process was waited for.
fn group(child: &Child) -> Option<Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
}

fn ask(child: &Child) {
    if let Some(group) = group(child) {
        let _nobody_left = kill_process_group(group, Signal::TERM);
    }
}

/// Waits until the first process has ended or the time is over, then ends all that is left of the group.
///
/// The first process is looked at without being waited for: until it is, its number, which is the group's, is not given to
/// anybody else.
async fn end(child: &mut Child, until: Instant) {
    let Some(group) = group(child) else { return };
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    while Instant::now() < until && matches!(waitid(WaitId::Pid(group), look), Ok(None)) {
        sleep(LOOK).await;
    }
    let _nobody_left = kill_process_group(group, Signal::KILL);
    // A process that even this does not end stays the system's.
    drop(timeout(REAP, child.wait()).await);
}
