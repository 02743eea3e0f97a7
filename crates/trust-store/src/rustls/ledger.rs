//! Which chains stand behind the sessions of each server, and whether all of them would still be accepted.
//!
//! rustls does not tell a session store which handshake a ticket comes from, and a server may send a ticket long
//! after the handshake. So the rule looks at the name: sessions of a name are resumed only while every chain
//! that was accepted for it is still acceptable. A name with a chain that has since been refused gets no session
//! from this configuration any more, because a connection that rests on that chain may still be open and bring
//! further tickets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bundle::UnixSeconds;
use chain::{Time, Verdict};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use crate::Installed;
use crate::rustls::verifier::Scope;

/// Most names with sessions: an application talks to a handful, a gateway to some dozens. Names beyond get full
/// handshakes.
pub(crate) const NAMES_MAX: usize = 64;
/// Most chains of one name: the machines behind a load balancer, before and after a renewal.
const CHAINS_MAX: usize = 8;

/// A served chain, borrowed.
#[derive(Clone, Copy)]
pub(crate) struct Chain<'a> {
    pub(crate) end_entity: &'a CertificateDer<'a>,
    pub(crate) intermediates: &'a [CertificateDer<'a>],
}

/// The chains accepted so far.
#[derive(Debug)]
pub(crate) struct Ledger {
    scope: Arc<Scope>,
    names: Mutex<HashMap<ServerName<'static>, Account>>,
}

/// What is known of one name.
#[derive(Debug)]
enum Account {
    /// A chain was refused, or there were too many to keep: no sessions.
    Closed,
    /// Every chain so far was acceptable when last looked at.
    Open(OpenAccount),
}

#[derive(Debug, Default)]
struct OpenAccount {
    chains: Vec<KeptChain>,
    /// The release under which all of them were acceptable.
    judged_under: Weak<Installed>,
}

/// A chain that was accepted. It is kept when it has aged too: a connection that rests on it may still be open.
#[derive(Debug)]
struct KeptChain {
    end_entity: CertificateDer<'static>,
    intermediates: Vec<CertificateDer<'static>>,
    /// When it was judged last; from then until the end of its validity, the verdict under that release is the same.
    judged_at: UnixSeconds,
    valid_until: UnixSeconds,
    is_aged: bool,
}

/// A moment after every other: what was judged without a clock was judged at no time.
const NEVER: UnixSeconds = UnixSeconds(u64::MAX);

/// Whether the sessions of a name may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Standing {
    /// Sessions may be resumed and kept.
    Good,
    /// Whatever is kept must be dropped.
    Refused,
}

impl Ledger {
    pub(crate) fn new(scope: Arc<Scope>) -> Self {
        Self { scope, names: Mutex::new(HashMap::new()) }
    }

    /// True where judging `chain` again would find what it found: the same chain of the same name under the same
    /// release, at a time between then and the end of its validity.
    pub(crate) fn knows(
        &self,
        name: &ServerName<'_>,
        chain: &Chain<'_>,
        installed: &Arc<Installed>,
        time: Time,
    ) -> bool {
        let Time::Known(now) = time else { return false };
        let names = self.lock();
        let Some(Account::Open(open)) = names.get(&name.to_owned()) else { return false };
        let is_known =
            |kept: &KeptChain| (kept.judged_at..=kept.valid_until).contains(&now) && kept.is(chain);
        is_same(&open.judged_under, installed) && open.chains.iter().any(is_known)
    }

    /// A full handshake with `name` accepted `chain` under `installed`.
    pub(crate) fn accepted(
        &self,
        name: &ServerName<'_>,
        chain: &Chain<'_>,
        installed: &Arc<Installed>,
        time: Time,
        valid_until: UnixSeconds,
    ) {
        let mut names = self.lock();
        let name = name.to_owned();
        if !names.contains_key(&name) && names.len() >= NAMES_MAX {
            return;
        }
        let account = names.entry(name).or_insert_with(|| Account::Open(OpenAccount::default()));
        let Account::Open(open) = account else { return };
        // Older chains that were judged under another release are judged anew at the next look.
        let is_alone = open.chains.iter().all(|kept| kept.is(chain));
        if is_alone {
            open.judged_under = Arc::downgrade(installed);
        } else if !is_same(&open.judged_under, installed) {
            open.judged_under = Weak::new();
        }
        if let Some(kept) = open.chains.iter_mut().find(|kept| kept.is(chain)) {
            (kept.judged_at, kept.valid_until, kept.is_aged) = (moment_of(time), valid_until, false);
        } else if open.chains.len() < CHAINS_MAX {
            open.chains.push(chain.kept(moment_of(time), valid_until));
        } else {
            *account = Account::Closed;
        }
    }

    /// Looks whether sessions of `name` may be used at `now`, under `installed`.
    pub(crate) fn standing(
        &self,
        name: &ServerName<'_>,
        now: Option<UnixTime>,
        installed: &Arc<Installed>,
    ) -> Standing {
        let Some(now) = now else { return Standing::Refused };
        let mut names = self.lock();
        let Some(account) = names.get_mut(&name.to_owned()) else { return Standing::Refused };
        let Account::Open(open) = account else { return Standing::Refused };
        let time = Time::from_clock(UnixSeconds(now.as_secs()), installed.time_floor());
        match open.look(&self.scope, installed, name, time) {
            Some(standing) => standing,
            None => {
                *account = Account::Closed;
                Standing::Refused
            }
        }
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ServerName<'static>, Account>> {
        // Nothing panics while the lock is held, and every account is valid at every moment.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenAccount {
    /// Judges the chains again where the release or the time asks for it; `None` where one is refused.
    fn look(
        &mut self,
        scope: &Scope,
        installed: &Arc<Installed>,
        name: &ServerName<'_>,
        time: Time,
    ) -> Option<Standing> {
        let now = time.earliest();
        let has_aged = self.chains.iter().any(|kept| !kept.is_aged && now > kept.valid_until);
        if has_aged || !is_same(&self.judged_under, installed) {
            for kept in &mut self.chains {
                // A chain that has aged is asked about its last good moment: age closes no account, distrust does.
                let moment = if now > kept.valid_until { Time::Known(kept.valid_until) } else { time };
                match scope.judge(installed, &kept.as_chain(), name, moment) {
                    Some(Verdict::Verified(path)) => {
                        (kept.judged_at, kept.valid_until) = (moment_of(moment), path.valid_until);
                    }
                    _ => return None,
                }
            }
            self.judged_under = Arc::downgrade(installed);
        }
        let mut drops_sessions = self.chains.iter().all(|kept| now > kept.valid_until);
        for kept in self.chains.iter_mut().filter(|kept| !kept.is_aged) {
            // Tickets do not say whose they are, so those of the younger chains go too, this once.
            kept.is_aged = now > kept.valid_until;
            drops_sessions |= kept.is_aged;
        }
        Some(if drops_sessions { Standing::Refused } else { Standing::Good })
    }
}

const fn moment_of(time: Time) -> UnixSeconds {
    match time {
        Time::Known(moment) => moment,
        Time::Unknown { .. } => NEVER,
    }
}

fn is_same(judged_under: &Weak<Installed>, installed: &Arc<Installed>) -> bool {
    Weak::ptr_eq(judged_under, &Arc::downgrade(installed))
}

impl Chain<'_> {
    fn kept(&self, judged_at: UnixSeconds, valid_until: UnixSeconds) -> KeptChain {
        KeptChain {
            judged_at,
            valid_until,
            is_aged: false,
            end_entity: self.end_entity.clone().into_owned(),
            intermediates: self.intermediates.iter().map(|der| der.clone().into_owned()).collect(),
        }
    }
}

impl KeptChain {
    /// True for the same certificates, byte for byte.
    fn is(&self, chain: &Chain<'_>) -> bool {
        self.end_entity == *chain.end_entity && self.intermediates == chain.intermediates
    }

    fn as_chain(&self) -> Chain<'_> {
        Chain { end_entity: &self.end_entity, intermediates: &self.intermediates }
    }
}
