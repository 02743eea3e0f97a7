//! Looks at a device after every event and says whether what must hold still holds. It knows what the operator published
//! and what the network answered, and of the device only what can be seen from outside: the journal's record, the status,
//! and the bytes that an application would read.

mod cycle;
mod trust;

use bundle::{Denial, Order, Sha256};
use device_agent::{Agent, Freshness, Now, ProbeOutcome, Status, Transport, Verdict, limits};
use store::Floors;

use crate::{
    device::Device,
    flash::Lent,
    invariant::{Checks, Invariant},
    network::Reply,
    scenario::{ClockKind, milliseconds},
    world::World,
};
use cycle::Cycle;

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;
/// The longest wait: a refresh of seven days and its jitter.
const WAIT_SECONDS_MAX: u64 = 7 * 86_400 * 11 / 10;
/// The shortest wait: a minute and its jitter.
const WAIT_SECONDS_MIN: u64 = 54;
/// Within so many milliseconds the next keyring is asked for: a day, and the wait that may lie in between.
const KEYRING_WITHIN: u64 = DAY + DAY / 2;
/// Milliseconds for which a head of the operator vouches: fourteen days.
const HEAD_LIFETIME_SECONDS: u64 = 14 * 86_400;

/// What is known of one device.
#[derive(Debug)]
pub struct Oracle<'w> {
    world: &'w World,
    device: Device<'w>,
    seen: Seen,
    cycle: Cycle,
    /// Newest issue of a head that the network ever delivered, in seconds since 1970.
    newest_head: u64,
    keyring_asked: u64,
    idle_write: Option<u64>,
    trial_since: u64,
    head: Option<NewestHead>,
    proofs: u32,
    evidence: u32,
    reached_goal: Option<u64>,
    is_starting: bool,
    /// What an application has read last.
    content: Vec<u8>,
    /// Whether the release and the keyring are a thief's, and since when one of them is.
    theirs: [bool; 2],
    stolen_since: Option<u64>,
    facts: Facts,
}

/// The newest head that a process has accepted.
#[derive(Clone, Copy, Debug)]
struct NewestHead {
    order: Order,
    /// The keyring that was in force.
    keyring: Order,
    /// The floor of heads.
    floor: Order,
}

/// The device as it was after the last event.
#[derive(Clone, Debug, Default)]
struct Seen {
    is_known: bool,
    sequence: u64,
    generation: u64,
    installed: Option<(Order, Sha256)>,
    /// The release that was confirmed last.
    confirmed: Option<Sha256>,
    is_trial: bool,
    fallback: Option<Sha256>,
    floors: Floors,
    keyring: Order,
    denials: Vec<Denial>,
    /// Attempts at refused releases.
    refusals: u32,
    failures: u8,
}

/// What came of a device in the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// It had to reach the goal in time.
    pub is_expected: bool,
    /// Its confirmed release is the goal.
    pub is_on_goal: bool,
    /// It had no bundle at some moment.
    pub was_without_bundle: bool,
    /// It ever followed a thief: read a release of theirs, or believed a keyring of theirs.
    pub was_stolen: bool,
    /// It does now.
    pub is_stolen: bool,
    /// Milliseconds of the longest time for which it did.
    pub stolen_longest: u64,
    /// When it had reached the goal, in milliseconds since the start.
    pub reached_goal: Option<u64>,
    /// Releases that it committed.
    pub installs: u64,
    /// Trials that it undid.
    pub reverts: u64,
}

impl<'w> Oracle<'w> {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(world: &'w World, device: &Device<'w>) -> Self {
        Self {
            world,
            device: device.clone(),
            seen: Seen::default(),
            cycle: Cycle::default(),
            newest_head: world.scenario.start().0,
            keyring_asked: device.first_start,
            idle_write: None,
            trial_since: 0,
            head: None,
            proofs: 0,
            evidence: 0,
            reached_goal: None,
            is_starting: false,
            content: Vec::new(),
            theirs: [false; 2],
            stolen_since: None,
            facts: Facts::default(),
        }
    }

    /// A process could not start.
    pub fn unusable(&mut self, at: u64, words: &str, checks: &mut Checks) {
        self.facts.was_without_bundle = true;
        checks.look(Invariant::BundleReadable, false, || (Some(self.device.number), at, words.to_owned()));
    }

    /// The power went while the medium had failed to keep the newest record: the one before it may count again, as the
    /// store's specification says of a failed sync (`crates/store/SPEC.md`, section 5).
    pub fn doubts(&mut self) {
        self.seen.is_known = false;
    }

    /// A process has started.
    pub fn started(&mut self, agent: &mut Agent<'_, Lent<'_>>, now: Now, at: u64, checks: &mut Checks) {
        // What the last check had begun may have reached the medium before the power went.
        let is_staging = self.cycle.is_staging;
        self.cycle = Cycle::default();
        self.cycle.is_staging = is_staging;
        self.idle_write = None;
        self.head = None;
        self.is_starting = true;
        self.look_at_trust(agent, now, at, checks);
        self.is_starting = false;
        self.wakes(agent);
    }

    /// Looks after an event, which checked so many signatures; what is new, in words.
    pub fn after(
        &mut self,
        agent: &mut Agent<'_, Lent<'_>>,
        now: Now,
        at: u64,
        signatures: u64,
        checks: &mut Checks,
    ) -> Option<String> {
        let number = self.device.number;
        checks.look(Invariant::StepsBounded, signatures <= u64::from(limits::SIGNATURES_PER_CALL), || {
            (Some(number), at, format!("one call checked {signatures} signatures"))
        });
        let has_bundle = agent.installed().is_some();
        self.facts.was_without_bundle |= !has_bundle;
        checks.look(Invariant::BundleReadable, has_bundle, || {
            (Some(number), at, "no bundle is installed".into())
        });
        if agent.record().sequence == self.seen.sequence && self.seen.is_known {
            return None;
        }
        self.look_at_trust(agent, now, at, checks)
    }

    /// A question was asked and answered.
    pub(crate) fn asked(&mut self, at: u64, path: &str, bytes_max: u32, reply: &Reply, checks: &mut Checks) {
        if path.starts_with("keyring/") {
            self.keyring_asked = at;
        }
        self.cycle.is_staging |= ["/update/", "/release/", "/blob/"].iter().any(|part| path.contains(part));
        // What was found out about a trial says nothing of the release that takes its place.
        self.cycle.has_evidence &= !path.contains("/update/");
        let number = self.device.number;
        let limit = bytes_limit(path, self.device.class.region_bytes);
        checks.look(Invariant::AnswersBounded, bytes_max <= limit, || {
            (Some(number), at, format!("{path} may bring {bytes_max} bytes, above its limit of {limit}"))
        });
        self.cycle.answered(reply);
        let Ok(bytes) = &reply.result else { return };
        if path.ends_with("/head") {
            self.cycle.has_head |=
                !reply.breaks && bytes.len() <= usize::try_from(bytes_max).unwrap_or(usize::MAX);
            if !reply.is_refused
                && let Ok(envelope) = bundle::Envelope::parse_whole(bytes)
            {
                self.newest_head = self.newest_head.max(envelope.header().issued_at.0);
            }
        }
    }

    /// A probe ended.
    pub fn probed(&mut self, outcome: &ProbeOutcome) {
        self.proofs += u32::from(outcome.candidate == Some(Verdict::Verified));
        let is_evidence = matches!(outcome.candidate, Some(Verdict::Refused(_)));
        let is_lost = is_evidence && outcome.present == Some(Verdict::Verified);
        self.evidence += u32::from(is_lost);
        self.cycle.has_evidence |= is_lost && !outcome.excused && self.stolen_since.is_none();
    }

    /// A report is sent.
    pub fn reported(&mut self, at: u64, checks: &mut Checks) {
        let holds = self.cycle.transport == Some(Transport::Authenticated);
        checks.look(Invariant::PrivateWhileUnauthenticated, holds, || {
            (Some(self.device.number), at, "a report is sent in a check without authenticated TLS".into())
        });
    }

    /// True between the begin of a check and the wait behind it.
    #[must_use]
    pub const fn is_in_cycle(&self) -> bool {
        self.cycle.is_running
    }

    /// The device does not come to rest, and its life is ended.
    pub fn restless(&self, at: u64, checks: &mut Checks) {
        checks.look(Invariant::QuestionsClamped, false, || {
            (Some(self.device.number), at, "the device does not come to rest".to_owned())
        });
    }

    /// A check begins.
    pub fn wakes(&mut self, agent: &Agent<'_, Lent<'_>>) {
        self.cycle = Cycle::new(self.seen.clone(), agent.record().phase.is_trial());
    }

    /// The engine waits.
    pub fn rests(&mut self, status: &Status<'_>, at: u64, seconds: u64, checks: &mut Checks) {
        if !self.cycle.is_running {
            return;
        }
        self.cycle.is_running = false;
        let number = self.device.number;
        let is_within = (WAIT_SECONDS_MIN..=WAIT_SECONDS_MAX).contains(&seconds);
        checks.look(Invariant::QuestionsClamped, is_within, || {
            (Some(number), at, format!("the next check is to come in {seconds} s"))
        });
        let is_late = self.cycle.has_head && at - self.keyring_asked > KEYRING_WITHIN;
        checks.look(Invariant::QuestionsClamped, !is_late, || {
            let hours = (at - self.keyring_asked) / 3_600_000;
            (Some(number), at, format!("the next keyring was not asked for in {hours} h"))
        });
        self.look_at_freshness(status, at, checks);
        self.look_at_head(status, at, checks);
        self.look_at_trial(at, checks);
        self.look_at_rejection(at, checks);
        self.look_at_writes(at, checks);
    }

    /// The scenario is over.
    pub fn finish(&mut self, end: u64, checks: &mut Checks) -> Facts {
        let goal = &self.world.scenario.goal;
        let by = milliseconds(goal.by_hours);
        let from = by.saturating_sub(milliseconds(goal.settle_hours));
        self.facts.is_expected = self.device.class.expected
            && self.device.first_start <= from
            && self.device.is_undisturbed(from, by);
        self.facts.is_on_goal = self.is_on_goal();
        self.facts.reached_goal = self.reached_goal;
        self.facts.is_stolen = self.stolen_since.is_some();
        self.note_theft(false, end);
        if self.facts.is_expected {
            let holds = self.reached_goal.is_some_and(|at| at <= by);
            let (seen, number) = (&self.seen, self.device.number);
            checks.look(Invariant::GoalReached, holds, || {
                let order = seen
                    .installed
                    .map_or_else(|| "no release".to_owned(), |(order, _)| format!("release {order}"));
                let trial = if seen.is_trial { " on trial" } else { "" };
                (Some(number), end, format!("has {order}{trial} and keyring {} in the end", seen.keyring))
            });
        }
        self.facts
    }

    /// Notes for how long the device follows a thief; the time that runs ends where it does not any more.
    pub(super) fn note_theft(&mut self, is_stolen: bool, at: u64) {
        if let Some(since) = self.stolen_since {
            self.facts.stolen_longest = self.facts.stolen_longest.max(at.saturating_sub(since));
        }
        self.facts.was_stolen |= is_stolen;
        self.stolen_since = is_stolen.then(|| self.stolen_since.unwrap_or(at));
    }

    fn is_on_goal(&self) -> bool {
        let is_installed = self.seen.installed.is_some_and(|(order, _)| order >= self.world.goal);
        let keyring = self.world.scenario.goal.keyring;
        is_installed && !self.seen.is_trial && keyring.is_none_or(|number| self.seen.keyring.number >= number)
    }

    /// Within a process the newest head never gets older, but where a keyring restates its floor.
    fn look_at_head(&mut self, status: &Status<'_>, at: u64, checks: &mut Checks) {
        let (Some(head), floor) = (status.head, status.floors.head) else { return };
        // A keyring that could not be written yet restates the floor when it is.
        let earlier = self.head.filter(|earlier| earlier.keyring == status.keyring && floor >= earlier.floor);
        if let Some(NewestHead { order, .. }) = earlier {
            checks.look(Invariant::OrderGrows, head >= order, || {
                (Some(self.device.number), at, format!("the newest head went from {order} to {head}"))
            });
        }
        self.head = Some(NewestHead { order: head, keyring: status.keyring, floor });
    }

    fn look_at_freshness(&self, status: &Status<'_>, at: u64, checks: &mut Checks) {
        if self.device.class.clock != ClockKind::Right || self.device.met_a_thief(at) {
            return;
        }
        let Freshness::Fresh { until } = status.freshness else { return };
        let vouched = self.newest_head + HEAD_LIFETIME_SECONDS;
        let holds = until.0 <= vouched && self.world.time(at) <= until;
        checks.look(Invariant::StalenessSaid, holds, || {
            (
                Some(self.device.number),
                at,
                format!("calls itself fresh until {}, the newest head ends at {vouched}", until.0),
            )
        });
    }
}

/// The most bytes that an answer of a kind may have: the format's own limits.
fn bytes_limit(path: &str, region_bytes: u32) -> u32 {
    let is = |part: &str| path.contains(part);
    match () {
        () if is("/head") => limits::HEAD_DOCUMENT_BYTES_MAX,
        () if is("/release/") => limits::MANIFEST_DOCUMENT_BYTES_MAX,
        () if is("/update/") => limits::UPDATE_PREFIX_BYTES_MAX + region_bytes,
        () if is("/blob/") => bundle::limits::CERTIFICATE_BYTES_MAX,
        () if path.starts_with("keyring/") && is("-") => limits::KEYRING_FILE_BYTES_MAX * 64,
        () => limits::KEYRING_FILE_BYTES_MAX,
    }
}
