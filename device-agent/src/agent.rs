//! The engine: its state, and the one function that takes events and returns actions.

use bundle::{ChannelId, Sha256, SignatureMemo};
use store::{Condition, KeyringBytes, Restated, Storage, Store};

use crate::{
    Action, Configuration, Event, Memory, Now, ProbeCounts, Resource,
    content::Content,
    cycle::{Cycle, Then},
    head::AcceptedHead,
    image::SeedContent,
    limits,
    schedule::Jitter,
    staging::Filling,
    status::LastCheck,
    target::Target,
};

/// The engine of one device, for one channel.
#[derive(Debug)]
pub struct Agent<'w, S> {
    pub(crate) configuration: Configuration<'w>,
    pub(crate) channel: ChannelId,
    pub(crate) seed: Option<SeedContent<'w>>,
    pub(crate) store: Store<S>,
    pub(crate) found: Condition,
    pub(crate) memory: Memory<'w>,
    /// Bytes of `memory.incoming` that hold what has arrived.
    pub(crate) gathered: usize,
    /// True once the pending fetch has begun to answer.
    pub(crate) opened: bool,
    pub(crate) state: State,
    /// The judgement that waits for one more signature to be checked.
    pub(crate) deferred: Option<Deferred>,
    /// What the signatures of that judgement were found to be.
    pub(crate) signatures: SignatureMemo,
    pub(crate) cycle: Cycle,
    pub(crate) jitter: Jitter,
    /// The keyring in force, while it is not in the journal.
    pub(crate) newer_keyring: Option<KeyringBytes>,
    /// Floors restated by keyrings that are in force and not written down yet.
    pub(crate) restating: Restated,
    /// The newest accepted head, since the start.
    pub(crate) head: Option<AcceptedHead>,
    /// The release being fetched, staged or probed.
    pub(crate) target: Option<Target>,
    /// The bundle in use; in a trial, the one to go back to. Its manifest is in `memory.present` or the seed.
    pub(crate) present: Option<Content>,
    /// The bundle on its way or on trial. Its manifest is in `memory.candidate`.
    pub(crate) candidate: Option<Content>,
    pub(crate) filling: Option<Filling>,
    pub(crate) probes: ProbeCounts,
    pub(crate) rounds: u32,
    pub(crate) memo: Memo,
}

/// What the engine remembers between cycles, in RAM alone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memo {
    pub(crate) last_check: Option<LastCheck>,
    pub(crate) result: Option<(crate::Reason, Option<bundle::Order>)>,
    /// Uptime of the last question for the next keyring and recovery.
    pub(crate) daily_uptime: Option<u64>,
    /// Checks that failed in a row.
    pub(crate) failures: u32,
    /// Uptime of the newest refusal; `None` until there is one since the start.
    pub(crate) refused_uptime: Option<u64>,
    /// Staging failures in a row.
    pub(crate) staging_failures: u16,
    /// The release that the newest head names.
    pub(crate) offered: Option<bundle::Order>,
    /// The newest release whose deny list was verified.
    pub(crate) denials_order: Option<bundle::Order>,
    /// The release that was observed and needs no second look.
    pub(crate) observed: Option<Sha256>,
    /// The generation that was exported; the first export after a start is always made.
    pub(crate) exported: Option<u64>,
    /// What the last delivered report said, in short.
    pub(crate) reported: Option<(u64, Sha256)>,
    /// True while the newest install came from a file without a fresh head.
    pub(crate) offline: bool,
    /// True while no clock was known at the newest event.
    pub(crate) clock_unknown: bool,
    /// The generation under which an application's own connection has verified.
    pub(crate) proven: Option<u64>,
}

/// A judgement that goes on with [`Event::Proceed`]: it is made again from its beginning, on the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deferred {
    /// Of what has arrived so far.
    Arrived,
    /// Of a complete answer.
    Complete,
    /// Of a USB file, which the driver hands over again.
    File,
}

/// What the engine is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// For time to pass.
    Idle { wake_at: u64 },
    /// For the head.
    Head,
    /// For keyrings: one generation, a pack, or a recovery.
    Keyrings(Resource),
    /// For an update file: its prefix, then its certificates.
    Update { from: u32 },
    /// For a manifest.
    Release,
    /// For one certificate.
    Blob(Sha256),
    /// For the outcome of the probe with this index.
    Probe { index: u16, is_dropped: bool, then: Then },
    /// For the exports.
    Export(Then),
    /// For the report.
    Report,
}

impl<S: Storage> Agent<'_, S> {
    /// Takes one event and says what to do next.
    ///
    /// An event that does not answer the pending action changes nothing, and the pending action is returned
    /// again. One call checks at most one signature ([`limits::SIGNATURES_PER_CALL`]): it is short even on a small
    /// board, and where more must be checked the action is [`Action::Proceed`].
    pub fn on(&mut self, now: Now, event: Event<'_>) -> Action<'_> {
        self.note_clock(now);
        self.signatures.allow(limits::SIGNATURES_PER_CALL);
        match self.deferred {
            Some(deferred) => self.proceed(now, deferred, event),
            None => self.begin(now, event),
        }
        self.pending(now)
    }

    /// How many signatures were checked since the start, for tests that hold a step to its limit.
    #[must_use]
    pub const fn signatures_checked(&self) -> u64 {
        self.signatures.checked()
    }

    /// Goes on with the judgement that waits; every other event changes nothing.
    fn proceed(&mut self, now: Now, deferred: Deferred, event: Event<'_>) {
        match (deferred, event) {
            (Deferred::Arrived, Event::Proceed) => {
                self.deferred = None;
                self.look(now);
            }
            (Deferred::Complete, Event::Proceed) => {
                self.deferred = None;
                self.on_end(now);
            }
            (Deferred::File, Event::Install(file)) => {
                self.deferred = None;
                self.install_file(now, file);
            }
            (Deferred::File, Event::Proceed) => {
                self.deferred = None;
                self.file_gone(now);
            }
            _ => {}
        }
    }

    fn begin(&mut self, now: Now, event: Event<'_>) {
        self.signatures.make_room();
        match (self.state, event) {
            (State::Idle { wake_at }, Event::Wake) if now.uptime_seconds >= wake_at => self.begin_cycle(now),
            (State::Idle { .. }, Event::Nudge) => self.begin_cycle(now),
            (State::Idle { .. }, Event::Install(file)) => self.install_file(now, file),
            (State::Idle { .. }, Event::ServiceResult { generation, verdict }) => {
                self.service_result(now, generation, verdict);
            }
            (State::Probe { index, is_dropped, then }, Event::Probed(outcome)) => {
                self.probed(now, (index, is_dropped), then, outcome);
            }
            (State::Export(then), Event::Exported { complete }) => self.exported(now, then, complete),
            (State::Report, Event::Reported { delivered }) => self.reported(now, delivered),
            (state, event) if state.resource(self).is_some() => self.on_fetch(now, event),
            _ => {}
        }
    }

    /// The action that the state stands for.
    fn pending(&self, now: Now) -> Action<'_> {
        match self.state {
            _ if self.deferred.is_some() => Action::Proceed,
            State::Idle { wake_at } => Action::Wait { seconds: wake_at.saturating_sub(now.uptime_seconds) },
            State::Probe { index, .. } => match self.endpoint(index) {
                Some(endpoint) => Action::Probe(endpoint),
                // Unreachable because a probe is only entered for an endpoint that exists.
                None => Action::Wait { seconds: 0 },
            },
            State::Export(_) => Action::Export { generation: self.store.record().generation },
            State::Report => Action::Report,
            State::Head | State::Keyrings(_) | State::Update { .. } | State::Release | State::Blob(_)
                if self.opened =>
            {
                Action::Continue
            }
            state => match state.resource(self) {
                Some(resource) => Action::Fetch { resource, bytes_max: self.bytes_max(resource) },
                None => Action::Wait { seconds: 0 },
            },
        }
    }

    fn on_fetch(&mut self, now: Now, event: Event<'_>) {
        match event {
            Event::Opened(transport) if !self.opened => {
                self.opened = true;
                self.gathered = 0;
                self.cycle.note_transport(transport);
            }
            Event::Chunk(bytes) if self.opened => self.on_chunk(now, bytes),
            Event::End if self.opened => self.on_end(now),
            Event::Failed(failure) => self.on_failure(now, failure),
            _ => {}
        }
    }

    /// Turns to another fetch.
    pub(crate) fn ask(&mut self, state: State) {
        self.state = state;
        self.opened = false;
        self.gathered = 0;
    }

    fn bytes_max(&self, resource: Resource) -> u32 {
        match resource {
            Resource::Head => limits::HEAD_DOCUMENT_BYTES_MAX,
            Resource::Keyring(_) | Resource::Recovery(_) => limits::KEYRING_FILE_BYTES_MAX,
            Resource::KeyringPack { from, to } => {
                limits::KEYRING_FILE_BYTES_MAX.saturating_mul(to.saturating_sub(from))
            }
            Resource::Release(_) => limits::MANIFEST_DOCUMENT_BYTES_MAX,
            Resource::Update { .. } => {
                limits::UPDATE_PREFIX_BYTES_MAX.saturating_add(self.store.slot_bytes())
            }
            Resource::Blob(_) => bundle::limits::CERTIFICATE_BYTES_MAX,
        }
    }
}

impl State {
    /// The file that the state waits for; `None` where it waits for something else.
    pub(crate) fn resource<S>(self, agent: &Agent<'_, S>) -> Option<Resource> {
        let number = agent.target.map(|target| target.order.number);
        Some(match self {
            Self::Head => Resource::Head,
            Self::Keyrings(resource) => resource,
            Self::Update { from } => Resource::Update { from, to: number? },
            Self::Release => Resource::Release(number?),
            Self::Blob(sha256) => Resource::Blob(sha256),
            Self::Idle { .. } | Self::Probe { .. } | Self::Export(_) | Self::Report => return None,
        })
    }
}
