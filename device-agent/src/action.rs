//! What the driver must do next: exactly one thing at a time.

use crate::Resource;

/// The one thing to do next. The engine asks for nothing else before it is told how this ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Action<'a> {
    /// The running fetch goes on: feed the next [`crate::Event::Chunk`] or [`crate::Event::End`]. Any other
    /// action after a chunk, but for [`Action::Proceed`], ends the fetch: drop the connection.
    Continue,
    /// What applications read has changed: make the exports, run the local hooks, answer with
    /// [`crate::Event::Exported`].
    Export {
        /// The journal's generation, which the exports must carry.
        generation: u64,
    },
    /// Get one file of the published tree and answer with [`crate::Event::Opened`] or
    /// [`crate::Event::Failed`].
    Fetch {
        /// Which file.
        resource: Resource,
        /// End the fetch as [`crate::FetchFailure::TooLarge`] above this.
        bytes_max: u32,
    },
    /// Make one TLS handshake, judge what was served, answer with [`crate::Event::Probed`].
    Probe(Endpoint<'a>),
    /// One more signature is to be checked: answer at once with [`crate::Event::Proceed`] or, while a USB file is
    /// judged, with [`crate::Event::Install`] and the same file again. A running fetch stays open.
    Proceed,
    /// Send [`crate::Agent::status`] as a signed report where one is configured, answer with
    /// [`crate::Event::Reported`].
    Report,
    /// Nothing to do for so long; answer with [`crate::Event::Wake`], or sooner with a nudge.
    Wait {
        /// Seconds, jitter included.
        seconds: u64,
    },
}

/// One endpoint of one service, to be probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint<'a> {
    /// The service, as the manifests name it.
    pub service: &'a str,
    /// Host name or address, without a wildcard.
    pub host: &'a str,
    /// TCP port.
    pub port: u16,
    /// Judge under the present bundle, [`crate::Agent::present`]; without a judgement the service is not in it.
    pub under_present: bool,
    /// Judge under the candidate, [`crate::Agent::candidate`].
    pub under_candidate: bool,
}
