//! What can happen to the engine: one event for each action that the driver finished, and three of their own.

use bundle::UnixSeconds;

use crate::Reason;

/// The time, as the driver knows it at one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Seconds since the driver started, from a clock that never jumps.
    pub uptime_seconds: u64,
    /// The calendar.
    pub clock: Clock,
}

/// What the platform's clock says. "Unknown" is a state of its own, not a zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The time, from a source that the platform trusts.
    Known(UnixSeconds),
    /// Nobody knows: no battery, no time sync yet.
    Unknown,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The wait is over, or the driver has just started.
    Wake,
    /// Somebody wants a check now: a person, a message from the hub, the network coming up.
    Nudge,
    /// Somebody hands over a USB file, as a whole; the same file again answers each [`crate::Action::Proceed`] that
    /// follows. The engine keeps nothing of it: another file in between would be judged by itself.
    Install(&'a [u8]),
    /// An application's own connection to a service ended, made with what was trusted at that generation: during a
    /// trial it is a proof, or a reason to look for one now. Otherwise it changes nothing.
    ServiceResult {
        /// The journal's generation when the connection was made.
        generation: u64,
        /// How it ended.
        verdict: Verdict,
    },
    /// The answer to a [`crate::Action::Fetch`] begins, with success; its bytes follow.
    Opened(Transport),
    /// The next bytes of the answer.
    Chunk(&'a [u8]),
    /// The answer is complete.
    End,
    /// The fetch ended without a complete answer.
    Failed(FetchFailure),
    /// The answer to a [`crate::Action::Proceed`]; while a USB file is judged, that the file is there no more.
    Proceed,
    /// The handshake of a [`crate::Action::Probe`] ended.
    Probed(ProbeOutcome),
    /// The exports of a [`crate::Action::Export`] are in place, or could not be made.
    Exported {
        /// False where they could not be made; the engine asks again at the next wake.
        complete: bool,
    },
    /// The report of a [`crate::Action::Report`] was taken, or was not.
    Reported {
        /// False where it must be sent again.
        delivered: bool,
    },
}

/// How the published tree was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TLS, with a server that verifies under the installed bundle.
    Authenticated,
    /// Plain HTTP, or TLS that proves nothing. Documents verify all the same; nothing is reported.
    Unauthenticated,
}

/// Why a fetch has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchFailure {
    /// The server is there and has no such file (HTTP 404 or 410).
    NotFound,
    /// The server answered something else: a 5xx, a redirect, a broken protocol.
    Server,
    /// More bytes than the fetch allows.
    TooLarge,
    /// No server was reached, under any of the channel's URLs, or the connection broke.
    Unreachable,
}

/// What one handshake said about one endpoint. Both verdicts are about the very same served chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeOutcome {
    /// Under the present bundle: in a trial, the one to go back to. `None` where it was not asked for.
    pub present: Option<Verdict>,
    /// Under the candidate: in a trial, the release on trial. `None` where it was not asked for.
    pub candidate: Option<Verdict>,
    /// Every path that verifies under the present bundle runs through something the candidate denies.
    pub excused: bool,
}

/// A judgement on one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The chain verifies; a server that then asks for a client certificate has verified too.
    Verified,
    /// The chain is bad: its links, its name, its dates, its pins.
    Refused(Reason),
    /// Nothing can be said: no name resolution, no connection, no answer in time, no clock.
    Inconclusive(Reason),
}

impl Verdict {
    /// The verdict that a code of the chain's judgement stands for; the judge and the engine use the same codes.
    #[must_use]
    pub fn of_code(code: &str, is_refused: bool) -> Self {
        let reason = Reason::ALL.iter().copied().find(|reason| reason.name() == code);
        match (code, is_refused) {
            ("verified", _) => Self::Verified,
            (_, true) => Self::Refused(reason.unwrap_or(Reason::ProbeChain)),
            (_, false) => Self::Inconclusive(reason.unwrap_or(Reason::ProbeTooComplex)),
        }
    }

    /// The stable name: `verified`, or that of the reason.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Refused(reason) | Self::Inconclusive(reason) => reason.name(),
        }
    }
}
