//! One cycle: what begins it, what every stage ends in, and when the next one is due.

use bundle::{Order, UnixSeconds, join};
use store::{Change, CheckNote, Error as StoreError, Restated, Storage, TransitionError};

use crate::{
    Agent, Clock, FetchFailure, Mode, Now, Reason, Resource, Transport,
    agent::{Deferred, State},
    keyrings::Generations,
    limits, schedule,
    status::LastCheck,
};

/// What is known of the running cycle.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cycle {
    /// The worst transport that an answer came over; `None` before the first.
    transport: Option<Transport>,
    /// The next keyring and recovery were asked for.
    pub(crate) keyrings_asked: bool,
    /// A keyring was accepted: the head must be asked for again.
    pub(crate) keyring_changed: bool,
    /// How often the head was asked for.
    pub(crate) heads: u8,
    /// Keyring generations that were asked for.
    pub(crate) generations: u32,
    /// The next generation was there and is not to be believed, and no other one has come since.
    pub(crate) keyring_refused: bool,
    /// What kept the last head from being accepted.
    pub(crate) head_fault: Option<Reason>,
    /// Why there was no head to be used, where the daily questions were asked all the same.
    pub(crate) head_unusable: Option<Reason>,
    /// A head was accepted.
    pub(crate) head_accepted: bool,
    /// The daily questions were answered.
    pub(crate) daily_done: bool,
}

/// Where a cycle goes on after an interlude.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Ask for the head.
    Check,
    /// Prove the candidate before it is committed.
    Prove,
    /// Prove the release on trial, then go on as told.
    Round(AfterRound),
    /// The cycle is over.
    Finish,
}

/// Where a cycle goes on after a round of the trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterRound {
    /// Ask for the head: the round opened the cycle.
    Check,
    /// The cycle is over: the round followed a commit.
    Finish,
}

impl Cycle {
    /// An answer came over this transport; one that proves nothing spoils the whole cycle.
    pub(crate) fn note_transport(&mut self, transport: Transport) {
        self.transport = match (self.transport, transport) {
            (Some(Transport::Unauthenticated), _) | (_, Transport::Unauthenticated) => {
                Some(Transport::Unauthenticated)
            }
            (_, Transport::Authenticated) => Some(Transport::Authenticated),
        };
    }
}

impl<S: Storage> Agent<'_, S> {
    /// Starts a cycle: exports that are due, then a round of an open trial, then the head.
    pub(crate) fn begin_cycle(&mut self, now: Now) {
        self.cycle = Cycle::default();
        self.target = None;
        self.filling = None;
        self.revert_a_useless_trial(now);
        let then =
            if self.store.record().phase.is_trial() { Then::Round(AfterRound::Check) } else { Then::Check };
        self.export_then(now, then);
    }

    /// Exports where what applications read has changed, then goes on. What is exported outlives a power failure, so the
    /// record that it shows must do so first; until it does, the exports are due.
    pub(crate) fn export_then(&mut self, now: Now, then: Then) {
        if self.export_pending() && self.store.make_lasting().is_ok() {
            self.state = State::Export(then);
        } else {
            self.go_on(now, then);
        }
    }

    pub(crate) fn export_pending(&self) -> bool {
        self.configuration.mode == Mode::Install && self.memo.exported != Some(self.store.record().generation)
    }

    pub(crate) fn exported(&mut self, now: Now, then: Then, complete: bool) {
        if complete {
            self.memo.exported = Some(self.store.record().generation);
        }
        self.go_on(now, then);
    }

    fn go_on(&mut self, now: Now, then: Then) {
        match then {
            Then::Check => self.ask_head(),
            Then::Prove => self.begin_probes(now, Then::Prove),
            Then::Round(after) => self.begin_probes(now, Then::Round(after)),
            Then::Finish => self.report_or_idle(now),
        }
    }

    pub(crate) fn ask_head(&mut self) {
        self.cycle.heads = self.cycle.heads.saturating_add(1);
        self.ask(State::Head);
    }

    /// Ends the cycle with its result: what must be written down is, exports that are due are made, a report
    /// goes out.
    pub(crate) fn finish(&mut self, now: Now, reason: Reason, subject: Option<Order>) {
        self.filling = None;
        self.memo.failures = if reason.is_network() { self.memo.failures.saturating_add(1) } else { 0 };
        // That nothing can be installed matters more than that there is nothing to install, and so does a keyring that
        // somebody shows and nobody can follow: its operator made a mistake, or a thief a try.
        let refused = self.cycle.keyring_refused.then_some(Reason::KeyringRefused);
        let matters = self.read_only().or(refused).filter(|_| reason == Reason::UpToDate);
        let reason = matters.unwrap_or(reason);
        let at = known(now.clock);
        let transport = self.cycle.transport;
        self.memo.last_check = Some(LastCheck { uptime_seconds: now.uptime_seconds, at, reason, transport });
        self.memo.result = Some((reason, subject));
        self.note_daily(now, reason);
        self.export_then(now, Then::Finish);
    }

    /// Writes head and check down, at most once a day: every other check writes nothing.
    fn note_daily(&mut self, now: Now, reason: Reason) {
        if !self.cycle.daily_done || !self.daily_due(now) {
            return;
        }
        self.memo.daily_uptime = Some(now.uptime_seconds);
        // A head that was refused or ignored leaves no trace in the journal.
        if !self.cycle.head_accepted {
            return;
        }
        let head = self.head.map(|head| head.note());
        let check = CheckNote { at: known(now.clock), reason: reason.number() };
        // A store that cannot be written says so by itself as soon as something must be installed.
        let _written = self.change(|change| {
            if let Some(head) = head {
                change.note_head(head);
            }
            change.note_check(check);
            Ok(())
        });
    }

    /// True where the next keyring and recovery must be asked for, whatever the head says.
    pub(crate) fn daily_due(&self, now: Now) -> bool {
        let by_uptime = |since: u64| now.uptime_seconds.saturating_sub(since) >= limits::DAILY_SECONDS;
        let noted = self.store.record().last_check.and_then(|check| check.at);
        let by_clock = match (known(now.clock), noted) {
            (Some(time), Some(noted)) => noted > time || time.since(noted) >= limits::DAILY_SECONDS,
            _ => true,
        };
        // The clock only spares a restarted device the questions of today: one that stands still hides nothing.
        self.memo.daily_uptime.map_or_else(|| by_clock || by_uptime(0), by_uptime)
    }

    fn report_or_idle(&mut self, now: Now) {
        let authenticated = self.cycle.transport == Some(Transport::Authenticated);
        if authenticated && self.memo.reported != Some(self.report_key(now)) {
            self.state = State::Report;
        } else {
            self.idle(now);
        }
    }

    pub(crate) fn reported(&mut self, now: Now, delivered: bool) {
        if delivered {
            self.memo.reported = Some(self.report_key(now));
        }
        self.idle(now);
    }

    fn idle(&mut self, now: Now) {
        let wait = self.jitter.spread(self.wait_seconds(now));
        self.state = State::Idle { wake_at: now.uptime_seconds.saturating_add(wait) };
    }

    /// Seconds until the next cycle, before jitter.
    fn wait_seconds(&self, now: Now) -> u64 {
        let refresh = self.head.map_or(limits::REFRESH_SECONDS_DEFAULT, |head| head.refresh_seconds);
        let refresh = u64::from(refresh);
        let mut wait = refresh;
        if self.memo.failures > 0 {
            wait = wait.min(schedule::retry_seconds(self.memo.failures, refresh));
        }
        if self.store.record().phase.is_trial() {
            wait = wait.min(schedule::round_seconds(self.rounds, refresh));
        }
        match self.refusal_wait_seconds(now) {
            Some(seconds) => wait.min(seconds.max(limits::RETRY_SECONDS_MIN)),
            None => wait,
        }
    }

    /// A fetch ended without an answer.
    pub(crate) fn on_failure(&mut self, now: Now, failure: FetchFailure) {
        let reason = match failure {
            // There is a server, and another one is to be asked next time: with answers that never end it could hold a
            // device for ever.
            FetchFailure::Unreachable if self.opened => Reason::AnswerTruncated,
            FetchFailure::NotFound => Reason::NotFound,
            FetchFailure::Server => Reason::ServerFailed,
            FetchFailure::TooLarge => Reason::AnswerTooLarge,
            FetchFailure::Unreachable => Reason::Unreachable,
        };
        match self.state {
            State::Head if failure != FetchFailure::Unreachable && !self.is_spared(failure) => {
                self.head_unusable(now, reason);
            }
            State::Keyrings(resource) => self.keyrings_failed(now, resource, failure, reason),
            State::Update { .. } => self.update_failed(now, failure, reason),
            State::Blob(_) => self.staging_failed(now, reason),
            _ => {
                let subject = self.target.map(|target| target.order);
                self.finish(now, reason, subject);
            }
        }
    }

    /// True where a server in trouble is not asked for more in this check.
    const fn is_spared(&self, failure: FetchFailure) -> bool {
        matches!(failure, FetchFailure::Server)
            && !self.memo.failures.is_multiple_of(limits::HEADLESS_QUESTIONS_EVERY)
    }

    /// The next bytes of the pending fetch.
    pub(crate) fn on_chunk(&mut self, now: Now, bytes: &[u8]) {
        match self.state {
            State::Blob(_) => self.fill_from_blob(now, bytes),
            State::Update { .. } if self.filling.is_some() => self.fill_from_update(now, bytes),
            _ => self.gather_and_look(now, bytes),
        }
    }

    fn gather_and_look(&mut self, now: Now, bytes: &[u8]) {
        if self.gather(bytes) { self.look(now) } else { self.on_failure(now, FetchFailure::TooLarge) }
    }

    /// Looks whether what has arrived is enough to go on with.
    pub(crate) fn look(&mut self, now: Now) {
        match self.state {
            State::Update { from } => self.try_update_prefix(now, from),
            State::Keyrings(resource @ Resource::KeyringPack { .. }) => match self.accept_whole_generations()
            {
                Generations::Deferred => self.deferred = Some(Deferred::Arrived),
                Generations::Refused => self.judge_keyrings(now, resource),
                Generations::Accepted => {}
            },
            _ => {}
        }
    }

    /// The pending fetch is complete.
    pub(crate) fn on_end(&mut self, now: Now) {
        match self.state {
            State::Head => self.judge_head(now),
            State::Keyrings(resource) => self.judge_keyrings(now, resource),
            State::Update { .. } => self.update_ended(now),
            State::Release => self.judge_release(now),
            State::Blob(_) => self.blob_ended(now),
            State::Idle { .. } | State::Probe { .. } | State::Export(_) | State::Report => {}
        }
    }

    /// Keeps bytes until they make a document; false where there is no room for them.
    fn gather(&mut self, bytes: &[u8]) -> bool {
        let room = self.memory.incoming.get_mut(self.gathered..);
        let gathered = room.and_then(|room| join(room, &[bytes]));
        self.gathered = self.gathered.saturating_add(gathered.unwrap_or(0));
        gathered.is_some()
    }

    /// Makes one change of the journal; the channel and the keyring in force go with the first one.
    pub(crate) fn change<R>(
        &mut self,
        edit: impl FnOnce(&mut Change<'_>) -> Result<R, TransitionError>,
    ) -> Result<R, StoreError<S::Error>> {
        let (channel, restating) = (self.channel, self.restating);
        let has_base = self.base().is_some();
        let newer = self.newer_keyring.as_ref();
        let facts = newer.and_then(|bytes| {
            let keyring = bundle::Keyring::restored(bytes.as_bytes()).ok()?;
            Some((bytes, keyring.order(), keyring.header().issued_at))
        });
        let result = self.store.change(|change| {
            change.change_channel(channel)?;
            if let Some((bytes, order, issued_at)) = facts
                && order > change.record().floors.keyring
            {
                // The store ends a trial of replaced keys where it has a slot to go back to; the image's seed is one too.
                if has_base && is_outlived(change.record(), restating) {
                    change.revert()?;
                }
                change.update_keyring(bytes, order, issued_at, restating)?;
            }
            edit(change)
        });
        match result {
            Ok(_) => self.restating = Restated::default(),
            Err(_) => self.keep_a_keyring(),
        }
        if self.newer_keyring.as_ref() == Some(&self.store.record().keyring) {
            self.newer_keyring = None;
        }
        result
    }
}

/// True where a release is on trial that the restated floor leaves behind.
fn is_outlived(record: &store::Record, restating: Restated) -> bool {
    let on_trial = record.active().filter(|_| record.phase.is_trial());
    on_trial
        .zip(restating.release)
        .is_some_and(|((_, entry), floor)| entry.release.order.is_left_behind_by(floor))
}

/// The time, where the clock is known.
pub(crate) const fn known(clock: Clock) -> Option<UnixSeconds> {
    match clock {
        Clock::Known(time) => Some(time),
        Clock::Unknown => None,
    }
}
